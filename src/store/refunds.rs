//! The `refunds` table: money on its way back, asked for here or at the provider's.

use sqlx::FromRow;

use super::{Db, StoreResult, Tx, on_read, on_tx};
use crate::domain::ids::{AttemptId, PreorderId, RefundId};
use crate::domain::money::{Currency, Money};
use crate::domain::refund::RefundState;
use crate::domain::timestamp::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Refund {
    pub id: RefundId,
    pub preorder_id: PreorderId,
    pub attempt_id: Option<AttemptId>,
    pub provider: String,
    pub idempotency_key: String,
    pub provider_refund_id: Option<String>,
    pub payment_intent_id: Option<String>,
    pub amount_minor: i64,
    pub currency: Currency,
    /// In Stripe's words; `None`: none was given.
    pub reason: Option<String>,
    pub state: RefundState,
    /// Why it failed, in Stripe's words.
    pub failure_reason: Option<String>,
    /// The admin's address; `None`: it was made at Stripe.
    pub requested_by: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Refund {
    pub const fn amount(&self) -> Money {
        Money::new(self.amount_minor, self.currency)
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, preorder_id, attempt_id, provider, idempotency_key, provider_refund_id, payment_intent_id, \
             amount_minor, currency, reason, state, failure_reason, requested_by, created_at, updated_at FROM refunds ",
            $rest
        )
    };
}

/// Writes a refund whole: a new one, or what became of it. The caller holds the preorder's lock.
pub async fn save(tx: &mut Tx, refund: &Refund) -> StoreResult<()> {
    const SQL: &str = "INSERT INTO refunds (id, preorder_id, attempt_id, provider, idempotency_key, \
         provider_refund_id, payment_intent_id, amount_minor, currency, reason, state, failure_reason, requested_by, \
         created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
         ON CONFLICT (id) DO UPDATE SET attempt_id = excluded.attempt_id, \
         provider_refund_id = excluded.provider_refund_id, payment_intent_id = excluded.payment_intent_id, \
         amount_minor = excluded.amount_minor, currency = excluded.currency, reason = excluded.reason, \
         state = excluded.state, failure_reason = excluded.failure_reason, created_at = excluded.created_at, \
         updated_at = excluded.updated_at";
    Ok(on_tx!(tx, c => {
        sqlx::query(SQL)
            .bind(&refund.id)
            .bind(&refund.preorder_id)
            .bind(&refund.attempt_id)
            .bind(&refund.provider)
            .bind(&refund.idempotency_key)
            .bind(&refund.provider_refund_id)
            .bind(&refund.payment_intent_id)
            .bind(refund.amount_minor)
            .bind(refund.currency)
            .bind(&refund.reason)
            .bind(refund.state)
            .bind(&refund.failure_reason)
            .bind(&refund.requested_by)
            .bind(refund.created_at)
            .bind(refund.updated_at)
            .execute(c)
            .await
            .map(|_| ())
    })?)
}

/// All refunds of a preorder, first to last, inside the transaction that holds its lock.
pub async fn of_preorder(tx: &mut Tx, id: &PreorderId) -> StoreResult<Vec<Refund>> {
    const SQL: &str = select!("WHERE preorder_id = $1 ORDER BY created_at, id");
    Ok(on_tx!(tx, c => sqlx::query_as(SQL).bind(id).fetch_all(c).await)?)
}

pub async fn list(db: &Db, id: &PreorderId) -> StoreResult<Vec<Refund>> {
    const SQL: &str = select!("WHERE preorder_id = $1 ORDER BY created_at, id");
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(id).fetch_all(c).await)?)
}

pub async fn find(db: &Db, id: &RefundId) -> StoreResult<Option<Refund>> {
    const SQL: &str = select!("WHERE id = $1");
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await)?)
}

/// How many of a refund's keys Stripe has answered with a failure.
pub async fn key_generation(db: &Db, id: &RefundId) -> StoreResult<i64> {
    const SQL: &str = "SELECT key_generation FROM refunds WHERE id = $1";
    Ok(on_read!(db, c => sqlx::query_scalar(SQL).bind(id).fetch_one(c).await)?)
}

/// Gives up a key. Of two who were answered under the same one, one does.
pub async fn give_up_key(tx: &mut Tx, id: &RefundId, generation: i64) -> StoreResult<()> {
    const SQL: &str = "UPDATE refunds SET key_generation = key_generation + 1 WHERE id = $1 AND key_generation = $2";
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(id).bind(generation).execute(c).await.map(|_| ()))?)
}

pub async fn find_by_provider_id(db: &Db, id: &str) -> StoreResult<Option<Refund>> {
    const SQL: &str = select!("WHERE provider_refund_id = $1");
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await)?)
}
