//! The memory on disk: one JSON file, read at start and replaced by rename after changes, so that a kill leaves the old
//! snapshot or the new one and never half of either. Without a state file nothing here does anything.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use super::core::{Core, lock};
use super::faults::{FaultDesk, Faults};
use super::inbox::{Inbox, Seen};
use super::stripe::idempotency::Replays;
use super::stripe::ledger::Ledger;
use super::users::Users;
use super::webhooks::Delivery;

/// Changes are gathered for this long before they are written.
const DEBOUNCE: Duration = Duration::from_millis(500);

#[derive(Default, Deserialize)]
#[serde(default)]
struct Saved {
    ledger: Ledger,
    replays: Replays,
    inbox: Inbox,
    faults: Faults,
    deliveries: Vec<Delivery>,
    klaviyo_seen: Seen,
    users: Users,
}

/// Fills a new core from its state file. A file that cannot be read is set aside, not overwritten.
pub fn load(core: &Core) {
    let Some(path) = &core.state_file else { return };
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return,
        Err(error) => return tracing::error!(%error, path = %path.display(), "sandbox: state not read, starting empty"),
    };
    let saved: Saved = match serde_json::from_slice(&text) {
        Ok(saved) => saved,
        Err(error) => {
            let aside = path.with_extension("unreadable");
            tracing::error!(%error, kept = %aside.display(), "sandbox: state not understood, starting empty");
            if let Err(error) = std::fs::rename(path, &aside) {
                tracing::error!(%error, "sandbox: unreadable state could not be set aside");
            }
            return;
        }
    };
    let mut ledger = lock(&core.ledger);
    let public_base = std::mem::take(&mut ledger.public_base);
    *ledger = Ledger { public_base, ..saved.ledger };
    *lock(&core.replays) = saved.replays;
    *lock(&core.inbox) = saved.inbox;
    *lock(&core.desk) = FaultDesk::new(saved.faults);
    *lock(&core.klaviyo_seen) = saved.klaviyo_seen;
    *lock(&core.users) = saved.users;
    lock(&core.post).accept(saved.deliveries);
}

/// Writes the snapshot now.
pub fn save(core: &Core) -> io::Result<()> {
    let Some(path) = &core.state_file else { return Ok(()) };
    let _one_at_a_time = lock(&core.saving);
    core.dirty.store(false, Ordering::Relaxed);
    let text = serde_json::to_vec(&gather(core)?)?;
    write(path, &text).inspect_err(|_| core.dirty.store(true, Ordering::Relaxed))
}

/// Ledger and deliveries are read under one lock order, so that an event and its delivery are saved together.
fn gather(core: &Core) -> io::Result<Value> {
    let ledger = lock(&core.ledger);
    let deliveries = serde_json::to_value(lock(&core.post).snapshot())?;
    let ledger_value = serde_json::to_value(&*ledger)?;
    drop(ledger);
    Ok(json!({
        "ledger": ledger_value,
        "deliveries": deliveries,
        "replays": serde_json::to_value(&*lock(&core.replays))?,
        "inbox": serde_json::to_value(&*lock(&core.inbox))?,
        "faults": serde_json::to_value(&*lock(&core.desk).faults())?,
        "klaviyo_seen": serde_json::to_value(&*lock(&core.klaviyo_seen))?,
        "users": serde_json::to_value(&*lock(&core.users))?,
    }))
}

fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let beside = path.with_extension("writing");
    std::fs::write(&beside, text)?;
    std::fs::rename(&beside, path)
}

/// Saves in the background after changes; ends when the sandbox is dropped.
pub fn start(core: &Arc<Core>) {
    if core.state_file.is_none() {
        return;
    }
    let weak = Arc::downgrade(core);
    tokio::spawn(async move {
        let mut pause = DEBOUNCE;
        loop {
            tokio::time::sleep(pause).await;
            let Some(core) = weak.upgrade() else { return };
            if !core.dirty.load(Ordering::Relaxed) {
                continue;
            }
            let begun = Instant::now();
            match tokio::task::spawn_blocking(move || save(&core)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "sandbox: state not saved"),
                Err(error) => tracing::error!(%error, "sandbox: saving broke off"),
            }
            // A large memory is saved less often: saving takes a twentieth of the time at most.
            pause = DEBOUNCE.max(begun.elapsed() * 20);
        }
    });
}
