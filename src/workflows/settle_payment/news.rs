//! What a fact changed, for the counters: a try to pay, a refund or a dispute that came to another state. The same fact
//! told again is no news.

use std::collections::HashMap;

use super::Money;
use crate::domain::payment::AttemptState;
use crate::telemetry::metric;

type State = (&'static str, &'static str, &'static str);

/// The states before the fact, by the ids of what is in them.
pub(super) struct Known(HashMap<String, State>);

/// Counter, label and word.
pub(super) struct News(Vec<State>);

impl Known {
    pub(super) fn of(money: &Money) -> Self {
        Self(states(money).collect())
    }

    pub(super) fn news(&self, money: &Money) -> News {
        News(states(money).filter(|(id, state)| self.0.get(id) != Some(state)).map(|(_, state)| state).collect())
    }
}

impl News {
    /// Once it is durable.
    pub(super) fn count(&self) {
        for (counter, label, word) in &self.0 {
            metrics::counter!(*counter, *label => *word).increment(1);
        }
    }
}

fn states(money: &Money) -> impl Iterator<Item = (String, State)> {
    let told = |state: AttemptState| !matches!(state, AttemptState::Creating | AttemptState::Open);
    let attempts = money.attempts.iter().filter(move |attempt| told(attempt.state));
    let attempts = attempts.map(|a| (a.id.to_string(), (metric::PAYMENTS, "outcome", a.state.as_str())));
    let refunds = money.refunds.iter().map(|r| (r.id.to_string(), (metric::REFUNDS, "state", r.state.as_str())));
    let disputes = money.disputes.iter().map(|d| (d.id.to_string(), (metric::DISPUTES, "state", d.state.as_str())));
    attempts.chain(refunds).chain(disputes)
}
