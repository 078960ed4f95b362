//! The outbox at a glance: how much of each kind is in which state. What may have grown without bound in an outage is
//! counted up to a limit and no further: "more than ten thousand" is all that a person needs of it.

use std::fmt::Write as _;

use sqlx::{AssertSqlSafe, FromRow};

use super::{Db, StoreResult, on_read};
use crate::domain::delivery::{DeliveryKind, DeliveryState};
use crate::domain::timestamp::Timestamp;

/// Rows of a kind are counted up to here, and those of the last day together up to [`MOST_FINISHED`].
pub const MOST_COUNTED: i64 = 10_000;
pub const MOST_FINISHED: i64 = 20_000;

/// Rows of a kind in a state, at most one more than are counted.
#[derive(Debug, Clone, FromRow)]
pub struct Count {
    pub kind: DeliveryKind,
    pub rows: i64,
    /// When the oldest of them was made; with what is dead, when it was given up.
    pub oldest: Option<Timestamp>,
}

/// What ended since a time, by how many tries it took.
#[derive(Debug, Clone, FromRow)]
pub struct Ended {
    pub kind: DeliveryKind,
    pub state: DeliveryState,
    pub rows: i64,
    /// Of these, with more than one try.
    pub retried: i64,
}

/// One part for each kind, so that each is a walk along its own stretch of the index.
fn each_kind(column: &str, state: &str, order: &str) -> String {
    let mut sql = String::new();
    for (n, kind) in DeliveryKind::ALL.iter().enumerate() {
        let union = if n == 0 { "" } else { " UNION ALL " };
        let lane = if state == "pending" { format!("lane = '{}' AND ", kind.lane()) } else { String::new() };
        let live = if state == "dead" { "discarded_at IS NULL AND " } else { "" };
        // Writing to a string does not fail.
        let _ = write!(
            sql,
            "{union}SELECT '{kind}' AS kind, COUNT(*) AS rows, MIN({column}) AS oldest FROM (SELECT {column} FROM outbox \
             WHERE {lane}{live}kind = '{kind}' AND state = '{state}' ORDER BY {order} LIMIT {}) AS {kind}",
            MOST_COUNTED + 1
        );
    }
    sql
}

pub async fn pending(db: &Db) -> StoreResult<Vec<Count>> {
    let sql = AssertSqlSafe(each_kind("created_at", "pending", "run_at"));
    Ok(on_read!(db, c => sqlx::query_as(sql).fetch_all(c).await)?)
}

/// Those that were discarded are not among them.
pub async fn dead(db: &Db) -> StoreResult<Vec<Count>> {
    let sql = AssertSqlSafe(each_kind("finished_at", "dead", "finished_at"));
    Ok(on_read!(db, c => sqlx::query_as(sql).fetch_all(c).await)?)
}

pub async fn running(db: &Db) -> StoreResult<Vec<Count>> {
    const SQL: &str = "SELECT kind, COUNT(*) AS rows, MIN(created_at) AS oldest FROM outbox WHERE state = 'running' \
         GROUP BY kind";
    Ok(on_read!(db, c => sqlx::query_as(SQL).fetch_all(c).await)?)
}

/// What ended since a time; of a busy day the latest [`MOST_FINISHED`].
pub async fn ended_since(db: &Db, since: Timestamp) -> StoreResult<Vec<Ended>> {
    const SQL: &str = "SELECT kind, state, COUNT(*) AS rows, \
         CAST(SUM(CASE WHEN attempts > 1 THEN 1 ELSE 0 END) AS BIGINT) AS retried FROM \
         (SELECT kind, state, attempts FROM outbox WHERE finished_at >= $1 ORDER BY finished_at DESC LIMIT $2) AS latest \
         GROUP BY kind, state";
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(since).bind(MOST_FINISHED).fetch_all(c).await)?)
}
