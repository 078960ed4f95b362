//! Pages that wait ask about their payment every second or two, and anybody may open one twice. Stripe is asked about
//! one payment at most once a second, whoever wants to know: its limit is shared by all buyers.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::domain::timestamp::Timestamp;

const EVERY: Duration = Duration::from_secs(1);
/// Payments remembered before those that were asked about long ago are forgotten.
const TIDY_ABOVE: usize = 1000;

#[derive(Default)]
pub struct Asked(Mutex<HashMap<String, Timestamp>>);

impl Asked {
    /// Whether it is time to ask (again); if so, that counts as asked.
    pub fn may_ask(&self, session_id: &str, now: Timestamp) -> bool {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.len() > TIDY_ABOVE {
            asked.retain(|_, at| now.since(*at) < EVERY);
        }
        if asked.get(session_id).is_some_and(|at| now.since(*at) < EVERY) {
            return false;
        }
        asked.insert(session_id.to_owned(), now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_payment_is_asked_about_once_a_second_and_others_are_not_held_up() {
        let (asked, now) = (Asked::default(), Timestamp::from_seconds(1_700_000_000));
        assert!(asked.may_ask("cs_1", now));
        assert!(!asked.may_ask("cs_1", now + Duration::from_millis(999)));
        assert!(asked.may_ask("cs_2", now));
        assert!(asked.may_ask("cs_1", now + EVERY));
    }
}
