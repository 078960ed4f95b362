//! JSON controls for tests: expire a session, refund or dispute a payment as if in Stripe's dashboard, send an event again,
//! count what there is.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::json::{from_refusal, read, unprocessable, wrong};
use crate::sandbox::core::{Core, Origin, fresh, lock};
use crate::sandbox::ids;
use crate::sandbox::stripe::error::Refusal;
use crate::sandbox::stripe::ledger::Ledger;
use crate::sandbox::stripe::{disputes, expiry, refunds, render, render_payment};
use crate::sandbox::webhooks::DeliveryState;

/// What may become of a dispute or an inquiry.
const ENDS: [&str; 5] = ["won", "lost", "prevented", "warning_closed", "needs_response"];

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

/// `{"reason":"fraudulent","amount":…,"inquiry":true}`: all that is left is disputed when no amount is given.
pub async fn dispute(State(core): State<Arc<Core>>, Path(id): Path<String>, body: Bytes) -> Response {
    let order = match read(&body) {
        Ok(order) => order,
        Err(response) => return *response,
    };
    answer(&core, |ledger| {
        let opening = disputes::Opening {
            reason: order["reason"].as_str(),
            amount: order["amount"].as_i64(),
            inquiry: order["inquiry"] == true,
        };
        let dispute = disputes::open(ledger, &id, &opening)?;
        Ok(ledger.disputes.get(&dispute).map_or(Value::Null, render_payment::dispute))
    })
}

/// `{"status":"won"|"lost"|"prevented"}`; of an inquiry `warning_closed`, or `needs_response`: a dispute.
pub async fn close_dispute(State(core): State<Arc<Core>>, Path(id): Path<String>, body: Bytes) -> Response {
    let order = match read(&body) {
        Ok(order) => order,
        Err(response) => return *response,
    };
    let Some(status) = order["status"].as_str().filter(|status| ENDS.contains(status)) else {
        return unprocessable("Say won, lost, prevented, warning_closed or needs_response.", "status");
    };
    answer(&core, |ledger| {
        disputes::go_on(ledger, &id, status)?;
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

/// Sends at once what waits for its time or for another attempt.
pub async fn hurry(State(core): State<Arc<Core>>) -> Response {
    let hurried = lock(&core.post).hurry(ids::now_millis());
    core.wake.notify_one();
    Json(json!({ "hurried": hurried })).into_response()
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

/// Every request that came to each service, with its time and the fault that it met.
pub async fn asked(State(core): State<Arc<Core>>) -> Response {
    Json(lock(&core.asked).json()).into_response()
}

/// How much of everything there is.
pub async fn state(State(core): State<Arc<Core>>) -> Response {
    let replays = lock(&core.replays).len();
    let users = lock(&core.users).len();
    let counted = lock(&core.inbox).counted;
    let faults_injected = lock(&core.desk).injected();
    let ledger = lock(&core.ledger);
    let post = lock(&core.post);
    let of_state = |state: DeliveryState| post.iter().filter(|delivery| delivery.state == state).count();
    Json(json!({
        "customers": ledger.customers.len(), "products": ledger.products.len(), "prices": ledger.prices.len(),
        "sessions": ledger.sessions.len(), "payment_intents": ledger.intents.len(), "charges": ledger.charges.len(),
        "refunds": ledger.refunds.len(), "disputes": ledger.disputes.len(), "events": ledger.events.len(),
        "idempotency_keys": replays, "firebase_users": users, "faults_injected": faults_injected,
        "received": { "klaviyo": counted[0], "firebase": counted[1], "sms": counted[2], "stripe_requests": counted[3] },
        "webhooks": {
            "waiting": post.waiting(), "delivered": of_state(DeliveryState::Delivered),
            "abandoned": of_state(DeliveryState::Abandoned), "lost": of_state(DeliveryState::Lost),
        },
    }))
    .into_response()
}
