//! Where the time comes from. Workflows ask the context's clock, so that a test can make a day pass at once.
//!
//! Three times, for three uses. [`Clock::now`] is this machine's: for records, and for what the outside signed.
//! [`Clock::steady`] is this process's: it never jumps, and is for how long ago something was here. What several
//! instances must agree on (leases, when a delivery is due, how long a key holds) is the database's:
//! `Context::shared_now`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::domain::timestamp::Timestamp;

#[derive(Debug, Clone)]
pub struct Clock(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    /// How far a test has moved the whole world. Nought outside tests.
    moved_ms: AtomicI64,
    /// How wrong a test has made this process's clock alone. Nought outside tests.
    skew_ms: AtomicI64,
    began: Instant,
    began_at: Timestamp,
}

impl Default for Clock {
    fn default() -> Self {
        let parts = Parts {
            moved_ms: AtomicI64::new(0),
            skew_ms: AtomicI64::new(skew_of_test()),
            began: Instant::now(),
            began_at: machine(),
        };
        Self(Arc::new(parts))
    }
}

impl Clock {
    /// This machine's time. It may be wrong, and may jump.
    pub fn now(&self) -> Timestamp {
        let off = self.0.skew_ms.load(Ordering::Relaxed).saturating_add(self.0.moved_ms.load(Ordering::Relaxed));
        Timestamp::from_millis(machine().millis().saturating_add(off))
    }

    /// Goes on by the second, whatever becomes of the machine's clock: to be compared within this process alone.
    pub fn steady(&self) -> Timestamp {
        self.0.began_at + self.0.began.elapsed() + self.moved()
    }

    /// What a test adds to everybody's time, the database's too.
    pub fn moved(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.moved_ms.load(Ordering::Relaxed)).unwrap_or(0))
    }

    /// Moves the world, and every clone of this clock, forward.
    pub fn advance(&self, by: Duration) {
        self.0.moved_ms.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    /// Makes this process's clock, and no other, wrong by so many milliseconds.
    #[cfg(test)]
    pub fn skew(&self, millis: i64) {
        self.0.skew_ms.store(millis, Ordering::Relaxed);
    }
}

fn machine() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// A real process of a test is told by its environment.
fn skew_of_test() -> i64 {
    #[cfg(test)]
    if let Some(millis) = std::env::var("ROLITT_TEST_CLOCK_SKEW_MS").ok().and_then(|text| text.parse().ok()) {
        return millis;
    }
    0
}
