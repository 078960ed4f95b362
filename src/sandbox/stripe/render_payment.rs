//! Payments as Stripe's JSON: payment intents, payment methods, charges, refunds, disputes.

use serde_json::{Value, json};

use super::ledger::{Buyer, Charge, ChargeStatus, Decline, Dispute, Instrument, Intent, IntentStatus, Moved, Refund};
use super::refunds::may_still_be_refunded;
use super::render::{address, empty_address};

fn billing(buyer: &Buyer) -> Value {
    json!({
        "address": empty_address(buyer.country.as_deref()), "email": buyer.email, "name": buyer.name,
        "phone": buyer.phone, "tax_id": null,
    })
}

fn payment_method(instrument: &Instrument, created: i64) -> Value {
    let mut shown = json!({
        "id": instrument.id(), "object": "payment_method", "allow_redisplay": "unspecified",
        "billing_details": billing(&Buyer::default()), "created": created, "customer": null, "livemode": false,
        "metadata": {}, "type": instrument.kind(),
    });
    shown[instrument.kind()] = match instrument {
        Instrument::Card { brand, last4, exp_month, exp_year, country, .. } => json!({
            "brand": brand, "checks": checks(), "country": country, "display_brand": brand, "exp_month": exp_month,
            "exp_year": exp_year, "fingerprint": fingerprint(last4), "funding": "credit", "generated_from": null,
            "last4": last4, "networks": { "available": [brand], "preferred": null },
            "three_d_secure_usage": { "supported": true }, "wallet": null,
        }),
        Instrument::BankDebit { last4, .. } => bank(last4),
    };
    shown
}

fn checks() -> Value {
    json!({ "address_line1_check": null, "address_postal_code_check": null, "cvc_check": "pass" })
}

fn fingerprint(last4: &str) -> String {
    format!("Sandbox{last4}Fingerpr")
}

fn bank(last4: &str) -> Value {
    json!({
        "account_holder_type": "individual", "account_type": "checking", "bank_name": "STRIPE TEST BANK",
        "bank_code": "37040044", "country": "DE", "fingerprint": fingerprint(last4), "last4": last4,
        "routing_number": "110000000",
    })
}

fn method_details(instrument: &Instrument) -> Value {
    let mut shown = json!({ "type": instrument.kind() });
    shown[instrument.kind()] = match instrument {
        Instrument::Card { brand, last4, exp_month, exp_year, country, .. } => json!({
            "brand": brand, "checks": checks(), "country": country, "exp_month": exp_month, "exp_year": exp_year,
            "fingerprint": fingerprint(last4), "funding": "credit", "installments": null, "last4": last4,
            "mandate": null, "network": brand, "three_d_secure": null, "wallet": null,
        }),
        Instrument::BankDebit { last4, .. } => bank(last4),
    };
    shown
}

fn last_error((decline, instrument): &(Decline, Instrument), intent: &Intent) -> Value {
    json!({
        "charge": intent.latest_charge, "code": decline.code, "decline_code": decline.decline_code,
        "doc_url": format!("https://stripe.com/docs/error-codes/{}", decline.code.replace('_', "-")),
        "message": decline.message, "payment_method": payment_method(instrument, intent.created),
        "type": if decline.decline_code.is_some() { "card_error" } else { "invalid_request_error" },
    })
}

pub fn intent(intent: &Intent) -> Value {
    let waiting = intent.status == IntentStatus::RequiresAction;
    let received = if intent.status == IntentStatus::Succeeded { intent.amount } else { 0 };
    // A refused method is let go: the next attempt brings its own.
    let method = intent.instrument.as_ref().filter(|_| intent.status != IntentStatus::RequiresPaymentMethod);
    let shipping = intent.shipping.as_ref().map(|to| {
        json!({
            "address": address(to), "carrier": null, "name": to.name, "phone": null, "tracking_number": null,
        })
    });
    let mut shown = json!({
        "id": intent.id, "object": "payment_intent", "amount": intent.amount, "amount_capturable": 0,
        "amount_details": { "tip": {} }, "amount_received": received, "application": null,
        "application_fee_amount": null, "automatic_payment_methods": null, "canceled_at": null,
        "cancellation_reason": null, "capture_method": "automatic_async",
        "client_secret": format!("{}_secret_sandbox", intent.id), "confirmation_method": "automatic",
        "created": intent.created, "currency": intent.currency, "customer": intent.customer,
        "description": intent.description, "excluded_payment_method_types": null,

    });
    let rest = json!({
        "last_payment_error": intent.last_error.as_ref().map(|error| last_error(error, intent)),
        "latest_charge": intent.latest_charge, "livemode": false, "metadata": intent.metadata,
        "next_action": waiting.then(|| json!({
            "type": "redirect_to_url", "redirect_to_url": { "return_url": null, "url": null },
        })),
        "on_behalf_of": null, "payment_method": method.map(Instrument::id),
        "payment_method_configuration_details": null, "payment_method_options": {},
        "payment_method_types": intent.payment_method_types, "processing": null,
        "receipt_email": intent.receipt_email, "review": null, "setup_future_usage": null,
        "shipping": shipping, "source": null, "statement_descriptor": null, "statement_descriptor_suffix": null,
        "status": intent.status, "transfer_data": null, "transfer_group": null,
    });
    join(&mut shown, rest);
    shown
}

