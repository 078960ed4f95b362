//! The inbox: what each service received and which webhooks were sent, as JSON and as a page.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::controls::send_again;
use super::inbox_view;
use super::layout::see_other;
use crate::sandbox::core::{Core, lock};
use crate::sandbox::form::Form;
use crate::sandbox::ids::rfc3339;
use crate::sandbox::webhooks::{Delivery, DeliveryState};

/// The lists in the order they are shown.
pub const TRAYS: [&str; 5] = ["klaviyo", "firebase", "sms", "stripe_requests", "webhooks"];

/// All five lists, each newest first; `?service=` narrows to one, `?limit=` shortens each.
pub async fn read_json(State(core): State<Arc<Core>>, RawQuery(query): RawQuery) -> Response {
    let query = Form::parse(&query.unwrap_or_default());
    let limit = query.get("limit").and_then(|text| text.parse().ok()).unwrap_or(usize::MAX);
    let mut all = json!({});
    for tray in TRAYS.into_iter().filter(|tray| query.get("service").is_none_or(|wanted| wanted == *tray)) {
        all[tray] = Value::Array(entries(&core, tray, limit));
    }
    Json(all).into_response()
}

/// Empties the lists; webhooks that still wait are kept and still sent.
pub async fn clear_json(State(core): State<Arc<Core>>) -> Response {
    clear(&core);
    Json(json!({ "cleared": true })).into_response()
}

fn clear(core: &Core) {
    lock(&core.inbox).clear();
    lock(&core.post).clear_finished();
    core.dirty.store(true, std::sync::atomic::Ordering::Relaxed);
}

/// The newest entries of one list.
fn entries(core: &Core, tray: &str, limit: usize) -> Vec<Value> {
    if tray == "webhooks" {
        let post = lock(&core.post);
        return post.iter().rev().take(limit).map(delivery).collect();
    }
    let inbox = lock(&core.inbox);
    let list = match tray {
        "klaviyo" => &inbox.klaviyo,
        "firebase" => &inbox.firebase,
        "sms" => &inbox.sms,
        _ => &inbox.stripe_requests,
    };
    list.iter().rev().take(limit).cloned().collect()
}

fn delivery(delivery: &Delivery) -> Value {
    let waiting = delivery.state == DeliveryState::Waiting;
    json!({
        "received_at": rfc3339(delivery.created_ms), "event_id": delivery.event_id, "type": delivery.kind,
        "url": delivery.url, "state": delivery.state, "copy": delivery.copy,
        "status": delivery.attempts.last().and_then(|attempt| attempt.status), "attempts": delivery.attempts,
        "next_attempt_at": waiting.then(|| rfc3339(delivery.due_ms)),
        "payload": serde_json::from_str::<Value>(&delivery.body.0).unwrap_or_default(),
    })
}

pub async fn show(State(core): State<Arc<Core>>, RawQuery(query): RawQuery) -> Response {
    let query = Form::parse(&query.unwrap_or_default());
    let chosen = query.get("service").filter(|wanted| TRAYS.contains(wanted));
    let trays: Vec<(&str, Vec<Value>)> = TRAYS
        .into_iter()
        .filter(|tray| chosen.is_none_or(|wanted| wanted == *tray))
        .map(|tray| (tray, entries(&core, tray, 200)))
        .collect();
    inbox_view::view(chosen, trays)
}

/// The page's buttons: empty the inbox, send an event again.
pub async fn submit(State(core): State<Arc<Core>>, body: Bytes) -> Response {
    let form = Form::parse(&String::from_utf8_lossy(&body));
    match (form.get("act"), form.get("event_id")) {
        (Some("clear"), _) => clear(&core),
        (Some("resend"), Some(event_id)) => {
            send_again(&core, event_id);
        }
        _ => {}
    }
    see_other("/sandbox/inbox")
}
