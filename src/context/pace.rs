//! The pace at which Stripe may be asked: kept in memory by an instance that is alone, in the database by several.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::providers::payments::paced::Pace;
use crate::store::{Db, pace};

pub struct SharedPace {
    db: Db,
    every: Duration,
    /// When the queue at an endpoint is empty again, as far as this instance knows.
    here: Mutex<HashMap<&'static str, Instant>>,
}

impl SharedPace {
    /// In any second there are `per_second` turns at most: between the first and the last lie one fewer. None are saved
    /// up in a quiet second, for they would come on top of the next one's.
    pub fn new(db: Db, per_second: u32) -> Self {
        Self { db, every: Duration::from_secs(1) / per_second.saturating_sub(1).max(1), here: Mutex::default() }
    }

    fn turn_here(&self, endpoint: &'static str, most: Duration) -> Result<Duration, Duration> {
        let mut here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let turn = here.get(endpoint).map_or(now, |next| (*next).max(now));
        let wait = turn.saturating_duration_since(now);
        if wait > most {
            return Err(wait);
        }
        here.insert(endpoint, turn + self.every);
        Ok(wait)
    }
}

impl Pace for SharedPace {
    fn turn<'a>(&'a self, endpoint: &'static str, most: Duration) -> BoxFuture<'a, Result<Duration, Duration>> {
        async move {
            let Some(pool) = self.db.postgres() else { return self.turn_here(endpoint, most) };
            match pace::take_turn(pool, endpoint, self.every, most).await {
                Ok(turn) => turn.ok_or(most),
                Err(error) => {
                    // Better our own pace than none.
                    tracing::warn!(%error, endpoint, "could not share the pace; keeping our own");
                    self.turn_here(endpoint, most)
                }
            }
        }
        .boxed()
    }
}
