//! A circuit breaker a provider: after some failures in a row nobody asks for a while, then one asks for all. A provider
//! that is down is not hammered, its deliveries do not use up their tries, and a buyer hears "try again" at once
//! instead of after a timeout. A provider that says when it wants to be asked again (`Retry-After`) is not asked
//! before, from the first such answer on. It learns at the wire, from answers alone: what asked nobody teaches nothing.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::domain::delivery::Lane;
use crate::domain::timestamp::Timestamp;
use crate::fail_points::{Span, span};
use crate::providers::ProviderError;
use crate::providers::heard::listening;
use crate::telemetry::metric;

/// Failures in a row after which nobody asks.
pub const TRIPS_AFTER: u32 = 5;
/// The first pause; each probe that fails doubles it.
pub const FIRST_PAUSE: Duration = Duration::from_secs(5);
pub const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// The longest that all are held up because one answer said so. Its own delivery waits as long as it was told.
const LONGEST_SAID: Duration = Duration::from_mins(15);
/// The same at the till, where a wrong word must not cost a day's sales.
const LONGEST_SAID_TO_BUYERS: Duration = Duration::from_mins(1);
/// Somebody waits at the till: while it is shut, one buyer in this time asks for all.
const A_BUYER_EVERY: Duration = Duration::from_secs(1);

/// Another asks for all just now: its answer comes within the longest that a call takes, and mostly much sooner.
const WHILE_ONE_ASKS: Duration = Duration::from_secs(1);

/// Whether a provider may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    Free,
    /// One may, to see whether it is back.
    Probe,
    Shut(Duration),
}

#[derive(Clone, Default)]
pub struct Breakers(Arc<[Mutex<Breaker>; Lane::ALL.len()]>);

#[derive(Debug, Clone, Copy, Default)]
struct Breaker {
    failures: u32,
    pause: Duration,
    until: Option<Timestamp>,
    next_buyer: Option<Timestamp>,
    /// When it wants to be asked again, and not before.
    said: Option<Timestamp>,
    /// The same, in answer to a buyer. A limit is an endpoint's:
    /// what it says to the background is no word to the till.
    said_to_buyers: Option<Timestamp>,
    /// Somebody asks for all just now.
    probed: bool,
}

/// Whoever holds it asks for all.
#[must_use]
pub struct Probing {
    breakers: Breakers,
    lane: Lane,
}

impl Drop for Probing {
    fn drop(&mut self) {
        self.breakers.with(self.lane, |breaker| breaker.probed = false);
    }
}

impl Breakers {
    pub fn gate(&self, lane: Lane, now: Timestamp) -> Gate {
        self.with(lane, |breaker| breaker.gate(now))
    }

    /// Whether the background may ask now, and whether it then asks for all. `Err`: not before so long.
    pub fn enter(&self, lane: Lane, now: Timestamp) -> Result<Option<Probing>, Duration> {
        self.with(lane, |breaker| match breaker.gate(now) {
            Gate::Free => Ok(false),
            Gate::Probe if !breaker.probed => {
                breaker.probed = true;
                Ok(true)
            }
            Gate::Probe => Err(WHILE_ONE_ASKS),
            Gate::Shut(wait) => Err(wait),
        })
        .map(|probes| probes.then(|| Probing { breakers: self.clone(), lane }))
    }

    /// Whether it is left alone just now. One that may be asked again, and that nobody has a reason to ask, is not.
    pub fn is_shut(&self, lane: Lane, now: Timestamp) -> bool {
        matches!(self.gate(lane, now), Gate::Shut(_))
    }

    /// Whether a buyer's request may ask now; if so while it is shut, that one asks for all.
    pub fn lets_a_buyer_ask(&self, lane: Lane, now: Timestamp) -> Result<(), Duration> {
        self.with(lane, |breaker| match (breaker.until, breaker.next_buyer) {
            _ if breaker.said_to_buyers.is_some_and(|said| now < said) => {
                Err(breaker.said_to_buyers.map_or(A_BUYER_EVERY, |said| said.since(now)))
            }
            (Some(_), Some(next)) if now < next => Err(next.since(now)),
            (Some(_), _) => {
                breaker.next_buyer = Some(now + A_BUYER_EVERY);
                Ok(())
            }
            (None, _) => Ok(()),
        })
    }

