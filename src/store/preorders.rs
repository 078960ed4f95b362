//! The `preorders` table.

use sqlx::FromRow;

use super::outbox::Enqueued;
use super::{Db, StoreError, StoreResult, Tx, on_read, on_tx};
use crate::domain::contact::{PersonName, Phone};
use crate::domain::fulfilment::Fulfilment;
use crate::domain::ids::{PreorderId, PreorderNumber};
use crate::domain::locale::Locale;
use crate::domain::money::{Currency, Money};
use crate::domain::preorder::{FulfilmentStatus, NewPreorder, PaymentStatus, PreorderStatus, Progress};
use crate::domain::timestamp::Timestamp;

/// A preorder as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Preorder {
    pub id: PreorderId,
    pub preorder_number: String,
    pub idempotency_key: String,
    pub email: String,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub color: String,
    pub locale: Locale,
    pub marketing_consent: bool,
    pub status: PreorderStatus,
    pub payment_status: PaymentStatus,
    pub fulfilment_status: FulfilmentStatus,
    pub amount_minor: i64,
    pub currency: Currency,
    pub user_id: Option<String>,
    pub session_id: Option<String>,
    pub payment_intent_id: Option<String>,
    pub shipping_address: Option<String>,
    /// Two letters, from the address.
    pub country: Option<String>,
    pub tracking_number: Option<String>,
    pub fulfilled_at: Option<Timestamp>,
    pub cancelled_at: Option<Timestamp>,
    pub klaviyo_event_sent_at: Option<Timestamp>,
    pub paid_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Preorder {
    pub const fn price(&self) -> Money {
        Money::new(self.amount_minor, self.currency)
    }

    /// Whether somebody may still be sent to pay it.
    pub const fn is_to_be_paid(&self) -> bool {
        matches!(self.payment_status, PaymentStatus::Unpaid | PaymentStatus::Failed)
            && !matches!(self.status, PreorderStatus::Cancelled)
    }

    pub const fn progress(&self) -> Progress {
        Progress { status: self.status, payment_status: self.payment_status, paid_at: self.paid_at }
    }

    pub const fn fulfilment(&self) -> Fulfilment {
        Fulfilment { status: self.fulfilment_status, payment: self.payment_status, order: self.status }
    }
}

macro_rules! columns {
    () => {
        "id, preorder_number, idempotency_key, email, name, phone, color, locale, marketing_consent, status, \
         payment_status, fulfilment_status, amount_minor, currency, user_id, session_id, payment_intent_id, \
         shipping_address, country, tracking_number, fulfilled_at, cancelled_at, klaviyo_event_sent_at, paid_at, created_at, updated_at"
    };
}
pub(super) use columns;

/// Inserts the preorder, or finds the one that has its key. What was added since (a name, a phone number) is kept;
/// what was there before is replaced only by the browser that went to pay for it (`own`): who merely knows an address
/// can't send its messages elsewhere. A paid preorder is not touched. It is new if its id is the one given. `owes` says
/// which deliveries come with a new one: see [`owed`].
#[allow(clippy::too_many_arguments)] // a row's columns, and what finds it
pub async fn insert_or_find(
    tx: &mut Tx,
    id: &PreorderId,
    number: &PreorderNumber,
    key: &str,
    new: &NewPreorder,
    own: Option<&PreorderId>,
    owes: &str,
    now: Timestamp,
) -> StoreResult<Preorder> {
    const SQL: &str = concat!(
        "INSERT INTO preorders (id, preorder_number, idempotency_key, email, name, phone, color, locale, \
         marketing_consent, status, payment_status, fulfilment_status, amount_minor, currency, created_at, updated_at, owes) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'initiated', 'unpaid', 'unfulfilled', $10, $11, $12, $12, $14) \
         ON CONFLICT (idempotency_key) DO UPDATE SET \
         name = CASE WHEN preorders.paid_at IS NOT NULL THEN preorders.name \
         WHEN preorders.id = $13 THEN COALESCE(excluded.name, preorders.name) \
         ELSE COALESCE(preorders.name, excluded.name) END, \
         phone = CASE WHEN preorders.paid_at IS NOT NULL THEN preorders.phone \
         WHEN preorders.id = $13 THEN COALESCE(excluded.phone, preorders.phone) \
         ELSE COALESCE(preorders.phone, excluded.phone) END, \
         marketing_consent = CASE WHEN preorders.id = $13 THEN excluded.marketing_consent \
         ELSE preorders.marketing_consent END \
         RETURNING ",
        columns!()
    );
    Ok(on_tx!(tx, c => {
        sqlx::query_as(SQL)
            .bind(id)
            .bind(number.as_str())
            .bind(key)
            .bind(new.email.as_str())
            .bind(new.name.as_ref().map(PersonName::as_str))
            .bind(new.phone.as_ref().map(Phone::as_str))
            .bind(new.color.as_str())
            .bind(new.locale)
            .bind(new.marketing_consent)
            .bind(new.price.minor)
            .bind(new.price.currency)
            .bind(now)
            .bind(own)
            .bind(owes)
            .fetch_one(c)
            .await
    })?)
}

