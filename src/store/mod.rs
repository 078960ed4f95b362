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
mod error;
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

pub use error::{StoreError, StoreResult};
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