    /// Asks in the background, where the delivery is not the provider's own, unless nobody may ask.
    pub async fn ask<T>(
        &self,
        lane: Lane,
        clock: &Clock,
        call: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<T, ProviderError> {
        let _probing = self.enter(lane, clock.steady()).map_err(|wait| left_alone(lane, wait))?;
        let (breakers, clock) = (self.clone(), clock.clone());
        listening(move |failure| breakers.learn(lane, failure, clock.steady()), call).await
    }

    /// Asks for a buyer who waits, if a buyer may.
    pub async fn ask_for_a_buyer<T>(
        &self,
        lane: Lane,
        clock: &Clock,
        call: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<T, ProviderError> {
        self.lets_a_buyer_ask(lane, clock.steady()).map_err(|wait| left_alone(lane, wait))?;
        self.learning_for_a_buyer(lane, clock, call).await
    }

    /// Learns from a buyer's call whose maker has asked whether it may.
    pub async fn learning_for_a_buyer<T>(
        &self,
        lane: Lane,
        clock: &Clock,
        call: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<T, ProviderError> {
        let (breakers, clock) = (self.clone(), clock.clone());
        listening(move |failure| breakers.learn_from_a_buyer(lane, failure, clock.steady()), call).await
    }

    /// What a call in the background came to. An answer that refuses is an answer: the provider is there.
    pub fn learn(&self, lane: Lane, failure: Option<&ProviderError>, now: Timestamp) {
        self.hear(lane, failure, false, now);
    }

    /// What a buyer's call came to.
    pub fn learn_from_a_buyer(&self, lane: Lane, failure: Option<&ProviderError>, now: Timestamp) {
        self.hear(lane, failure, true, now);
    }

    fn hear(&self, lane: Lane, failure: Option<&ProviderError>, a_buyer: bool, now: Timestamp) {
        self.with(lane, |breaker| {
            let was_open = breaker.until.is_some();
            match failure {
                Some(ProviderError::NoAnswer(_)) => breaker.fail(None, a_buyer, now),
                Some(ProviderError::Retry { after, .. } | ProviderError::Failed { after, .. }) => {
                    breaker.fail(*after, a_buyer, now);
                }
                // Nothing was learnt.
                Some(ProviderError::NotAsked { .. }) => {}
                None
                | Some(
                    ProviderError::KeyTaken(_)
                    | ProviderError::Permanent(_)
                    | ProviderError::Gone(_)
                    | ProviderError::Configuration(_),
                ) => breaker.answered(now),
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

/// It was not asked, and when it may be.
pub fn left_alone(lane: Lane, wait: Duration) -> ProviderError {
    ProviderError::NotAsked { message: format!("{lane} is left alone for now; not asked"), after: wait }
}

impl Breaker {
    fn gate(&self, now: Timestamp) -> Gate {
        match self.until.max(self.said) {
            Some(until) if now < until => Gate::Shut(until.since(now)),
            Some(_) => Gate::Probe,
            None => Gate::Free,
        }
    }

    fn fail(&mut self, after: Option<Duration>, a_buyer: bool, now: Timestamp) {
        self.failures = self.failures.saturating_add(1);
        // Those that were under way when it tripped do not lengthen the pause.
        if self.failures >= TRIPS_AFTER && self.until.is_none_or(|until| until <= now) {
            self.pause = if self.pause.is_zero() { FIRST_PAUSE } else { (self.pause * 2).min(LONGEST_PAUSE) };
            self.until = Some(now + span(Span::BreakerPause, self.pause));
        }
        if let Some(said) = after {
            let at_most = |longest: Duration| Some(now + span(Span::BreakerPause, said.min(longest)));
            self.said = self.said.max(at_most(LONGEST_SAID));
            if a_buyer {
                self.said_to_buyers = self.said_to_buyers.max(at_most(LONGEST_SAID_TO_BUYERS));
            }
        }
    }

    /// It is there. An answer that was under way when it said "not before" does not take that back.
    fn answered(&mut self, now: Timestamp) {
        let ahead = |said: Option<Timestamp>| said.filter(|said| now < *said);
        *self = Self {
            said: ahead(self.said),
            said_to_buyers: ahead(self.said_to_buyers),
            probed: self.probed,
            ..Self::default()
        };
    }
}

#[cfg(test)]
mod tests;
