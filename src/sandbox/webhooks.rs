//! Outgoing webhooks: what is waiting, what was sent and how it was answered. Deliveries are signed afresh at each attempt
//! and tried again with growing pauses, Stripe's habit compressed from days to hours. The events of one act go out in order.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use hmac::{Hmac, Mac};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;

use super::ids;

/// Seconds to wait after each failed attempt; after the last the delivery is given up.
pub const RETRY_SECONDS: [i64; 12] = [1, 3, 8, 20, 60, 180, 600, 1_800, 3_600, 7_200, 10_800, 14_400];
/// As many finished ones are kept, unless it is told otherwise.
const KEEP_FINISHED: usize = 2_000;

/// The text of an event, shared between its record and its deliveries.
#[derive(Debug, Clone)]
pub struct Body(pub Arc<str>);

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Ok(Self(String::deserialize(input)?.into()))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    Waiting,
    Sending,
    Delivered,
    /// Given up after the last attempt.
    Abandoned,
    /// Lost on purpose: never sent.
    Lost,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attempt {
    pub at: String,
    /// None when no answer came.
    pub status: Option<u16>,
    pub error: Option<String>,
    pub took_ms: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Delivery {
    pub event_id: String,
    pub kind: String,
    pub url: String,
    pub secret: String,
    pub body: Body,
    /// Deliveries of one act share this number and are sent one after the other.
    pub batch: u64,
    pub created_ms: i64,
    pub due_ms: i64,
    pub state: DeliveryState,
    pub attempts: Vec<Attempt>,
    /// An extra copy, made on purpose.
    pub copy: bool,
}

/// All deliveries: the waiting ones by when they are due, the finished ones up to a bound.
#[derive(Debug)]
pub struct PostOffice {
    /// How many finished ones are kept.
    pub keep: usize,
    all: BTreeMap<u64, Delivery>,
    schedule: BTreeSet<(i64, u64)>,
    finished: VecDeque<u64>,
    next: u64,
}

impl Default for PostOffice {
    fn default() -> Self {
        Self {
            keep: KEEP_FINISHED,
            all: BTreeMap::new(),
            schedule: BTreeSet::new(),
            finished: VecDeque::new(),
            next: 0,
        }
    }
}

impl PostOffice {
    /// Takes in deliveries; those lost on purpose are only recorded.
    pub fn accept(&mut self, deliveries: Vec<Delivery>) {
        for delivery in deliveries {
            let number = self.next;
            self.next += 1;
            match delivery.state {
                DeliveryState::Waiting | DeliveryState::Sending => {
                    self.schedule.insert((delivery.due_ms, number));
                    self.all.insert(number, Delivery { state: DeliveryState::Waiting, ..delivery });
                }
                _ => {
                    self.all.insert(number, delivery);
                    self.finish(number);
                }
            }
        }
    }

    pub fn next_batch(&self) -> u64 {
        self.next
    }

    /// The deliveries that are due, by act, each act's in order; they count as under way from here on.
    pub fn take_due(&mut self, now_ms: i64) -> Vec<Vec<(u64, Delivery)>> {
        let mut batches: BTreeMap<u64, Vec<(u64, Delivery)>> = BTreeMap::new();
        while let Some(&(due, number)) = self.schedule.first() {
            if due > now_ms {
                break;
            }
            self.schedule.pop_first();
            if let Some(delivery) = self.all.get_mut(&number) {
                delivery.state = DeliveryState::Sending;
                batches.entry(delivery.batch).or_default().push((number, delivery.clone()));
            }
        }
        for batch in batches.values_mut() {
            batch.sort_by_key(|(number, _)| *number);
        }
        batches.into_values().collect()
    }

    /// Whatever waits for its time is due now. Says how many there are.
    pub fn hurry(&mut self, now_ms: i64) -> usize {
        let waiting = std::mem::take(&mut self.schedule);
        for &(_, number) in &waiting {
            if let Some(delivery) = self.all.get_mut(&number) {
                delivery.due_ms = now_ms;
            }
            self.schedule.insert((now_ms, number));
        }
        waiting.len()
    }

    pub fn next_due(&self) -> Option<i64> {
        self.schedule.first().map(|&(due, _)| due)
    }

    /// Notes how an attempt ended and plans the next one if it failed.
    pub fn note(&mut self, number: u64, attempt: Attempt) {
        let Some(delivery) = self.all.get_mut(&number) else { return };
        let well = attempt.status.is_some_and(|status| (200..300).contains(&status));
        delivery.attempts.push(attempt);
        if well {
            delivery.state = DeliveryState::Delivered;
            self.finish(number);
        } else if let Some(pause) = RETRY_SECONDS.get(delivery.attempts.len() - 1) {
            delivery.state = DeliveryState::Waiting;
            delivery.due_ms = ids::now_millis() + pause * 1_000;
            // A retry goes alone: the rest of its act is not held up.
            delivery.batch = u64::MAX - number;
            self.schedule.insert((delivery.due_ms, number));
        } else {
            delivery.state = DeliveryState::Abandoned;
            self.finish(number);
        }
    }

    fn finish(&mut self, number: u64) {
        self.finished.push_back(number);
        while self.finished.len() > self.keep {
            if let Some(oldest) = self.finished.pop_front() {
                self.all.remove(&oldest);
            }
        }
    }

    /// Oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Delivery> {
        self.all.values()
    }

    pub fn waiting(&self) -> usize {
        self.all.len() - self.finished.len()
    }

    /// Forgets what is finished; what is waiting stays.
    pub fn clear_finished(&mut self) {
        for number in self.finished.drain(..) {
            self.all.remove(&number);
        }
    }

    /// For the snapshot.
    pub fn snapshot(&self) -> Vec<&Delivery> {
        self.all.values().collect()
    }
}

/// The `Stripe-Signature` header of a body at a time in seconds.
pub fn signature(secret: &str, at: i64, body: &str) -> String {
    // HMAC takes a key of any length; the other arm cannot happen.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(format!("{at}.").as_bytes());
    mac.update(body.as_bytes());
    format!("t={at},v1={}", ids::hex(&mac.finalize().into_bytes()))
}
