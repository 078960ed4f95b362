//! What becomes of a preorder, drawn before its story is told. Rare ends are dealt out first, one each, so that a few
//! hundred preorders hold all of them.

use std::collections::HashMap;
use std::time::Duration;

use super::dice::Dice;
use crate::domain::refund::DisputeState;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Left an address and did not go to pay.
    Lead,
    /// Just now, and nobody has worked for it yet: the workers stand still.
    Untouched,
    /// Just now, while Klaviyo and Firebase are away.
    Waiting,
    /// Went to pay and left; the page expired, if there was time for it.
    Left,
    /// The card was refused, and no other was tried.
    Refused,
    /// A bank debit that is on its way.
    DebitPending,
    DebitFailed,
    Cancelled,
    Paid(After),
}

/// What happened once the money was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Nothing but the goods going out, in time.
    Nothing,
    Held,
    RefundedWhole,
    RefundedInPart,
    RefundPending,
    RefundNeedsAction,
    RefundFailed,
    RefundCanceled,
    Disputed(DisputeState),
}

/// Shares of a thousand preorders.
const FATES: &[(Fate, u32)] = &[
    (Fate::Paid(After::Nothing), 620),
    (Fate::Lead, 140),
    (Fate::Left, 140),
    (Fate::Refused, 70),
    (Fate::Cancelled, 22),
    (Fate::DebitFailed, 8),
];
/// Shares of ten thousand that were paid.
const AFTERS: &[(After, u32)] = &[
    (After::Nothing, 9177),
    (After::RefundedWhole, 350),
    (After::RefundedInPart, 180),
    (After::Held, 120),
    (After::RefundFailed, 35),
    (After::RefundCanceled, 6),
    (After::RefundNeedsAction, 4),
    (After::RefundPending, 20),
    (After::Disputed(DisputeState::Lost), 38),
    (After::Disputed(DisputeState::Won), 30),
    (After::Disputed(DisputeState::WarningClosed), 10),
    (After::Disputed(DisputeState::Prevented), 6),
    (After::Disputed(DisputeState::NeedsResponse), 9),
    (After::Disputed(DisputeState::UnderReview), 9),
    (After::Disputed(DisputeState::WarningNeedsResponse), 4),
    (After::Disputed(DisputeState::WarningUnderReview), 2),
];

/// Disputes and refunds that are still open began this recently.
const OPEN_FOR: Duration = Duration::from_hours(24 * 100);
const DEBIT_TAKES: Duration = Duration::from_hours(24 * 5);

pub struct Fates {
    dealt: HashMap<u64, Fate>,
    total: u64,
    just_now: u64,
}

impl Fates {
    pub fn new(total: u64, just_now: u64) -> Self {
        use After::{Disputed, Held, RefundCanceled, RefundFailed, RefundNeedsAction, RefundedInPart, RefundedWhole};
        let mut old = vec![Fate::Lead, Fate::Left, Fate::Refused, Fate::DebitFailed, Fate::Cancelled];
        let after = [RefundedWhole, RefundedInPart, RefundFailed, RefundCanceled, RefundNeedsAction, Held];
        old.extend(after.map(Fate::Paid));
        old.extend(DisputeState::ALL.iter().map(|state| Fate::Paid(Disputed(*state))));
        let recent = [Fate::DebitPending, Fate::Paid(After::RefundPending), Fate::Left, Fate::Refused];
        let mut dealt = HashMap::new();
        for (number, fate) in (1..).zip(&old) {
            dealt.insert(total * number / (old.len() as u64 + 4), *fate);
        }
        for (number, fate) in (1..).zip(recent) {
            dealt.insert(total.saturating_sub(just_now + number), fate);
        }
        Self { dealt, total, just_now }
    }

    /// `age`: how long before the end it was started.
    pub fn draw(&self, index: u64, age: Duration, dice: &mut Dice) -> Fate {
        let from_the_end = self.total - index;
        if from_the_end <= self.just_now {
            return if from_the_end.is_multiple_of(2) { Fate::Untouched } else { Fate::Waiting };
        }
        if let Some(fate) = self.dealt.get(&index) {
            return *fate;
        }
        match dice.weighted(FATES) {
            Fate::DebitFailed if age < DEBIT_TAKES => Fate::DebitPending,
            Fate::Paid(_) => match dice.weighted(AFTERS) {
                After::RefundPending if age > OPEN_FOR / 10 => Fate::Paid(After::RefundedWhole),
                After::RefundNeedsAction if age > OPEN_FOR => Fate::Paid(After::RefundedWhole),
                After::Disputed(state) if is_open(state) && age > OPEN_FOR => Fate::Paid(After::Nothing),
                after => Fate::Paid(after),
            },
            fate => fate,
        }
    }
}

/// Whether something is still to come.
pub const fn is_open(state: DisputeState) -> bool {
    matches!(
        state,
        DisputeState::WarningNeedsResponse
            | DisputeState::WarningUnderReview
            | DisputeState::NeedsResponse
            | DisputeState::UnderReview
    )
}
