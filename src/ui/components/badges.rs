//! Badges of the admin: a sign and a word, so that colour is never the only difference.

use leptos::prelude::*;

use crate::domain::preorder::{FulfilmentStatus, PaymentStatus};

/// Sign, word, tone (a class of `style/admin.css`).
type Face = (&'static str, &'static str, &'static str);

const fn payment_face(status: PaymentStatus) -> Face {
    match status {
        PaymentStatus::Unpaid => ("○", "Unpaid", "neutral"),
        PaymentStatus::Pending => ("◐", "Pending", "waiting"),
        PaymentStatus::Paid => ("●", "Paid", "good"),
        PaymentStatus::Failed => ("✕", "Failed", "bad"),
        PaymentStatus::PartiallyRefunded => ("◒", "Partly refunded", "neutral"),
        PaymentStatus::Refunded => ("↩", "Refunded", "neutral"),
        PaymentStatus::Disputed => ("!", "Disputed", "bad"),
    }
}

const fn fulfilment_face(status: FulfilmentStatus) -> Face {
    match status {
        FulfilmentStatus::Unfulfilled => ("○", "Unfulfilled", "neutral"),
        FulfilmentStatus::OnHold => ("‖", "On hold", "waiting"),
        FulfilmentStatus::Fulfilled => ("✓", "Fulfilled", "good"),
    }
}

fn badge((sign, word, tone): Face) -> impl IntoView {
    view! {
        <span class="badge" data-tone=tone>
            <span aria-hidden="true">{sign}</span>
            " "
            {word}
        </span>
    }
}

#[component]
pub fn PaymentBadge(status: PaymentStatus) -> impl IntoView {
    badge(payment_face(status))
}

#[component]
pub fn FulfilmentBadge(status: FulfilmentStatus) -> impl IntoView {
    badge(fulfilment_face(status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_badges_of_a_kind_share_a_sign_or_a_word() {
        let payments: Vec<_> = PaymentStatus::ALL.iter().map(|s| payment_face(*s)).collect();
        let fulfilments: Vec<_> = FulfilmentStatus::ALL.iter().map(|s| fulfilment_face(*s)).collect();
        for faces in [payments, fulfilments] {
            assert_eq!(faces.iter().map(|f| f.0).collect::<HashSet<_>>().len(), faces.len());
            assert_eq!(faces.iter().map(|f| f.1).collect::<HashSet<_>>().len(), faces.len());
        }
    }
}
