//! The `checkout_attempts` table: every try to pay a preorder, with its key, its page, and how far it climbed.

use sqlx::FromRow;

use super::{Db, StoreResult, Tx, on_read, on_tx};
use crate::domain::ids::{AttemptId, PreorderId};
use crate::domain::money::{Currency, Money};
use crate::domain::payment::AttemptState;
use crate::domain::preorder::AttemptOutcome;
use crate::domain::timestamp::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Attempt {
    pub id: AttemptId,
    pub preorder_id: PreorderId,
    pub number: i64,
    pub provider: String,
    pub idempotency_key: String,
    pub state: AttemptState,
    pub session_id: Option<String>,
    pub url: Option<String>,
    pub payment_intent_id: Option<String>,
    pub amount_minor: i64,
    pub currency: Currency,
    pub received_minor: Option<i64>,
    pub received_currency: Option<Currency>,
    pub decline_code: Option<String>,
    pub decline_message: Option<String>,
    pub card_brand: Option<String>,
    pub card_last4: Option<String>,
    /// As it was typed on this try's page.
    pub shipping_address: Option<String>,
    pub shipping_country: Option<String>,
    pub created_at: Timestamp,
    pub opened_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    pub declined_at: Option<Timestamp>,
    pub paid_at: Option<Timestamp>,
    /// When we learnt that it was paid.
    pub settled_at: Option<Timestamp>,
    pub updated_at: Timestamp,
}

impl Attempt {
    pub fn outcome(&self) -> AttemptOutcome {
        AttemptOutcome { state: self.state, was_declined: self.decline_code.is_some(), paid_at: self.paid_at }
    }

    /// Whether somebody could still pay on its page. One that we have given up is open at Stripe until its time is over,
    /// or until it is closed there.
    pub fn may_be_open(&self, now: Timestamp) -> bool {
        let given_up = self.state == AttemptState::Expired && self.session_id.is_some();
        self.state.is_payable() || (given_up && self.expires_at.is_some_and(|at| now < at))
    }

    pub fn received(&self) -> Option<Money> {
        Some(Money::new(self.received_minor?, self.received_currency?))
    }

    /// Whether it was paid, and with less than was asked for, or with we can't say what.
    pub fn falls_short(&self) -> bool {
        let asked = Money::new(self.amount_minor, self.currency);
        self.state == AttemptState::Paid && self.received().is_none_or(|received| !received.covers(asked))
    }
}

macro_rules! columns {
    () => {
        "id, preorder_id, number, provider, idempotency_key, state, session_id, url, payment_intent_id, amount_minor, \
         currency, received_minor, received_currency, decline_code, decline_message, card_brand, card_last4, \
         shipping_address, shipping_country, created_at, opened_at, expires_at, declined_at, paid_at, settled_at, \
         updated_at"
    };
}

pub async fn insert(tx: &mut Tx, attempt: &Attempt) -> StoreResult<()> {
    const SQL: &str = "INSERT INTO checkout_attempts (id, preorder_id, number, provider, idempotency_key, state, \
         amount_minor, currency, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)";
    Ok(on_tx!(tx, c => {
        sqlx::query(SQL)
            .bind(&attempt.id)
            .bind(&attempt.preorder_id)
            .bind(attempt.number)
            .bind(&attempt.provider)
            .bind(&attempt.idempotency_key)
            .bind(attempt.state)
            .bind(attempt.amount_minor)
            .bind(attempt.currency)
            .bind(attempt.created_at)
            .execute(c)
            .await
            .map(|_| ())
    })?)
}

/// Everything about a try that may change, written whole: the caller holds the preorder's lock.
pub async fn save(tx: &mut Tx, attempt: &Attempt, now: Timestamp) -> StoreResult<()> {
    const SQL: &str = "UPDATE checkout_attempts SET state = $2, session_id = $3, url = $4, payment_intent_id = $5, \
         received_minor = $6, received_currency = $7, decline_code = $8, decline_message = $9, card_brand = $10, \
         card_last4 = $11, opened_at = $12, expires_at = $13, declined_at = $14, paid_at = $15, settled_at = $16, \
         updated_at = $17, shipping_address = $18, shipping_country = $19 WHERE id = $1";
    Ok(on_tx!(tx, c => {
        sqlx::query(SQL)
            .bind(&attempt.id)
            .bind(attempt.state)
            .bind(&attempt.session_id)
            .bind(&attempt.url)
            .bind(&attempt.payment_intent_id)
            .bind(attempt.received_minor)
            .bind(attempt.received_currency)
            .bind(&attempt.decline_code)
            .bind(&attempt.decline_message)
            .bind(&attempt.card_brand)
            .bind(&attempt.card_last4)
            .bind(attempt.opened_at)
            .bind(attempt.expires_at)
            .bind(attempt.declined_at)
            .bind(attempt.paid_at)
            .bind(attempt.settled_at)
            .bind(now)
            .bind(&attempt.shipping_address)
            .bind(&attempt.shipping_country)
            .execute(c)
            .await
            .map(|_| ())
    })?)
}

