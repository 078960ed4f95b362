//! Being told to stop: SIGTERM, or Ctrl-C. What is under way is finished, what can't be is given back, and the process
//! ends within ten seconds, whatever hangs.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::GOOD;
use crate::store::Db;

/// Requests and workers have their own limits, which end before this; it is for what has none: a look-up of a name, a
/// disk, a database that does not let go. A second is left for a machine that is slow to see it.
const ENDS_WITHIN: Duration = Duration::from_secs(9);
/// Connections to the database are given back within this, or dropped.
const CLOSE_WITHIN: Duration = Duration::from_millis(500);

/// Cancelled when the process is told to stop. Heard from now on: also while it starts, and more than once.
pub fn asked_to_stop() -> CancellationToken {
    let stop = CancellationToken::new();
    let (interrupt, terminate) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    let (Ok(mut interrupt), Ok(mut terminate)) = (interrupt, terminate) else {
        tracing::warn!("signals can't be heard: the process ends at once when it is told to");
        return stop;
    };
    let told = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping: finishing what is under way");
        std::thread::spawn(end_for_certain);
        told.cancel();
    });
    stop
}

/// A thread of its own: the runtime waits for work that blocks, without end.
fn end_for_certain() {
    std::thread::sleep(ENDS_WITHIN);
    tracing::warn!("did not end in time; leases of what was under way will run out");
    std::process::exit(i32::from(GOOD));
}

pub async fn close(db: &Db) {
    if tokio::time::timeout(CLOSE_WITHIN, db.close()).await.is_err() {
        tracing::debug!("connections to the database were dropped");
    }
}
