//! What the doctor asks of the tables. Each question counts the rows that break a promise, in one statement: what one
//! transaction wrote is seen together or not at all, so that a shop under load shows nothing that is not so.

pub mod deliveries;
pub mod events;
pub mod guards;
pub mod money;
pub mod outcomes;
pub mod preorders;
pub mod walks;

use std::time::Duration;

use sqlx::{Connection, PgConnection};

use super::patience::bounded;
use super::{Db, StoreResult, on_read};
use crate::domain::timestamp::Timestamp;

/// So many rows of a question are named: enough to begin with.
pub const NAMED: usize = 5;

/// A count of rows that should not be there.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    sqlite: &'static str,
    postgres: &'static str,
    /// What `$1` is: so long before (or after) now.
    moment: Moment,
    /// What names a row of them, if one thing does.
    name: Option<&'static str>,
}

#[derive(Debug, Clone, Copy)]
enum Moment {
    None,
    Ago(Duration),
    Ahead(Duration),
    /// By the database's own clock, which leases go by.
    AgoThere(Duration),
}

impl Question {
    const fn new(sql: &'static str) -> Self {
        Self { sqlite: sql, postgres: sql, moment: Moment::None, name: None }
    }

    /// `$1` is so long ago.
    const fn ago(sql: &'static str, time: Duration) -> Self {
        Self { moment: Moment::Ago(time), ..Self::new(sql) }
    }

    /// `$1` is so long from now.
    const fn ahead(sql: &'static str, time: Duration) -> Self {
        Self { moment: Moment::Ahead(time), ..Self::new(sql) }
    }

    const fn ago_there(sql: &'static str, time: Duration) -> Self {
        Self { moment: Moment::AgoThere(time), ..Self::new(sql) }
    }

    /// Each database has its own words for what it holds.
    const fn of_each(sqlite: &'static str, postgres: &'static str) -> Self {
        Self { sqlite, postgres, moment: Moment::None, name: None }
    }

    /// The same rows can be named by this column.
    const fn naming(self, column: &'static str) -> Self {
        Self { name: Some(column), ..self }
    }

    const fn sql(&self, db: &Db) -> &'static str {
        match db {
            Db::Sqlite(_) => self.sqlite,
            Db::Postgres(_) => self.postgres,
        }
    }

    async fn moment(&self, db: &Db, now: Timestamp) -> StoreResult<Option<Timestamp>> {
        Ok(match self.moment {
            Moment::None => None,
            Moment::Ago(time) => Some(now - time),
            Moment::Ahead(time) => Some(now + time),
            Moment::AgoThere(time) => Some(clock(db).await? - time),
        })
    }

    /// How many rows break it. `now` is the shop's clock.
    pub async fn count(&self, db: &Db, now: Timestamp) -> StoreResult<i64> {
        let sql = self.sql(db);
        let Some(moment) = self.moment(db, now).await? else {
            return Ok(on_read!(db, c => sqlx::query_scalar(sql).fetch_one(c).await)?);
        };
        Ok(on_read!(db, c => sqlx::query_scalar(sql).bind(moment).fetch_one(c).await)?)
    }

    /// The names of some of them; of none where nothing names them.
    pub async fn some(&self, db: &Db, now: Timestamp) -> StoreResult<Vec<String>> {
        let rows = self.sql(db).strip_prefix("SELECT COUNT(*) FROM ");
        let (Some(rows), Some(name)) = (rows, self.name) else { return Ok(Vec::new()) };
        let sql = format!("SELECT {name} FROM {rows} LIMIT {NAMED}");
        let sql = sqlx::AssertSqlSafe(sql);
        let Some(moment) = self.moment(db, now).await? else {
            return Ok(on_read!(db, c => sqlx::query_scalar(sql).fetch_all(c).await)?);
        };
        Ok(on_read!(db, c => sqlx::query_scalar(sql).bind(moment).fetch_all(c).await)?)
    }
}

/// What time the database thinks it is.
async fn clock(db: &Db) -> StoreResult<Timestamp> {
    // Each has its own word for it.
    const SQLITE: &str = "SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER)";
    const POSTGRES: &str = "SELECT now()";
    let sql = match db {
        Db::Sqlite(_) => SQLITE,
        Db::Postgres(_) => POSTGRES,
    };
    Ok(on_read!(db, c => sqlx::query_scalar(sql).fetch_one(c).await)?)
}

/// Whether the database answers at all, and is the one that was opened.
pub async fn ping(db: &Db) -> StoreResult<()> {
    if let Db::Sqlite(db) = db {
        db.is_there()?;
    }
    let _: i32 = on_read!(db, c => sqlx::query_scalar("SELECT 1").fetch_one(c).await)?;
    Ok(())
}

/// Held by who looks through all records: while it is, no other instance does. On PostgreSQL it is a lock of a
/// connection's own, which holds for as long as the look takes and is gone with whoever held it; in a transaction it
/// would be ended after half a minute of silence. SQLite has one process, which knows by itself.
pub struct LookingAlone(Option<PgConnection>);

/// `None` if somebody else is looking just now.
pub async fn look_alone(db: &Db) -> StoreResult<Option<LookingAlone>> {
    const SQL: &str = "SELECT pg_try_advisory_lock(7006652)";
    let Db::Postgres(pool) = db else { return Ok(Some(LookingAlone(None))) };
    let asked = bounded(async {
        // Out of the pool first: a lock that was got and not heard of must not live on in it.
        let mut connection = pool.acquire().await?.detach();
        let is_locked: bool = sqlx::query_scalar(SQL).fetch_one(&mut connection).await?;
        Ok((is_locked, connection))
    });
    let (is_locked, connection) = asked.await?;
    let held = LookingAlone(Some(connection));
    if is_locked {
        return Ok(Some(held));
    }
    held.end().await;
    Ok(None)
}

impl LookingAlone {
    /// Lets others look. Dropped, it ends as well, once the database notices.
    pub async fn end(self) {
        if let Some(connection) = self.0 {
            // An error says that the connection, and the lock with it, is gone already.
            drop(bounded(connection.close()).await);
        }
    }
}

/// Bytes that the database takes.
pub async fn size(db: &Db) -> StoreResult<i64> {
    // Each has its own word for it.
    const SQLITE: &str = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
    const POSTGRES: &str = "SELECT pg_database_size(current_database())";
    let sql = match db {
        Db::Sqlite(_) => SQLITE,
        Db::Postgres(_) => POSTGRES,
    };
    Ok(on_read!(db, c => sqlx::query_scalar(sql).fetch_one(c).await)?)
}

/// The last migration that was applied, and how many were.
pub async fn migrations(db: &Db) -> StoreResult<(i64, i64)> {
    const SQL: &str = "SELECT COALESCE(MAX(version), 0), COUNT(*) FROM _sqlx_migrations WHERE success";
    Ok(on_read!(db, c => sqlx::query_as(SQL).fetch_one(c).await)?)
}
