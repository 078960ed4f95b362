//! How it began, and each try to pay.

use std::time::Duration;

use super::{TimelineEntry, Tone, entry};
use crate::domain::decline::reason;
use crate::domain::locale::Locale;
use crate::domain::payment::AttemptState;
use crate::store::attempts::Attempt;
use crate::store::preorders::Preorder;

pub fn started(preorder: &Preorder, color_name: &str) -> TimelineEntry {
    let language = match preorder.locale {
        Locale::En => "English",
        Locale::Zh => "Chinese",
    };
    let detail = format!("Storefront, {language}, {color_name}, {}", preorder.price());
    entry(preorder.created_at, "Preorder started", detail, Tone::Neutral)
}

/// `Visa ···· 4242`
pub fn card(attempt: &Attempt) -> Option<String> {
    let brand = attempt.card_brand.as_deref()?;
    let mut letters = brand.chars();
    let capital = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    Some(format!("{capital}{} ···· {}", letters.as_str(), attempt.card_last4.as_deref()?))
}

pub fn attempt_entries(attempt: &Attempt) -> Vec<TimelineEntry> {
    let mut entries = Vec::new();
    match (attempt.opened_at, attempt.state) {
        (Some(at), _) => {
            let took = at.since(attempt.created_at).as_millis();
            let session = attempt.session_id.as_deref().unwrap_or_default();
            let detail = format!("{} in {took} ms", shortened(session));
            entries.push(entry(at, "Checkout session made", detail, Tone::Good));
        }
        (None, AttemptState::Creating) => {
            let waits = "no answer from Stripe yet";
            entries.push(entry(attempt.created_at, "Checkout session asked for", waits, Tone::Waiting));
        }
        (None, AttemptState::Expired) => {
            let refused = "Stripe did not make the page";
            entries.push(entry(attempt.created_at, "Checkout session refused", refused, Tone::Bad));
        }
        (None, _) => {}
    }
    if let (Some(at), Some(code)) = (attempt.declined_at, &attempt.decline_code) {
        let reason = reason(code);
        let message = attempt.decline_message.as_deref().unwrap_or_default();
        // Stripe's second, at its end, so that what led to it comes before; but not later than we knew of it.
        // One that was followed by a payment came before it.
        let known = attempt.settled_at.map_or(attempt.updated_at, |paid| paid - Duration::from_millis(1));
        let at = (at + Duration::from_millis(999)).min(known).max(attempt.opened_at.unwrap_or(at));
        let detail = format!("{} Stripe says {code}: {message}", reason.sentence());
        entries.push(entry(at, format!("Payment refused: {}", reason.label()), detail, Tone::Bad));
    }
    // Stripe's times are whole seconds: among ours, to the millisecond, they would come before what led to them.
    if let Some(at) = attempt.settled_at.or(attempt.paid_at) {
        let amount = attempt.received().map_or_else(String::new, |money| money.to_string());
        let detail = card(attempt).map_or_else(|| amount.clone(), |card| format!("{card}, {amount}"));
        entries.push(entry(at, "Paid", detail, Tone::Good));
    }
    let ended = match attempt.state {
        AttemptState::Expired if attempt.opened_at.is_some() => Some(("Checkout session expired", Tone::Neutral)),
        AttemptState::Pending => Some(("Payment on its way", Tone::Waiting)),
        AttemptState::Failed => Some(("Payment did not arrive", Tone::Bad)),
        _ => None,
    };
    if let Some((title, tone)) = ended {
        let session = attempt.session_id.as_deref().unwrap_or_default();
        entries.push(entry(attempt.updated_at, title, shortened(session), tone));
    }
    entries
}

fn shortened(id: &str) -> String {
    if id.chars().count() <= 20 { id.to_owned() } else { format!("{}…", id.chars().take(16).collect::<String>()) }
}
