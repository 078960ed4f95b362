//! Wrong tries to sign in with an address that is nobody's. They are counted and locked as an account's are, so that
//! the lock does not tell who exists. In memory: there is nothing to protect, and no row to keep it in.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::domain::contact::Email;
use crate::domain::lockout::rest_after;
use crate::domain::timestamp::Timestamp;

/// Addresses remembered before those that have been quiet are forgotten, and then all.
const TIDY_ABOVE: usize = 10_000;
const QUIET: Duration = Duration::from_hours(2);

#[derive(Default)]
pub struct Strangers(Mutex<HashMap<Email, Tries>>);

#[derive(Clone, Copy)]
struct Tries {
    failed: i64,
    last: Timestamp,
    locked_until: Option<Timestamp>,
}

impl Strangers {
    pub fn locked_until(&self, email: &Email) -> Option<Timestamp> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(email)?.locked_until
    }

    /// Counts a wrong try; gives the end of the lock that it brought, if any.
    pub fn failed(&self, email: &Email, now: Timestamp) -> Option<Timestamp> {
        let mut tried = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tried.len() > TIDY_ABOVE {
            tried.retain(|_, tries| now.since(tries.last) < QUIET);
        }
        if tried.len() > TIDY_ABOVE {
            tried.clear();
        }
        let tries = tried.entry(email.clone()).or_insert(Tries { failed: 0, last: now, locked_until: None });
        tries.failed += 1;
        tries.last = now;
        tries.locked_until = rest_after(tries.failed).map(|rest| now + rest);
        tries.locked_until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_nobodys_is_locked_like_an_account() {
        let strangers = Strangers::default();
        let (eve, now) = (Email::parse("eve@example.com").unwrap(), Timestamp::from_seconds(1_700_000_000));
        assert!((0..4).all(|_| strangers.failed(&eve, now).is_none()));
        assert_eq!(strangers.failed(&eve, now), Some(now + Duration::from_mins(1)));
        assert_eq!(strangers.locked_until(&eve), Some(now + Duration::from_mins(1)));
        assert_eq!(strangers.locked_until(&Email::parse("ana@example.com").unwrap()), None);
    }

    #[test]
    fn what_is_remembered_has_an_end() {
        let strangers = Strangers::default();
        let now = Timestamp::from_seconds(1_700_000_000);
        for n in 0..=TIDY_ABOVE + 1 {
            strangers.failed(&Email::parse(&format!("a{n}@example.com")).unwrap(), now);
        }
        assert!(strangers.0.lock().unwrap().len() <= TIDY_ABOVE + 1);
    }
}
