//! Whether what was committed survives a power cut: asked of the connections that write, not of the settings that we
//! believe them to have.

use super::{Db, StoreResult, Tx, on_read, on_tx, patience};
use crate::domain::timestamp::Timestamp;

/// A setting as the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    pub name: &'static str,
    pub value: String,
    /// Whether a commit that was answered survives with it.
    pub holds: bool,
}

pub async fn settings(db: &Db) -> StoreResult<Vec<Setting>> {
    let setting = |name, value: String, holds: &dyn Fn(&str) -> bool| Setting { holds: holds(&value), name, value };
    Ok(match db {
        Db::Sqlite(db) => {
            let journal = patience::bounded(sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&db.write)).await?;
            let flag: i64 = patience::bounded(sqlx::query_scalar("PRAGMA synchronous").fetch_one(&db.write)).await?;
            // SQLite tells the number of its word.
            let word = ["OFF", "NORMAL", "FULL", "EXTRA"].get(usize::try_from(flag).unwrap_or(9)).copied();
            vec![
                setting("journal_mode", journal, &|mode| mode == "wal"),
                setting("synchronous", word.unwrap_or("unknown").to_owned(), &|word| ["FULL", "EXTRA"].contains(&word)),
            ]
        }
        Db::Postgres(pool) => {
            const SQL: &str = "SELECT current_setting('fsync'), current_setting('synchronous_commit'), \
                 current_setting('full_page_writes')";
            let (fsync, commit, pages): (String, String, String) =
                patience::bounded(sqlx::query_as(SQL).fetch_one(pool)).await?;
            vec![
                setting("fsync", fsync, &|word| word == "on"),
                // `local` and the remote ones wait for our own disk at least.
                setting("synchronous_commit", commit, &|word| word != "off"),
                setting("full_page_writes", pages, &|word| word == "on"),
            ]
        }
    })
}

/// A change that harms nobody. Whether there is room for it, and whether the database takes any, is known by its commit.
pub async fn change_something(tx: &mut Tx, now: Timestamp) -> StoreResult<()> {
    const SQL: &str = "INSERT INTO settings (name, value, updated_at) VALUES ('doctor.wrote', '', $1) \
         ON CONFLICT (name) DO UPDATE SET updated_at = excluded.updated_at";
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(now).execute(c).await.map(|_| ()))?)
}

/// What SQLite finds wrong with its own file; `None` if nothing. PostgreSQL looks after its own (`pg_amcheck`).
pub async fn damage(db: &Db) -> StoreResult<Option<String>> {
    if db.postgres().is_some() {
        return Ok(None);
    }
    let found: String = on_read!(db, c => sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(c).await)?;
    Ok((found != "ok").then_some(found))
}
