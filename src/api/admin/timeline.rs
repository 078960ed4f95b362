//! One preorder with its whole story: the form, each try to pay, each delivery with each of its tries, each event of
//! Stripe's, by the time it happened.

use std::time::Duration;

use super::list::{PreorderRow, row};
use super::require;
use crate::api::{ApiError, context};
use crate::domain::access::Right;
use crate::domain::delivery::{DeliveryKind, DeliveryState};
use crate::domain::ids::PreorderId;
use crate::domain::locale::Locale;
use crate::domain::money::Money;
use crate::domain::payment::AttemptState;
use crate::domain::timestamp::Timestamp;
use crate::store::attempts::{self, Attempt};
use crate::store::outbox::{self, DeliveryAttempt, OutboxRow};
use crate::store::preorders::{self, Preorder};
use crate::store::webhooks::{self, Webhook, WebhookStatus};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Neutral,
    Good,
    Waiting,
    Bad,
}

#[derive(Clone, Debug)]
pub struct TimelineEntry {
    pub at: Timestamp,
    pub title: String,
    pub detail: String,
    pub tone: Tone,
    pub payload: Option<String>,
}

#[derive(Clone)]
pub struct PreorderDetail {
    pub row: PreorderRow,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub locale: Locale,
    pub shipping_address: Option<String>,
    pub marketing_consent: bool,
    pub captured: Option<Money>,
    pub card: Option<String>,
    pub session_id: Option<String>,
    pub payment_intent_id: Option<String>,
    pub user_id: Option<String>,
    pub timeline: Vec<TimelineEntry>,
}

pub async fn preorder(id: &str) -> Result<Option<PreorderDetail>, ApiError> {
    require(Right::See)?;
    let ctx = context()?;
    let Ok(id) = id.parse::<PreorderId>() else { return Ok(None) };
    let Some(preorder) = preorders::find(&ctx.db, &id).await? else { return Ok(None) };
    let attempts = attempts::list(&ctx.db, &id).await?;
    let deliveries = outbox::of_preorder(&ctx.db, &id).await?;
    let tries = outbox::attempts_of_preorder(&ctx.db, &id).await?;
    let webhooks = webhooks::of_preorder(&ctx.db, &id).await?;
    let catalog = ctx.shop().await?.catalog;
    let color_name = catalog.color(&preorder.color).map_or_else(|| preorder.color.clone(), |c| c.name.clone());
    let mut timeline = vec![started(&preorder, &color_name)];
    timeline.extend(attempts.iter().flat_map(attempt_entries));
    timeline.extend(deliveries.iter().flat_map(|delivery| delivery_entries(delivery, &tries)));
    timeline.extend(webhooks.iter().map(webhook_entry));
    timeline.sort_by_key(|entry| entry.at);
    let paid = attempts.iter().find(|attempt| attempt.state == AttemptState::Paid);
    Ok(Some(PreorderDetail {
        row: row(&preorder, color_name),
        captured: paid.and_then(Attempt::received),
        card: paid.and_then(card),
        name: preorder.name,
        phone: preorder.phone,
        locale: preorder.locale,
        shipping_address: preorder.shipping_address,
        marketing_consent: preorder.marketing_consent,
        session_id: preorder.session_id,
        payment_intent_id: preorder.payment_intent_id,
        user_id: preorder.user_id,
        timeline,
    }))
}

fn entry(at: Timestamp, title: impl Into<String>, detail: impl Into<String>, tone: Tone) -> TimelineEntry {
    TimelineEntry { at, title: title.into(), detail: detail.into(), tone, payload: None }
}

fn started(preorder: &Preorder, color_name: &str) -> TimelineEntry {
    let language = match preorder.locale {
        Locale::En => "English",
        Locale::Zh => "Chinese",
    };
    let detail = format!("Storefront, {language}, {color_name}, {}", preorder.price());
    entry(preorder.created_at, "Preorder started", detail, Tone::Neutral)
}

fn card(attempt: &Attempt) -> Option<String> {
    let brand = attempt.card_brand.as_deref()?;
    let mut letters = brand.chars();
    let capital = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    Some(format!("{capital}{} ···· {}", letters.as_str(), attempt.card_last4.as_deref()?))
}

