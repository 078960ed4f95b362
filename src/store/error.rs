//! What can go wrong with a database, sorted by what is to be done: wait, or ask for something else.

use sqlx::migrate::MigrateError;

/// Who handles it: `http` answers 503 when the database is away, 500 otherwise; the outbox tries again.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database is away: {0}")]
    Away(#[source] sqlx::Error),
    #[error("a row of that key exists")]
    Duplicate,
    #[error("the database refused: {0}")]
    Refused(#[source] sqlx::Error),
    #[error("migrations: {0}")]
    Migration(#[from] MigrateError),
    #[error("{0}")]
    Address(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(e) if e.is_unique_violation() => Self::Duplicate,
            sqlx::Error::Database(e) if e.code().is_some_and(|code| is_passing(&code)) => Self::Away(error),
            // What speaks another protocol, or none any more, is not our database.
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::BeginFailed
            | sqlx::Error::WorkerCrashed => Self::Away(error),
            _ => Self::Refused(error),
        }
    }
}

impl StoreError {
    /// Whether a PostgreSQL that is being started could be why. A wrong name, password or database does not get right by
    /// itself; neither does a file of SQLite's.
    pub fn may_be_starting(&self) -> bool {
        match self {
            Self::Away(error) => is_starting(error),
            Self::Migration(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => {
                is_starting(error)
            }
            _ => false,
        }
    }
}

fn is_starting(error: &sqlx::Error) -> bool {
    const WRONG: &[&str] = &["28", "3D"];
    match error {
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            code.len() == OF_POSTGRES && is_passing(&code) && !WRONG.iter().any(|class| code.starts_with(class))
        }),
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => true,
        _ => false,
    }
}

/// PostgreSQL's codes have so many characters, and SQLite's fewer.
const OF_POSTGRES: usize = 5;

/// Whether a database's code speaks of a state that passes: not of what was asked, but of when.
fn is_passing(code: &str) -> bool {
    // PostgreSQL's classes: no connection, read-only (a standby, after a failover), idle for too long inside a
    // transaction, who we are (while the password is changed), no such database (while one is restored), a deadlock or a
    // race lost, no room, no connections allowed, a lock or an answer that took too long, shutting down, an I/O error.
    if code.len() == OF_POSTGRES {
        const PASSING: &[&str] =
            &["08", "25006", "25P03", "28000", "28P01", "3D000", "40", "53", "55000", "55P03", "57014", "57P", "58"];
        return PASSING.iter().any(|class| code.starts_with(class));
    }
    // SQLite's codes bear details above the lowest byte: busy, locked, read-only, an I/O error, full, can't be opened.
    code.parse::<i32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 8 | 10 | 13 | 14))
}

pub type StoreResult<T> = Result<T, StoreError>;
