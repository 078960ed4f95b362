//! The `payments_ledger` table: what came in and went out. Only added to; the database itself refuses anything else.

use sqlx::FromRow;

use super::{Db, StoreResult, Tx, on_read, on_tx};
use crate::domain::ids::{LedgerId, PreorderId};
use crate::domain::money::Currency;
use crate::domain::refund::LedgerKind;
use crate::domain::timestamp::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Entry {
    pub id: LedgerId,
    pub preorder_id: PreorderId,
    pub attempt_id: Option<String>,
    pub kind: LedgerKind,
    /// Plus: to us. Minus: from us.
    pub amount_minor: i64,
    pub currency: Currency,
    /// The provider's id of what it records.
    pub reference: String,
    /// A fact is entered once.
    pub dedupe_key: String,
    pub occurred_at: Timestamp,
    pub recorded_at: Timestamp,
}

/// Enters a fact, once.
pub async fn enter(tx: &mut Tx, entry: &Entry) -> StoreResult<()> {
    const SQL: &str = "INSERT INTO payments_ledger (id, preorder_id, attempt_id, kind, amount_minor, currency, \
         reference, dedupe_key, occurred_at, recorded_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         ON CONFLICT (dedupe_key) DO NOTHING";
    Ok(on_tx!(tx, c => {
        sqlx::query(SQL)
            .bind(&entry.id)
            .bind(&entry.preorder_id)
            .bind(&entry.attempt_id)
            .bind(entry.kind)
            .bind(entry.amount_minor)
            .bind(entry.currency)
            .bind(&entry.reference)
            .bind(&entry.dedupe_key)
            .bind(entry.occurred_at)
            .bind(entry.recorded_at)
            .execute(c)
            .await
            .map(|_| ())
    })?)
}

pub async fn list(db: &Db, id: &PreorderId) -> StoreResult<Vec<Entry>> {
    const SQL: &str = "SELECT id, preorder_id, attempt_id, kind, amount_minor, currency, reference, dedupe_key, \
         occurred_at, recorded_at FROM payments_ledger WHERE preorder_id = $1 ORDER BY occurred_at, id";
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(id).fetch_all(c).await)?)
}

/// What disputes have moved of a preorder's money: key and amount, inside the transaction that holds its lock.
pub async fn of_disputes(tx: &mut Tx, id: &PreorderId) -> StoreResult<Vec<(String, i64)>> {
    const SQL: &str = "SELECT dedupe_key, amount_minor FROM payments_ledger WHERE preorder_id = $1 \
         AND kind IN ('dispute', 'dispute_returned')";
    Ok(on_tx!(tx, c => sqlx::query_as(SQL).bind(id).fetch_all(c).await)?)
}
