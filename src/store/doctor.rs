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

/// Preorders that received something else than their price, and have not got the surplus back: twice, too little, too
/// much, or in another currency.
pub async fn payments_of_another_amount(db: &Db) -> StoreResult<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM preorders p JOIN (SELECT preorder_id, SUM(received_minor) AS got, \
         MIN(COALESCE(received_minor, -1)) AS least, MIN(received_currency) AS low, MAX(received_currency) AS high \
         FROM checkout_attempts WHERE state = 'paid' GROUP BY preorder_id) a ON a.preorder_id = p.id \
         LEFT JOIN (SELECT preorder_id, SUM(amount_minor) AS back FROM refunds \
         WHERE state IN ('requires_action', 'pending', 'succeeded') GROUP BY preorder_id) r ON r.preorder_id = p.id \
         WHERE a.least < 0 OR a.low <> p.currency OR a.high <> p.currency OR a.got < p.amount_minor \
         OR a.got - COALESCE(r.back, 0) > p.amount_minor";
    Ok(on_read!(db, c => sqlx::query_scalar(SQL).fetch_one(c).await)?)
}

/// Preorders whose ledger does not say what their payments, refunds and disputes say: there should be none.
pub async fn ledgers_that_disagree(db: &Db) -> StoreResult<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM (SELECT preorder_id, currency FROM ( \
         SELECT preorder_id, received_currency AS currency, received_minor AS amount FROM checkout_attempts \
         WHERE state = 'paid' AND received_minor IS NOT NULL \
         UNION ALL SELECT preorder_id, currency, -amount_minor FROM refunds \
         WHERE state IN ('requires_action', 'pending', 'succeeded') \
         UNION ALL SELECT preorder_id, currency, -amount_minor FROM disputes \
         WHERE state IN ('needs_response', 'under_review', 'lost') \
         UNION ALL SELECT preorder_id, currency, -amount_minor FROM payments_ledger) AS moved \
         GROUP BY preorder_id, currency HAVING SUM(amount) <> 0) AS odd";
    Ok(on_read!(db, c => sqlx::query_scalar(SQL).fetch_one(c).await)?)
}

/// Payments of which more was, or is being, given back than came in: there should be none.
pub async fn refunds_above_captures(db: &Db) -> StoreResult<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM (SELECT r.preorder_id, r.payment_intent_id FROM refunds r \
         WHERE r.state NOT IN ('failed', 'canceled') GROUP BY r.preorder_id, r.payment_intent_id \
         HAVING SUM(r.amount_minor) > COALESCE((SELECT SUM(a.received_minor) FROM checkout_attempts a \
         WHERE a.preorder_id = r.preorder_id AND a.payment_intent_id = r.payment_intent_id AND a.state = 'paid'), 0)) \
         AS odd";
    Ok(on_read!(db, c => sqlx::query_scalar(SQL).fetch_one(c).await)?)
}
