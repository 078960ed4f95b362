//! What each service received, newest last, each list bounded: the memory behind the inbox page and its JSON. Webhooks sent
//! are kept by the post office instead.

use std::collections::{HashSet, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ids;

/// As many of each are kept, unless it is told otherwise.
const KEEP: usize = 2_000;
const KEEP_SEEN: usize = 200_000;

/// The four lists.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Inbox {
    /// How many of each are kept.
    #[serde(skip)]
    pub keep: usize,
    pub klaviyo: VecDeque<Value>,
    pub firebase: VecDeque<Value>,
    pub sms: VecDeque<Value>,
    pub stripe_requests: VecDeque<Value>,
    /// How many of each ever came, in the order of the fields above.
    pub counted: [u64; 4],
}

impl Default for Inbox {
    fn default() -> Self {
        Self {
            keep: KEEP,
            klaviyo: VecDeque::new(),
            firebase: VecDeque::new(),
            sms: VecDeque::new(),
            stripe_requests: VecDeque::new(),
            counted: [0; 4],
        }
    }
}

/// Which list an entry goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tray {
    Klaviyo,
    Firebase,
    Sms,
    StripeRequests,
}

impl Inbox {
    /// Files an entry, stamped with the time.
    pub fn file(&mut self, tray: Tray, mut entry: Value) {
        entry["received_at"] = json!(ids::now_rfc3339());
        let (list, at) = match tray {
            Tray::Klaviyo => (&mut self.klaviyo, 0),
            Tray::Firebase => (&mut self.firebase, 1),
            Tray::Sms => (&mut self.sms, 2),
            Tray::StripeRequests => (&mut self.stripe_requests, 3),
        };
        self.counted[at] += 1;
        list.push_back(entry);
        if list.len() > self.keep {
            list.pop_front();
        }
    }

    pub fn clear(&mut self) {
        self.klaviyo.clear();
        self.firebase.clear();
        self.sms.clear();
        self.stripe_requests.clear();
    }
}

/// Keys met before, the oldest forgotten in time.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct Seen {
    order: VecDeque<String>,
    keys: HashSet<String>,
}

impl Clone for Seen {
    fn clone(&self) -> Self {
        Self { order: self.order.clone(), keys: self.keys.clone() }
    }
}

impl Seen {
    /// True the first time a key comes.
    pub fn first(&mut self, key: String) -> bool {
        if !self.keys.insert(key.clone()) {
            return false;
        }
        self.order.push_back(key);
        if self.order.len() > KEEP_SEEN
            && let Some(oldest) = self.order.pop_front()
        {
            self.keys.remove(&oldest);
        }
        true
    }
}

impl From<Vec<String>> for Seen {
    fn from(keys: Vec<String>) -> Self {
        Self { keys: keys.iter().cloned().collect(), order: keys.into() }
    }
}

impl From<Seen> for Vec<String> {
    fn from(seen: Seen) -> Self {
        seen.order.into()
    }
}