pub async fn find(db: &Db, id: &PreorderId) -> StoreResult<Option<Preorder>> {
    const SQL: &str = concat!("SELECT ", columns!(), " FROM preorders WHERE id = $1");
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await)?)
}

pub async fn find_by_number(db: &Db, number: &PreorderNumber) -> StoreResult<Option<Preorder>> {
    const SQL: &str = concat!("SELECT ", columns!(), " FROM preorders WHERE preorder_number = $1");
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(number.as_str()).fetch_optional(c).await)?)
}

/// Reads a preorder and keeps others from moving it until this transaction ends.
pub async fn lock(tx: &mut Tx, id: &PreorderId) -> StoreResult<Option<Preorder>> {
    // SQLite has one writer, and this is it: the lock is the transaction.
    const SQLITE: &str = concat!("SELECT ", columns!(), " FROM preorders WHERE id = $1");
    const POSTGRES: &str = concat!("SELECT ", columns!(), " FROM preorders WHERE id = $1 FOR UPDATE");
    let sql = match tx {
        Tx::Postgres(_) if !super::guard_is_off("guard.row_lock") => POSTGRES,
        Tx::Sqlite(_) | Tx::Postgres(_) => SQLITE,
    };
    Ok(on_tx!(tx, c => sqlx::query_as(sql).bind(id).fetch_optional(c).await)?)
}

/// The kinds of deliveries that are enqueued together with a change of the preorder, as `preorders.owes` keeps them: the
/// doctor looks whether they are there.
pub fn owed(deliveries: &[Enqueued]) -> String {
    deliveries.iter().flat_map(|enqueued| [enqueued.delivery.kind().as_str(), " "]).collect()
}

/// What settling a payment changes.
pub struct Settled<'a> {
    pub progress: Progress,
    pub idempotency_key: &'a str,
    pub session_id: Option<&'a str>,
    pub payment_intent_id: Option<&'a str>,
    pub shipping_address: Option<&'a str>,
    pub country: Option<&'a str>,
    /// What its payment enqueued: see [`owed`].
    pub owes: &'a str,
}

pub async fn save_settled(tx: &mut Tx, id: &PreorderId, to: &Settled<'_>, now: Timestamp) -> StoreResult<()> {
    const SQL: &str = "UPDATE preorders SET status = $2, payment_status = $3, paid_at = $4, idempotency_key = $5, \
         session_id = $6, payment_intent_id = $7, shipping_address = $8, country = $9, updated_at = $10, \
         owes = owes || $11 WHERE id = $1";
    on_tx!(tx, c => {
        sqlx::query(SQL)
            .bind(id)
            .bind(to.progress.status)
            .bind(to.progress.payment_status)
            .bind(to.progress.paid_at)
            .bind(to.idempotency_key)
            .bind(to.session_id)
            .bind(to.payment_intent_id)
            .bind(to.shipping_address)
            .bind(to.country)
            .bind(now)
            .bind(to.owes)
            .execute(c)
            .await
            .map(|_| ())
    })
    .map_err(StoreError::from)
}

/// `Progress::begin_processing`, as SQL: nothing but `initiated` moves, so it may be said any number of times.
pub async fn begin_processing(tx: &mut Tx, id: &PreorderId, now: Timestamp) -> StoreResult<()> {
    const SQL: &str =
        "UPDATE preorders SET status = 'processing', updated_at = $2 WHERE id = $1 AND status = 'initiated'";
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(id).bind(now).execute(c).await.map(|_| ()))?)
}

pub async fn save_session(tx: &mut Tx, id: &PreorderId, session_id: &str, now: Timestamp) -> StoreResult<()> {
    const SQL: &str = "UPDATE preorders SET session_id = $2, updated_at = $3 WHERE id = $1";
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(id).bind(session_id).bind(now).execute(c).await.map(|_| ()))?)
}

pub async fn save_user(tx: &mut Tx, id: &PreorderId, user_id: &str, now: Timestamp) -> StoreResult<()> {
    const SQL: &str = "UPDATE preorders SET user_id = $2, updated_at = $3 WHERE id = $1";
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(id).bind(user_id).bind(now).execute(c).await.map(|_| ()))?)
}

/// The first event's time stands; the webhook that made the buyer a customer carries it too.
pub async fn save_klaviyo_sent(tx: &mut Tx, id: &PreorderId, at: Timestamp) -> StoreResult<()> {
    const PREORDER: &str =
        "UPDATE preorders SET klaviyo_event_sent_at = COALESCE(klaviyo_event_sent_at, $2) WHERE id = $1";
    Ok(on_tx!(tx, c => sqlx::query(PREORDER).bind(id).bind(at).execute(c).await.map(|_| ()))?)
}
