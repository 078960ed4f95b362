//! Tries to pay: pages opened and left, cards refused, debits on their way, money that came.

use std::time::Duration;

use super::events::{self, Payment};
use super::fate::After;
use super::story::Telling;
use crate::domain::delivery::Delivery;
use crate::domain::ids::AttemptId;
use crate::domain::payment::AttemptState;
use crate::domain::preorder::AttemptOutcome;
use crate::domain::refund::LedgerKind;
use crate::domain::timestamp::Timestamp;
use crate::providers::payments::stripe::NAME;
use crate::store::bulk_rows::AttemptRow;
use crate::store::webhooks::WebhookStatus;

const PAGE_LASTS: Duration = Duration::from_hours(24);

/// Stripe's codes for a refused card, and what it says with them.
pub const DECLINES: &[((&str, &str), u32)] = &[
    (("generic_decline", "Your card was declined."), 34),
    (("insufficient_funds", "Your card has insufficient funds."), 30),
    (("do_not_honor", "Your card was declined."), 10),
    (("expired_card", "Your card has expired."), 7),
    (("incorrect_cvc", "Your card's security code is incorrect."), 7),
    (("transaction_not_allowed", "Your card does not support this type of purchase."), 4),
    (("processing_error", "An error occurred while processing your card. Try again in a little bit."), 3),
    (("card_velocity_exceeded", "Your card was declined for making repeated attempts too frequently."), 3),
    (("authentication_required", "Your card was declined. This transaction requires authentication."), 2),
];

/// Whole seconds, as Stripe tells the time.
fn second(at: Timestamp) -> Timestamp {
    Timestamp::from_seconds(at.seconds())
}

