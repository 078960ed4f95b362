//! JSON controls for tests: pay a session without a browser, expire it, refund or dispute as if in Stripe's dashboard, send
//! an event again. Errors are 404 or 422 with `{"error":{"code","message","field"}}`.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::checkout::find;
use super::purchase::{self, CardPayment, cancel_address, example_buyer, success_address};
use crate::sandbox::core::{Core, Origin, fresh, lock};
use crate::sandbox::stripe::attempt::{self, Answer, Closed};
use crate::sandbox::stripe::cards::Card;
use crate::sandbox::stripe::error::Refusal;
use crate::sandbox::stripe::ledger::{Ledger, Session};
use crate::sandbox::stripe::{disputes, expiry, refunds, render, render_payment};
use crate::sandbox::webhooks::DeliveryState;

/// A refusal of a control.
pub fn wrong(status: StatusCode, code: &str, message: &str, field: Option<&str>) -> Response {
    (status, Json(json!({ "error": { "code": code, "message": message, "field": field } }))).into_response()
}

fn unprocessable(message: &str, field: &str) -> Response {
    wrong(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message, Some(field))
}

fn from_refusal(refusal: &Refusal) -> Response {
    let status =
        if refusal.code == Some("resource_missing") { StatusCode::NOT_FOUND } else { StatusCode::UNPROCESSABLE_ENTITY };
    wrong(status, refusal.code.unwrap_or("invalid"), &refusal.message, refusal.param.as_deref())
}

/// The body as a JSON object; nothing at all is an empty one.
pub fn read(body: &[u8]) -> Result<Value, Box<Response>> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(json!({}));
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(value) if value.is_object() => Ok(value),
        Ok(_) => Err(Box::new(unprocessable("The body must be a JSON object.", "body"))),
        Err(error) => Err(Box::new(unprocessable(&format!("The body is no JSON: {error}"), "body"))),
    }
}

/// `{"card":"4242…"}`, with `"authenticate":"complete"|"fail"` to answer 3-D Secure at once; `{"bank_debit":"succeeds"|"fails",
/// "delay_ms":0}`; `{"authenticate":…}` alone; or `{"close":true}`. Answers with the outcome, the session and where the buyer goes.
pub async fn pay(State(core): State<Arc<Core>>, Path(id): Path<String>, body: Bytes) -> Response {
    let order = match read(&body) {
        Ok(order) => order,
        Err(response) => return *response,
    };
    let Some(session) = find(&core, &id) else { return unknown(&id) };
    if order["close"] == true {
        return paid(&core, &id, "closed", cancel_address(&session), None);
    }
    match attempt(&core, &session, &order) {
        Err(response) => *response,
        Ok(Err(Closed::Unknown)) => unknown(&id),
        Ok(Err(why)) => {
            let message = match why {
                Closed::Complete => "This session is complete already.",
                Closed::Expired => "This session has expired.",
                _ => "No 3-D Secure question is open for this session.",
            };
            wrong(StatusCode::CONFLICT, "session_not_open", message, None)
        }
        Ok(Ok(Answer::Paid)) => paid(&core, &id, "paid", Some(success_address(&session)), None),
        Ok(Ok(Answer::Pending)) => paid(&core, &id, "pending", Some(success_address(&session)), None),
        Ok(Ok(Answer::Challenge)) => {
            let page = format!("{}/authenticate", render::hosted_url(&lock(&core.ledger), &id));
            paid(&core, &id, "requires_action", Some(page), None)
        }
        Ok(Ok(Answer::Declined(why))) => paid(
            &core,
            &id,
            "declined",
            None,
            Some(json!({ "code": why.code, "decline_code": why.decline_code, "message": why.message })),
        ),
    }
}

