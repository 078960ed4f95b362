//! What was dear to make is kept for a while, in proportion to what it cost: whatever is asked for without end takes a
//! twentieth of the time at most, and what is cheap is as good as always new. Two who ask at once make it once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How many times its cost a value is kept.
const TIMES: u32 = 20;
const LONGEST: Duration = Duration::from_mins(1);
/// Keys remembered before those whose value is old are forgotten.
const TIDY_ABOVE: usize = 100;

pub struct Kept<V> {
    values: Mutex<HashMap<String, Place<V>>>,
}

/// Locked while its value is made.
type Place<V> = Arc<tokio::sync::Mutex<Option<Entry<V>>>>;

struct Entry<V> {
    value: V,
    until: Instant,
}

impl<V> Default for Kept<V> {
    fn default() -> Self {
        Self { values: Mutex::default() }
    }
}

impl<V: Clone> Kept<V> {
    /// The kept value, or one that is made now; with it, for how long it will stay the same.
    pub async fn get<E>(&self, key: &str, make: impl Future<Output = Result<V, E>>) -> Result<(V, Duration), E> {
        let place = self.place(key);
        let mut place = place.lock().await;
        let now = Instant::now();
        if let Some(entry) = place.as_ref().filter(|entry| entry.until > now) {
            return Ok((entry.value.clone(), entry.until - now));
        }
        let value = make.await?;
        let stays = (now.elapsed() * TIMES).min(LONGEST);
        *place = Some(Entry { value: value.clone(), until: Instant::now() + stays });
        Ok((value, stays))
    }

    fn place(&self, key: &str) -> Place<V> {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        if values.len() > TIDY_ABOVE {
            let now = Instant::now();
            // One that is locked is being made.
            values.retain(|_, place| {
                place.try_lock().map_or(true, |entry| entry.as_ref().is_some_and(|entry| entry.until > now))
            });
        }
        Arc::clone(values.entry(key.to_owned()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    async fn ask(kept: &Kept<u32>, made: &AtomicU32, cost: Duration) -> u32 {
        let make = async {
            tokio::time::sleep(cost).await;
            Ok::<_, ()>(made.fetch_add(1, Ordering::Relaxed))
        };
        kept.get("a", make).await.map_or(u32::MAX, |(value, _)| value)
    }

    /// By a clock that stands still but for the sleeps: a machine that is busy makes nothing dearer than it is.
    #[tokio::test(start_paused = true)]
    async fn what_was_dear_is_made_once_for_all_who_ask_and_what_was_cheap_is_made_again() {
        let (kept, made) = (Kept::default(), AtomicU32::new(0));
        let dear = Duration::from_millis(50);
        let asked = futures::future::join_all((0..5).map(|_| ask(&kept, &made, dear))).await;
        assert_eq!(asked, [0; 5]);
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(ask(&kept, &made, dear).await, 0);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(ask(&kept, &made, Duration::ZERO).await, 1);
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(ask(&kept, &made, Duration::ZERO).await, 2);
    }
}
