//! What waits for a person, counted for the red numbers beside the admin's rooms. Each query reads an index that holds
//! little else: it runs with every page.

use super::{Db, StoreResult, on_read};
use crate::domain::timestamp::Timestamp;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Deliveries that were given up and not discarded.
    pub dead: i64,
    /// Events that could not be applied.
    pub failed_webhooks: i64,
    /// Payments on the worklist.
    pub payments: i64,
}

pub async fn count(db: &Db, _now: Timestamp) -> StoreResult<Waiting> {
    const DEAD: &str = "SELECT COUNT(*) FROM outbox WHERE state = 'dead' AND discarded_at IS NULL";
    const WEBHOOKS: &str = "SELECT COUNT(*) FROM webhook_logs WHERE status = 'failed'";
    Ok(Waiting {
        dead: on_read!(db, c => sqlx::query_scalar(DEAD).fetch_one(c).await)?,
        failed_webhooks: on_read!(db, c => sqlx::query_scalar(WEBHOOKS).fetch_one(c).await)?,
        payments: 0,
    })
}
