//! Bringing a database's tables up to date, while buyers buy.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use sqlx::error::DatabaseError;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{PgPool, SqlitePool};

use super::{Db, StoreResult};

static SQLITE: LazyLock<Migrator> = LazyLock::new(|| beside_newer(sqlx::migrate!("migrations/sqlite")));
static POSTGRES: LazyLock<Migrator> = LazyLock::new(|| beside_newer(sqlx::migrate!("migrations/postgres")));

/// Tables are only added to: an instance of before may start, or start again, beside one that has migrated further.
fn beside_newer(mut migrator: Migrator) -> Migrator {
    migrator.set_ignore_missing(true);
    migrator
}

/// How long a SQLite database is looked at again that another process may be migrating, and how often.
const LOOK_AGAIN: Duration = Duration::from_secs(3);
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// A migration may take its time, and may not wait: behind a statement that waits for a whole table (and a dump holds
/// it for hours) everybody else waits, and buyers for longer than they have patience.
const LIMITS: &str = "SET lock_timeout = '2s'; SET statement_timeout = 0";
/// Whoever had to wait meanwhile gets on.
const BETWEEN_TRIES: Duration = Duration::from_secs(3);
/// Once a minute or so, it is said what is waited for.
const SAID_EVERY: u32 = 12;

impl Db {
    /// Brings the tables up to date, for as long as that takes. Several instances may do so at once: PostgreSQL's are
    /// serialised by a lock, and whoever finds another at it on SQLite looks again.
    pub async fn migrate(&self) -> StoreResult<()> {
        match self {
            Self::Sqlite(db) => sqlite(&db.write).await,
            Self::Postgres(pool) => postgres(pool).await,
        }
    }

    /// Names of the migrations that this program knows and this database has not seen.
    pub async fn missing_migrations(&self) -> StoreResult<Vec<String>> {
        const APPLIED: &str = "SELECT version FROM _sqlx_migrations WHERE success";
        let applied: Vec<i64> = super::on_read!(self, c => sqlx::query_scalar(APPLIED).fetch_all(c).await)?;
        let known: &Migrator = match self {
            Self::Sqlite(_) => &SQLITE,
            Self::Postgres(_) => &POSTGRES,
        };
        let missing = known.iter().filter(|m| !applied.contains(&m.version));
        Ok(missing.map(|m| format!("{:04} {}", m.version, m.description)).collect())
    }
}

async fn sqlite(pool: &SqlitePool) -> StoreResult<()> {
    let began = Instant::now();
    while let Err(error) = SQLITE.run(pool).await {
        if began.elapsed() > LOOK_AGAIN {
            return Err(error.into());
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Ok(())
}

async fn postgres(pool: &PgPool) -> StoreResult<()> {
    let mut tries = 0_u32;
    loop {
        let mut connection = pool.acquire().await?;
        sqlx::raw_sql(LIMITS).execute(&mut *connection).await?;
        let done = POSTGRES.run(&mut *connection).await;
        // With its limits, and with the lock that keeps other instances from migrating.
        drop(connection.close().await);
        match done {
            Err(error) if waits_for_a_lock(&error) => {
                if tries.is_multiple_of(SAID_EVERY) {
                    tracing::warn!(%error, "migrations wait until somebody lets go of what they change: another \
                         instance that migrates, a dump, an open transaction (pg_stat_activity)");
                }
                tries += 1;
                tokio::time::sleep(BETWEEN_TRIES).await;
            }
            done => return Ok(done?),
        }
    }
}

fn waits_for_a_lock(error: &MigrateError) -> bool {
    const LOCK_NOT_AVAILABLE: &str = "55P03";
    let (MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) = error else { return false };
    error.as_database_error().and_then(DatabaseError::code).is_some_and(|code| code == LOCK_NOT_AVAILABLE)
}
