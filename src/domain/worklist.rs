//! What a person has to look at among the payments: why each stands on the worklist, and what to do about it.

use super::text_enum::text_enum;

text_enum! {
    /// In the order of the page: what has a date first, then money that is somebody else's, then what is merely late.
    pub enum WorklistReason {
        DisputeDue => "dispute_due",
        Inquiry => "inquiry",
        PaidNotCompleted => "paid_not_completed",
        Overpaid => "overpaid",
        Underpaid => "underpaid",
        CancelledButPaid => "cancelled_but_paid",
        RefundFailed => "refund_failed",
        RefundUnknown => "refund_unknown",
        PendingTooLong => "pending_too_long",
        CheckoutUnknown => "checkout_unknown",
    }
}

impl WorklistReason {
    /// A few words, for a heading.
    pub const fn label(self) -> &'static str {
        match self {
            Self::DisputeDue => "Dispute awaits us",
            Self::Inquiry => "Inquiry awaits us",
            Self::PaidNotCompleted => "Paid, not completed",
            Self::Overpaid => "Overpaid",
            Self::Underpaid => "Underpaid",
            Self::CancelledButPaid => "Cancelled, but paid",
            Self::RefundFailed => "Refund failed",
            Self::RefundUnknown => "Refund unknown",
            Self::PendingTooLong => "Pending too long",
            Self::CheckoutUnknown => "Checkout unknown",
        }
    }

    /// What it means, and what repairs it.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::DisputeDue => "The buyer took the payment back through the bank. Answer at Stripe before it is due.",
            Self::Inquiry => "The bank asks about the payment; no money has moved. An answer keeps it from a dispute.",
            Self::PaidNotCompleted => {
                "The money is here and the order does not say so. Have Stripe asked again, from the preorder."
            }
            Self::Overpaid => "More came in than the price, or in another currency. Give back what is too much.",
            Self::Underpaid => {
                "Less came in than the price, so the goods are on hold. Ask the buyer for the rest, or refund it."
            }
            Self::CancelledButPaid => "The order is off and the money is still here. Refund it.",
            Self::RefundFailed => {
                "The bank sent the money back to us. Ask the buyer for another way, then refund again."
            }
            Self::RefundUnknown => {
                "Stripe has not said for an hour what became of it. Look there before you try again."
            }
            Self::PendingTooLong => {
                "A bank debit is on its way for more than 14 days. Look at Stripe; most arrive in five."
            }
            Self::CheckoutUnknown => {
                "Stripe did not answer when the payment page was asked for. It ends when the buyer tries again."
            }
        }
    }
}
