//! The rows that [`super::bulk`] takes, each table's columns beside their types.

use sqlx::sqlite::SqliteArguments;
use sqlx::{PgConnection, SqliteConnection};

use super::StoreResult;
use super::bulk::{Cell, Row, copy_in, insert};
use crate::domain::timestamp::Timestamp;

macro_rules! rows {
    ($($(#[$meta:meta])* $row:ident of $table:ident { $($column:ident: $type:ty),+ $(,)? })+) => {
        $(
            $(#[$meta])*
            #[derive(Debug, Clone)]
            pub struct $row {
                $(pub $column: $type,)+
            }

            impl Row for $row {
                const TABLE: &'static str = stringify!($table);
                const COLUMNS: &'static [&'static str] = &[$(stringify!($column)),+];

                fn copy(&self, to: &mut Vec<u8>) {
                    $(self.$column.copy(to);)+
                }

                fn bind(self, to: &mut SqliteArguments) -> StoreResult<()> {
                    $(self.$column.bind(to)?;)+
                    Ok(())
                }
            }
        )+

        /// Rows of all tables; those that others refer to are written first.
        #[derive(Debug, Default)]
        pub struct Batch {
            $(pub $table: Vec<$row>,)+
        }

        impl Batch {
            pub const TABLES: &'static [&'static str] = &[$(stringify!($table)),+];

            /// Rows a table, in the order of [`Self::TABLES`].
            pub fn counts(&self) -> Vec<usize> {
                vec![$(self.$table.len()),+]
            }

            pub fn is_empty(&self) -> bool {
                self.counts().iter().all(|count| *count == 0)
            }

            pub(super) async fn copy_in(self, connection: &mut PgConnection) -> StoreResult<()> {
                $(copy_in(connection, self.$table).await?;)+
                Ok(())
            }

            pub(super) async fn insert(self, connection: &mut SqliteConnection) -> StoreResult<()> {
                $(insert(connection, self.$table).await?;)+
                Ok(())
            }
        }
    };
}

rows! {
    PreorderRow of preorders {
        id: String,
        preorder_number: String,
        idempotency_key: String,
        email: String,
        name: Option<String>,
        phone: Option<String>,
        color: String,
        locale: &'static str,
        marketing_consent: bool,
        status: &'static str,
        payment_status: &'static str,
        fulfilment_status: &'static str,
        amount_minor: i64,
        currency: &'static str,
        user_id: Option<String>,
        session_id: Option<String>,
        payment_intent_id: Option<String>,
        shipping_address: Option<String>,
        tracking_number: Option<String>,
        klaviyo_event_sent_at: Option<Timestamp>,
        paid_at: Option<Timestamp>,
        created_at: Timestamp,
        updated_at: Timestamp,
        country: Option<&'static str>,
        fulfilled_at: Option<Timestamp>,
        cancelled_at: Option<Timestamp>,
    }
    AttemptRow of checkout_attempts {
        id: String,
        preorder_id: String,
        number: i64,
        provider: &'static str,
        idempotency_key: String,
        state: &'static str,
        session_id: Option<String>,
        url: Option<String>,
        payment_intent_id: Option<String>,
        amount_minor: i64,
        currency: &'static str,
        received_minor: Option<i64>,
        received_currency: Option<&'static str>,
        decline_code: Option<&'static str>,
        decline_message: Option<&'static str>,
        card_brand: Option<&'static str>,
        card_last4: Option<String>,
        created_at: Timestamp,
        opened_at: Option<Timestamp>,
        expires_at: Option<Timestamp>,
        declined_at: Option<Timestamp>,
        paid_at: Option<Timestamp>,
        settled_at: Option<Timestamp>,
        updated_at: Timestamp,
    }
    WebhookRow of webhook_logs {
        id: String,
        provider: &'static str,
        event: &'static str,
        stripe_event_id: String,
        status: &'static str,
        preorder_id: Option<String>,
        email: Option<String>,
        attempts: i64,
        error: Option<&'static str>,
        raw_data: String,
        klaviyo_event_sent_at: Option<Timestamp>,
        received_at: Timestamp,
        processed_at: Option<Timestamp>,
    }
    OutboxRow of outbox {
        id: String,
        kind: &'static str,
        lane: &'static str,
        payload: String,
        dedupe_key: String,
        state: &'static str,
        attempts: i64,
        run_at: Timestamp,
        last_error: Option<&'static str>,
        preorder_id: Option<String>,
        created_at: Timestamp,
        finished_at: Option<Timestamp>,
        discarded_at: Option<Timestamp>,
        discard_reason: Option<&'static str>,
    }
    TryRow of delivery_attempts {
        delivery_id: String,
        number: i64,
        started_at: Timestamp,
        duration_ms: i64,
        outcome: &'static str,
        answer: String,
        retry_at: Option<Timestamp>,
    }
    RefundRow of refunds {
        id: String,
        preorder_id: String,
        attempt_id: Option<String>,
        provider: &'static str,
        idempotency_key: String,
        provider_refund_id: Option<String>,
        payment_intent_id: Option<String>,
        amount_minor: i64,
        currency: &'static str,
        reason: Option<&'static str>,
        state: &'static str,
        failure_reason: Option<&'static str>,
        requested_by: Option<&'static str>,
        created_at: Timestamp,
        updated_at: Timestamp,
    }
    DisputeRow of disputes {
        id: String,
        preorder_id: String,
        attempt_id: Option<String>,
        provider: &'static str,
        provider_dispute_id: String,
        payment_intent_id: Option<String>,
        amount_minor: i64,
        currency: &'static str,
        reason: Option<&'static str>,
        state: &'static str,
        due_at: Option<Timestamp>,
        opened_at: Timestamp,
        updated_at: Timestamp,
    }
    LedgerRow of payments_ledger {
        id: String,
        preorder_id: String,
        attempt_id: Option<String>,
        kind: &'static str,
        amount_minor: i64,
        currency: &'static str,
        reference: String,
        dedupe_key: String,
        occurred_at: Timestamp,
        recorded_at: Timestamp,
    }
    NoteRow of notes {
        id: String,
        preorder_id: String,
        author: &'static str,
        body: &'static str,
        created_at: Timestamp,
    }
    AuditRow of audit_log {
        id: String,
        at: Timestamp,
        actor: &'static str,
        action: &'static str,
        subject: Option<String>,
        preorder_id: Option<String>,
        detail: String,
        address: Option<&'static str>,
    }
}
