//! `rolitt migrate`.

use super::{Outcome, told};
use crate::config::Settings;
use crate::store::Db;

pub async fn run(settings: &Settings) -> Outcome {
    let db = Db::open(&settings.database_url).await.map_err(told)?;
    db.migrate().await.map_err(told)?;
    println!("{}: up to date", db.name());
    db.close().await;
    Ok(())
}
