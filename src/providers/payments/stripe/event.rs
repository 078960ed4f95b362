//! Reading Stripe's events. The library's own parser fails on types that it knows but can't parse; this one takes what
//! it needs from the JSON and says what it can't make out, so that an odd event is kept and looked at, never lost.

use serde_json::Value;

use super::super::Listed;
use super::field::{amount, id, parse, reference, short, text, time};
use super::returned;
use crate::domain::money::Money;
use crate::domain::payment::{AttemptState, Card, Decline, Fact, Names, PaymentFact};
use crate::domain::stripe_events::UNDERSTOOD;
use crate::domain::timestamp::Timestamp;
use crate::telemetry::TraceId;

/// What stands on every event: enough to store it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    pub id: String,
    pub kind: String,
    /// When it was made at Stripe.
    pub created: Option<Timestamp>,
    /// Whose purchase it speaks of, if it says so.
    pub trace: Option<TraceId>,
}

impl Envelope {
    /// Of an event that was found on a list.
    pub fn named(id: &str, kind: &str) -> Self {
        Self { id: id.to_owned(), kind: kind.to_owned(), created: None, trace: None }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    Fact(Fact),
    /// A payment's refunds have changed; the event does not say how, Stripe does when asked.
    RefundsOf {
        payment_intent_id: String,
        preorder_id: Option<String>,
    },
    /// Of no consequence to us.
    Ignored,
    /// A type that we know, of a shape that we don't.
    Odd(String),
}

/// `None` if the body is no event at all.
pub fn envelope(body: &str) -> Option<Envelope> {
    let event: Value = serde_json::from_str(body).ok()?;
    // PostgreSQL's text can't hold a NUL, and without it this would be another event's.
    let named = |pointer: &str| short(&event, pointer).filter(|text| !text.contains('\0')).map(str::to_owned);
    let (own_id, kind) = (named("/id")?, named("/type")?);
    Some(Envelope { id: own_id, kind, created: time(&event, "/created"), trace: trace(&event) })
}

/// What we gave the object to bear; objects that bear our preorder's id alone lead to the same.
fn trace(event: &Value) -> Option<TraceId> {
    let object = event.pointer("/data/object")?;
    let given = text(object, "/metadata/trace_id").and_then(|id| id.parse().ok());
    given.or_else(|| Some(TraceId::of_preorder(&text(object, "/metadata/preorder_id")?.parse().ok()?)))
}

/// Whether an event speaks of real money; `None` if it does not say.
pub fn is_live(body: &str) -> Option<bool> {
    serde_json::from_str::<Value>(body).ok()?.get("livemode")?.as_bool()
}

pub fn read(body: &str) -> Reading {
    let Some(event) = parse(body) else { return Reading::Odd("not JSON".to_owned()) };
    let kind = event.get("type").and_then(Value::as_str).unwrap_or_default();
    if !is_known(kind) {
        return Reading::Ignored;
    }
    let Some(object) = event.pointer("/data/object").filter(|object| object.is_object()) else {
        return Reading::Odd("data.object is missing".to_owned());
    };
    let Some(id) = id(object, "/id") else { return Reading::Odd("data.object.id is missing".to_owned()) };
    let Some(occurred_at) = time(&event, "/created") else {
        return Reading::Odd("created is missing, or no time that can be".to_owned());
    };
    let read = match kind {
        "charge.refunded" => refunds_of(object),
        _ if kind.starts_with("refund.") => {
            returned::refund(object, id, occurred_at).map(Fact::Refund).map(Reading::Fact)
        }
        _ if kind.starts_with("charge.dispute.") => {
            returned::dispute(object, id, occurred_at).map(Fact::Dispute).map(Reading::Fact)
        }
        _ => payment(kind, object, id, occurred_at),
    };
    read.unwrap_or_else(Reading::Odd)
}

/// Whom an event speaks of, as far as that can be read: also of one that is odd. `None`: there is nothing to tell it by.
pub fn names(body: &str) -> Option<Names> {
    let event = parse(body)?;
    let kind = text(&event, "/type").unwrap_or_default();
    let what = match kind {
        _ if kind.starts_with("checkout.") => Listed::Sessions,
        _ if kind.starts_with("refund.") => Listed::Refunds,
        _ if kind.starts_with("charge.dispute.") => Listed::Disputes,
        "charge.refunded" => Listed::Events,
        _ => Listed::Payments,
    };
    names_of(what, event.pointer("/data/object")?)
}

/// The same of an object by itself. A charge is known by its payment alone.
pub(super) fn names_of(what: Listed, object: &Value) -> Option<Names> {
    let own = id(object, "/id")?.to_owned();
    let names = Names {
        preorder_id: id(object, "/metadata/preorder_id").map(str::to_owned),
        payment_intent_id: reference(object, "payment_intent"),
        ..Names::default()
    };
    Some(match what {
        Listed::Sessions => Names { session_id: Some(own), ..names },
        Listed::Payments => Names { payment_intent_id: Some(own), ..names },
        Listed::Refunds => Names { provider_refund_id: Some(own), ..names },
        Listed::Disputes => Names { provider_dispute_id: Some(own), ..names },
        Listed::Events => names,
    })
}

/// Disputes have more types than those whose news we wait for, and all of them bear the dispute.
pub fn is_known(kind: &str) -> bool {
    kind.starts_with("charge.dispute.") || UNDERSTOOD.contains(&kind)
}

fn refunds_of(charge: &Value) -> Result<Reading, String> {
    let payment_intent_id = reference(charge, "payment_intent").ok_or("the charge names no payment intent")?;
    Ok(Reading::RefundsOf { payment_intent_id, preorder_id: id(charge, "/metadata/preorder_id").map(str::to_owned) })
}

fn payment(kind: &str, object: &Value, own_id: &str, occurred_at: Timestamp) -> Result<Reading, String> {
    let outcome = match kind {
        "checkout.session.completed" => match text(object, "/payment_status") {
            Some("paid" | "no_payment_required") => AttemptState::Paid,
            Some("unpaid") => AttemptState::Pending,
            other => return Err(format!("payment_status is {other:?}")),
        },
        "checkout.session.async_payment_succeeded" | "payment_intent.succeeded" => AttemptState::Paid,
        "checkout.session.async_payment_failed" => AttemptState::Failed,
        "checkout.session.expired" => AttemptState::Expired,
        _ => AttemptState::Declined,
    };
    let is_session = kind.starts_with("checkout.");
    let intent = if is_session { reference(object, "payment_intent") } else { Some(own_id.to_owned()) };
    let amount = amount(object, if is_session { "amount_total" } else { "amount_received" });
    let currency = text(object, "/currency").and_then(|c| c.parse().ok());
    let paid = outcome == AttemptState::Paid;
    if paid && amount.is_none() {
        return Err("paid, but the amount is missing, or none that can be".to_owned());
    }
    if paid && currency.is_none() {
        let said = short(object, "/currency").unwrap_or("none");
        return Err(format!("paid in a currency that is none of ours: {said}"));
    }
    let (shipping_address, shipping_country) = shipping(object);
    Ok(Reading::Fact(Fact::from(PaymentFact {
        // Not by its `client_reference_id`: a buyer may type one into the address of a payment link.
        preorder_id: id(object, "/metadata/preorder_id").map(str::to_owned),
        attempt_id: id(object, "/metadata/attempt_id").map(str::to_owned),
        session_id: is_session.then(|| own_id.to_owned()),
        payment_intent_id: intent,
        outcome,
        received: paid.then(|| Some(Money::new(amount?, currency?))).flatten(),
        decline: decline(object),
        card: card(object),
        shipping_address,
        shipping_country,
        occurred_at,
    })))
}

pub(super) fn decline(object: &Value) -> Option<Decline> {
    let error = object.get("last_payment_error").filter(|error| error.is_object())?;
    let code = short(error, "/decline_code").or_else(|| short(error, "/code")).unwrap_or("unknown");
    Some(Decline { code: code.to_owned(), message: text(error, "/message").unwrap_or_default().to_owned() })
}

fn card(object: &Value) -> Option<Card> {
    let details = object
        .pointer("/latest_charge/payment_method_details/card")
        .or_else(|| object.pointer("/charges/data/0/payment_method_details/card"))?;
    Some(Card { brand: text(details, "/brand")?.to_owned(), last4: text(details, "/last4")?.to_owned() })
}

/// Stripe has moved it: newer versions say `collected_information.shipping_details`, older ones `shipping_details`,
/// those before 2022-08-01 `shipping`, as payment intents still do.
pub(super) fn shipping(object: &Value) -> (Option<String>, Option<String>) {
    let places = ["/collected_information/shipping_details", "/shipping_details", "/shipping"];
    let mut details = places.iter().filter_map(|place| object.pointer(place).filter(|details| details.is_object()));
    let Some(details) = details.next() else { return (None, None) };
    let part = |name: &str| text(details, &format!("/address/{name}"));
    let line = one_line([
        text(details, "/name"),
        part("line1"),
        part("line2"),
        part("postal_code"),
        part("city"),
        part("state"),
        part("country"),
    ]);
    let country = part("country").filter(|code| code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase()));
    ((!line.is_empty()).then_some(line), country.map(str::to_owned))
}

