//! Money on its way back, and what the ledger has of it all.

use super::{TimelineEntry, Tone, entry};
use crate::domain::money::Money;
use crate::domain::refund::{DisputeState, LedgerKind, RefundReason, RefundState};
use crate::store::disputes::Dispute;
use crate::store::ledger::Entry;
use crate::store::refunds::Refund;

/// A word, and how good that is.
pub const fn refund_words(state: RefundState) -> (&'static str, Tone) {
    match state {
        RefundState::Requested => ("Requested", Tone::Waiting),
        RefundState::RequiresAction => ("Needs action", Tone::Waiting),
        RefundState::Pending => ("Pending", Tone::Waiting),
        RefundState::Succeeded => ("Succeeded", Tone::Good),
        RefundState::Canceled => ("Canceled", Tone::Neutral),
        RefundState::Failed => ("Failed", Tone::Bad),
    }
}

pub const fn dispute_tone(state: DisputeState) -> Tone {
    match state {
        DisputeState::WarningNeedsResponse | DisputeState::NeedsResponse | DisputeState::Lost => Tone::Bad,
        DisputeState::WarningUnderReview | DisputeState::UnderReview => Tone::Waiting,
        DisputeState::WarningClosed | DisputeState::Prevented => Tone::Neutral,
        DisputeState::Won => Tone::Good,
    }
}

/// Stripe's word, in a person's.
pub fn reason_words(reason: Option<&str>) -> String {
    let Some(reason) = reason else { return "no reason given".to_owned() };
    reason.parse::<RefundReason>().map_or_else(|_| reason.replace('_', " "), |known| known.label().to_owned())
}

/// Asked for, and what became of it.
pub fn refund_entries(refund: &Refund) -> Vec<TimelineEntry> {
    let amount = refund.amount();
    let who = refund.requested_by.as_deref().map_or("made at Stripe".to_owned(), |who| format!("by {who}"));
    let reason = reason_words(refund.reason.as_deref());
    let asked =
        entry(refund.created_at, format!("Refund of {amount} asked for"), format!("{who}, {reason}"), Tone::Neutral);
    let (word, tone) = refund_words(refund.state);
    let became = (refund.state != RefundState::Requested).then(|| {
        let why = refund.failure_reason.as_deref().map_or_else(String::new, |why| format!(": {why}"));
        let id = refund.provider_refund_id.as_deref().unwrap_or_default();
        let title = format!("Refund of {amount}: {}", word.to_lowercase());
        entry(refund.updated_at.max(refund.created_at), title, format!("{id}{why}"), tone)
    });
    std::iter::once(asked).chain(became).collect()
}

pub fn dispute_entries(dispute: &Dispute) -> Vec<TimelineEntry> {
    let reason = dispute.reason.as_deref().map_or_else(|| "no reason given".to_owned(), |r| r.replace('_', " "));
    let opened = entry(
        dispute.opened_at,
        format!("Dispute of {} opened", dispute.amount()),
        format!("{reason}, {}", dispute.provider_dispute_id),
        Tone::Bad,
    );
    let moved = (dispute.updated_at > dispute.opened_at && !dispute.state.awaits_us()).then(|| {
        let title = format!("Dispute: {}", dispute.state.label().to_lowercase());
        entry(dispute.updated_at, title, dispute.provider_dispute_id.clone(), dispute_tone(dispute.state))
    });
    std::iter::once(opened).chain(moved).collect()
}

pub fn ledger_entry(line: &Entry) -> TimelineEntry {
    let what = match line.kind {
        LedgerKind::Capture => "captured",
        LedgerKind::Refund => "refunded",
        LedgerKind::RefundReturned => "refund returned",
        LedgerKind::Dispute => "taken by a dispute",
        LedgerKind::DisputeReturned => "given back by a dispute",
    };
    let amount = Money::new(line.amount_minor, line.currency);
    let sign = if line.amount_minor > 0 { "+" } else { "" };
    entry(line.recorded_at, format!("Ledger: {sign}{amount}"), format!("{what}, {}", line.reference), Tone::Neutral)
}
