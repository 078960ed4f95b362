//! When a failed delivery is tried again, and when it is given up. Three quick tries for a hiccup, slower ones out to
//! a day for an outage; then it is dead, which a person sees and can undo.

use std::time::Duration;

use super::perform::Performed;
use crate::domain::delivery::{DeliveryKind, DeliveryState};
use crate::domain::timestamp::Timestamp;
use crate::fail_points::{Span, span};
use crate::providers::ProviderError;

/// Seconds after the first, second, … failed try. Twenty-five hours in all.
pub const DELAYS: &[u64] = &[1, 2, 4, 15, 60, 300, 900, 1800, 3600, 7200, 14_400, 21_600, 39_600];
/// After this many tries a delivery is dead.
pub const MOST_TRIES: i64 = DELAYS.len() as i64 + 1;
/// A wrong key is not put right within seconds.
const CONFIGURATION_DELAY: u64 = 60;
/// A provider that says "in three days" is asked again tomorrow.
const LONGEST: u64 = 86_400;

pub struct Verdict {
    pub state: DeliveryState,
    /// With `Pending` alone.
    pub run_at: Option<Timestamp>,
}

/// What becomes of a delivery after its `attempts`-th try (from 1).
pub fn verdict(kind: DeliveryKind, attempts: i64, performed: &Performed, now: Timestamp) -> Verdict {
    const DONE: Verdict = Verdict { state: DeliveryState::Done, run_at: None };
    const DEAD: Verdict = Verdict { state: DeliveryState::Dead, run_at: None };
    let Some(error) = performed.failure() else { return DONE };
    let index = usize::try_from(attempts.max(1) - 1).unwrap_or(usize::MAX);
    let (Some(&scheduled), true) = (DELAYS.get(index), may_repeat(kind, error)) else { return DEAD };
    let seconds = match error {
        // To the next whole second: never before it was said.
        ProviderError::Retry { after: Some(after), .. }
        | ProviderError::Failed { after: Some(after), .. }
        | ProviderError::NotAsked { after, .. } => {
            scheduled.max(after.as_millis().div_ceil(1000).try_into().unwrap_or(LONGEST).min(LONGEST))
        }
        ProviderError::Configuration(_) => scheduled.max(CONFIGURATION_DELAY),
        _ => scheduled,
    };
    Verdict {
        state: DeliveryState::Pending,
        run_at: Some(now + span(Span::Retry, jittered(Duration::from_secs(seconds)))),
    }
}

/// An SMS can't be made harmless by a key: it is repeated only when it surely was not sent.
const fn may_repeat(kind: DeliveryKind, error: &ProviderError) -> bool {
    match error {
        ProviderError::Permanent(_) | ProviderError::Gone(_) => false,
        ProviderError::NoAnswer(_) | ProviderError::Failed { .. } | ProviderError::KeyTaken(_) => {
            !matches!(kind, DeliveryKind::SendSms)
        }
        ProviderError::Retry { .. } | ProviderError::NotAsked { .. } | ProviderError::Configuration(_) => true,
    }
}

/// Up to a fifth later, never earlier: a thousand deliveries that failed together do not come back together, and
/// nobody comes back before the provider said.
fn jittered(delay: Duration) -> Duration {
    delay.mul_f64(1.0 + rand::random::<f64>() / 5.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

    fn failed(error: ProviderError) -> Performed {
        Performed::Failed(error)
    }

    fn retry(after: Option<u64>) -> Performed {
        failed(ProviderError::Retry { message: "away".into(), after: after.map(Duration::from_secs) })
    }

    fn delay(verdict: &Verdict) -> u64 {
        verdict.run_at.unwrap().since(NOW).as_secs()
    }

    #[test]
    fn three_quick_tries_then_slow_ones_out_to_a_day_then_dead() {
        let kind = DeliveryKind::KlaviyoPreorderStarted;
        for (attempt, seconds) in DELAYS.iter().enumerate() {
            let waited = delay(&verdict(kind, attempt as i64 + 1, &retry(None), NOW));
            assert!((*seconds..=seconds + seconds / 5 + 1).contains(&waited), "{attempt}: {waited}");
        }
        assert_eq!(verdict(kind, DELAYS.len() as i64 + 1, &retry(None), NOW).state, DeliveryState::Dead);
        let in_all: u64 = DELAYS.iter().sum();
        assert!((86_400..100_000).contains(&in_all), "{in_all}");
    }

    #[test]
    fn a_provider_that_says_when_is_listened_to() {
        let waited = delay(&verdict(DeliveryKind::CreateFirebaseUser, 1, &retry(Some(30)), NOW));
        assert!((30..=37).contains(&waited), "{waited}");
        assert!(delay(&verdict(DeliveryKind::CreateFirebaseUser, 1, &retry(Some(1_000_000)), NOW)) <= 103_680);
    }

    #[test]
    fn an_sms_that_may_have_been_sent_is_parked_for_a_person() {
        let lost = || failed(ProviderError::NoAnswer("lost".into()));
        assert_eq!(verdict(DeliveryKind::SendSms, 1, &lost(), NOW).state, DeliveryState::Dead);
        assert_eq!(verdict(DeliveryKind::KlaviyoPreorderSuccess, 1, &lost(), NOW).state, DeliveryState::Pending);
        assert_eq!(verdict(DeliveryKind::SendSms, 1, &retry(None), NOW).state, DeliveryState::Pending);
    }

    #[test]
    fn what_can_never_work_is_dead_at_once() {
        let never = failed(ProviderError::Permanent("no such list".into()));
        assert_eq!(verdict(DeliveryKind::KlaviyoPreorderStarted, 1, &never, NOW).state, DeliveryState::Dead);
    }
}
