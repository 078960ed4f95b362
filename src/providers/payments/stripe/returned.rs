//! Refunds and disputes, from an event's JSON and from the library's objects.

use serde_json::Value;
use stripe_shared::Refund;

use super::event::{minor, reference, text};
use crate::domain::money::Money;
use crate::domain::refund::{DisputeFact, DisputeState, RefundFact, RefundState};
use crate::domain::timestamp::Timestamp;

pub fn refund(object: &Value, id: &str, occurred_at: Timestamp) -> Result<RefundFact, String> {
    Ok(RefundFact {
        provider_refund_id: id.to_owned(),
        refund_id: text(object, "/metadata/refund_id").map(str::to_owned),
        preorder_id: text(object, "/metadata/preorder_id").map(str::to_owned),
        payment_intent_id: reference(object, "payment_intent"),
        amount: amount(object)?,
        reason: text(object, "/reason").map(str::to_owned),
        state: refund_state(text(object, "/status")),
        failure_reason: text(object, "/failure_reason").map(str::to_owned),
        created_at: created(object)?,
        occurred_at,
    })
}

pub fn dispute(object: &Value, id: &str, occurred_at: Timestamp) -> Result<DisputeFact, String> {
    let status = text(object, "/status").unwrap_or_default();
    Ok(DisputeFact {
        provider_dispute_id: id.to_owned(),
        preorder_id: text(object, "/metadata/preorder_id").map(str::to_owned),
        payment_intent_id: reference(object, "payment_intent"),
        amount: amount(object)?,
        reason: text(object, "/reason").map(str::to_owned),
        state: status.parse::<DisputeState>().map_err(|_| format!("a dispute that is {status:?}"))?,
        due_at: object.pointer("/evidence_details/due_by").and_then(Value::as_i64).map(Timestamp::from_seconds),
        opened_at: created(object)?,
        occurred_at,
    })
}

fn amount(object: &Value) -> Result<Money, String> {
    let minor = object.get("amount").and_then(minor).filter(|minor| *minor > 0).ok_or("amount is missing")?;
    let currency = text(object, "/currency").and_then(|c| c.parse().ok()).ok_or("a currency that we don't know")?;
    Ok(Money::new(minor, currency))
}

fn created(object: &Value) -> Result<Timestamp, String> {
    let created = object.get("created").and_then(Value::as_i64).map(Timestamp::from_seconds);
    created.ok_or_else(|| "data.object.created is missing".to_owned())
}

/// A word that is not known to us promises nothing: the refund is on its way.
fn refund_state(status: Option<&str>) -> RefundState {
    status.and_then(|word| word.parse().ok()).filter(|s| *s != RefundState::Requested).unwrap_or(RefundState::Pending)
}

/// The same from the API. It is said now, by Stripe's clock of when it was made.
pub fn of_object(refund: &Refund) -> Option<RefundFact> {
    let metadata = |key: &str| refund.metadata.as_ref()?.get(key).cloned();
    let currency = refund.currency.to_string().parse().ok()?;
    let created_at = Timestamp::from_seconds(refund.created);
    Some(RefundFact {
        provider_refund_id: refund.id.to_string(),
        refund_id: metadata("refund_id"),
        preorder_id: metadata("preorder_id"),
        payment_intent_id: refund.payment_intent.as_ref().map(|intent| intent.id().to_string()),
        amount: Money::new(refund.amount, currency),
        reason: refund.reason.as_ref().map(ToString::to_string),
        state: refund_state(refund.status.as_deref()),
        failure_reason: refund.failure_reason.clone(),
        created_at,
        occurred_at: created_at,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::money::Currency;

    #[test]
    fn a_refund_and_a_dispute_are_read_and_odd_ones_are_said() {
        let at = Timestamp::from_seconds(2);
        let mut object = json!({ "id": "re_1", "amount": 500, "currency": "usd", "created": 1, "status": "succeeded",
            "payment_intent": { "id": "pi_1" }, "metadata": { "refund_id": "ref_1", "preorder_id": "pre_1" } });
        let fact = refund(&object, "re_1", at).unwrap();
        assert_eq!((fact.amount, fact.state), (Money::new(500, Currency::Usd), RefundState::Succeeded));
        assert_eq!((fact.payment_intent_id.as_deref(), fact.refund_id.as_deref()), (Some("pi_1"), Some("ref_1")));
        object["status"] = json!("requested");
        assert_eq!(refund(&object, "re_1", at).unwrap().state, RefundState::Pending, "our own word is not Stripe's");
        object["status"] = json!("needs_response");
        object["evidence_details"] = json!({ "due_by": 9 });
        assert_eq!(dispute(&object, "du_1", at).unwrap().due_at, Some(Timestamp::from_seconds(9)));
        object["status"] = json!("half");
        assert!(dispute(&object, "du_1", at).is_err());
        object["amount"] = json!(0);
        assert!(refund(&object, "re_1", at).is_err());
    }
}
