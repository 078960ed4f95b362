//! What became of one try to pay, in a word that people filter by. The state says how far it climbed; whether a bank
//! refused it is kept when the page expires later, and is what people ask for.

use super::payment::AttemptState;
use super::text_enum::text_enum;

text_enum! {
    /// Each try has exactly one.
    pub enum Outcome {
        Paid => "paid",
        Declined => "declined",
        Failed => "failed",
        Pending => "pending",
        Expired => "expired",
        Open => "open",
    }
}

impl Outcome {
    pub const fn of(state: AttemptState, was_declined: bool) -> Self {
        match (state, was_declined) {
            (AttemptState::Paid, _) => Self::Paid,
            (AttemptState::Pending, _) => Self::Pending,
            (AttemptState::Failed, _) => Self::Failed,
            (_, true) => Self::Declined,
            (AttemptState::Expired, false) => Self::Expired,
            (AttemptState::Creating | AttemptState::Open | AttemptState::Declined, false) => Self::Open,
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Paid => "Paid",
            Self::Declined => "Declined",
            Self::Failed => "Failed",
            Self::Pending => "Pending",
            Self::Expired => "Expired",
            Self::Open => "Open",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_remembered_when_the_page_expires_and_forgotten_when_the_money_came() {
        assert_eq!(Outcome::of(AttemptState::Expired, true), Outcome::Declined);
        assert_eq!(Outcome::of(AttemptState::Expired, false), Outcome::Expired);
        assert_eq!(Outcome::of(AttemptState::Paid, true), Outcome::Paid);
        assert_eq!(Outcome::of(AttemptState::Creating, false), Outcome::Open);
    }
}