fn attempt_entries(attempt: &Attempt) -> Vec<TimelineEntry> {
    let mut entries = Vec::new();
    match (attempt.opened_at, attempt.state) {
        (Some(at), _) => {
            let took = at.since(attempt.created_at).as_millis();
            let session = attempt.session_id.as_deref().unwrap_or_default();
            let detail = format!("{} in {took} ms", shortened(session));
            entries.push(entry(at, "Checkout session made", detail, Tone::Good));
        }
        (None, AttemptState::Creating) => {
            entries.push(entry(
                attempt.created_at,
                "Checkout session asked for",
                "no answer from Stripe yet",
                Tone::Waiting,
            ));
        }
        (None, AttemptState::Expired) => {
            entries.push(entry(
                attempt.created_at,
                "Checkout session refused",
                "Stripe did not make the page",
                Tone::Bad,
            ));
        }
        (None, _) => {}
    }
    if let (Some(at), Some(code)) = (attempt.declined_at, &attempt.decline_code) {
        let message = attempt.decline_message.as_deref().unwrap_or_default();
        // Stripe's second, at its end, so that what led to it comes before; but not later than we knew of it.
        let at = (at + Duration::from_millis(999)).min(attempt.updated_at).max(attempt.opened_at.unwrap_or(at));
        entries.push(entry(at, format!("Payment refused: {code}"), message, Tone::Bad));
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

/// A delivery's name, and the word for it having happened.
const fn words(kind: DeliveryKind) -> (&'static str, &'static str) {
    match kind {
        DeliveryKind::CreateFirebaseUser => ("Firebase user", "made"),
        DeliveryKind::KlaviyoPreorderStarted => ("Klaviyo “Preorder Started”", "sent"),
        DeliveryKind::KlaviyoPreorderSuccess => ("Klaviyo “Preorder Success”", "sent"),
        DeliveryKind::ApplyStripeEvent => ("Stripe event", "applied"),
        DeliveryKind::FetchPaymentDetails => ("Payment details from Stripe", "fetched"),
        DeliveryKind::CloseOpenPages => ("Other payment pages", "closed"),
        DeliveryKind::SendSms => ("SMS to the buyer", "sent"),
        DeliveryKind::RequestRefund => ("Refund at Stripe", "asked for"),
        DeliveryKind::CheckOverduePayments => ("Overdue payments", "asked about"),
    }
}

/// An entry a try; and one for a delivery that nobody has tried yet.
fn delivery_entries(delivery: &OutboxRow, tries: &[DeliveryAttempt]) -> Vec<TimelineEntry> {
    let (name, _) = words(delivery.kind);
    let mut entries: Vec<TimelineEntry> = tries
        .iter()
        .filter(|attempt| attempt.delivery_id == delivery.id)
        .map(|attempt| try_entry(delivery, attempt))
        .collect();
    if entries.is_empty() && delivery.state != DeliveryState::Done {
        entries.push(entry(delivery.created_at, format!("{name} is due"), "not tried yet", Tone::Waiting));
    }
    entries
}

fn try_entry(delivery: &OutboxRow, attempt: &DeliveryAttempt) -> TimelineEntry {
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
    let again = attempt.retry_at.map_or_else(String::new, |at| {
        format!(", tried again after {} s", at.since(ended_at).as_millis().div_ceil(1000))
    });
    let detail = format!("{which}, {} ms · {}{again}", attempt.duration_ms, attempt.answer);
    let payload = Some(delivery.payload.clone());
    TimelineEntry { payload, ..entry(ended_at, format!("{name} {what}"), detail, tone) }
}

fn webhook_entry(webhook: &Webhook) -> TimelineEntry {
    let (tone, what) = match webhook.status {
        WebhookStatus::Success => (Tone::Good, "applied"),
        WebhookStatus::Failed => (Tone::Bad, "failed"),
        WebhookStatus::Ignored => (Tone::Neutral, "ignored"),
        WebhookStatus::Received | WebhookStatus::Processing => (Tone::Waiting, "waiting"),
    };
    let took = webhook
        .processed_at
        .map_or_else(String::new, |at| format!(" in {} ms", at.since(webhook.received_at).as_millis()));
    let error = webhook.error.as_deref().map_or_else(String::new, |error| format!(": {error}"));
    let detail = format!("webhook {}, {what}{took}{error}", webhook.stripe_event_id);
    let payload = Some(webhook.raw_data.clone());
    TimelineEntry { payload, ..entry(webhook.received_at, format!("Stripe: {}", webhook.event), detail, tone) }
}
