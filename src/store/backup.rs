//! A copy of SQLite's database, whole and at one moment, while the shop writes. The bare file is no such copy: what was
//! committed last lies beside it, in its log.

use std::io;
use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::restores::{BY_BACKUP, HELD_BACK, PAUSE_IN_COPY};
use super::{Db, StoreError, StoreResult};
use crate::domain::timestamp::Timestamp;

/// Makes `to`, which must not be there. It is there whole or not at all. The copy is told that it is one: what must not
/// happen twice is paused in it until it is reconciled.
pub async fn copy(db: &Db, to: &Path, now: Timestamp) -> StoreResult<()> {
    let Db::Sqlite(db) = db else {
        return Err(StoreError::Address("PostgreSQL has means of its own: pg_dump".to_owned()));
    };
    let failed = |error: io::Error| StoreError::Address(format!("{}: {error}", to.display()));
    if to.try_exists().map_err(failed)? {
        return Err(StoreError::Address(format!("{} is there already; copies are not overwritten", to.display())));
    }
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(".unfinished");
    let unfinished = to.with_file_name(name);
    if unfinished.try_exists().map_err(failed)? {
        std::fs::remove_file(&unfinished).map_err(failed)?;
    }
    let path = unfinished.to_str().ok_or_else(|| failed(io::ErrorKind::InvalidFilename.into()))?;
    sqlx::query("VACUUM INTO $1").bind(path).execute(&db.checkpoint).await?;
    let mut copy = SqliteConnectOptions::new().filename(&unfinished).connect().await?;
    for kind in HELD_BACK {
        let reason = "a copy of the database: `rolitt reconcile --fix --restore` goes before what can't be taken back";
        let pause = sqlx::query(PAUSE_IN_COPY).bind(kind.as_str()).bind(reason).bind(BY_BACKUP).bind(now);
        pause.execute(&mut copy).await?;
    }
    let whole: String = sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut copy).await?;
    copy.close().await?;
    if whole != "ok" {
        return Err(StoreError::Address(format!("the database is damaged, and so is its copy: {whole}")));
    }
    let durable = || {
        std::fs::File::open(&unfinished)?.sync_all()?;
        std::fs::rename(&unfinished, to)?;
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::File::open(folder)?.sync_all()
    };
    durable().map_err(failed)
}
