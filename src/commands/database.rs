//! The database of a process that goes on for long. After a power cut both come back together, and a database takes its
//! time: it is waited for.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::told;
use crate::store::{Db, StoreResult};

const WAITED_FOR: Duration = Duration::from_mins(2);
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// Opened, with its tables up to date. `None`: the process was told to stop meanwhile.
pub async fn open(address: &str, stop: &CancellationToken) -> Result<Option<Db>, String> {
    tokio::select! {
        opened = wait_for(address) => opened.map(Some),
        () = stop.cancelled() => Ok(None),
    }
}

async fn wait_for(address: &str) -> Result<Db, String> {
    let began = Instant::now();
    let mut is_said = false;
    loop {
        match open_and_migrate(address).await {
            Err(error) if error.may_be_starting() && began.elapsed() < WAITED_FOR => {
                if !is_said {
                    tracing::warn!(%error, "the database is not there yet: waiting for it for {} s", WAITED_FOR.as_secs());
                    is_said = true;
                }
                tokio::time::sleep(BETWEEN_LOOKS).await;
            }
            opened => return opened.map_err(told),
        }
    }
}

async fn open_and_migrate(address: &str) -> StoreResult<Db> {
    let db = Db::open(address).await?;
    db.migrate().await?;
    Ok(db)
}
