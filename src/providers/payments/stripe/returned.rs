//! Refunds and disputes, from an event's JSON and from the library's objects.

use serde_json::Value;
use stripe_shared::Refund;

use super::field::{self, reference, text, time};
use crate::domain::money::{Currency, Money};
use crate::domain::moved::{Move, Moved};
use crate::domain::refund::{DisputeFact, DisputeState, RefundFact, RefundState};
use crate::domain::timestamp::Timestamp;

pub fn refund(object: &Value, id: &str, occurred_at: Timestamp) -> Result<RefundFact, String> {
    Ok(RefundFact {
        provider_refund_id: id.to_owned(),
        refund_id: field::id(object, "/metadata/refund_id").map(str::to_owned),
        preorder_id: field::id(object, "/metadata/preorder_id").map(str::to_owned),
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
    let amount = amount(object)?;
    Ok(DisputeFact {
        provider_dispute_id: id.to_owned(),
        preorder_id: field::id(object, "/metadata/preorder_id").map(str::to_owned),
        payment_intent_id: reference(object, "payment_intent"),
        amount,
        reason: text(object, "/reason").map(str::to_owned),
        moved: moved(object, amount)?,
        state: status.parse::<DisputeState>().map_err(|_| format!("a dispute that is {status:?}"))?,
        due_at: time(object, "/evidence_details/due_by"),
        opened_at: created(object)?,
        occurred_at,
    })
}

/// <https://docs.stripe.com/api/disputes/object#dispute_object-balance_transactions>: "funds withdrawn and reinstated
/// to your Stripe account as a result of this dispute". `None`: it bears no list of objects.
fn moved(dispute: &Value, amount: Money) -> Result<Option<Moved>, String> {
    let list = dispute.get("balance_transactions").and_then(Value::as_array);
    let Some(list) = list.filter(|list| list.iter().all(Value::is_object)) else { return Ok(None) };
    let odd = "a balance transaction of a shape that we don't know";
    let read = |one: &Value| {
        let said = one.get("amount")?.as_i64().filter(|minor| minor.checked_abs().is_some_and(field::is_amount))?;
        let currency: Option<Currency> = text(one, "/currency").and_then(|c| c.parse().ok());
        // The account's own currency may be another than the payment's: all that was doubted is then what has moved.
        let minor = if currency == Some(amount.currency) { said } else { amount.minor * said.signum() };
        Some(Move { id: field::id(one, "/id")?.to_owned(), minor, at: time(one, "/created")? })
    };
    let moves: Option<Vec<Move>> = list.iter().map(read).collect();
    Ok(Some(Moved::of(moves.ok_or(odd)?)))
}

fn amount(object: &Value) -> Result<Money, String> {
    let minor = field::amount(object, "amount").filter(|minor| *minor > 0).ok_or("amount is missing")?;
    let currency = text(object, "/currency").and_then(|c| c.parse().ok()).ok_or("a currency that we don't know")?;
    Ok(Money::new(minor, currency))
}

fn created(object: &Value) -> Result<Timestamp, String> {
    time(object, "/created").ok_or_else(|| "data.object.created is missing".to_owned())
}

/// A word that is not known to us promises nothing: the refund is on its way.
fn refund_state(status: Option<&str>) -> RefundState {
    status.and_then(|word| word.parse().ok()).filter(|s| *s != RefundState::Requested).unwrap_or(RefundState::Pending)
}

/// The same from the API, which says it now.
pub fn of_object(refund: &Refund, now: Timestamp) -> Option<RefundFact> {
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
        occurred_at: now,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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

    #[test]
    fn what_a_dispute_has_moved_is_what_stripe_lists() {
        let read = |list: serde_json::Value| {
            let object = json!({ "id": "du_1", "amount": 500, "currency": "usd", "created": 1, "status": "lost",
                "payment_intent": "pi_1", "balance_transactions": list });
            dispute(&object, "du_1", Timestamp::from_seconds(2)).map(|fact| fact.moved.map(|moved| moved.to_string()))
        };
        let withdrawn = json!({ "id": "txn_1", "amount": -400, "currency": "usd", "created": 10 });
        let reinstated = json!({ "id": "txn_2", "amount": 470, "currency": "eur", "created": 20 });
        let both = Some("txn_1:-400:10 txn_2:500:20".to_owned());
        assert_eq!(read(json!([reinstated, withdrawn])).unwrap(), both, "in another currency it is the whole");
        assert_eq!(read(json!([])).unwrap(), Some(String::new()), "nothing has moved");
        assert_eq!(read(json!(null)).unwrap(), None, "nothing is said");
        assert_eq!(read(json!(["txn_1"])).unwrap(), None);
        for odd in [json!(i64::MIN), json!("5"), json!(10_000_000_000_000_i64)] {
            assert!(read(json!([{ "id": "txn_1", "amount": odd, "currency": "usd", "created": 10 }])).is_err());
        }
    }
}
