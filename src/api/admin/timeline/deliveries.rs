//! What the background did for a preorder: each delivery with each of its tries and the provider's answer.

use std::time::Duration;

use super::payload::{self, mask_text};
use super::{TimelineEntry, Tone, entry};
use crate::domain::delivery::{DeliveryKind, DeliveryState};
use crate::store::outbox::DeliveryAttempt;
use crate::store::story::Told;

/// Characters of a provider's answer that stand in the story; a longer one is whole with the payload.
const LONG_ANSWER: usize = 160;

/// A delivery's name, and the word for it having happened.
pub const fn words(kind: DeliveryKind) -> (&'static str, &'static str) {
    match kind {
        DeliveryKind::CreateFirebaseUser => ("Firebase user", "made"),
        DeliveryKind::KlaviyoPreorderStarted => ("Klaviyo “Preorder Started”", "sent"),
        DeliveryKind::KlaviyoPreorderSuccess => ("Klaviyo “Preorder Success”", "sent"),
        DeliveryKind::ApplyStripeEvent => ("Stripe event", "applied"),
        DeliveryKind::FetchPaymentDetails => ("Payment details from Stripe", "fetched"),
        DeliveryKind::CloseOpenPages => ("Open payment pages", "closed"),
        DeliveryKind::SendSms => ("SMS to the buyer", "sent"),
        DeliveryKind::RequestRefund => ("Refund at Stripe", "asked for"),
        DeliveryKind::CheckOverduePayments => ("Overdue payments", "asked about"),
        DeliveryKind::WalkStripe => ("Stripe’s records", "compared"),
    }
}

/// Whether a person may want to start it again: it was given up, or waits after a try that failed.
pub fn is_stuck(delivery: &Told) -> bool {
    let waits = delivery.state == DeliveryState::Pending && delivery.attempts > 0;
    (delivery.state == DeliveryState::Dead || waits) && delivery.discarded_at.is_none()
}

/// An entry a try; and one for a delivery that nobody has tried yet.
pub fn delivery_entries(delivery: &Told, tries: &[DeliveryAttempt], masked: bool) -> Vec<TimelineEntry> {
    let (name, _) = words(delivery.kind);
    let own = tries.iter().filter(|attempt| attempt.delivery_id == delivery.id);
    let last = own.clone().map(|attempt| attempt.number).max();
    let mut entries: Vec<TimelineEntry> = own
        .map(|attempt| {
            let told = try_entry(delivery, attempt, masked);
            let failed_last = last == Some(attempt.number) && told.tone == Tone::Bad;
            TimelineEntry { retry: (failed_last && is_stuck(delivery)).then(|| delivery.id.to_string()), ..told }
        })
        .collect();
    if entries.is_empty() && delivery.state != DeliveryState::Done {
        let (title, tone) = match delivery.state {
            DeliveryState::Dead => (format!("{name} given up"), Tone::Bad),
            DeliveryState::Running => (format!("{name} is under way"), Tone::Waiting),
            _ => (format!("{name} is due"), Tone::Waiting),
        };
        let retry = is_stuck(delivery).then(|| delivery.id.to_string());
        entries.push(TimelineEntry { retry, ..entry(delivery.created_at, title, "not tried yet", tone) });
    }
    entries
}

fn try_entry(delivery: &Told, attempt: &DeliveryAttempt, masked: bool) -> TimelineEntry {
    let (name, happened) = words(delivery.kind);
    let (what, tone) = match attempt.outcome.parse() {
        Ok(DeliveryState::Done) => (happened, Tone::Good),
        Ok(DeliveryState::Dead) => ("given up", Tone::Bad),
        _ => ("failed", Tone::Bad),
    };
    let ended_at = attempt.started_at + Duration::from_millis(attempt.duration_ms.unsigned_abs());
    let which = match attempt.number {
        1 => "first try".to_owned(),
        2 => "second try".to_owned(),
        number => format!("try {number}"),
    };
    let again =
        attempt.retry_at.map_or_else(String::new, |at| format!(", tried again after {}", span(at.since(ended_at))));
    let answer = if masked { mask_text(&attempt.answer) } else { attempt.answer.clone() };
    let payload = payload::shown(&delivery.payload, masked);
    let (answer, payload) = match answer.char_indices().nth(LONG_ANSWER) {
        Some((end, _)) => (format!("{} …", &answer[..end]), format!("{payload}\n\nThe whole answer:\n{answer}")),
        None => (answer, payload),
    };
    let detail = format!("{which}, {} ms · {answer}{again}", attempt.duration_ms);
    let payload = Some(payload);
    TimelineEntry { payload, ..entry(ended_at, format!("{name} {what}"), detail, tone) }
}

/// `8 s`, `5 min`, `3 h`.
fn span(duration: Duration) -> String {
    match duration.as_millis().div_ceil(1000) {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_in_the_unit_that_people_would_use() {
        assert_eq!(span(Duration::from_millis(1200)), "2 s");
        assert_eq!(span(Duration::from_mins(5)), "5 min");
        assert_eq!(span(Duration::from_hours(30)), "30 h");
    }
}
