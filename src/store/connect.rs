//! Opening a database, by its address.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::file::OpenFile;
use super::{Db, SqliteDb, StoreError, StoreResult, patience};

const CHECKPOINT_EVERY: Duration = Duration::from_millis(500);
const BREATH: Duration = Duration::from_millis(50);
/// Small transactions of the search index between two checkpoints.
const ROUNDS: usize = 20;

/// A buyer who waits longer than this for a connection is better served by "try again".
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection is asked whether it is there before somebody gets it: one that a network has swallowed answers neither
/// yes nor no. Whoever came for it gets a new one, well before they would have to be told to try again.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);
/// A connection that is given back is asked once more whether it is there. One that hangs is let go after so long, or it
/// would keep its place in the pool for as long as TCP hopes: a quarter of an hour.
const GONE_AFTER: Duration = Duration::from_secs(2);
/// A process that is told to stop does not wait for a database that hangs.
const CLOSED_WITHIN: Duration = Duration::from_secs(2);
/// What PostgreSQL itself puts an end to, for clients that can't any more: waiting behind a lock, holding locks without
/// doing anything (a process that stands still), a question that nobody waits for.
const LIMITS: &str = "SET lock_timeout = '8s'; SET idle_in_transaction_session_timeout = '30s'; \
     SET statement_timeout = '10min'; SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 5";

impl Db {
    /// Opens `sqlite://path` (made with its folder if missing) or `postgres://…`. Does not migrate.
    pub async fn open(address: &str) -> StoreResult<Self> {
        if address.starts_with("sqlite:") {
            return open_sqlite(address).await;
        }
        if address.starts_with("postgres://") || address.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(address)?.application_name("rolitt").statement_cache_capacity(256);
            let pool = PgPoolOptions::new()
                .max_connections(24)
                .acquire_timeout(patience::at_most(ACQUIRE_TIMEOUT))
                .after_connect(|connection, _| {
                    Box::pin(async move { sqlx::raw_sql(LIMITS).execute(connection).await.map(|_| ()) })
                })
                // sqlx would ask as well, and wait for the answer as long as for a connection.
                .test_before_acquire(false)
                .before_acquire(|connection, _| Box::pin(still_there(connection, ANSWERS_WITHIN)))
                .after_release(|connection, _| Box::pin(still_there(connection, GONE_AFTER)))
                .connect_with(options);
            return Ok(Self::Postgres(pool.await?));
        }
        Err(StoreError::Address("DATABASE_URL must begin with sqlite:// or postgres://".into()))
    }

    /// Moves SQLite's log into the file, again and again, beside readers and writers and in nobody's way: a commit that
    /// had to do it would take tens of milliseconds. New preorders are read into the search index in the same round.
    /// PostgreSQL has somebody for both.
    pub async fn keep_log_short(self) {
        let Self::Sqlite(db) = &self else { return };
        let mut pause = CHECKPOINT_EVERY;
        loop {
            tokio::time::sleep(pause).await;
            pause = CHECKPOINT_EVERY;
            match super::search_index::catch_up(&self, ROUNDS).await {
                Ok(true) => {}
                // Many came at once (an upgrade, a restored copy): on, with room for writers in between.
                Ok(false) => pause = BREATH,
                Err(_) if db.write.is_closed() => return,
                Err(error) => tracing::warn!(%error, "could not read new preorders into the search index"),
            }
            if db.is_there().is_err() {
                continue;
            }
            match sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&db.checkpoint).await {
                Ok(_) => {}
                Err(sqlx::Error::PoolClosed) => return,
                Err(error) => tracing::warn!(%error, "could not move SQLite's log into its file"),
            }
        }
    }

    pub async fn close(&self) {
        match self {
            Self::Sqlite(db) => {
                db.checkpoint.close().await;
                db.read.close().await;
                db.write.close().await;
            }
            Self::Postgres(pool) => {
                if tokio::time::timeout(CLOSED_WITHIN, pool.close()).await.is_err() {
                    tracing::warn!("some connections to the database did not end; the process ends without them");
                }
            }
        }
    }
}

async fn still_there(connection: &mut PgConnection, within: Duration) -> Result<bool, sqlx::Error> {
    match tokio::time::timeout(within, connection.ping()).await {
        Ok(answer) => answer.map(|()| true),
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}

async fn open_sqlite(address: &str) -> StoreResult<Db> {
    let options = SqliteConnectOptions::from_str(address)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // FULL: a commit that was answered survives a power cut. NORMAL would lose the last ones.
        .synchronous(synchronous())
        .foreign_keys(true)
        // Else INSERT OR REPLACE would take a row of the ledger away without its guard being asked.
        .pragma("recursive_triggers", "on")
        // The writer itself moves the log only when `keep_log_short` has not: 64 MiB.
        .pragma("wal_autocheckpoint", "16384")
        .busy_timeout(Duration::from_secs(5))
        .statement_cache_capacity(256);
    if let Some(folder) = options.get_filename().parent()
        && !folder.as_os_str().is_empty()
    {
        std::fs::create_dir_all(folder)
            .map_err(|e| StoreError::Address(format!("DATABASE_URL: {} can't be made: {e}", folder.display())))?;
    }
    let writers = if super::guard_is_off("guard.one_writer") { 8 } else { 1 };
    let acquire_timeout = patience::at_most(ACQUIRE_TIMEOUT);
    let write = SqlitePoolOptions::new()
        .max_connections(writers)
        .acquire_timeout(acquire_timeout)
        .test_before_acquire(false)
        // SQLite ends a transaction by itself when the disk is full, and sqlx goes on counting it: such a connection
        // could never begin another, and it is the only one that writes.
        .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
        .connect_with(options.clone())
        .await
        .map_err(|error| cannot_open(options.get_filename(), error))?;
    let file = OpenFile::at(options.get_filename());
    let read = SqlitePoolOptions::new()
        .max_connections(4)
        .acquire_timeout(acquire_timeout)
        .test_before_acquire(false)
        // Later: a reader that was there before the tables were might not see them at once.
        .connect_lazy_with(options.clone().read_only(true).pragma("query_only", "on"));
    let checkpoint = SqlitePoolOptions::new().max_connections(1).test_before_acquire(false).connect_lazy_with(options);
    Ok(Db::Sqlite(SqliteDb { write, read, checkpoint, file }))
}

/// FULL, but for the test that shows what else would be lost.
fn synchronous() -> SqliteSynchronous {
    fail::fail_point!("sqlite_synchronous_normal", |_| SqliteSynchronous::Normal);
    SqliteSynchronous::Full
}

/// In words that say what to do: this is what stands on the terminal of a shop that does not start.
fn cannot_open(file: &Path, error: sqlx::Error) -> StoreError {
    let code =
        error.as_database_error().and_then(sqlx::error::DatabaseError::code).and_then(|code| code.parse::<i32>().ok());
    let file = file.display();
    match code.map(|code| code & 0xff) {
        Some(11 | 26) => StoreError::Address(format!(
            "DATABASE_URL: {file} is damaged, or no SQLite database at all. Put it aside with its -wal and -shm, and \
             restore a backup (README, Backup and restore)."
        )),
        Some(8 | 14) => StoreError::Address(format!(
            "DATABASE_URL: {file} can't be opened for writing: look at the rights of the file and of its folder."
        )),
        _ => error.into(),
    }
}
