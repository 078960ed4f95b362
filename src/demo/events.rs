//! Stripe's events, as small as they can be and still be read by us: ids, sums, states, and nobody's name.

use std::time::Duration;

use super::story::{Telling, is_shown_anyway};
use crate::domain::delivery::{Delivery, DeliveryState};
use crate::domain::ids::WebhookId;
use crate::domain::timestamp::Timestamp;
use crate::providers::payments::stripe::NAME;
use crate::store::bulk_rows::{AttemptRow, WebhookRow};
use crate::store::webhooks::WebhookStatus;

/// What a payment intent tells beyond its attempt.
pub struct Payment<'a> {
    pub id: &'a str,
    pub charge: Option<&'a str>,
    pub decline: Option<(&'static str, &'static str)>,
}

fn metadata(attempt: &AttemptRow, preorder: &str) -> String {
    format!(r#"{{"attempt_id":"{}","preorder_id":"{preorder}"}}"#, attempt.id)
}

fn quoted(text: Option<&str>) -> String {
    text.map_or_else(|| "null".to_owned(), |text| format!("\"{text}\""))
}

pub fn session(attempt: &AttemptRow, preorder: &str, status: &str, payment_status: &str) -> String {
    format!(
        r#"{{"id":{},"object":"checkout.session","amount_total":{},"client_reference_id":"{preorder}","currency":"{}","metadata":{},"mode":"payment","payment_intent":{},"payment_status":"{payment_status}","status":"{status}"}}"#,
        quoted(attempt.session_id.as_deref()),
        attempt.amount_minor,
        attempt.currency,
        metadata(attempt, preorder),
        quoted(attempt.payment_intent_id.as_deref().filter(|_| status == "complete")),
    )
}

pub fn payment_intent(attempt: &AttemptRow, preorder: &str, payment: &Payment<'_>) -> String {
    let (status, received) = match payment.decline {
        Some(_) => ("requires_payment_method", 0),
        None => ("succeeded", attempt.amount_minor),
    };
    let error = payment.decline.map_or_else(
        || "null".to_owned(),
        |(code, message)| {
            format!(r#"{{"code":"card_declined","decline_code":"{code}","message":"{message}","type":"card_error"}}"#)
        },
    );
    format!(
        r#"{{"id":"{}","object":"payment_intent","amount":{},"amount_received":{received},"currency":"{}","last_payment_error":{error},"latest_charge":{},"metadata":{},"status":"{status}"}}"#,
        payment.id,
        attempt.amount_minor,
        attempt.currency,
        quoted(payment.charge),
        metadata(attempt, preorder),
    )
}

pub fn created_intent(attempt: &AttemptRow, intent: &str) -> String {
    format!(
        r#"{{"id":"{intent}","object":"payment_intent","amount":{},"currency":"{}","status":"requires_payment_method"}}"#,
        attempt.amount_minor, attempt.currency
    )
}

pub fn charge(charge: &str, intent: &str, attempt: &AttemptRow, refunded: i64) -> String {
    format!(
        r#"{{"id":"{charge}","object":"charge","amount":{},"amount_refunded":{refunded},"currency":"{}","payment_intent":"{intent}","refunded":{},"status":"succeeded"}}"#,
        attempt.amount_minor,
        attempt.currency,
        refunded == attempt.amount_minor,
    )
}

impl Telling<'_> {
    /// An event comes in and is applied. Gives when that was done.
    pub fn hear(&mut self, kind: &'static str, at: Timestamp, object: String, status: WebhookStatus) -> Timestamp {
        let received_at = at + self.millis(700, 2400);
        let ours = status == WebhookStatus::Success;
        let applied = match (ours, kind) {
            (false, _) => "of no consequence",
            (true, "checkout.session.expired") => "payment is unpaid",
            (true, "payment_intent.payment_failed" | "checkout.session.async_payment_failed") => "payment is failed",
            (true, _) => "payment is paid",
        };
        let id = self.receive_event(kind, at, received_at, &object, status);
        let done = received_at + self.millis(9, 95);
        let row = self.batch.webhook_logs.last_mut();
        if let Some(row) = row {
            row.preorder_id = ours.then(|| self.preorder.id.clone());
            row.email = ours.then(|| self.preorder.email.clone());
            row.processed_at = Some(done);
        }
        // Older ones are done and say nothing that the webhook does not say.
        if received_at < self.scene.remembered_since {
            return done;
        }
        self.applied = applied;
        let delivery = Delivery::ApplyStripeEvent { webhook_id: id };
        let Some(finished) = self.deliver(&delivery, received_at) else { return done };
        let tries = self.batch.outbox.last().map_or(1, |row| row.attempts);
        if let Some(row) = self.batch.webhook_logs.last_mut() {
            row.processed_at = Some(finished);
            row.attempts = tries;
        }
        finished
    }

    fn receive_event(
        &mut self,
        kind: &'static str,
        at: Timestamp,
        received_at: Timestamp,
        object: &str,
        status: WebhookStatus,
    ) -> WebhookId {
        let event_id = self.dice.stripe_id("evt_1", at);
        let id = WebhookId::from_unique(&self.dice.unique(received_at));
        let raw_data = format!(
            r#"{{"id":"{event_id}","object":"event","api_version":"2026-09-30.endive","created":{},"data":{{"object":{object}}},"livemode":false,"pending_webhooks":1,"type":"{kind}"}}"#,
            at.seconds()
        );
        self.batch.webhook_logs.push(WebhookRow {
            id: id.to_string(),
            provider: NAME,
            event: kind,
            stripe_event_id: event_id,
            status: status.as_str(),
            preorder_id: None,
            email: None,
            attempts: 1,
            error: None,
            raw_data,
            klaviyo_event_sent_at: None,
            received_at,
            processed_at: None,
        });
        id
    }

    /// Now and then an event comes that is nobody's: of another shop on the same account, or of an odd shape.
    pub fn hear_of_strangers(&mut self, index: u64, at: Timestamp) {
        if index % 3000 != 1500 && !is_shown_anyway(self.scene.total, index) {
            return;
        }
        let at = Timestamp::from_seconds((at - Duration::from_mins(1)).seconds());
        let received_at = at + self.millis(700, 2400);
        let stranger = self.dice.unique(at);
        let session = self.dice.session_id(at);
        let (amount, problem) = if index.is_multiple_of(2) {
            ("49900", "names a preorder that is not in this database")
        } else {
            ("null", "paid, but the amount is missing")
        };
        let object = format!(
            r#"{{"id":"{session}","object":"checkout.session","amount_total":{amount},"currency":"usd","metadata":{{"preorder_id":"pre_{stranger}"}},"mode":"payment","payment_status":"paid","status":"complete"}}"#
        );
        let kind = "checkout.session.completed";
        let webhook_id = self.receive_event(kind, at, received_at, &object, WebhookStatus::Failed);
        self.odd = Some(problem);
        self.deliver(&Delivery::ApplyStripeEvent { webhook_id }, received_at);
        self.odd = None;
        let finished = self.batch.outbox.last().filter(|row| row.state == DeliveryState::Dead.as_str());
        let finished = finished.and_then(|row| row.finished_at);
        if let Some(row) = self.batch.webhook_logs.last_mut() {
            row.error = Some(problem);
            row.processed_at = finished;
        }
    }
}
