//! What waits for a person, counted for the red numbers beside the admin's rooms. One statement, in which each count
//! reads an index that holds little else and goes no further than it is shown: it runs with every page.

use super::worklist::{self, Limits};
use super::{Db, StoreResult, on_read};
use crate::domain::timestamp::Timestamp;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Waiting {
    /// Deliveries that were given up and not discarded.
    pub dead: i64,
    /// Events that could not be applied.
    pub failed_webhooks: i64,
    /// Payments on the worklist.
    pub payments: i64,
}

impl Waiting {
    /// A count as people read it: each goes no further than a hundred.
    pub fn shown(count: i64) -> String {
        if count > 99 { "99+".to_owned() } else { count.to_string() }
    }
}

pub async fn count(db: &Db, now: Timestamp) -> StoreResult<Waiting> {
    let limits = Limits::at(now);
    Ok(on_read!(db, c => {
        sqlx::query_as(worklist::WAITING).bind(limits.pending).bind(limits.creating).bind(limits.requested).fetch_one(c).await
    })?)
}
