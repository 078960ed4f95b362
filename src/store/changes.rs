//! Whether anything has changed since somebody looked: the ends of a few indexes, which cost nothing to read.

use sqlx::FromRow;

use super::{Db, StoreResult, on_read};
use crate::domain::timestamp::Timestamp;

/// Two that are equal: nothing that an admin watches has happened in between.
#[derive(Debug, Clone, Default, PartialEq, Eq, FromRow)]
pub struct Mark {
    started: Option<Timestamp>,
    paid: Option<Timestamp>,
    received: Option<Timestamp>,
    enqueued: Option<String>,
    finished: Option<Timestamp>,
    tried: Option<String>,
    moved: Option<Timestamp>,
    acted: Option<Timestamp>,
}

/// Ids grow with time, as `Context::unique` makes them.
pub async fn mark(db: &Db) -> StoreResult<Mark> {
    const SQL: &str = "SELECT (SELECT MAX(created_at) FROM preorders) AS started, \
         (SELECT MAX(paid_at) FROM preorders WHERE paid_at IS NOT NULL) AS paid, \
         (SELECT MAX(received_at) FROM webhook_logs) AS received, \
         (SELECT MAX(id) FROM outbox) AS enqueued, \
         (SELECT MAX(finished_at) FROM outbox WHERE finished_at IS NOT NULL) AS finished, \
         (SELECT MAX(id) FROM checkout_attempts) AS tried, \
         (SELECT MAX(occurred_at) FROM payments_ledger) AS moved, \
         (SELECT MAX(at) FROM audit_log) AS acted";
    Ok(on_read!(db, c => sqlx::query_as(SQL).fetch_one(c).await)?)
}
