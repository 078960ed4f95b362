//! A preorder and the only verbs that move it. `status` says how far the order has come, `payment_status` what became
//! of the money, `fulfilment_status` where the goods are: three badges, three rules.
//!
//! ```text
//! initiated ──▶ processing ──▶ expired ──▶ cancelled ──▶ completed
//!     (any later state may be reached from any earlier one; none is ever left backwards)
//! ```

use super::catalog::ColorId;
use super::contact::{Email, PersonName, Phone};
use super::locale::Locale;
use super::money::Money;
use super::payment::AttemptState;
use super::refund::Returned;
use super::text_enum::text_enum;
use super::timestamp::Timestamp;

text_enum! {
    pub enum PreorderStatus {
        Initiated => "initiated",
        Processing => "processing",
        Completed => "completed",
        Cancelled => "cancelled",
        Expired => "expired",
    }
}

text_enum! {
    pub enum PaymentStatus {
        Unpaid => "unpaid",
        Pending => "pending",
        Paid => "paid",
        Failed => "failed",
        PartiallyRefunded => "partially_refunded",
        Refunded => "refunded",
        Disputed => "disputed",
    }
}

text_enum! {
    pub enum FulfilmentStatus {
        Unfulfilled => "unfulfilled",
        OnHold => "on_hold",
        Fulfilled => "fulfilled",
    }
}

/// A form that was read and found right: all that a preorder is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPreorder {
    pub email: Email,
    pub name: Option<PersonName>,
    pub phone: Option<Phone>,
    pub color: ColorId,
    pub price: Money,
    pub locale: Locale,
    pub marketing_consent: bool,
    /// The buyer's own key, if their client sent one.
    pub idempotency_key: Option<String>,
}

/// The part of a preorder that its verbs move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub status: PreorderStatus,
    pub payment_status: PaymentStatus,
    pub paid_at: Option<Timestamp>,
}

impl PreorderStatus {
    const fn rank(self) -> u8 {
        match self {
            Self::Initiated => 0,
            Self::Processing => 1,
            Self::Expired => 2,
            Self::Cancelled => 3,
            Self::Completed => 4,
        }
    }

    const fn advanced_to(self, other: Self) -> Self {
        if other.rank() > self.rank() { other } else { self }
    }
}

impl PaymentStatus {
    /// What became of money that came in. Refunds and disputes win over news of how it came in; a dispute that was won
    /// leaves what was there before.
    const fn of_money(returned: Returned) -> Self {
        if returned.disputed {
            Self::Disputed
        } else if returned.refunded_minor == 0 {
            Self::Paid
        } else if returned.refunded_minor < returned.captured_minor {
            Self::PartiallyRefunded
        } else {
            Self::Refunded
        }
    }
}

impl Progress {
    pub const NEW: Self =
        Self { status: PreorderStatus::Initiated, payment_status: PaymentStatus::Unpaid, paid_at: None };

    /// The background has begun to work for this preorder.
    #[must_use]
    pub const fn begin_processing(self) -> Self {
        Self { status: self.status.advanced_to(PreorderStatus::Processing), ..self }
    }

    /// Money arrived: the preorder is complete, even if it had expired or was cancelled before. Saying it again
    /// changes nothing; the first time stands.
    #[must_use]
    pub fn mark_paid(self, at: Timestamp, returned: Returned) -> Self {
        Self {
            status: self.status.advanced_to(PreorderStatus::Completed),
            payment_status: PaymentStatus::of_money(returned),
            paid_at: Some(self.paid_at.map_or(at, |before| before.min(at))),
        }
    }

    /// What the tries to pay say together, with what went back since. Each try has climbed as far as it got; one that
    /// paid decides, then one that is on its way, then one that failed.
    #[must_use]
    pub fn after(self, attempts: &[AttemptOutcome], returned: Returned) -> Self {
        let any = |state: AttemptState| attempts.iter().any(|attempt| attempt.state == state);
        let paid = attempts.iter().filter(|a| a.state == AttemptState::Paid).map(|a| a.paid_at);
        if let Some(at) = paid.min_by_key(|at| at.map(Timestamp::millis)) {
            return self.mark_paid(at.unwrap_or(Timestamp::from_millis(0)), returned);
        }
        // Refunded, and nobody told us yet that it was paid: it is not to be paid again.
        if returned.disputed || returned.refunded_minor > 0 {
            return Self { payment_status: PaymentStatus::of_money(returned), ..self };
        }
        if self.paid_at.is_some() {
            return self;
        }
        let payment_status = if any(AttemptState::Pending) {
            PaymentStatus::Pending
        } else if any(AttemptState::Failed) || attempts.iter().any(|a| a.was_declined) {
            PaymentStatus::Failed
        } else {
            PaymentStatus::Unpaid
        };
        let over = !attempts.is_empty()
            && attempts.iter().all(|a| matches!(a.state, AttemptState::Expired | AttemptState::Failed))
            && any(AttemptState::Expired);
        let status = if over { self.status.advanced_to(PreorderStatus::Expired) } else { self.status };
        Self { status, payment_status, ..self }
    }

    /// Nobody wants it any more, and nobody has paid. Saying it again changes nothing. Money that comes all the same
    /// wins (`mark_paid`).
    pub const fn cancel(self) -> Result<Self, CancelError> {
        match self.payment_status {
            PaymentStatus::Unpaid | PaymentStatus::Failed => {
                Ok(Self { status: self.status.advanced_to(PreorderStatus::Cancelled), ..self })
            }
            PaymentStatus::Pending => Err(CancelError::Pending),
            PaymentStatus::Paid
            | PaymentStatus::PartiallyRefunded
            | PaymentStatus::Refunded
            | PaymentStatus::Disputed => Err(CancelError::Paid),
        }
    }

