//! Why a payment was refused, in words that a person can act on. Stripe has some sixty codes
//! (<https://docs.stripe.com/declines/codes>); a person needs to know which of ten things to do. A code that nobody
//! listed here is `Other`, never an error.

use super::text_enum::text_enum;

text_enum! {
    pub enum DeclineReason {
        InsufficientFunds => "insufficient_funds",
        RefusedByBank => "refused_by_bank",
        WrongDetails => "wrong_details",
        Expired => "expired",
        AuthenticationFailed => "authentication_failed",
        SuspectedFraud => "suspected_fraud",
        LimitExceeded => "limit_exceeded",
        NotSupported => "not_supported",
        TryAgain => "try_again",
        Other => "other",
    }
}

impl DeclineReason {
    /// A few words, for tables and charts.
    pub const fn label(self) -> &'static str {
        match self {
            Self::InsufficientFunds => "Insufficient funds",
            Self::RefusedByBank => "Refused by the bank",
            Self::WrongDetails => "Card details wrong",
            Self::Expired => "Card expired",
            Self::AuthenticationFailed => "Authentication failed",
            Self::SuspectedFraud => "Suspected fraud",
            Self::LimitExceeded => "Limit exceeded",
            Self::NotSupported => "Not supported",
            Self::TryAgain => "Try again",
            Self::Other => "Other",
        }
    }

    /// What it means, and what the buyer can do.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::InsufficientFunds => "There was not enough money on the account. Another card works.",
            Self::RefusedByBank => "The bank refused without saying why. The buyer can ask it, or use another card.",
            Self::WrongDetails => "Number, date, security code or postal code was typed wrong. Typing it again works.",
            Self::Expired => "The card is past its date. Another card works.",
            Self::AuthenticationFailed => "The buyer did not confirm the payment with their bank. Trying again works.",
            Self::SuspectedFraud => "Stripe or the bank takes it for fraud. Do not tell the buyer more than “refused”.",
            Self::LimitExceeded => "A limit of the card was reached. Another card works, or this one tomorrow.",
            Self::NotSupported => "The card can't be used for this purchase or currency. Another card works.",
            Self::TryAgain => "Something failed on the way to the bank. The same card may work in a while.",
            Self::Other => "The payment was refused for a reason that is not on our list.",
        }
    }
}

/// The group of one of Stripe's decline codes, or of its error codes where a decline has none.
pub fn reason(code: &str) -> DeclineReason {
    match code {
        "insufficient_funds" => DeclineReason::InsufficientFunds,
        "card_declined"
        | "generic_decline"
        | "do_not_honor"
        | "do_not_try_again"
        | "call_issuer"
        | "no_action_taken"
        | "revocation_of_all_authorizations"
        | "revocation_of_authorization"
        | "stop_payment_order"
        | "payment_method_provider_decline"
        | "testmode_decline"
        | "debit_not_authorized"
        | "bank_account_declined"
        | "customer_cancelled" => DeclineReason::RefusedByBank,
        "incorrect_number"
        | "invalid_number"
        | "incorrect_cvc"
        | "invalid_cvc"
        | "incorrect_zip"
        | "incorrect_address"
        | "incorrect_pin"
        | "invalid_pin"
        | "invalid_expiry_month"
        | "invalid_expiry_year"
        | "invalid_account"
        | "new_account_information_available"
        | "no_account"
        | "bank_account_unusable" => DeclineReason::WrongDetails,
        "expired_card" | "account_closed" => DeclineReason::Expired,
        "authentication_required"
        | "authentication_not_handled"
        | "payment_intent_authentication_failure"
        | "mobile_device_authentication_required"
        | "offline_pin_required"
        | "online_or_offline_pin_required"
        | "approve_with_id" => DeclineReason::AuthenticationFailed,
        "fraudulent"
        | "lost_card"
        | "stolen_card"
        | "pickup_card"
        | "merchant_blacklist"
        | "security_violation"
        | "highest_risk_level"
        | "elevated_risk_level"
        | "rule"
        | "restricted_card" => DeclineReason::SuspectedFraud,
        "card_velocity_exceeded"
        | "withdrawal_count_limit_exceeded"
        | "pin_try_exceeded"
        | "amount_too_large"
        | "card_decline_rate_limit_exceeded"
        | "invalid_amount" => DeclineReason::LimitExceeded,
        "card_not_supported"
        | "currency_not_supported"
        | "not_permitted"
        | "service_not_allowed"
        | "transaction_not_allowed"
        | "bank_ownership_changed"
        | "payment_method_not_available" => DeclineReason::NotSupported,
        "issuer_not_available"
        | "processing_error"
        | "reenter_transaction"
        | "try_again_later"
        | "duplicate_transaction"
        | "payment_intent_payment_attempt_expired" => DeclineReason::TryAgain,
        _ => DeclineReason::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_that_call_for_different_acts_are_told_apart() {
        for (code, expected) in [
            ("insufficient_funds", DeclineReason::InsufficientFunds),
            ("generic_decline", DeclineReason::RefusedByBank),
            ("incorrect_cvc", DeclineReason::WrongDetails),
            ("expired_card", DeclineReason::Expired),
            ("authentication_required", DeclineReason::AuthenticationFailed),
            ("stolen_card", DeclineReason::SuspectedFraud),
            ("card_velocity_exceeded", DeclineReason::LimitExceeded),
            ("currency_not_supported", DeclineReason::NotSupported),
            ("processing_error", DeclineReason::TryAgain),
            ("a_code_of_next_year", DeclineReason::Other),
        ] {
            assert_eq!(reason(code), expected, "{code}");
        }
    }

    #[test]
    fn no_two_reasons_share_a_label_or_a_sentence() {
        let labels: HashSet<_> = DeclineReason::ALL.iter().map(|reason| reason.label()).collect();
        let sentences: HashSet<_> = DeclineReason::ALL.iter().map(|reason| reason.sentence()).collect();
        assert_eq!((labels.len(), sentences.len()), (DeclineReason::ALL.len(), DeclineReason::ALL.len()));
    }
}
