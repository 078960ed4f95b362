//! All SQL, one file a table family. One text serves both databases: both drivers take `$1`, and `on_tx!`/`on_read!`
//! run one body for either. Where the dialects must differ there are two constants and a line that says why.
//! Writes take a [`Tx`] and never commit: the workflow that began it does.

pub mod admins;
pub mod attempts;
pub mod audit;
pub mod backup;
pub mod bulk;
pub mod bulk_rows;
pub mod catalog;
pub mod changes;
pub mod clock;
mod columns;
mod connect;
pub mod customers;
pub mod differences;
pub mod disputes;
pub mod doctor;
pub mod durability;
mod file;
pub mod filling;
pub mod ledger;
pub mod lookup;
pub mod metrics;
pub mod metrics_machinery;
mod migrate;
pub mod notes;
pub mod order_acts;
pub mod order_lists;
pub mod outbox;
pub mod outbox_acts;
pub mod outbox_board;
pub mod outbox_log;
pub mod pace;
pub mod patience;
pub mod payments_room;
mod preorder_conditions;
pub mod preorder_filter;
pub mod preorder_search;
pub mod preorders;
pub mod provider_ids;
pub mod refunds;
pub mod restores;
pub mod saved_views;
pub mod search_index;
pub mod settings;
pub mod snapshot;
pub mod story;
pub mod waiting;
pub mod walks;
pub mod webhook_log;
pub mod webhooks;
pub mod worklist;

use sqlx::{PgPool, Postgres, Sqlite, SqlitePool};

use crate::telemetry::{Waiting, metric};

/// Where the records are.
#[derive(Clone)]
pub enum Db {
    Sqlite(SqliteDb),
    Postgres(PgPool),
}

/// Writers queue for one connection: SQLite has one writer whatever we do, and a queue is fairer than its locks.
#[derive(Clone)]
pub struct SqliteDb {
    write: SqlitePool,
    read: SqlitePool,
    /// Moves the log into the file beside the writer, who would otherwise stop for it.
    checkpoint: SqlitePool,
    file: Option<file::OpenFile>,
}

impl SqliteDb {
    fn is_there(&self) -> Result<(), sqlx::Error> {
        self.file.as_ref().map_or(Ok(()), file::OpenFile::check)
    }
}

/// A write that is not yet durable. Dropped without a commit it never happened.
pub enum Tx {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

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
    Migration(#[from] sqlx::migrate::MigrateError),
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

/// Whether a database's code speaks of a state that passes: not of what was asked, but of when.
fn is_passing(code: &str) -> bool {
    // PostgreSQL's classes have five characters: no connection, idle for too long inside a transaction, no such
    // database (while one is restored), a deadlock or a race lost, no room, a lock or an answer that took too long,
    // shutting down, an I/O error.
    if code.len() == 5 {
        const PASSING: &[&str] = &["08", "25P03", "3D000", "40", "53", "55P03", "57014", "57P", "58"];
        return PASSING.iter().any(|class| code.starts_with(class));
    }
    // SQLite's codes bear details above the lowest byte: busy, locked, read-only, an I/O error, full, can't be opened.
    code.parse::<i32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 8 | 10 | 13 | 14))
}

pub type StoreResult<T> = Result<T, StoreError>;

/// Whether a test has turned a guard off, to see the harm that it keeps away. Nothing else can.
#[cfg(test)]
pub(crate) fn guard_is_off(guard: &str) -> bool {
    fail::eval(guard, |_| ()).is_some()
}

#[cfg(not(test))]
pub(crate) const fn guard_is_off(_guard: &str) -> bool {
    false
}

impl Db {
    pub async fn begin(&self) -> StoreResult<Tx> {
        let began = std::time::Instant::now();
        let waiting = Waiting::at(::metrics::gauge!(metric::BEGINNING));
        let tx = match self {
            // IMMEDIATE: take the writer's place now, rather than fail to upgrade a read later.
            Self::Sqlite(db) => {
                db.is_there()?;
                let begin = if guard_is_off("guard.one_writer") { "BEGIN" } else { "BEGIN IMMEDIATE" };
                Tx::Sqlite(patience::bounded(db.write.begin_with(begin)).await?)
            }
            Self::Postgres(pool) => Tx::Postgres(patience::bounded(pool.begin()).await?),
        };
        drop(waiting);
        ::metrics::histogram!(metric::BEGIN).record(began.elapsed().as_secs_f64());
        Ok(tx)
    }

