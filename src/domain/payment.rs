//! What can be said of one try to pay, and how two sayings about it become one. Stripe tells things twice, late, and
//! out of order; a try therefore only ever climbs, and the highest rung reached is the truth whatever the order.

use super::money::Money;
use super::refund::{DisputeFact, RefundFact};
use super::text_enum::text_enum;
use super::timestamp::Timestamp;

text_enum! {
    /// The rungs, lowest first. `Paid` wins over everything: money that came in is a fact, whatever was said before.
    pub enum AttemptState {
        /// The call to Stripe is stored but its answer is not.
        Creating => "creating",
        /// The payment page can be used.
        Open => "open",
        /// A card was refused; the page is still open for another.
        Declined => "declined",
        /// Nobody paid in time.
        Expired => "expired",
        /// Confirmed, and the money is on its way (a bank debit).
        Pending => "pending",
        /// It was on its way and did not arrive.
        Failed => "failed",
        Paid => "paid",
    }
}

impl AttemptState {
    const fn rung(self) -> u8 {
        match self {
            Self::Creating => 0,
            Self::Open => 1,
            Self::Declined => 2,
            Self::Expired => 3,
            Self::Pending => 4,
            Self::Failed => 5,
            Self::Paid => 6,
        }
    }

    /// The join of two sayings: commutative, associative, idempotent. Order and repetition cannot matter.
    #[must_use]
    pub const fn join(self, other: Self) -> Self {
        if other.rung() > self.rung() { other } else { self }
    }

    /// Whether money came, or is on its way or was.
    pub const fn has_money(self) -> bool {
        matches!(self, Self::Pending | Self::Failed | Self::Paid)
    }

    /// Whether a buyer can still pay on this page.
    pub const fn is_payable(self) -> bool {
        matches!(self, Self::Open | Self::Declined)
    }
}

/// Why the bank said no, in Stripe's words.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Decline {
    pub code: String,
    pub message: String,
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Card {
    pub brand: String,
    pub last4: String,
}

/// One thing that the payment provider says about one try to pay. Everything but the outcome may be unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentFact {
    pub preorder_id: Option<String>,
    pub attempt_id: Option<String>,
    pub session_id: Option<String>,
    pub payment_intent_id: Option<String>,
    pub outcome: AttemptState,
    /// What was received, once paid.
    pub received: Option<Money>,
    pub decline: Option<Decline>,
    pub card: Option<Card>,
    pub shipping_address: Option<String>,
    /// Two letters.
    pub shipping_country: Option<String>,
    pub occurred_at: Timestamp,
}

/// Anything that the provider says about a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    Payment(Box<PaymentFact>),
    Refund(RefundFact),
    Dispute(DisputeFact),
}

/// What an object of the provider's may be known to be ours by. It can be read where nothing else can: an account may
/// serve other shops as well, and what is odd about theirs is nothing to us.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// In the metadata.
    pub preorder_id: Option<String>,
    pub session_id: Option<String>,
    pub payment_intent_id: Option<String>,
    pub provider_refund_id: Option<String>,
    pub provider_dispute_id: Option<String>,
}

impl Fact {
    pub fn names(&self) -> Names {
        let names = Names {
            preorder_id: self.preorder_id().map(str::to_owned),
            payment_intent_id: self.payment_intent_id().map(str::to_owned),
            ..Names::default()
        };
        match self {
            Self::Payment(fact) => Names { session_id: fact.session_id.clone(), ..names },
            Self::Refund(fact) => Names { provider_refund_id: Some(fact.provider_refund_id.clone()), ..names },
            Self::Dispute(fact) => Names { provider_dispute_id: Some(fact.provider_dispute_id.clone()), ..names },
        }
    }

    /// The preorder that its metadata names.
    pub fn preorder_id(&self) -> Option<&str> {
        match self {
            Self::Payment(fact) => fact.preorder_id.as_deref(),
            Self::Refund(fact) => fact.preorder_id.as_deref(),
            Self::Dispute(fact) => fact.preorder_id.as_deref(),
        }
    }

    pub fn payment_intent_id(&self) -> Option<&str> {
        match self {
            Self::Payment(fact) => fact.payment_intent_id.as_deref(),
            Self::Refund(fact) => fact.payment_intent_id.as_deref(),
            Self::Dispute(fact) => fact.payment_intent_id.as_deref(),
        }
    }
}

impl From<PaymentFact> for Fact {
    fn from(fact: PaymentFact) -> Self {
        Self::Payment(Box::new(fact))
    }
}

text_enum! {
    /// Failures as a buyer can act on them. "Unknown" is not "failed": we ask Stripe before we offer to pay again.
    pub enum PaymentFailure {
        Configuration => "configuration",
        Network => "network",
        Declined => "declined",
        Busy => "busy",
        Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_state() -> impl Strategy<Value = AttemptState> {
        proptest::sample::select(AttemptState::ALL)
    }

    proptest! {
        #[test]
        fn the_order_and_repetition_of_sayings_never_matter(said in proptest::collection::vec(any_state(), 0..12), seed: u64) {
            let straight = said.iter().fold(AttemptState::Creating, |a, b| a.join(*b));
            let mut shuffled = said.clone();
            shuffled.extend_from_slice(&said);
            let length = shuffled.len().max(1);
            let turn = seed as usize % length;
            shuffled.rotate_left(turn);
            shuffled.reverse();
            prop_assert_eq!(shuffled.iter().fold(AttemptState::Creating, |a, b| a.join(*b)), straight);
        }

        #[test]
        fn money_that_came_in_is_never_forgotten(said in proptest::collection::vec(any_state(), 0..12)) {
            prop_assert_eq!(said.iter().fold(AttemptState::Paid, |a, b| a.join(*b)), AttemptState::Paid);
        }
    }
}
