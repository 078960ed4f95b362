//! Money that goes back: refunds, disputes, and the ledger's words for them. Like tries to pay, they are told of twice,
//! late and out of order, and only ever climb.

use super::money::Money;
use super::moved::Moved;
use super::text_enum::text_enum;
use super::timestamp::Timestamp;

text_enum! {
    /// <https://docs.stripe.com/api/refunds/object#refund_object-status>, lowest rung first. A refund that succeeded may
    /// still fail when the bank sends it back; one that failed never succeeds.
    pub enum RefundState {
        /// Stored here; Stripe's answer is not known yet.
        Requested => "requested",
        RequiresAction => "requires_action",
        Pending => "pending",
        Succeeded => "succeeded",
        Canceled => "canceled",
        Failed => "failed",
    }
}

impl RefundState {
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        if other.rung() > self.rung() { other } else { self }
    }

    fn rung(self) -> usize {
        Self::ALL.iter().position(|state| *state == self).unwrap_or_default()
    }

    /// Whether the money may be on its way: it can't be given back a second time.
    pub const fn holds_money(self) -> bool {
        !matches!(self, Self::Canceled | Self::Failed)
    }

    /// Whether Stripe has taken it from us.
    pub const fn took_money(self) -> bool {
        matches!(self, Self::RequiresAction | Self::Pending | Self::Succeeded)
    }
}

text_enum! {
    /// Stripe's words for why.
    pub enum RefundReason {
        RequestedByCustomer => "requested_by_customer",
        Duplicate => "duplicate",
        /// Puts the buyer on block lists: never chosen by anybody but a person who means it.
        Fraudulent => "fraudulent",
    }
}

impl RefundReason {
    pub const fn label(self) -> &'static str {
        match self {
            Self::RequestedByCustomer => "Requested by customer",
            Self::Duplicate => "Duplicate",
            Self::Fraudulent => "Fraudulent",
        }
    }
}

text_enum! {
    /// <https://docs.stripe.com/api/disputes/object#dispute_object-status>, lowest rung first. A `warning_…` is an
    /// inquiry: the bank asks, and no money has moved. A bank may give back what it had decided against us, and asks
    /// anew, in another dispute, for what it had given back: `won` is the last word.
    pub enum DisputeState {
        WarningNeedsResponse => "warning_needs_response",
        WarningUnderReview => "warning_under_review",
        WarningClosed => "warning_closed",
        NeedsResponse => "needs_response",
        UnderReview => "under_review",
        Prevented => "prevented",
        Lost => "lost",
        Won => "won",
    }
}

impl DisputeState {
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        if other.rung() > self.rung() { other } else { self }
    }

    /// How far it has come: of two sayings the one from the higher rung is the later.
    pub fn rung(self) -> usize {
        Self::ALL.iter().position(|state| *state == self).unwrap_or_default()
    }

    /// Whether the money was ever taken back from us. Where Stripe lists what moved, the list says it; this is for
    /// objects without a list.
    pub const fn withdrew_money(self) -> bool {
        matches!(self, Self::NeedsResponse | Self::UnderReview | Self::Won | Self::Lost)
    }

    /// Whether we have it again.
    pub const fn gave_money_back(self) -> bool {
        matches!(self, Self::Won)
    }

    /// Whether it is gone now.
    pub const fn holds_money(self) -> bool {
        self.withdrew_money() && !self.gave_money_back()
    }

    /// Whether the preorder counts as disputed: somebody doubts the payment, or has got it back.
    pub const fn is_against_us(self) -> bool {
        matches!(
            self,
            Self::WarningNeedsResponse
                | Self::WarningUnderReview
                | Self::NeedsResponse
                | Self::UnderReview
                | Self::Lost
        )
    }

    pub const fn awaits_us(self) -> bool {
        matches!(self, Self::WarningNeedsResponse | Self::NeedsResponse)
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::WarningNeedsResponse => "Inquiry, needs a response",
            Self::WarningUnderReview => "Inquiry, under review",
            Self::WarningClosed => "Inquiry closed",
            Self::NeedsResponse => "Needs a response",
            Self::UnderReview => "Under review",
            Self::Prevented => "Prevented",
            Self::Won => "Won",
            Self::Lost => "Lost",
        }
    }
}

/// One thing that the provider says about a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundFact {
    pub provider_refund_id: String,
    /// Our own refund's id, in the metadata of one that was asked for here.
    pub refund_id: Option<String>,
    pub preorder_id: Option<String>,
    pub payment_intent_id: Option<String>,
    pub amount: Money,
    pub reason: Option<String>,
    pub state: RefundState,
    pub failure_reason: Option<String>,
    pub created_at: Timestamp,
    /// When this was said.
    pub occurred_at: Timestamp,
}

/// One thing that the provider says about a dispute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputeFact {
    pub provider_dispute_id: String,
    pub preorder_id: Option<String>,
    pub payment_intent_id: Option<String>,
    pub amount: Money,
    pub reason: Option<String>,
    pub state: DisputeState,
    /// All that Stripe lists as moved by then. `None`: the object bears no list, and the state must say.
    pub moved: Option<Moved>,
    pub due_at: Option<Timestamp>,
    pub opened_at: Timestamp,
    /// When this was said.
    pub occurred_at: Timestamp,
}

/// What went back, or may.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Returned {
    /// All that came in, in minor units.
    pub captured_minor: i64,
    /// What refunds took.
    pub refunded_minor: i64,
    /// Whether somebody doubts the payment, or has got it back through the bank.
    pub disputed: bool,
}

text_enum! {
    /// What an entry of the ledger records; `amount_minor` bears the sign.
    pub enum LedgerKind {
        Capture => "capture",
        Refund => "refund",
        /// A refund that came back to us.
        RefundReturned => "refund_returned",
        Dispute => "dispute",
        /// A dispute that was won: the money is ours again.
        DisputeReturned => "dispute_returned",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_order_of_sayings_never_matters(
            refunds in proptest::collection::vec(proptest::sample::select(RefundState::ALL), 1..8),
            disputes in proptest::collection::vec(proptest::sample::select(DisputeState::ALL), 1..8),
        ) {
            let refund = |said: &[RefundState]| said.iter().fold(RefundState::Requested, |a, b| a.join(*b));
            let dispute = |said: &[DisputeState]| said.iter().fold(DisputeState::WarningNeedsResponse, |a, b| a.join(*b));
            let (mut backwards, mut shuffled) = (refunds.clone(), disputes.clone());
            backwards.reverse();
            shuffled.extend_from_slice(&disputes);
            shuffled.reverse();
            prop_assert_eq!(refund(&refunds), refund(&backwards));
            prop_assert_eq!(dispute(&disputes), dispute(&shuffled));
        }
    }

    #[test]
    fn a_refund_that_the_bank_sent_back_stays_failed() {
        assert_eq!(RefundState::Failed.join(RefundState::Succeeded), RefundState::Failed);
        assert_eq!(RefundState::Succeeded.join(RefundState::Pending), RefundState::Succeeded);
    }
}