fn attempt(core: &Core, session: &Session, order: &Value) -> Result<Result<Answer, Closed>, Box<Response>> {
    let confirmed = match order["authenticate"].as_str() {
        None => None,
        Some("complete") => Some(true),
        Some("fail") => Some(false),
        Some(_) => return Err(Box::new(unprocessable("Say complete or fail.", "authenticate"))),
    };
    let answer_challenge =
        |confirmed| core.act(&Origin::default(), |ledger| attempt::answer_challenge(ledger, &session.id, confirmed));
    if let Some(number) = order["card"].as_str() {
        let card = Card::of(number);
        let fate = card.fate().map_err(|message| Box::new(unprocessable(message, "card")))?;
        let tried = purchase::pay(core, &session.id, CardPayment { card, fate, buyer: example_buyer(session) });
        return Ok(match (tried, confirmed) {
            (Ok(Answer::Challenge), Some(confirmed)) => answer_challenge(confirmed),
            (tried, _) => tried,
        });
    }
    if let Some(confirmed) = confirmed {
        return Ok(answer_challenge(confirmed));
    }
    let succeeds = match order["bank_debit"].as_str() {
        Some("succeeds") => true,
        Some("fails") => false,
        Some(_) => return Err(Box::new(unprocessable("Say succeeds or fails.", "bank_debit"))),
        None => return Err(Box::new(unprocessable("Name a card, a bank_debit, authenticate or close.", "card"))),
    };
    let delay_ms = match &order["delay_ms"] {
        Value::Null => 0,
        value => value
            .as_i64()
            .filter(|ms| (0..=86_400_000).contains(ms))
            .ok_or_else(|| Box::new(unprocessable("Must be between 0 and 86400000.", "delay_ms")))?,
    };
    let buyer = example_buyer(session);
    Ok(core.act(&Origin::default(), |ledger| attempt::by_bank(ledger, &session.id, succeeds, delay_ms, buyer)))
}

fn unknown(id: &str) -> Response {
    wrong(StatusCode::NOT_FOUND, "resource_missing", &format!("No such checkout.session: '{id}'"), Some("id"))
}

fn paid(core: &Core, id: &str, outcome: &str, redirect: Option<String>, decline: Option<Value>) -> Response {
    let ledger = lock(&core.ledger);
    let session = ledger.sessions.get(id).map(|session| render::session(&ledger, session));
    Json(json!({ "outcome": outcome, "redirect": redirect, "decline": decline, "session": session })).into_response()
}

/// Runs an act and answers with an object, or says why not.
fn answer(core: &Core, act: impl FnOnce(&mut Ledger) -> Result<Value, Refusal>) -> Response {
    match core.act(&Origin::default(), act) {
        Ok(object) => Json(object).into_response(),
        Err(refusal) => from_refusal(&refusal),
    }
}

pub async fn expire(State(core): State<Arc<Core>>, Path(id): Path<String>) -> Response {
    answer(&core, |ledger| {
        expiry::expire(ledger, &id)?;
        Ok(ledger.sessions.get(&id).map_or(Value::Null, |session| render::session(ledger, session)))
    })
}

/// `{"amount":…}` in minor units; all that is left when none is given.
pub async fn refund(State(core): State<Arc<Core>>, Path(id): Path<String>, body: Bytes) -> Response {
    let order = match read(&body) {
        Ok(order) => order,
        Err(response) => return *response,
    };
    let amount = match &order["amount"] {
        Value::Null => None,
        value => match value.as_i64() {
            Some(amount) => Some(amount),
            None => return unprocessable("Must be a whole number of minor units.", "amount"),
        },
    };
    answer(&core, |ledger| {
        let refund = refunds::of_intent(ledger, &id, amount)?;
        Ok(ledger.refunds.get(&refund).map_or(Value::Null, render_payment::refund))
    })
}

