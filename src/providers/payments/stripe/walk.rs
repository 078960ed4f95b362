//! Stripe's lists, page by page, for whoever compares them with our records. Read as JSON, like events: an object of an odd
//! shape is said, and does not end the walk; and an event is kept as the text that Stripe would have sent.

use axum::body::Bytes;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::{Listed, Made, Page, Seen};
use super::field::{reference, text, time};
use super::wire::Wire;
use super::{event, returned};
use crate::domain::money::Money;
use crate::domain::payment::{AttemptState, Fact, PaymentFact};
use crate::domain::stripe_events::UNDERSTOOD;
use crate::domain::timestamp::Timestamp;
use crate::providers::ProviderError;

/// Stripe's most.
const PER_PAGE: &str = "100";
/// Understood as well, for they bear the dispute: a list names each type.
const OF_DISPUTES: &[&str] = &["charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated"];

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
    has_more: bool,
}

pub async fn page(
    wire: &Wire,
    what: Listed,
    made: Made,
    after: Option<&str>,
    now: Timestamp,
) -> Result<Page, ProviderError> {
    let body = fetch(wire, what, made, after).await?;
    let unreadable = |problem: &str| ProviderError::NoAnswer(format!("Stripe's list can't be read: {problem}"));
    let answer: Answer<'_> = serde_json::from_slice(&body).map_err(|e| unreadable(&e.to_string()))?;
    let mut seen = Vec::with_capacity(answer.data.len());
    let (mut newest, mut oldest) = (None, None);
    for raw in &answer.data {
        let object: Value = serde_json::from_str(raw.get()).map_err(|e| unreadable(&e.to_string()))?;
        let id = text(&object, "/id").ok_or_else(|| unreadable("an object without an id"))?.to_owned();
        let created = time(&object, "/created");
        (newest, oldest) = (newest.max(created), created.or(oldest));
        seen.push(read(what, id, &object, raw.get(), now));
    }
    let next = seen.last().filter(|_| answer.has_more).map(|last| last.id().to_owned());
    Ok(Page { seen, next, newest, oldest })
}

/// One object by its id, read as on a list.
pub async fn one(wire: &Wire, what: Listed, id: &str, now: Timestamp) -> Result<Seen, ProviderError> {
    let expand = expanded(what).map(|path| ("expand[]", path.to_owned()));
    let body = wire.get(&format!("{}/{id}", path(what)), expand.as_slice()).await?;
    let unreadable = |problem: String| ProviderError::NoAnswer(format!("Stripe's answer can't be read: {problem}"));
    let body = std::str::from_utf8(&body).map_err(|e| unreadable(e.to_string()))?;
    let object: Value = serde_json::from_str(body).map_err(|e| unreadable(e.to_string()))?;
    Ok(read(what, id.to_owned(), &object, body, now))
}

async fn fetch(wire: &Wire, what: Listed, made: Made, after: Option<&str>) -> Result<Bytes, ProviderError> {
    let mut query = vec![("limit", PER_PAGE.to_owned()), ("created[gte]", made.since.seconds().to_string())];
    query.extend(made.until.map(|until| ("created[lte]", until.seconds().to_string())));
    query.extend(after.map(|after| ("starting_after", after.to_owned())));
    query.extend(expanded(what).map(|path| ("expand[]", format!("data.{path}"))));
    // A busy account has ten times as many of no consequence to us. Stripe takes up to twenty types.
    if what == Listed::Events {
        query.extend(UNDERSTOOD.iter().chain(OF_DISPUTES).map(|kind| ("types[]", (*kind).to_owned())));
    }
    wire.get(path(what), &query).await
}

/// The charge says when it was paid.
const fn expanded(what: Listed) -> Option<&'static str> {
    match what {
        Listed::Sessions => Some("payment_intent.latest_charge"),
        Listed::Payments => Some("latest_charge"),
        Listed::Refunds | Listed::Disputes | Listed::Events => None,
    }
}

const fn path(what: Listed) -> &'static str {
    match what {
        Listed::Sessions => "checkout/sessions",
        Listed::Payments => "payment_intents",
        Listed::Refunds => "refunds",
        Listed::Disputes => "disputes",
        Listed::Events => "events",
    }
}

/// What an object does not say the time of is said `now`.
fn read(what: Listed, id: String, object: &Value, raw: &str, now: Timestamp) -> Seen {
    let created = object.get("created").and_then(Value::as_i64).map(Timestamp::from_seconds);
    let odd = |id: String, problem: String| Seen::Odd { id, problem, names: event::names_of(what, object) };
    let Some(created) = created else { return odd(id, "created is missing".to_owned()) };
    let fact = match what {
        Listed::Events => {
            let kind = text(object, "/type").unwrap_or_default().to_owned();
            return Seen::Event { id, kind, body: raw.to_owned() };
        }
        Listed::Sessions => session(object, &id, created, now),
        Listed::Payments => Ok(intent(object, &id, created, now)),
        Listed::Refunds => returned::refund(object, &id, now).map(Fact::Refund),
        Listed::Disputes => returned::dispute(object, &id, now).map(Fact::Dispute),
    };
    match fact {
        Ok(fact) => Seen::Fact { id, fact },
        Err(problem) => odd(id, problem),
    }
}

