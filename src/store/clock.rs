//! The database's clock: the one that all instances share, whatever their own clocks say.

use super::{Db, StoreResult, Tx, on_read, on_tx};
use crate::domain::timestamp::Timestamp;

/// SQLite has no clock of its own but the machine's; it counts in the unit that its columns have.
macro_rules! sqlite_now {
    () => {
        "CAST(ROUND(unixepoch('subsec') * 1000) AS INTEGER)"
    };
}
pub(super) use sqlite_now;

/// Of the statement, not of the transaction, which may have waited for a lock; and steady within the statement, so
/// that an index can be entered by it.
macro_rules! postgres_now {
    () => {
        "statement_timestamp()"
    };
}
pub(super) use postgres_now;

const SQLITE: &str = concat!("SELECT ", sqlite_now!());
const POSTGRES: &str = concat!("SELECT ", postgres_now!());

pub async fn now(db: &Db) -> StoreResult<Timestamp> {
    let sql = if matches!(db, Db::Sqlite(_)) { SQLITE } else { POSTGRES };
    Ok(on_read!(db, c => sqlx::query_scalar(sql).fetch_one(c).await)?)
}

/// The same where a transaction has a connection already: a second one may not be had.
pub async fn now_in(tx: &mut Tx) -> StoreResult<Timestamp> {
    let sql = if matches!(tx, Tx::Sqlite(_)) { SQLITE } else { POSTGRES };
    Ok(on_tx!(tx, c => sqlx::query_scalar(sql).fetch_one(c).await)?)
}
