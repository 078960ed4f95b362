//! How our own types stand in a column: words and ids as text, an instant as `timestamptz` in PostgreSQL and integer
//! milliseconds in SQLite. Domain knows nothing of it.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Database, Decode, Encode, Postgres, Sqlite, Type};
use time::OffsetDateTime;

use crate::domain::access::Role;
use crate::domain::audit::AuditAction;
use crate::domain::comparison::{Verdict, WalkScope, WalkState, Walked};
use crate::domain::delivery::{DeliveryKind, DeliveryState, Lane};
use crate::domain::ids::{
    AdminId, AttemptId, AuditId, DeliveryId, DifferenceId, DisputeId, InvitationId, LedgerId, NoteId, OrderListId,
    PreorderId, RefundId, SessionId, ViewId, WalkId, WebhookId,
};
use crate::domain::locale::Locale;
use crate::domain::money::Currency;
use crate::domain::moved::Moved;
use crate::domain::payment::AttemptState;
use crate::domain::preorder::{FulfilmentStatus, PaymentStatus, PreorderStatus};
use crate::domain::refund::{DisputeState, LedgerKind, RefundState};
use crate::domain::timestamp::Timestamp;
use crate::store::order_lists::OrderListAct;
use crate::store::webhooks::WebhookStatus;

macro_rules! text_columns {
    ($($name:ty),+ $(,)?) => {$( text_column!($name, Sqlite); text_column!($name, Postgres); )+};
}

macro_rules! text_column {
    ($name:ty, $db:ty) => {
        impl Type<$db> for $name {
            fn type_info() -> <$db as Database>::TypeInfo {
                <String as Type<$db>>::type_info()
            }

            fn compatible(ty: &<$db as Database>::TypeInfo) -> bool {
                <String as Type<$db>>::compatible(ty)
            }
        }

        impl<'q> Encode<'q, $db> for $name {
            fn encode_by_ref(&self, buf: &mut <$db as Database>::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
                <String as Encode<'q, $db>>::encode(self.as_str().to_owned(), buf)
            }
        }

        impl<'r> Decode<'r, $db> for $name {
            fn decode(value: <$db as Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
                Ok(<&str as Decode<'r, $db>>::decode(value)?.parse()?)
            }
        }
    };
}

text_columns!(
    DifferenceId,
    Verdict,
    WalkId,
    WalkScope,
    WalkState,
    Walked,
    AdminId,
    AttemptId,
    AttemptState,
    AuditAction,
    AuditId,
    Currency,
    DeliveryId,
    DeliveryKind,
    DeliveryState,
    DisputeId,
    DisputeState,
    FulfilmentStatus,
    InvitationId,
    Lane,
    LedgerId,
    LedgerKind,
    Locale,
    Moved,
    NoteId,
    OrderListAct,
    OrderListId,
    PaymentStatus,
    PreorderId,
    PreorderStatus,
    RefundId,
    RefundState,
    Role,
    SessionId,
    ViewId,
    WebhookId,
    WebhookStatus,
);

impl Type<Sqlite> for Timestamp {
    fn type_info() -> <Sqlite as Database>::TypeInfo {
        <i64 as Type<Sqlite>>::type_info()
    }

    fn compatible(ty: &<Sqlite as Database>::TypeInfo) -> bool {
        <i64 as Type<Sqlite>>::compatible(ty)
    }
}

impl<'q> Encode<'q, Sqlite> for Timestamp {
    fn encode_by_ref(&self, buf: &mut <Sqlite as Database>::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <i64 as Encode<'q, Sqlite>>::encode(self.millis(), buf)
    }
}

impl<'r> Decode<'r, Sqlite> for Timestamp {
    fn decode(value: <Sqlite as Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self::from_millis(<i64 as Decode<'r, Sqlite>>::decode(value)?))
    }
}

impl Type<Postgres> for Timestamp {
    fn type_info() -> <Postgres as Database>::TypeInfo {
        <OffsetDateTime as Type<Postgres>>::type_info()
    }

    fn compatible(ty: &<Postgres as Database>::TypeInfo) -> bool {
        <OffsetDateTime as Type<Postgres>>::compatible(ty)
    }
}

impl<'q> Encode<'q, Postgres> for Timestamp {
    fn encode_by_ref(&self, buf: &mut <Postgres as Database>::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let instant = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.millis()) * 1_000_000)?;
        <OffsetDateTime as Encode<'q, Postgres>>::encode(instant, buf)
    }
}

impl<'r> Decode<'r, Postgres> for Timestamp {
    fn decode(value: <Postgres as Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
        let instant = <OffsetDateTime as Decode<'r, Postgres>>::decode(value)?;
        Ok(Self::from_millis(i64::try_from(instant.unix_timestamp_nanos().div_euclid(1_000_000))?))
    }
}