fn session(object: &Value, id: &str, created: Timestamp, now: Timestamp) -> Result<Fact, String> {
    let intent = object.get("payment_intent").filter(|intent| intent.is_object());
    let intent_outcome = intent.map(outcome_of_intent);
    let outcome = match (text(object, "/status"), text(object, "/payment_status")) {
        (Some("complete"), Some("paid" | "no_payment_required")) => AttemptState::Paid,
        (Some("complete"), _) => match intent_outcome {
            Some(AttemptState::Declined | AttemptState::Failed) => AttemptState::Failed,
            Some(AttemptState::Paid) => AttemptState::Paid,
            _ => AttemptState::Pending,
        },
        (Some("expired"), _) => AttemptState::Expired,
        (Some("open"), _) => AttemptState::Open,
        (other, _) => return Err(format!("a session that is {other:?}")),
    };
    let money = money(object, "amount_total");
    let (shipping_address, shipping_country) = event::shipping(object);
    Ok(Fact::from(PaymentFact {
        preorder_id: text(object, "/metadata/preorder_id").map(str::to_owned),
        attempt_id: text(object, "/metadata/attempt_id").map(str::to_owned),
        session_id: Some(id.to_owned()),
        payment_intent_id: reference(object, "payment_intent"),
        outcome,
        received: money.filter(|_| outcome == AttemptState::Paid),
        decline: intent.and_then(event::decline),
        card: None,
        shipping_address,
        shipping_country,
        occurred_at: occurred_at(outcome, intent, created, now),
    }))
}

fn intent(object: &Value, id: &str, created: Timestamp, now: Timestamp) -> Fact {
    let outcome = outcome_of_intent(object);
    Fact::from(PaymentFact {
        preorder_id: text(object, "/metadata/preorder_id").map(str::to_owned),
        attempt_id: text(object, "/metadata/attempt_id").map(str::to_owned),
        session_id: None,
        payment_intent_id: Some(id.to_owned()),
        outcome,
        received: money(object, "amount_received").filter(|_| outcome == AttemptState::Paid),
        decline: event::decline(object),
        card: None,
        shipping_address: None,
        shipping_country: None,
        occurred_at: occurred_at(outcome, Some(object), created, now),
    })
}

/// As of the library's objects (`map`): by the charge, else what is paid is said now.
fn occurred_at(outcome: AttemptState, intent: Option<&Value>, created: Timestamp, now: Timestamp) -> Timestamp {
    let charge = intent.and_then(|intent| intent.get("latest_charge")).filter(|charge| charge.is_object());
    let otherwise = if outcome == AttemptState::Paid { now } else { created };
    charge.and_then(|charge| time(charge, "/created")).unwrap_or(otherwise)
}

fn outcome_of_intent(intent: &Value) -> AttemptState {
    let was_refused = intent.get("last_payment_error").is_some_and(Value::is_object);
    match text(intent, "/status") {
        Some("succeeded") => AttemptState::Paid,
        Some("processing") => AttemptState::Pending,
        Some("requires_payment_method") if was_refused => AttemptState::Declined,
        _ => AttemptState::Open,
    }
}

fn money(object: &Value, amount: &str) -> Option<Money> {
    Some(Money::new(object.get(amount).and_then(Value::as_i64)?, text(object, "/currency")?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(9_000);

    fn fact(what: Listed, object: &Value) -> Fact {
        let Seen::Fact { fact, .. } = read(what, "id_1".to_owned(), object, "", NOW) else { panic!("no fact") };
        fact
    }

    #[test]
    fn a_payment_on_a_list_is_dated_by_its_charge_and_else_now_but_never_by_its_page() {
        let mut session = json!({ "created": 1, "status": "complete", "payment_status": "paid", "amount_total": 500,
            "currency": "usd", "payment_intent": { "id": "pi_1", "latest_charge": { "id": "ch_1", "created": 70 } } });
        let at = |session: &Value| match fact(Listed::Sessions, session) {
            Fact::Payment(payment) => payment.occurred_at,
            other => panic!("{other:?}"),
        };
        assert_eq!(at(&session), Timestamp::from_seconds(70));
        session["payment_intent"] = json!("pi_1");
        assert_eq!(at(&session), NOW);
        session["status"] = json!("open");
        assert_eq!(at(&session), Timestamp::from_seconds(1), "what did not move may bear its page's time");
    }

    #[test]
    fn what_a_list_says_of_money_that_went_back_is_said_now_and_dated_by_stripe() {
        let dispute = json!({ "created": 1, "status": "won", "amount": 500, "currency": "usd", "payment_intent": "pi_1",
            "balance_transactions": [{ "id": "txn_1", "amount": -500, "currency": "usd", "created": 2 },
                { "id": "txn_2", "amount": 500, "currency": "usd", "created": 80 }] });
        let Fact::Dispute(dispute) = fact(Listed::Disputes, &dispute) else { panic!("no dispute") };
        assert_eq!((dispute.opened_at, dispute.occurred_at), (Timestamp::from_seconds(1), NOW));
        assert_eq!(dispute.moved.unwrap().to_string(), "txn_1:-500:2 txn_2:500:80");
        let refund = json!({ "created": 1, "status": "failed", "amount": 500, "currency": "usd" });
        let Fact::Refund(refund) = fact(Listed::Refunds, &refund) else { panic!("no refund") };
        assert_eq!((refund.created_at, refund.occurred_at), (Timestamp::from_seconds(1), NOW));
    }
}