pub fn charge(charge: &Charge) -> Value {
    let succeeded = charge.status == ChargeStatus::Succeeded;
    let paid = charge.status != ChargeStatus::Failed;
    let failure = charge.failure.as_ref();
    let outcome = match failure {
        Some(decline) => json!({
            "advice_code": "try_again_later", "network_advice_code": null, "network_decline_code": null,
            "network_status": "declined_by_network", "reason": decline.decline_code, "risk_level": "normal",
            "risk_score": 20, "seller_message": "The bank did not approve this payment.", "type": "issuer_declined",
        }),
        None => json!({
            "advice_code": null, "network_advice_code": null, "network_decline_code": null,
            "network_status": "approved_by_network", "reason": null, "risk_level": "normal", "risk_score": 20,
            "seller_message": "Payment complete.", "type": "authorized",
        }),
    };
    let mut shown = json!({
        "id": charge.id, "object": "charge", "amount": charge.amount,
        "amount_captured": if succeeded { charge.amount } else { 0 }, "amount_refunded": charge.amount_refunded,
        "application": null, "application_fee": null, "application_fee_amount": null,
        "balance_transaction": succeeded.then_some(charge.balance_transaction.as_str()),
        "billing_details": billing(&charge.buyer), "calculated_statement_descriptor": "ROLITT", "captured": succeeded,
        "created": charge.created, "currency": charge.currency, "customer": charge.customer,
        "description": charge.description,
    });
    let rest = json!({
        "disputed": charge.disputed, "failure_balance_transaction": null,
        "failure_code": failure.map(|decline| &decline.code), "failure_message": failure.map(|decline| &decline.message),
        "fraud_details": {}, "livemode": false, "metadata": charge.metadata, "on_behalf_of": null, "outcome": outcome,
        "paid": paid, "payment_intent": charge.intent, "payment_method": charge.instrument.id(),
        "payment_method_details": method_details(&charge.instrument), "radar_options": {},
        "receipt_email": charge.receipt_email, "receipt_number": null, "receipt_url": null,
        "refunded": charge.amount > 0 && charge.amount_refunded >= charge.amount, "review": null,
        "shipping": null, "source": null, "source_transfer": null, "statement_descriptor": null,
        "statement_descriptor_suffix": null, "status": charge.status, "transfer_data": null, "transfer_group": null,
    });
    join(&mut shown, rest);
    shown
}

/// Adds the fields of one object to another; `json!` cannot hold them all at once.
fn join(object: &mut Value, more: Value) {
    if let (Value::Object(object), Value::Object(more)) = (object, more) {
        object.extend(more);
    }
}

pub fn refund(refund: &Refund) -> Value {
    let mut shown = json!({
        "id": refund.id, "object": "refund", "amount": refund.amount,
        "balance_transaction": refund.balance_transaction, "charge": refund.charge, "created": refund.created,
        "currency": refund.currency, "destination_details": { "type": "card", "card": { "type": "refund" } },
        "metadata": refund.metadata, "payment_intent": refund.intent, "reason": refund.reason,
        "receipt_number": null, "source_transfer_reversal": null, "status": refund.status, "transfer_reversal": null,
    });
    if let Some(reason) = &refund.failure_reason {
        shown["failure_reason"] = json!(reason);
    }
    shown
}

/// What Stripe asks for a dispute, in the account's currency.
const DISPUTE_FEE: i64 = 1500;

fn balance_transaction(moved: &Moved, dispute: &Dispute) -> Value {
    let withdrawn = moved.amount < 0;
    let fee = if withdrawn { DISPUTE_FEE } else { 0 };
    let word = if withdrawn { "withdrawal" } else { "reversal" };
    let fees = if withdrawn {
        json!([{ "amount": fee, "application": null, "currency": dispute.currency, "description": "Dispute fee",
                 "type": "stripe_fee" }])
    } else {
        json!([])
    };
    json!({
        "id": moved.id, "object": "balance_transaction", "amount": moved.amount, "available_on": moved.created,
        "balance_type": "payments", "created": moved.created, "currency": dispute.currency,
        "description": format!("Chargeback {word} for {}", dispute.charge),
        "exchange_rate": null, "fee": fee, "fee_details": fees, "net": moved.amount - fee,
        "reporting_category": if withdrawn { "dispute" } else { "dispute_reversal" }, "source": dispute.id,
        "status": "available", "type": "adjustment",
    })
}

pub fn dispute(dispute: &Dispute) -> Value {
    let due_by = dispute.created + 9 * 86_400;
    let moved: Vec<Value> = dispute.moved.iter().map(|moved| balance_transaction(moved, dispute)).collect();
    json!({
        "id": dispute.id, "object": "dispute", "amount": dispute.amount,
        "balance_transactions": moved,
        "charge": dispute.charge, "created": dispute.created, "currency": dispute.currency,
        "enhanced_eligibility_types": [], "evidence": { "enhanced_evidence": {} },
        "evidence_details": { "due_by": due_by, "enhanced_eligibility": {}, "has_evidence": false, "past_due": false,
                              "submission_count": 0 },
        "is_charge_refundable": may_still_be_refunded(dispute), "livemode": false, "metadata": dispute.metadata,
        "payment_intent": dispute.intent, "reason": dispute.reason, "status": dispute.status,
    })
}
