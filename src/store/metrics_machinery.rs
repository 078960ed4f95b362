//! What the overview counts of the machinery: events, deliveries, what is still to be done, and what asks for a person.
//! Many rows are counted by cases and not in groups, for which SQLite would sort them.

use super::{Db, StoreResult, on_read};
use crate::domain::delivery::DeliveryKind;
use crate::domain::metrics::{Backlog, Deliveries, Webhooks};
use crate::domain::period::{Period, percentile};
use crate::domain::timestamp::Timestamp;

/// Events whose delay is looked at: a percentile of all of them would have to sort all of them.
pub const DELAYS: i64 = 2000;

pub async fn webhooks(db: &Db, period: Period) -> StoreResult<Webhooks> {
    const COUNTS: &str = "SELECT COUNT(CASE WHEN status = 'success' THEN 1 END), \
         COUNT(CASE WHEN status = 'failed' THEN 1 END), COUNT(CASE WHEN status = 'ignored' THEN 1 END) \
         FROM webhook_logs WHERE received_at >= $1 AND received_at < $2 AND processed_at IS NOT NULL";
    const LATEST: &str = "SELECT received_at, processed_at FROM webhook_logs WHERE received_at >= $1 \
         AND received_at < $2 AND processed_at IS NOT NULL ORDER BY received_at DESC LIMIT $3";
    let (success, failed, ignored): (i64, i64, i64) =
        on_read!(db, c => sqlx::query_as(COUNTS).bind(period.from).bind(period.to).fetch_one(c).await)?;
    let latest: Vec<(Timestamp, Timestamp)> = on_read!(db, c => {
        sqlx::query_as(LATEST).bind(period.from).bind(period.to).bind(DELAYS).fetch_all(c).await
    })?;
    let mut delays: Vec<i64> =
        latest.iter().map(|(received, processed)| processed.since(*received).as_millis() as i64).collect();
    delays.sort_unstable();
    let (median, p95) = (percentile(&delays, 0.5), percentile(&delays, 0.95));
    Ok(Webhooks { success, failed, ignored, median, p95 })
}

/// Deliveries of two providers that ended in the period, in one walk.
pub async fn deliveries(db: &Db, period: Period) -> StoreResult<(Deliveries, Deliveries)> {
    const SQL: &str = "SELECT \
         COUNT(CASE WHEN state = 'done' AND kind IN ('klaviyo_preorder_started', 'klaviyo_preorder_success') THEN 1 END), \
         COUNT(CASE WHEN state = 'dead' AND kind IN ('klaviyo_preorder_started', 'klaviyo_preorder_success') THEN 1 END), \
         COUNT(CASE WHEN attempts > 1 AND kind IN ('klaviyo_preorder_started', 'klaviyo_preorder_success') THEN 1 END), \
         COUNT(CASE WHEN state = 'done' AND kind = 'create_firebase_user' THEN 1 END), \
         COUNT(CASE WHEN state = 'dead' AND kind = 'create_firebase_user' THEN 1 END), \
         COUNT(CASE WHEN attempts > 1 AND kind = 'create_firebase_user' THEN 1 END) \
         FROM outbox WHERE finished_at >= $1 AND finished_at < $2";
    let counted: (i64, i64, i64, i64, i64, i64) =
        on_read!(db, c => sqlx::query_as(SQL).bind(period.from).bind(period.to).fetch_one(c).await)?;
    let klaviyo = Deliveries { done: counted.0, dead: counted.1, retried: counted.2 };
    let firebase = Deliveries { done: counted.3, dead: counted.4, retried: counted.5 };
    Ok((klaviyo, firebase))
}

/// What waits or is under way: each state has an index that holds no other.
pub async fn backlog(db: &Db) -> StoreResult<Backlog> {
    const PENDING: &str = "SELECT COUNT(*), MIN(created_at) FROM outbox WHERE state = 'pending'";
    const RUNNING: &str = "SELECT COUNT(*), MIN(created_at) FROM outbox WHERE state = 'running'";
    let (pending, oldest): (i64, Option<Timestamp>) = on_read!(db, c => sqlx::query_as(PENDING).fetch_one(c).await)?;
    let (running, oldest_running): (i64, Option<Timestamp>) =
        on_read!(db, c => sqlx::query_as(RUNNING).fetch_one(c).await)?;
    let oldest = [oldest, oldest_running].into_iter().flatten().min();
    Ok(Backlog { pending, running, oldest })
}

/// Deliveries that were given up and that nobody has discarded.
pub async fn dead_by_kind(db: &Db) -> StoreResult<Vec<(DeliveryKind, i64)>> {
    const SQL: &str = "SELECT kind, COUNT(*) FROM outbox WHERE state = 'dead' AND discarded_at IS NULL \
         GROUP BY kind ORDER BY COUNT(*) DESC, kind";
    Ok(on_read!(db, c => sqlx::query_as(SQL).fetch_all(c).await)?)
}

/// Disputes that wait for our evidence, and when the first is due.
pub async fn disputes_awaiting_us(db: &Db) -> StoreResult<(i64, Option<Timestamp>)> {
    const SQL: &str = "SELECT COUNT(*), MIN(due_at) FROM disputes \
         WHERE state IN ('warning_needs_response', 'needs_response')";
    Ok(on_read!(db, c => sqlx::query_as(SQL).fetch_one(c).await)?)
}
