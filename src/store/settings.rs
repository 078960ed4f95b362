//! The `settings` table: what owners set, by name.

use super::{Db, StoreResult, Tx, on_read, on_tx};
use crate::domain::money::{Currency, Money};
use crate::domain::timestamp::Timestamp;

fn name_of_limit(currency: Currency) -> String {
    format!("refund_limit.{currency}")
}

/// The sum of refunds of one preorder, in minor units, above which an owner has to do it. A currency without one (or
/// with one that can't be read) has none to give: every refund of it is an owner's.
pub async fn refund_limit(tx: &mut Tx, currency: Currency) -> StoreResult<i64> {
    const SQL: &str = "SELECT value FROM settings WHERE name = $1";
    let name = name_of_limit(currency);
    let value: Option<String> = on_tx!(tx, c => sqlx::query_scalar(SQL).bind(&name).fetch_optional(c).await)?;
    Ok(read(value))
}

/// The limits of all currencies, as the page shows them.
pub async fn refund_limits(db: &Db) -> StoreResult<Vec<Money>> {
    const SQL: &str = "SELECT name, value FROM settings WHERE name LIKE 'refund_limit.%'";
    let rows: Vec<(String, String)> = on_read!(db, c => sqlx::query_as(SQL).fetch_all(c).await)?;
    let limit = |currency: Currency| {
        let row = rows.iter().find(|(name, _)| *name == name_of_limit(currency));
        Money::new(read(row.map(|(_, value)| value.clone())), currency)
    };
    Ok(Currency::ALL.iter().map(|&currency| limit(currency)).collect())
}

pub async fn save_refund_limit(tx: &mut Tx, limit: Money, now: Timestamp) -> StoreResult<()> {
    const SQL: &str = "INSERT INTO settings (name, value, updated_at) VALUES ($1, $2, $3) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at";
    let name = name_of_limit(limit.currency);
    let value = limit.minor.to_string();
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(&name).bind(&value).bind(now).execute(c).await.map(|_| ()))?)
}

fn read(value: Option<String>) -> i64 {
    value.and_then(|value| value.parse().ok()).unwrap_or(0)
}