impl Telling<'_> {
    /// A page, opened a moment after the form.
    fn open_page(&mut self, asked: Timestamp) -> AttemptRow {
        let created_at = asked + self.millis(20, 900);
        let opened_at = created_at + self.millis(160, 900);
        let id = format!("{}{}", AttemptId::PREFIX, self.dice.unique(created_at));
        let session = self.dice.session_id(created_at);
        self.preorder.session_id = Some(session.clone());
        self.moved(opened_at);
        AttemptRow {
            preorder_id: self.preorder.id.clone(),
            number: self.outcomes.len() as i64 + 1,
            provider: NAME,
            idempotency_key: format!("{}-{id}", self.preorder.id),
            id,
            state: AttemptState::Open.as_str(),
            url: Some(format!("https://checkout.stripe.com/c/pay/{session}")),
            session_id: Some(session),
            payment_intent_id: None,
            amount_minor: self.preorder.amount_minor,
            currency: self.preorder.currency,
            received_minor: None,
            received_currency: None,
            decline_code: None,
            decline_message: None,
            card_brand: None,
            card_last4: None,
            created_at,
            opened_at: Some(opened_at),
            expires_at: Some(second(opened_at + PAGE_LASTS)),
            declined_at: None,
            paid_at: None,
            settled_at: None,
            updated_at: opened_at,
        }
    }

    fn close(&mut self, mut attempt: AttemptRow, state: AttemptState) {
        attempt.state = state.as_str();
        let was_declined = attempt.decline_code.is_some();
        self.outcomes.push(AttemptOutcome { state, was_declined, paid_at: attempt.paid_at });
        self.moved(attempt.updated_at);
        self.batch.checkout_attempts.push(attempt);
    }

    /// Opens a page and leaves it. Gives when it expired, if it has.
    pub fn leave(&mut self, at: Timestamp) -> Option<Timestamp> {
        let attempt = self.open_page(at);
        self.run_out(attempt, AttemptState::Open)
    }

    fn run_out(&mut self, mut attempt: AttemptRow, so_far: AttemptState) -> Option<Timestamp> {
        let expires = attempt.expires_at.filter(|at| *at + Duration::from_mins(1) < self.scene.until);
        let Some(expires) = expires else {
            self.close(attempt, so_far);
            return None;
        };
        let event = events::session(&attempt, &self.preorder.id, "expired", "unpaid");
        let heard = self.hear("checkout.session.expired", expires, event, WebhookStatus::Success);
        attempt.updated_at = heard;
        self.close(attempt, AttemptState::Expired);
        Some(heard)
    }

    /// The bank says no; whoever it was may try again on the same page.
    fn decline(&mut self, attempt: &mut AttemptRow) {
        let at = second(attempt.updated_at + self.seconds(30, 240));
        let (code, message) = self.dice.weighted(DECLINES);
        let payment = self.dice.stripe_id("pi_3", at);
        let event = events::payment_intent(
            attempt,
            &self.preorder.id,
            &Payment { id: &payment, charge: None, decline: Some((code, message)) },
        );
        attempt.decline_code = Some(code);
        attempt.decline_message = Some(message);
        attempt.declined_at = Some(at);
        attempt.payment_intent_id = Some(payment.clone());
        self.preorder.payment_intent_id = Some(payment);
        attempt.updated_at = self.hear("payment_intent.payment_failed", at, event, WebhookStatus::Success);
    }

    pub fn be_refused(&mut self, at: Timestamp) {
        let mut attempt = self.open_page(at);
        if attempt.updated_at + Duration::from_mins(6) > self.scene.until {
            return self.close(attempt, AttemptState::Open);
        }
        self.decline(&mut attempt);
        self.run_out(attempt, AttemptState::Declined);
    }

    /// A bank debit: on its way, then there or not. `None`: not decided yet.
    pub fn debit(&mut self, at: Timestamp, arrives: Option<bool>) {
        let mut attempt = self.open_page(at);
        let confirmed = second(attempt.updated_at + self.seconds(50, 400));
        if confirmed + Duration::from_mins(1) > self.scene.until {
            return self.close(attempt, AttemptState::Open);
        }
        let payment = self.dice.stripe_id("pi_3", confirmed);
        attempt.payment_intent_id = Some(payment.clone());
        self.preorder.payment_intent_id = Some(payment);
        let event = events::session(&attempt, &self.preorder.id, "complete", "unpaid");
        attempt.updated_at = self.hear("checkout.session.completed", confirmed, event, WebhookStatus::Success);
        let decided = confirmed + self.seconds(180_000, 330_000);
        match arrives {
            Some(true) if decided + Duration::from_mins(1) < self.scene.until => {
                self.receive(attempt, second(decided), "checkout.session.async_payment_succeeded");
            }
            Some(false) if decided + Duration::from_mins(1) < self.scene.until => {
                let event = events::session(&attempt, &self.preorder.id, "complete", "unpaid");
                let kind = "checkout.session.async_payment_failed";
                attempt.updated_at = self.hear(kind, second(decided), event, WebhookStatus::Success);
                self.close(attempt, AttemptState::Failed);
            }
            _ => self.close(attempt, AttemptState::Pending),
        }
    }

    pub fn pay(&mut self, at: Timestamp, after: After) {
        if self.preorder.currency == "eur" && self.dice.chance(70) && after == After::Nothing {
            return self.debit(at, Some(true));
        }
        // Some need a second look, a day or two later.
        let mut at = at;
        if at + PAGE_LASTS * 4 < self.scene.until && self.dice.chance(45) {
            let expired = self.leave(at).unwrap_or(at + PAGE_LASTS);
            at = expired + self.seconds(1800, 150_000);
        }
        let mut attempt = self.open_page(at);
        if attempt.updated_at + Duration::from_mins(18) > self.scene.until {
            return self.close(attempt, AttemptState::Open);
        }
        if self.dice.chance(85) {
            self.decline(&mut attempt);
        }
        let paid = second(attempt.updated_at + self.seconds(35, 600));
        attempt.card_brand = Some(self.person.card_brand);
        attempt.card_last4 = Some(self.person.card_last4.clone());
        let intent = attempt.payment_intent_id.take().unwrap_or_else(|| self.dice.stripe_id("pi_3", paid));
        attempt.payment_intent_id = Some(intent);
        let attempt = self.receive(attempt, paid, "checkout.session.completed");
        self.follow(&attempt, after);
    }

    /// The money is there, and what follows from it.
    fn receive(&mut self, mut attempt: AttemptRow, paid: Timestamp, kind: &'static str) -> AttemptRow {
        let id = self.preorder.id.clone();
        let charge = self.dice.stripe_id("ch_3", paid);
        let intent = attempt.payment_intent_id.clone().unwrap_or_default();
        let first = self.batch.webhook_logs.len();
        if self.dice.chance(330) {
            let event = events::created_intent(&attempt, &intent);
            self.hear("payment_intent.created", paid - Duration::from_secs(2), event, WebhookStatus::Ignored);
        }
        let session = events::session(&attempt, &id, "complete", "paid");
        let settled = self.hear(kind, paid, session, WebhookStatus::Success);
        let payment = Payment { id: &intent, charge: Some(&charge), decline: None };
        let succeeded = events::payment_intent(&attempt, &id, &payment);
        self.hear("payment_intent.succeeded", paid, succeeded, WebhookStatus::Success);
        let charged = events::charge(&charge, &intent, &attempt, 0);
        self.hear("charge.succeeded", paid, charged, WebhookStatus::Ignored);

        attempt.received_minor = Some(attempt.amount_minor);
        attempt.received_currency = Some(attempt.currency);
        attempt.paid_at = Some(paid);
        attempt.settled_at = Some(settled);
        attempt.updated_at = settled;
        self.preorder.payment_intent_id = Some(intent.clone());
        self.preorder.shipping_address = Some(self.person.address.clone());
        self.preorder.country = Some(self.person.place.country);
        self.close(attempt.clone(), AttemptState::Paid);
        self.enter(&attempt, LedgerKind::Capture, attempt.amount_minor, intent, paid, settled);
        self.tell_everybody(first, settled);
        attempt
    }

    /// Klaviyo, the buyer's phone, and the question which card it was.
    fn tell_everybody(&mut self, first_webhook: usize, at: Timestamp) {
        let success = Delivery::KlaviyoPreorderSuccess { preorder_id: self.id() };
        if let Some(done) = self.deliver(&success, at) {
            self.preorder.klaviyo_event_sent_at.get_or_insert(done);
            let of_ours = |row: &&mut crate::store::bulk_rows::WebhookRow| row.preorder_id.is_some();
            for row in self.batch.webhook_logs[first_webhook..].iter_mut().filter(of_ours) {
                row.klaviyo_event_sent_at = Some(done);
            }
        }
        if at > self.scene.remembered_since {
            let details = Delivery::FetchPaymentDetails { preorder_id: self.id() };
            self.deliver(&details, at);
        }
        if self.preorder.phone.is_some() {
            let sms = Delivery::SendSms { preorder_id: self.id() };
            self.deliver(&sms, at);
        }
    }
}