    /// Connections of each pool: its name, how many there are, how many of them are idle, and how many there may be.
    pub fn connections(&self) -> Vec<(&'static str, u32, usize, u32)> {
        fn of<D: sqlx::Database>(name: &'static str, pool: &sqlx::Pool<D>) -> (&'static str, u32, usize, u32) {
            (name, pool.size(), pool.num_idle(), pool.options().get_max_connections())
        }
        match self {
            Self::Sqlite(db) => vec![of("write", &db.write), of("read", &db.read)],
            Self::Postgres(pool) => vec![of("all", pool)],
        }
    }

    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }

    /// PostgreSQL alone can be shared by several instances, and tells them of each other's commits.
    pub const fn postgres(&self) -> Option<&PgPool> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(pool) => Some(pool),
        }
    }
}

impl Tx {
    pub async fn commit(self) -> StoreResult<()> {
        match self {
            Self::Sqlite(tx) => patience::bounded(tx.commit()).await?,
            Self::Postgres(tx) => patience::bounded(tx.commit()).await?,
        }
        Ok(())
    }

    pub async fn rollback(self) -> StoreResult<()> {
        match self {
            Self::Sqlite(tx) => patience::bounded(tx.rollback()).await?,
            Self::Postgres(tx) => patience::bounded(tx.rollback()).await?,
        }
        Ok(())
    }
}

/// Runs one body on a transaction of either database, for so long as anybody waits for it.
macro_rules! on_tx {
    ($tx:expr, $c:ident => $body:expr) => {
        match $tx {
            $crate::store::Tx::Sqlite(tx) => {
                let $c = &mut **tx;
                $crate::store::patience::bounded(async { $body }).await
            }
            $crate::store::Tx::Postgres(tx) => {
                let $c = &mut **tx;
                $crate::store::patience::bounded(async { $body }).await
            }
        }
    };
}
pub(crate) use on_tx;

/// Runs one read on either database, outside any transaction.
macro_rules! on_read {
    ($db:expr, $c:ident => $body:expr) => {
        match $db {
            $crate::store::Db::Sqlite(db) => {
                let $c = &db.read;
                $crate::store::patience::bounded(async {
                    db.is_there()?;
                    $body
                })
                .await
            }
            $crate::store::Db::Postgres(pool) => {
                let $c = pool;
                $crate::store::patience::bounded(async { $body }).await
            }
        }
    };
}
pub(crate) use on_read;

#[cfg(test)]
impl Db {
    /// For tests that break something on purpose.
    pub async fn execute(&self, sql: &str) {
        let mut tx = self.begin().await.unwrap();
        on_tx!(&mut tx, c => sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(c).await.map(|_| ())).unwrap();
        tx.commit().await.unwrap();
    }

    pub async fn count(&self, sql: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        on_read!(self, c => sqlx::query_scalar::<_, i64>(sql).fetch_one(c).await).unwrap()
    }

    /// For the test that asks whether the doctor would notice.
    pub async fn loosen(&self) {
        let Self::Sqlite(db) = self else { return };
        sqlx::query("PRAGMA synchronous = NORMAL").execute(&db.write).await.unwrap();
    }

    /// `None` while the database is away.
    pub async fn try_count(&self, sql: &str) -> Option<i64> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        on_read!(self, c => sqlx::query_scalar::<_, i64>(sql).fetch_one(c).await).ok()
    }

    /// A text a row.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        on_read!(self, c => sqlx::query_scalar::<_, String>(sql).fetch_all(c).await).unwrap()
    }

    pub async fn text(&self, sql: &str) -> Option<String> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        on_read!(self, c => sqlx::query_scalar::<_, Option<String>>(sql).fetch_one(c).await).unwrap()
    }
}
