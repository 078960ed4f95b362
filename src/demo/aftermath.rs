//! What happens once the money is there: goods go out or are held, money goes back, card holders doubt.

use std::time::Duration;

use super::fate::{After, is_open};
use super::story::Telling;
use super::team::PEOPLE;
use crate::domain::audit::AuditAction;
use crate::domain::ids::{DisputeId, RefundId};
use crate::domain::preorder::{FulfilmentStatus, PaymentStatus};
use crate::domain::refund::{DisputeState, LedgerKind, RefundReason, RefundState};
use crate::domain::timestamp::Timestamp;
use crate::providers::payments::stripe::NAME;
use crate::store::bulk_rows::{AttemptRow, DisputeRow, RefundRow};
use crate::store::webhooks::WebhookStatus;

const DAY: Duration = Duration::from_hours(24);
const DISPUTE_REASONS: &[(&str, u32)] =
    &[("fraudulent", 50), ("product_not_received", 34), ("unrecognized", 10), ("general", 6)];
const CARRIERS: &[&str] = &["DHL ", "UPS 1Z", "EMS RL", "FDX "];

impl Telling<'_> {
    pub fn follow(&mut self, attempt: &AttemptRow, after: After) {
        match after {
            After::Nothing => self.send_out(attempt),
            After::Held => self.hold(attempt),
            After::RefundedWhole => self.refund(attempt, 100, RefundState::Succeeded),
            After::RefundedInPart => {
                let share = self.dice.pick(&[10, 15, 20, 25, 50]);
                self.refund(attempt, share, RefundState::Succeeded);
                self.send_out(attempt);
            }
            After::RefundPending => self.refund(attempt, 100, RefundState::Pending),
            After::RefundNeedsAction => self.refund(attempt, 50, RefundState::RequiresAction),
            After::RefundFailed => self.refund(attempt, 100, RefundState::Failed),
            After::RefundCanceled => self.refund(attempt, 100, RefundState::Canceled),
            After::Disputed(state) => self.dispute(attempt, state),
        }
    }

    /// Old orders have been sent.
    fn send_out(&mut self, attempt: &AttemptRow) {
        let at = attempt.updated_at + self.seconds(45 * 86_400, 90 * 86_400);
        if at > self.scene.until || !self.dice.chance(940) {
            return;
        }
        let tracking = format!("{}{}", self.dice.pick(CARRIERS), self.dice.digits(12));
        self.preorder.fulfilment_status = FulfilmentStatus::Fulfilled.as_str();
        self.preorder.fulfilled_at = Some(at);
        self.moved(at);
        let detail = format!(r#"{{"tracking_number":"{tracking}"}}"#);
        self.preorder.tracking_number = Some(tracking);
        self.note_act_here(AuditAction::PreorderFulfilled, at, detail);
    }

    fn hold(&mut self, attempt: &AttemptRow) {
        let Some(at) = self.some_time_after(attempt.updated_at, 40) else { return };
        self.preorder.fulfilment_status = FulfilmentStatus::OnHold.as_str();
        self.moved(at);
        self.note_act_here(AuditAction::FulfilmentChanged, at, r#"{"from":"unfulfilled","to":"on_hold"}"#.to_owned());
    }

    /// An instant within so many days; none if the run ends too soon for it.
    fn some_time_after(&mut self, at: Timestamp, days: i64) -> Option<Timestamp> {
        let left = self.scene.until.since(at).checked_sub(Duration::from_mins(10))?;
        let most = i64::try_from(left.as_secs()).unwrap_or(i64::MAX).min(days * 86_400);
        (most > 60).then(|| at + self.seconds(60, most))
    }

    fn refund(&mut self, attempt: &AttemptRow, percent: i64, state: RefundState) {
        let paid = attempt.updated_at;
        let at = if matches!(state, RefundState::Pending | RefundState::RequiresAction) {
            // What is still under way began lately.
            let recent = self.scene.until - DAY * 6;
            self.some_time_after(paid.max(recent), 6)
        } else {
            self.some_time_after(paid, 60)
        };
        let Some(at) = at else { return self.send_out(attempt) };
        let amount_minor = attempt.amount_minor * percent / 100;
        let id = format!("{}{}", RefundId::PREFIX, self.dice.unique(at));
        let provider_id = self.dice.stripe_id("re_3", at);
        // A few are made in Stripe's dashboard.
        let by_us = self.dice.chance(850);
        let by = by_us.then(|| self.dice.pick(PEOPLE));
        let reason = self.dice.weighted(&[(RefundReason::RequestedByCustomer, 90), (RefundReason::Duplicate, 10)]);
        let occurred = Timestamp::from_seconds(at.seconds());
        let came_back = (state == RefundState::Failed).then(|| self.some_time_after(at, 4)).flatten();
        let updated_at = came_back.unwrap_or(at + Duration::from_secs(3));
        let failure_reason = (state == RefundState::Failed)
            .then(|| self.dice.pick(&["lost_or_stolen_card", "expired_or_canceled_card", "unknown"]));
        let intent = attempt.payment_intent_id.clone().unwrap_or_default();
        let object = format!(
            r#"{{"id":"{provider_id}","object":"refund","amount":{amount_minor},"currency":"{}","metadata":{{"preorder_id":"{}","refund_id":"{id}"}},"payment_intent":"{intent}","reason":"{reason}","status":"{}"}}"#,
            attempt.currency,
            self.preorder.id,
            if state == RefundState::Failed { RefundState::Succeeded } else { state },
        );
        self.hear("refund.created", occurred, object.clone(), WebhookStatus::Success);
        if state != RefundState::Canceled {
            self.enter(attempt, LedgerKind::Refund, -amount_minor, provider_id.clone(), occurred, updated_at);
        }
        if matches!(state, RefundState::Failed) {
            let failed = object.replace(r#""status":"succeeded""#, r#""status":"failed""#);
            let back = Timestamp::from_seconds(updated_at.seconds());
            self.hear("refund.failed", back, failed, WebhookStatus::Success);
            self.enter(attempt, LedgerKind::RefundReturned, amount_minor, provider_id.clone(), back, updated_at);
        }
        if let Some(by) = by {
            let detail =
                format!(r#"{{"amount_minor":{amount_minor},"currency":"{}","reason":"{reason}"}}"#, attempt.currency);
            self.note_act_of(by, AuditAction::RefundRequested, at, detail);
        }
        if state.took_money() {
            let whole = amount_minor == attempt.amount_minor;
            self.after_money = Some(if whole { PaymentStatus::Refunded } else { PaymentStatus::PartiallyRefunded });
        }
        self.moved(updated_at);
        self.batch.refunds.push(RefundRow {
            idempotency_key: format!("refund-{id}"),
            id,
            preorder_id: self.preorder.id.clone(),
            attempt_id: Some(attempt.id.clone()),
            provider: NAME,
            provider_refund_id: Some(provider_id),
            payment_intent_id: Some(intent),
            amount_minor,
            currency: attempt.currency,
            reason: Some(reason.as_str()),
            state: state.as_str(),
            failure_reason,
            requested_by: by,
            created_at: at,
            updated_at,
        });
    }

    fn dispute(&mut self, attempt: &AttemptRow, state: DisputeState) {
        let since =
            if is_open(state) { attempt.updated_at.max(self.scene.until - DAY * 9) } else { attempt.updated_at };
        let Some(at) = self.some_time_after(since, 50) else { return };
        let opened_at = Timestamp::from_seconds(at.seconds());
        let due_at = Timestamp::from_seconds((opened_at + DAY * 16).seconds() / 86_400 * 86_400 + 86_399);
        let decided = if is_open(state) { None } else { self.some_time_after(at, 70) };
        let updated_at = decided.unwrap_or(at + Duration::from_secs(2));
        let id = format!("{}{}", DisputeId::PREFIX, self.dice.unique(at));
        let provider_id = self.dice.stripe_id("du_1", at);
        let reason = self.dice.weighted(DISPUTE_REASONS);
        let intent = attempt.payment_intent_id.clone().unwrap_or_default();
        let object = |status: DisputeState| {
            format!(
                r#"{{"id":"{provider_id}","object":"dispute","amount":{},"currency":"{}","evidence_details":{{"due_by":{}}},"metadata":{{}},"payment_intent":"{intent}","reason":"{reason}","status":"{status}"}}"#,
                attempt.amount_minor,
                attempt.currency,
                due_at.seconds(),
            )
        };
        let first = match state {
            DisputeState::WarningNeedsResponse | DisputeState::WarningUnderReview | DisputeState::WarningClosed => {
                DisputeState::WarningNeedsResponse
            }
            DisputeState::Prevented => DisputeState::Prevented,
            _ => DisputeState::NeedsResponse,
        };
        self.hear("charge.dispute.created", opened_at, object(first), WebhookStatus::Success);
        if let Some(decided) = decided.filter(|_| state != first) {
            let event = object(state);
            self.hear(
                "charge.dispute.closed",
                Timestamp::from_seconds(decided.seconds()),
                event,
                WebhookStatus::Success,
            );
        } else if state != first {
            self.hear(
                "charge.dispute.updated",
                opened_at + Duration::from_secs(90),
                object(state),
                WebhookStatus::Success,
            );
        }
        let amount = attempt.amount_minor;
        if state.withdrew_money() {
            self.enter(
                attempt,
                LedgerKind::Dispute,
                -amount,
                provider_id.clone(),
                opened_at,
                at + Duration::from_secs(2),
            );
        }
        if state.gave_money_back() {
            let back = Timestamp::from_seconds(updated_at.seconds());
            self.enter(attempt, LedgerKind::DisputeReturned, amount, provider_id.clone(), back, updated_at);
        }
        if state.is_against_us() {
            self.after_money = Some(PaymentStatus::Disputed);
        } else {
            self.send_out(attempt);
        }
        self.moved(updated_at);
        self.batch.disputes.push(DisputeRow {
            id,
            preorder_id: self.preorder.id.clone(),
            attempt_id: Some(attempt.id.clone()),
            provider: NAME,
            provider_dispute_id: provider_id,
            payment_intent_id: Some(intent),
            amount_minor: amount,
            currency: attempt.currency,
            reason: Some(reason),
            state: state.as_str(),
            due_at: Some(due_at),
            opened_at,
            updated_at,
        });
    }
}
