//! What the doctor asks of the tables.

use super::{Db, StoreResult, on_read};

/// Whether the database answers at all.
pub async fn ping(db: &Db) -> StoreResult<()> {
    let _: i32 = on_read!(db, c => sqlx::query_scalar("SELECT 1").fetch_one(c).await)?;
    Ok(())
}

/// Bytes that the database takes.
pub async fn size(db: &Db) -> StoreResult<i64> {
    // Each has its own word for it.
    const SQLITE: &str = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
    const POSTGRES: &str = "SELECT pg_database_size(current_database())";
    let sql = match db {
        Db::Sqlite(_) => SQLITE,
        Db::Postgres(_) => POSTGRES,
    };
    Ok(on_read!(db, c => sqlx::query_scalar(sql).fetch_one(c).await)?)
}

/// The last migration that was applied, and how many were.
pub async fn migrations(db: &Db) -> StoreResult<(i64, i64)> {
    const SQL: &str = "SELECT COALESCE(MAX(version), 0), COUNT(*) FROM _sqlx_migrations WHERE success";
    Ok(on_read!(db, c => sqlx::query_as(SQL).fetch_one(c).await)?)
}

/// Preorders that say they are paid while no try of theirs was, or the other way round: there should be none.
pub async fn payments_that_disagree(db: &Db) -> StoreResult<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM preorders p WHERE (p.paid_at IS NOT NULL) <> EXISTS \
         (SELECT 1 FROM checkout_attempts a WHERE a.preorder_id = p.id AND a.state = 'paid')";
    Ok(on_read!(db, c => sqlx::query_scalar(SQL).fetch_one(c).await)?)
}

/// Preorders that received something else than their price: twice, too little, too much, or in another currency.
pub async fn payments_of_another_amount(db: &Db) -> StoreResult<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM (SELECT p.id FROM preorders p JOIN checkout_attempts a \
         ON a.preorder_id = p.id AND a.state = 'paid' GROUP BY p.id, p.amount_minor, p.currency \
         HAVING COUNT(*) > 1 OR MIN(COALESCE(a.received_minor, -1)) <> p.amount_minor \
         OR MIN(COALESCE(a.received_currency, '')) <> p.currency) AS odd";
    Ok(on_read!(db, c => sqlx::query_scalar(SQL).fetch_one(c).await)?)
}