/// `{"reason":"fraudulent"}`, which is also the default.
pub async fn dispute(State(core): State<Arc<Core>>, Path(id): Path<String>, body: Bytes) -> Response {
    let order = match read(&body) {
        Ok(order) => order,
        Err(response) => return *response,
    };
    answer(&core, |ledger| {
        let dispute = disputes::open(ledger, &id, order["reason"].as_str().unwrap_or("fraudulent"))?;
        Ok(ledger.disputes.get(&dispute).map_or(Value::Null, render_payment::dispute))
    })
}

/// `{"status":"won"|"lost"}`.
pub async fn close_dispute(State(core): State<Arc<Core>>, Path(id): Path<String>, body: Bytes) -> Response {
    let won = match read(&body) {
        Ok(order) if order["status"] == "won" => true,
        Ok(order) if order["status"] == "lost" => false,
        Ok(_) => return unprocessable("Say won or lost.", "status"),
        Err(response) => return *response,
    };
    answer(&core, |ledger| {
        disputes::close(ledger, &id, won)?;
        Ok(ledger.disputes.get(&id).map_or(Value::Null, render_payment::dispute))
    })
}

pub async fn fail_refund(State(core): State<Arc<Core>>, Path(id): Path<String>) -> Response {
    answer(&core, |ledger| {
        refunds::bounce(ledger, &id)?;
        Ok(ledger.refunds.get(&id).map_or(Value::Null, render_payment::refund))
    })
}

/// `{"event_id":"evt_…"}`: sends the event again to everyone who listens now.
pub async fn resend(State(core): State<Arc<Core>>, body: Bytes) -> Response {
    let order = match read(&body) {
        Ok(order) => order,
        Err(response) => return *response,
    };
    let Some(id) = order["event_id"].as_str() else { return unprocessable("Name the event.", "event_id") };
    match send_again(&core, id) {
        Some(copies) => Json(json!({ "event_id": id, "deliveries": copies })).into_response(),
        None => wrong(StatusCode::NOT_FOUND, "resource_missing", &format!("No such event: '{id}'"), Some("event_id")),
    }
}

/// How many deliveries were made of the event; none when it is not known.
pub fn send_again(core: &Core, event_id: &str) -> Option<usize> {
    let hook = lock(&core.hook).clone();
    let deliveries: Vec<_> = {
        let ledger = lock(&core.ledger);
        let event = ledger.events.get(event_id)?;
        let own = hook.url.into_iter().map(|url| (url, hook.secret.clone()));
        let others = ledger.receivers.iter().filter(|receiver| receiver.wants(&event.kind));
        own.chain(others.map(|receiver| (receiver.url.clone(), receiver.secret.clone())))
            .map(|(url, secret)| fresh(event_id, &event.kind, url, secret, event.body.clone()))
            .collect()
    };
    let count = deliveries.len();
    core.dispatch(deliveries);
    core.wake.notify_one();
    Some(count)
}

/// How much of everything there is.
pub async fn state(State(core): State<Arc<Core>>) -> Response {
    let replays = lock(&core.replays).len();
    let users = lock(&core.users).len();
    let counted = lock(&core.inbox).counted;
    let ledger = lock(&core.ledger);
    let post = lock(&core.post);
    let of_state = |state: DeliveryState| post.iter().filter(|delivery| delivery.state == state).count();
    Json(json!({
        "customers": ledger.customers.len(), "products": ledger.products.len(), "prices": ledger.prices.len(),
        "sessions": ledger.sessions.len(), "payment_intents": ledger.intents.len(), "charges": ledger.charges.len(),
        "refunds": ledger.refunds.len(), "disputes": ledger.disputes.len(), "events": ledger.events.len(),
        "idempotency_keys": replays, "firebase_users": users,
        "received": { "klaviyo": counted[0], "firebase": counted[1], "sms": counted[2], "stripe_requests": counted[3] },
        "webhooks": {
            "waiting": post.waiting(), "delivered": of_state(DeliveryState::Delivered),
            "abandoned": of_state(DeliveryState::Abandoned), "lost": of_state(DeliveryState::Lost),
        },
    }))
    .into_response()
}
