//! What Stripe told about a preorder.

use super::payload::{self, mask_text};
use super::{TimelineEntry, Tone, entry};
use crate::store::webhooks::{Webhook, WebhookStatus};

pub fn webhook_entry(webhook: &Webhook, masked: bool) -> TimelineEntry {
    let (tone, what) = match webhook.status {
        WebhookStatus::Success => (Tone::Good, "applied"),
        WebhookStatus::Failed => (Tone::Bad, "failed"),
        WebhookStatus::Ignored => (Tone::Neutral, "ignored"),
        WebhookStatus::Received | WebhookStatus::Processing => (Tone::Waiting, "waiting"),
    };
    let took = webhook
        .processed_at
        .map_or_else(String::new, |at| format!(" in {} ms", at.since(webhook.received_at).as_millis()));
    let times = if webhook.attempts > 1 { format!(", {} times", webhook.attempts) } else { String::new() };
    let error = webhook.error.as_deref().map_or_else(String::new, |error| format!(": {error}"));
    let error = if masked { mask_text(&error) } else { error };
    let detail = format!("webhook {}, {what}{times}{took}{error}", webhook.stripe_event_id);
    TimelineEntry {
        payload: Some(payload::shown(&webhook.raw_data, masked)),
        webhook: Some(webhook.id.to_string()),
        ..entry(webhook.received_at, format!("Stripe: {}", webhook.event), detail, tone)
    }
}
