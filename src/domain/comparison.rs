//! The words of a comparison with Stripe's records.

use super::text_enum::text_enum;

text_enum! {
    pub enum Verdict {
        Match => "match",
        /// Stripe has it, we do not.
        Missing => "missing",
        /// Both have it, and say different things.
        Different => "different",
        /// It names no preorder of ours, or Stripe does not have it.
        Unknown => "unknown",
    }
}

text_enum! {
    /// What a walk lists, in its order: payments before refunds and disputes, which speak of them; events last, when
    /// what they say is known.
    pub enum Walked {
        Session => "session",
        Payment => "payment",
        Refund => "refund",
        Dispute => "dispute",
        Event => "event",
    }
}

impl Walked {
    /// What comes after it, if anything does.
    pub fn next(self) -> Option<Self> {
        Self::ALL.iter().copied().skip_while(|walked| *walked != self).nth(1)
    }
}

text_enum! {
    pub enum WalkScope {
        /// Events that never came are taken in.
        Events => "events",
        /// All is compared, and nothing is settled.
        Everything => "everything",
    }
}

text_enum! {
    pub enum WalkState {
        Walking => "walking",
        Done => "done",
    }
}

/// Why the word of Stripe can't simply be taken over, and what to do then. `None`: it can.
pub fn advice(object: Walked, verdict: Verdict, ours: &str, theirs: &str) -> Option<&'static str> {
    let is_payment = matches!(object, Walked::Session | Walked::Payment);
    if verdict == Verdict::Unknown {
        Some("It names no preorder of ours: another shop's on this account, or one that this database has lost.")
    } else if theirs == NOT_LISTED {
        Some("Stripe does not list it: see that STRIPE_SECRET_KEY is this shop's, and that the database is no copy.")
    } else if ours == NOT_APPLIED {
        Some("It was kept and could not be applied: read why in the admin, under Webhooks, and replay it there.")
    } else if theirs.starts_with(TWICE) {
        Some(
            "Ask the buyer's bank nothing yet: look at both refunds in Stripe's dashboard. What is too much can't be \
              taken back by itself.",
        )
    } else if ours.is_empty() {
        Some("We can't read it: look at it in Stripe's dashboard.")
    } else if object != Walked::Dispute && is_another_amount(ours, theirs) {
        Some(
            "Both have it, with another amount. The first word is in the ledger and stands: compare it with Stripe's \
              dashboard, refund what is too much, and set this aside with what you found.",
        )
    } else if is_payment && ours == "paid" && theirs != "paid" {
        Some(
            "We have a payment that Stripe has not: look at it in Stripe's dashboard. Nothing is taken back by itself.",
        )
    } else {
        None
    }
}

/// The same state, and different money beside it. (What a dispute took is Stripe's to say, and is settled as it says.)
fn is_another_amount(ours: &str, theirs: &str) -> bool {
    match (ours.split_once(' '), theirs.split_once(' ')) {
        (Some((our_state, ours)), Some((their_state, theirs))) => our_state == their_state && ours != theirs,
        _ => false,
    }
}

/// In the place of what Stripe says of something that it does not have.
pub const NOT_LISTED: &str = "none";
/// How it begins when Stripe made a refund a second time.
pub const TWICE: &str = "made twice";
/// In the place of what we say of an event that is kept and given up.
pub const NOT_APPLIED: &str = "kept, not applied";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stripe_can_not_settle_says_what_to_do() {
        let advice = |object, ours, theirs| advice(object, Verdict::Different, ours, theirs);
        let taken = ("needs_response 9.00 USD, 9.00 USD taken", "needs_response 9.00 USD, 4.00 USD taken");
        assert_eq!(advice(Walked::Dispute, taken.0, taken.1), None);
        for settled in [("open", "paid"), ("none", "succeeded 100.00 USD"), ("pending 1.00 USD", "succeeded 1.00 USD")]
        {
            assert_eq!(advice(Walked::Refund, settled.0, settled.1), None, "{settled:?}");
        }
        for (object, ours, theirs, says) in [
            (Walked::Payment, "paid 499.00 USD", "paid 500.00 USD", "another amount"),
            (Walked::Refund, "succeeded 1.00 USD", "succeeded 2.00 USD", "another amount"),
            (Walked::Event, NOT_APPLIED, "refund.created", "replay"),
            (Walked::Session, "paid", "expired", "a payment that Stripe has not"),
            (Walked::Dispute, "lost", NOT_LISTED, "does not list"),
        ] {
            assert!(advice(object, ours, theirs).is_some_and(|advice| advice.contains(says)), "{ours} {theirs}");
        }
    }
}
