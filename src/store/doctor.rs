//! What the doctor asks of the tables.

use super::{Db, StoreResult, on_read};

/// Whether the database answers at all.
pub async fn ping(db: &Db) -> StoreResult<()> {
    let _: i32 = on_read!(db, c => sqlx::query_scalar("SELECT 1").fetch_one(c).await)?;
    Ok(())
}

/// Preorders that say they are paid while no try of theirs was, or the other way round: there should be none.
pub async fn payments_that_disagree(db: &Db) -> StoreResult<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM preorders p WHERE (p.paid_at IS NOT NULL) <> EXISTS \
         (SELECT 1 FROM checkout_attempts a WHERE a.preorder_id = p.id AND a.state = 'paid')";
    Ok(on_read!(db, c => sqlx::query_scalar(SQL).fetch_one(c).await)?)
}
