//! `rolitt backup`: a copy of SQLite's database while the shop runs.

use std::path::Path;

use super::{Failure, told};
use crate::clock::Clock;
use crate::config::Settings;
use crate::store::{Db, backup};

const POSTGRES: &str = "PostgreSQL has means of its own: `pg_dump -Fc`, or base backups and the archive of its log for any \
     moment in between (README, Backup and restore)";

pub async fn run(settings: &Settings, to: &Path) -> Result<(), Failure> {
    if !settings.database_url.starts_with("sqlite:") {
        return Err(Failure::Misuse(POSTGRES.to_owned()));
    }
    let problem = |error| Failure::Problem(told(error));
    let db = Db::open(&settings.database_url).await.map_err(problem)?;
    // A wrong address would be a new, empty database.
    if !db.missing_migrations().await.is_ok_and(|missing| missing.is_empty()) {
        return Err(Failure::Problem("DATABASE_URL: this database is empty or older; run `rolitt migrate`".to_owned()));
    }
    let copied = backup::copy(&db, to, Clock::default().now()).await;
    db.close().await;
    copied.map_err(problem)?;
    println!("{}: copied, and whole", to.display());
    Ok(())
}