/// Stripe was asked what became of it, whatever it said: others are before it now.
pub async fn save_asked(tx: &mut Tx, id: &AttemptId, now: Timestamp) -> StoreResult<()> {
    const SQL: &str = "UPDATE checkout_attempts SET asked_at = $2 WHERE id = $1";
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(id).bind(now).execute(c).await.map(|_| ()))?)
}

/// All tries of a preorder, first to last, inside the transaction that holds its lock.
pub async fn of_preorder(tx: &mut Tx, id: &PreorderId) -> StoreResult<Vec<Attempt>> {
    const SQL: &str = concat!("SELECT ", columns!(), " FROM checkout_attempts WHERE preorder_id = $1 ORDER BY number");
    Ok(on_tx!(tx, c => sqlx::query_as(SQL).bind(id).fetch_all(c).await)?)
}

pub async fn list(db: &Db, id: &PreorderId) -> StoreResult<Vec<Attempt>> {
    const SQL: &str = concat!("SELECT ", columns!(), " FROM checkout_attempts WHERE preorder_id = $1 ORDER BY number");
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(id).fetch_all(c).await)?)
}

pub async fn find(db: &Db, id: &AttemptId) -> StoreResult<Option<Attempt>> {
    const SQL: &str = concat!("SELECT ", columns!(), " FROM checkout_attempts WHERE id = $1");
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await)?)
}

pub async fn find_by_session(db: &Db, session_id: &str) -> StoreResult<Option<Attempt>> {
    const SQL: &str = concat!("SELECT ", columns!(), " FROM checkout_attempts WHERE session_id = $1");
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(session_id).fetch_optional(c).await)?)
}

pub async fn find_by_payment_intent(db: &Db, payment_intent_id: &str) -> StoreResult<Option<Attempt>> {
    const SQL: &str = concat!("SELECT ", columns!(), " FROM checkout_attempts WHERE payment_intent_id = $1");
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(payment_intent_id).fetch_optional(c).await)?)
}

/// Tries whose page was asked for before a time and whose answer never came, the longest first.
pub async fn unanswered(db: &Db, before: Timestamp, limit: i64) -> StoreResult<Vec<Attempt>> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM checkout_attempts WHERE state = 'creating' AND created_at < $1 ORDER BY created_at LIMIT $2"
    );
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(before).bind(limit).fetch_all(c).await)?)
}

/// Whether anybody has ever gone to pay.
pub async fn any(db: &Db) -> StoreResult<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM checkout_attempts LIMIT 1) AS one";
    let any: i64 = on_read!(db, c => sqlx::query_scalar(SQL).fetch_one(c).await)?;
    Ok(any > 0)
}

/// Tries to pay that should have ended by now: pages that closed and of which nothing was heard, payments that have
/// been under way since then and were not asked about since. Those that wait longest for a question first.
pub async fn overdue(
    db: &Db,
    closed_before: Timestamp,
    under_way_since: Timestamp,
    limit: i64,
) -> StoreResult<Vec<Attempt>> {
    const CLOSED: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM checkout_attempts WHERE state IN ('open', 'declined') AND expires_at < $1 AND session_id IS NOT NULL \
         ORDER BY COALESCE(asked_at, expires_at) LIMIT $2"
    );
    const UNDER_WAY: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM checkout_attempts WHERE state = 'pending' AND updated_at < $1 AND COALESCE(asked_at, updated_at) < $1 \
         AND session_id IS NOT NULL ORDER BY COALESCE(asked_at, updated_at) LIMIT $2"
    );
    let mut found: Vec<Attempt> =
        on_read!(db, c => sqlx::query_as(CLOSED).bind(closed_before).bind(limit).fetch_all(c).await)?;
    let under_way: Vec<Attempt> =
        on_read!(db, c => sqlx::query_as(UNDER_WAY).bind(under_way_since).bind(limit).fetch_all(c).await)?;
    found.extend(under_way);
    Ok(found)
}
