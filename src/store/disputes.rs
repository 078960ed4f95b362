//! The `disputes` table: payments that a card holder doubts or takes back through the bank.

use sqlx::FromRow;

use super::{Db, StoreResult, Tx, on_read, on_tx};
use crate::domain::ids::{AttemptId, DisputeId, PreorderId};
use crate::domain::money::{Currency, Money};
use crate::domain::moved::Moved;
use crate::domain::refund::DisputeState;
use crate::domain::timestamp::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Dispute {
    pub id: DisputeId,
    pub preorder_id: PreorderId,
    pub attempt_id: Option<AttemptId>,
    pub provider: String,
    pub provider_dispute_id: String,
    pub payment_intent_id: Option<String>,
    /// What is doubted. Stripe may change its mind about it.
    pub amount_minor: i64,
    pub currency: Currency,
    /// When the amount was said; `None`: before this was noted.
    pub amount_said_at: Option<Timestamp>,
    /// What it holds of our money now; `None`: what the state says.
    pub taken_minor: Option<i64>,
    /// All that Stripe has ever listed as moved by it; `None`: it never listed anything.
    pub moved: Option<Moved>,
    /// In Stripe's words.
    pub reason: Option<String>,
    pub state: DisputeState,
    /// When evidence is due.
    pub due_at: Option<Timestamp>,
    pub opened_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Dispute {
    pub const fn amount(&self) -> Money {
        Money::new(self.amount_minor, self.currency)
    }

    /// What it holds of our money now.
    pub const fn taken(&self) -> Money {
        let minor = match self.taken_minor {
            Some(minor) => minor,
            None if self.state.holds_money() => self.amount_minor,
            None => 0,
        };
        Money::new(minor, self.currency)
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, preorder_id, attempt_id, provider, provider_dispute_id, payment_intent_id, amount_minor, \
             currency, amount_said_at, taken_minor, moved, reason, state, due_at, opened_at, updated_at \
             FROM disputes ",
            $rest
        )
    };
}

/// Writes a dispute whole: a new one, or what became of it. The caller holds the preorder's lock.
pub async fn save(tx: &mut Tx, dispute: &Dispute) -> StoreResult<()> {
    const SQL: &str = "INSERT INTO disputes (id, preorder_id, attempt_id, provider, provider_dispute_id, \
         payment_intent_id, amount_minor, currency, reason, state, due_at, opened_at, updated_at, amount_said_at, \
         taken_minor, moved) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
         ON CONFLICT (id) DO UPDATE SET attempt_id = excluded.attempt_id, \
         payment_intent_id = excluded.payment_intent_id, amount_minor = excluded.amount_minor, \
         currency = excluded.currency, reason = excluded.reason, state = excluded.state, due_at = excluded.due_at, \
         opened_at = excluded.opened_at, updated_at = excluded.updated_at, \
         amount_said_at = excluded.amount_said_at, taken_minor = excluded.taken_minor, moved = excluded.moved";
    Ok(on_tx!(tx, c => {
        sqlx::query(SQL)
            .bind(&dispute.id)
            .bind(&dispute.preorder_id)
            .bind(&dispute.attempt_id)
            .bind(&dispute.provider)
            .bind(&dispute.provider_dispute_id)
            .bind(&dispute.payment_intent_id)
            .bind(dispute.amount_minor)
            .bind(dispute.currency)
            .bind(&dispute.reason)
            .bind(dispute.state)
            .bind(dispute.due_at)
            .bind(dispute.opened_at)
            .bind(dispute.updated_at)
            .bind(dispute.amount_said_at)
            .bind(dispute.taken_minor)
            .bind(&dispute.moved)
            .execute(c)
            .await
            .map(|_| ())
    })?)
}

/// All disputes of a preorder, first to last, inside the transaction that holds its lock.
pub async fn of_preorder(tx: &mut Tx, id: &PreorderId) -> StoreResult<Vec<Dispute>> {
    const SQL: &str = select!("WHERE preorder_id = $1 ORDER BY opened_at, id");
    Ok(on_tx!(tx, c => sqlx::query_as(SQL).bind(id).fetch_all(c).await)?)
}

pub async fn list(db: &Db, id: &PreorderId) -> StoreResult<Vec<Dispute>> {
    const SQL: &str = select!("WHERE preorder_id = $1 ORDER BY opened_at, id");
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(id).fetch_all(c).await)?)
}

pub async fn find_by_provider_id(db: &Db, id: &str) -> StoreResult<Option<Dispute>> {
    const SQL: &str = select!("WHERE provider_dispute_id = $1");
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await)?)
}