    /// Whether a repeated form may take this preorder up again instead of making a second one.
    pub const fn is_open(self) -> bool {
        matches!(self.status, PreorderStatus::Initiated | PreorderStatus::Processing | PreorderStatus::Expired)
            && matches!(self.payment_status, PaymentStatus::Unpaid | PaymentStatus::Failed)
    }
}

/// Why a preorder can't be cancelled. A predicate after its number: “ROL-… is paid”.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CancelError {
    #[error("has a payment on its way")]
    Pending,
    #[error("is paid")]
    Paid,
}

/// How far one try to pay has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptOutcome {
    pub state: AttemptState,
    pub was_declined: bool,
    pub paid_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Clone)]
    enum Step {
        Begin,
        Attempts(Vec<AttemptOutcome>, Returned),
        Paid(i64, Returned),
        Cancel,
    }

    fn attempt() -> impl Strategy<Value = AttemptOutcome> {
        (proptest::sample::select(AttemptState::ALL), any::<bool>(), 1..100_i64).prop_map(
            |(state, was_declined, at)| {
                let paid_at = (state == AttemptState::Paid).then_some(Timestamp::from_millis(at));
                AttemptOutcome { state, was_declined, paid_at }
            },
        )
    }

    fn returned() -> impl Strategy<Value = Returned> {
        (0..3_i64, any::<bool>()).prop_map(|(refunded_minor, disputed)| Returned {
            captured_minor: 2,
            refunded_minor,
            disputed,
        })
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            Just(Step::Begin),
            (proptest::collection::vec(attempt(), 0..4), returned()).prop_map(|(a, r)| Step::Attempts(a, r)),
            (1..100_i64, returned()).prop_map(|(at, r)| Step::Paid(at, r)),
            Just(Step::Cancel),
        ]
    }

    fn run(progress: Progress, step: &Step) -> Progress {
        match step {
            Step::Begin => progress.begin_processing(),
            Step::Attempts(attempts, returned) => progress.after(attempts, *returned),
            Step::Paid(at, returned) => progress.mark_paid(Timestamp::from_millis(*at), *returned),
            Step::Cancel => progress.cancel().unwrap_or(progress),
        }
    }

    fn progress() -> impl Strategy<Value = Progress> {
        (proptest::sample::select(PreorderStatus::ALL), proptest::sample::select(PaymentStatus::ALL)).prop_map(
            |(status, payment_status)| Progress {
                status,
                payment_status,
                paid_at: (!matches!(
                    payment_status,
                    PaymentStatus::Unpaid | PaymentStatus::Pending | PaymentStatus::Failed
                ))
                .then_some(Timestamp::from_millis(50)),
            },
        )
    }

    proptest! {
        #[test]
        fn status_never_runs_backwards(start in progress(), steps in proptest::collection::vec(step(), 0..12)) {
            let mut now = start;
            for step in &steps {
                let next = run(now, step);
                prop_assert!(next.status.rank() >= now.status.rank(), "{now:?} --{step:?}--> {next:?}");
                now = next;
            }
        }

        #[test]
        fn every_verb_said_twice_is_said_once(start in progress(), step in step()) {
            let once = run(start, &step);
            prop_assert_eq!(run(once, &step), once);
        }

        #[test]
        fn refunds_and_disputes_win_over_late_success(at in 1..100_i64, refunded_minor in 1..3_i64, disputed: bool) {
            let returned = Returned { captured_minor: 2, refunded_minor, disputed };
            let early = Progress::NEW.after(&[], returned);
            let late = early.mark_paid(Timestamp::from_millis(at), returned);
            prop_assert_eq!(late.payment_status, early.payment_status);
            prop_assert_ne!(late.payment_status, PaymentStatus::Paid);
        }

        #[test]
        fn paid_and_completed_come_together(steps in proptest::collection::vec(step(), 0..12)) {
            let end = steps.iter().fold(Progress::NEW, run);
            prop_assert!(end.payment_status != PaymentStatus::Paid || end.status == PreorderStatus::Completed);
            prop_assert_eq!(end.paid_at.is_some(), end.status == PreorderStatus::Completed);
        }
    }

    #[test]
    fn a_cancelled_preorder_stays_so_until_money_comes() {
        let cancelled = Progress::NEW.cancel().unwrap_or(Progress::NEW);
        assert_eq!(cancelled.status, PreorderStatus::Cancelled);
        let expired = AttemptOutcome { state: AttemptState::Expired, was_declined: false, paid_at: None };
        assert_eq!(cancelled.after(&[expired], Returned::default()).status, PreorderStatus::Cancelled);
        let paid = cancelled.mark_paid(Timestamp::from_millis(1), Returned::default());
        assert_eq!((paid.status, paid.cancel()), (PreorderStatus::Completed, Err(CancelError::Paid)));
    }

    #[test]
    fn a_preorder_expires_only_when_no_try_is_left() {
        let expired = AttemptOutcome { state: AttemptState::Expired, was_declined: false, paid_at: None };
        let open = AttemptOutcome { state: AttemptState::Open, ..expired };
        assert_eq!(Progress::NEW.after(&[expired, open], Returned::default()).status, PreorderStatus::Initiated);
        assert_eq!(Progress::NEW.after(&[expired], Returned::default()).status, PreorderStatus::Expired);
        assert_eq!(Progress::NEW.after(&[], Returned::default()).status, PreorderStatus::Initiated);
    }
}
