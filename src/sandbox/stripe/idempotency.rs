//! Idempotency keys as Stripe keeps them: the first answer under a key is the answer for a day, then the key is forgotten;
//! the same key with other parameters is a mistake, and while the first request is under way a conflict. A failure (500)
//! is an answer like any other; refused parameters are not remembered.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::Refusal;
use crate::sandbox::core::{Core, lock};
use crate::sandbox::form::Form;
use crate::sandbox::ids;

const KEEP: usize = 20_000;
/// How long a key is remembered: "at least 24 hours", says Stripe, and nobody may count on more.
const FORGOTTEN_AFTER_MS: i64 = 24 * 60 * 60 * 1000;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Remembered {
    pub fingerprint: String,
    pub status: u16,
    pub body: String,
    /// The request that was answered first.
    pub request_id: String,
    /// When it was answered, by the sandbox's clock.
    #[serde(default)]
    pub at_ms: i64,
}

#[derive(Debug, Clone)]
enum Entry {
    /// Under way.
    Busy,
    Done(Arc<Remembered>),
}

/// All keys, the oldest forgotten in time.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<(String, Remembered)>", into = "Vec<(String, Remembered)>")]
pub struct Replays {
    entries: HashMap<String, Entry>,
    order: VecDeque<String>,
}

/// What a key says to a new request.
pub enum Verdict {
    Go,
    Replay(Arc<Remembered>),
    Refuse(Refusal),
}

impl Replays {
    fn begin(&mut self, key: &str, fingerprint: &str, now_ms: i64) -> Verdict {
        self.forget(now_ms - FORGOTTEN_AFTER_MS);
        match self.entries.get(key) {
            None => {
                self.entries.insert(key.to_owned(), Entry::Busy);
                Verdict::Go
            }
            Some(Entry::Busy) => Verdict::Refuse(
                Refusal::idempotency(format!(
                    "There is currently another in-progress request using this Idempotent Key (that probably means you \
                     submitted twice, and the other request is still going through): {key}. Please try again later."
                ))
                .code("idempotency_key_in_use")
                .status(409),
            ),
            Some(Entry::Done(known)) if known.fingerprint == fingerprint => Verdict::Replay(known.clone()),
            Some(Entry::Done(_)) => Verdict::Refuse(Refusal::idempotency(format!(
                "Keys for idempotent requests can only be used with the same parameters they were first used with. Try \
                 using a key other than '{key}' if you meant to execute a different request."
            ))),
        }
    }

    fn keep(&mut self, key: String, remembered: Remembered) {
        self.entries.insert(key.clone(), Entry::Done(Arc::new(remembered)));
        self.order.push_back(key);
        while self.order.len() > KEEP {
            if let Some(oldest) = self.order.pop_front() {
                self.entries.remove(&oldest);
            }
        }
    }

    /// What was answered before then. The oldest stand first.
    fn forget(&mut self, before_ms: i64) {
        let is_old = |entry: Option<&Entry>| !matches!(entry, Some(Entry::Done(known)) if known.at_ms >= before_ms);
        while let Some(oldest) = self.order.pop_front_if(|key| is_old(self.entries.get(key.as_str()))) {
            self.entries.remove(&oldest);
        }
    }

    pub fn len(&self) -> usize {
        self.order.len()
    }
}

impl Clone for Replays {
    fn clone(&self) -> Self {
        Self { entries: self.entries.clone(), order: self.order.clone() }
    }
}

impl From<Vec<(String, Remembered)>> for Replays {
    fn from(saved: Vec<(String, Remembered)>) -> Self {
        let mut replays = Self::default();
        for (key, remembered) in saved {
            replays.keep(key, remembered);
        }
        replays
    }
}

impl From<Replays> for Vec<(String, Remembered)> {
    fn from(replays: Replays) -> Self {
        let find = |key: String| match replays.entries.get(&key) {
            Some(Entry::Done(known)) => Some((key, Remembered::clone(known))),
            _ => None,
        };
        replays.order.iter().cloned().filter_map(find).collect()
    }
}

/// What makes two requests the same: method, path and parameters.
pub fn fingerprint(method: &str, path: &str, form: &Form) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{method} {path}"));
    for (name, value) in form.fields() {
        hash.update(format!("\n{}:{name}={}:{value}", name.len(), value.len()));
    }
    ids::hex(&hash.finalize()[..16])
}

/// Holds a key while its request is under way. Dropped without an answer, it leaves the key free.
pub struct Hold {
    core: Arc<Core>,
    key: Option<String>,
    fingerprint: String,
}

impl Hold {
    pub fn take(core: &Arc<Core>, key: &str, fingerprint: String) -> Result<Self, Verdict> {
        match lock(&core.replays).begin(key, &fingerprint, core.now_ms()) {
            Verdict::Go => Ok(Self { core: core.clone(), key: Some(key.to_owned()), fingerprint }),
            other => Err(other),
        }
    }

    /// Remembers the answer.
    pub fn keep(mut self, status: u16, body: String, request_id: String) {
        if let Some(key) = self.key.take() {
            let fingerprint = std::mem::take(&mut self.fingerprint);
            let at_ms = self.core.now_ms();
            lock(&self.core.replays).keep(key, Remembered { fingerprint, status, body, request_id, at_ms });
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            lock(&self.core.replays).entries.remove(&key);
        }
    }
}