pub(super) fn one_line<'a>(parts: impl IntoIterator<Item = Option<&'a str>>) -> String {
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::money::Currency;

    fn completed(payment_status: &str) -> String {
        json!({ "id": "evt_1", "type": "checkout.session.completed", "created": 1_700_000_000, "data": { "object": {
            "id": "cs_test_1", "payment_intent": "pi_1", "payment_status": payment_status, "amount_total": 49_900,
            "currency": "usd", "client_reference_id": "pre_2",
            "metadata": { "attempt_id": "chk_1", "preorder_id": "pre_1" },
            "collected_information": { "shipping_details": { "name": "Ana", "address":
                { "line1": "Torstraße 1", "line2": null, "postal_code": "10119", "city": "Berlin", "country": "DE" } } },
        } } })
        .to_string()
    }

    #[test]
    fn a_completed_session_says_who_paid_what_and_where_it_ships() {
        let Reading::Fact(Fact::Payment(fact)) = read(&completed("paid")) else { panic!("no fact") };
        assert_eq!(fact.outcome, AttemptState::Paid);
        assert_eq!(fact.received, Some(Money::new(49_900, Currency::Usd)));
        assert_eq!(fact.preorder_id.as_deref(), Some("pre_1"));
        assert_eq!(fact.payment_intent_id.as_deref(), Some("pi_1"));
        assert_eq!(fact.shipping_address.as_deref(), Some("Ana, Torstraße 1, 10119, Berlin, DE"));
    }

    #[test]
    fn where_it_ships_is_read_wherever_a_version_says_so() {
        let newest: Value = serde_json::from_str(&completed("paid")).unwrap();
        let details = newest.pointer("/data/object/collected_information/shipping_details").unwrap();
        for place in ["shipping_details", "shipping"] {
            let mut event = newest.clone();
            event["data"]["object"]["collected_information"] = Value::Null;
            event["data"]["object"][place] = details.clone();
            let Reading::Fact(Fact::Payment(fact)) = read(&event.to_string()) else { panic!("no fact") };
            assert_eq!(fact.shipping_address.as_deref(), Some("Ana, Torstraße 1, 10119, Berlin, DE"), "{place}");
            assert_eq!(fact.shipping_country.as_deref(), Some("DE"), "{place}");
        }
    }

    #[test]
    fn completed_and_unpaid_is_on_its_way() {
        let Reading::Fact(Fact::Payment(fact)) = read(&completed("unpaid")) else { panic!("no fact") };
        assert_eq!((fact.outcome, fact.received), (AttemptState::Pending, None));
    }

    #[test]
    fn what_is_odd_is_said_and_what_is_foreign_is_ignored() {
        assert!(matches!(read(&completed("half")), Reading::Odd(_)));
        assert!(matches!(read(r#"{"type":"checkout.session.completed","data":{"object":[]}}"#), Reading::Odd(_)));
        assert!(matches!(
            read(r#"{"type":"payment_intent.succeeded","created":1,"data":{"object":{"id":"pi_1"}}}"#),
            Reading::Odd(_)
        ));
        assert_eq!(read(r#"{"type":"customer.created"}"#), Reading::Ignored);
        assert_eq!(envelope(r#"{"id":"evt_\u0000","type":"x"}"#), None);
        assert_eq!(envelope("[]"), None);
        assert_eq!(envelope(r#"{"id":1,"type":"x"}"#), None);
        assert_eq!(envelope(r#"{"id":"","type":"x"}"#), None);
    }

    #[test]
    fn whose_an_odd_event_may_be_is_read_all_the_same() {
        let odd =
            r#"{"type":"refund.updated","data":{"object":{"id":"re_1","currency":"gbp","payment_intent":"pi_1"}}}"#;
        assert!(matches!(read(odd), Reading::Odd(_)));
        let names = names(odd).unwrap();
        assert_eq!(names.provider_refund_id.as_deref(), Some("re_1"));
        assert_eq!((names.payment_intent_id.as_deref(), names.session_id), (Some("pi_1"), None));
        assert_eq!(super::names(r#"{"type":"refund.updated","data":{"object":[]}}"#), None);
    }

    #[test]
    fn a_charge_that_was_refunded_is_asked_about() {
        let body = r#"{"type":"charge.refunded","created":1,"data":{"object":{"id":"ch_1","payment_intent":"pi_1","metadata":{"preorder_id":"pre_1"}}}}"#;
        let asked = Reading::RefundsOf { payment_intent_id: "pi_1".to_owned(), preorder_id: Some("pre_1".to_owned()) };
        assert_eq!(read(body), asked);
    }

    proptest::proptest! {
        #[test]
        fn no_body_whatever_makes_it_panic(body: String, kind in "(checkout.session.completed|payment_intent.succeeded|refund.updated|charge.dispute.closed|charge.refunded)", odd in "[\\[\\]{}\":,a-z0-9]{0,60}") {
            let _ = (envelope(&body), read(&body));
            let _ = read(&format!("{{\"type\":\"{kind}\",\"created\":1,\"data\":{{\"object\":{odd}}}}}"));
        }
    }
}
