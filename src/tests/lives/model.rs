//! What a preorder's money must look like after some things were told, whatever their order: worked out from the set of
//! them, without a state that moves. It shares no code with settlement.

use std::collections::BTreeMap;

use crate::domain::payment::{AttemptState, Fact};
use crate::domain::preorder::PaymentStatus;
use crate::domain::refund::{DisputeState, RefundState};

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Expected {
    pub payment_status: Option<PaymentStatus>,
    pub ledger_sum: i64,
    pub is_paid: bool,
}

#[derive(Debug, Default)]
struct Dispute {
    /// The last one: its rank, when it was said, and the amount.
    word: (usize, i64, i64),
    /// What moved, by its id, if Stripe ever listed it.
    listed: Option<BTreeMap<String, i64>>,
}

/// What the last word is: the later in this order wins.
fn rank<T: PartialEq>(order: &[T], word: &T) -> usize {
    order.iter().position(|known| known == word).unwrap()
}

pub fn expected(told: &[Fact]) -> Expected {
    use AttemptState::{Creating, Declined, Expired, Failed, Open, Paid, Pending};
    const REFUNDS: [RefundState; 6] = [
        RefundState::Requested,
        RefundState::RequiresAction,
        RefundState::Pending,
        RefundState::Succeeded,
        RefundState::Canceled,
        RefundState::Failed,
    ];
    const DISPUTES: [DisputeState; 8] = [
        DisputeState::WarningNeedsResponse,
        DisputeState::WarningUnderReview,
        DisputeState::WarningClosed,
        DisputeState::NeedsResponse,
        DisputeState::UnderReview,
        DisputeState::Prevented,
        DisputeState::Lost,
        DisputeState::Won,
    ];
    let tries = [Creating, Open, Declined, Expired, Pending, Failed, Paid];
    let mut ends: BTreeMap<&str, (usize, bool, i64)> = BTreeMap::new();
    let mut refunds: BTreeMap<&str, (usize, i64)> = BTreeMap::new();
    let mut disputes: BTreeMap<&str, Dispute> = BTreeMap::new();
    for fact in told {
        match fact {
            Fact::Payment(fact) => {
                let end = ends.entry(fact.attempt_id.as_deref().unwrap()).or_default();
                end.0 = end.0.max(rank(&tries, &fact.outcome));
                end.1 |= fact.decline.is_some();
                end.2 = end.2.max(fact.received.map_or(0, |money| money.minor));
            }
            Fact::Refund(fact) => {
                let refund = refunds.entry(&fact.provider_refund_id).or_default();
                *refund = (refund.0.max(rank(&REFUNDS, &fact.state)), fact.amount.minor);
            }
            Fact::Dispute(fact) => {
                let dispute = disputes.entry(&fact.provider_dispute_id).or_default();
                // Of several amounts the one that goes with the last word, and of those the one that was said last.
                let word = (rank(&DISPUTES, &fact.state), fact.occurred_at.millis(), fact.amount.minor);
                dispute.word = dispute.word.max(word);
                if let Some(moved) = &fact.moved {
                    dispute.listed.get_or_insert_default().extend(moved.moves().map(|one| (one.id, one.minor)));
                }
            }
        }
    }
    let is = |state: AttemptState| ends.values().any(|end| end.0 == rank(&tries, &state));
    let captured: i64 = ends.values().map(|end| end.2).sum();
    // Requires action, pending, succeeded.
    let refunded: i64 = refunds.values().filter(|refund| (1..=3).contains(&refund.0)).map(|refund| refund.1).sum();
    // Needs response, under review, lost.
    let by_word = |(rank, _, minor): (usize, i64, i64)| if [3, 4, 6].contains(&rank) { minor } else { 0 };
    let held = |dispute: &Dispute| match &dispute.listed {
        Some(listed) => -listed.values().sum::<i64>(),
        None => by_word(dispute.word),
    };
    let withdrawn: i64 = disputes.values().map(held).sum();
    // Those, and inquiries that are open.
    let disputed = disputes.values().any(|dispute| [0, 1, 3, 4, 6].contains(&dispute.word.0));
    let payment_status = if disputed {
        PaymentStatus::Disputed
    } else if refunded > 0 && refunded >= captured {
        PaymentStatus::Refunded
    } else if refunded > 0 {
        PaymentStatus::PartiallyRefunded
    } else if is(Paid) {
        PaymentStatus::Paid
    } else if is(Pending) {
        PaymentStatus::Pending
    } else if is(Failed) || ends.values().any(|end| end.1) {
        PaymentStatus::Failed
    } else {
        PaymentStatus::Unpaid
    };
    Expected { payment_status: Some(payment_status), ledger_sum: captured - refunded - withdrawn, is_paid: is(Paid) }
}
