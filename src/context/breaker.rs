//! A circuit breaker a provider: after some failures in a row nobody asks for a while, then one asks for all. A provider
//! that is down is not hammered, its deliveries do not use up their tries, and a buyer hears "try again" at once
//! instead of after a timeout.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::domain::delivery::Lane;
use crate::domain::timestamp::Timestamp;
use crate::fail_points::{Span, span};
use crate::providers::ProviderError;
use crate::telemetry::metric;

/// Failures in a row after which nobody asks.
const TRIPS_AFTER: u32 = 5;
/// The first pause; each probe that fails doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// Somebody waits at the till: while it is shut, one buyer in this time asks for all.
const A_BUYER_EVERY: Duration = Duration::from_secs(1);

/// Whether a provider may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    Free,
    /// One may, to see whether it is back.
    Probe,
    Shut(Duration),
}

#[derive(Default)]
pub struct Breakers([Mutex<Breaker>; Lane::ALL.len()]);

#[derive(Debug, Clone, Copy, Default)]
struct Breaker {
    failures: u32,
    pause: Duration,
    until: Option<Timestamp>,
    next_buyer: Option<Timestamp>,
}

impl Breakers {
    pub fn gate(&self, lane: Lane, now: Timestamp) -> Gate {
        self.with(lane, |breaker| match breaker.until {
            Some(until) if now < until => Gate::Shut(until.since(now)),
            Some(_) => Gate::Probe,
            None => Gate::Free,
        })
    }

    /// Whether a buyer's request may ask now; if so while it is shut, that one asks for all.
    pub fn lets_a_buyer_ask(&self, lane: Lane, now: Timestamp) -> Result<(), Duration> {
        self.with(lane, |breaker| match (breaker.until, breaker.next_buyer) {
            (Some(_), Some(next)) if now < next => Err(next.since(now)),
            (Some(_), _) => {
                breaker.next_buyer = Some(now + A_BUYER_EVERY);
                Ok(())
            }
            (None, _) => Ok(()),
        })
    }

    /// What a call came to. An answer that refuses is an answer: the provider is there.
    pub fn learn(&self, lane: Lane, failure: Option<&ProviderError>, now: Timestamp) {
        self.with(lane, |breaker| {
            let was_open = breaker.until.is_some();
            match failure {
                Some(ProviderError::NoAnswer(_)) => breaker.fail(None, now),
                Some(ProviderError::Retry { after, .. }) => breaker.fail(*after, now),
                None | Some(ProviderError::Permanent(_) | ProviderError::Configuration(_)) => {
                    *breaker = Breaker::default();
                }
            }
            if breaker.until.is_some() && !was_open {
                metrics::counter!(metric::BREAKER_TRIPS, "lane" => lane.as_str()).increment(1);
            }
        });
    }

    fn with<T>(&self, lane: Lane, act: impl FnOnce(&mut Breaker) -> T) -> T {
        act(&mut self.0[lane as usize].lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Breaker {
    fn fail(&mut self, after: Option<Duration>, now: Timestamp) {
        self.failures = self.failures.saturating_add(1);
        if self.failures < TRIPS_AFTER || self.until.is_some_and(|until| now < until) {
            // Not yet; or one of those that were under way when it tripped.
            return;
        }
        self.pause = if self.until.is_none() { FIRST_PAUSE } else { (self.pause * 2).min(LONGEST_PAUSE) };
        let asked_for = after.unwrap_or_default().min(LONGEST_PAUSE);
        self.until = Some(now + span(Span::BreakerPause, self.pause.max(asked_for)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

    fn gone() -> ProviderError {
        ProviderError::NoAnswer("gone".to_owned())
    }

    fn tripped() -> Breakers {
        let breakers = Breakers::default();
        for _ in 0..TRIPS_AFTER {
            breakers.learn(Lane::Klaviyo, Some(&gone()), NOW);
        }
        breakers
    }

    #[test]
    fn it_shuts_after_some_failures_in_a_row_and_only_for_that_provider() {
        let breakers = Breakers::default();
        for _ in 1..TRIPS_AFTER {
            breakers.learn(Lane::Klaviyo, Some(&gone()), NOW);
            assert_eq!(breakers.gate(Lane::Klaviyo, NOW), Gate::Free);
        }
        breakers.learn(Lane::Klaviyo, Some(&gone()), NOW);
        assert_eq!(breakers.gate(Lane::Klaviyo, NOW), Gate::Shut(FIRST_PAUSE));
        assert_eq!(breakers.gate(Lane::Stripe, NOW), Gate::Free);
    }

    #[test]
    fn those_that_were_under_way_do_not_lengthen_the_pause_and_a_failed_probe_does() {
        let breakers = tripped();
        for _ in 0..20 {
            breakers.learn(Lane::Klaviyo, Some(&gone()), NOW);
        }
        let later = NOW + FIRST_PAUSE;
        assert_eq!(breakers.gate(Lane::Klaviyo, later), Gate::Probe);
        breakers.learn(Lane::Klaviyo, Some(&gone()), later);
        assert_eq!(breakers.gate(Lane::Klaviyo, later), Gate::Shut(FIRST_PAUSE * 2));
    }

    #[test]
    fn one_answer_opens_it_even_a_refusal() {
        let breakers = tripped();
        breakers.learn(Lane::Klaviyo, Some(&ProviderError::Permanent("no such metric".to_owned())), NOW);
        assert_eq!(breakers.gate(Lane::Klaviyo, NOW), Gate::Free);
    }

    #[test]
    fn while_it_is_shut_one_buyer_a_second_asks_for_all() {
        let breakers = tripped();
        assert_eq!(breakers.lets_a_buyer_ask(Lane::Klaviyo, NOW), Ok(()));
        assert_eq!(breakers.lets_a_buyer_ask(Lane::Klaviyo, NOW), Err(A_BUYER_EVERY));
        assert_eq!(breakers.lets_a_buyer_ask(Lane::Klaviyo, NOW + A_BUYER_EVERY), Ok(()));
        breakers.learn(Lane::Klaviyo, None, NOW);
        assert_eq!(breakers.lets_a_buyer_ask(Lane::Klaviyo, NOW), Ok(()));
    }

    #[test]
    fn a_provider_that_says_when_is_asked_then() {
        let breakers = Breakers::default();
        let busy = ProviderError::Retry { message: "busy".to_owned(), after: Some(Duration::from_secs(30)) };
        for _ in 0..TRIPS_AFTER {
            breakers.learn(Lane::Klaviyo, Some(&busy), NOW);
        }
        assert_eq!(breakers.gate(Lane::Klaviyo, NOW), Gate::Shut(Duration::from_secs(30)));
    }
}
