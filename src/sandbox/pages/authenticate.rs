//! The page a bank would show for 3-D Secure: complete it or fail it.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;

use super::checkout::{after, closed, find};
use super::layout::{esc, page, see_other};
use crate::sandbox::core::{Core, Origin};
use crate::sandbox::form::Form;
use crate::sandbox::stripe::attempt::{self, Closed};
use crate::sandbox::stripe::currency::written;
use crate::sandbox::stripe::ledger::SessionStatus;

pub async fn show(State(core): State<Arc<Core>>, Path(id): Path<String>) -> Response {
    let session = match find(&core, &id) {
        Some(session) if session.status == SessionStatus::Open => session,
        session => return closed(session.as_ref()),
    };
    if session.challenge.is_none() {
        return see_other(&format!("/sandbox/checkout/{id}"));
    }
    let body = format!(
        "<main class=\"alone card\"><p class=\"tag\">Sandbox · no money moves</p><h1>Your bank asks: is this you?</h1>\
         <p>A payment of <strong>{amount}</strong> waits for your confirmation (3-D Secure).</p>\
         <form method=\"post\" action=\"/sandbox/checkout/{id}/authenticate\"><div class=\"row\">\
         <button class=\"main\" name=\"answer\" value=\"complete\">Complete</button>\
         <button name=\"answer\" value=\"fail\">Fail</button></div></form></main>",
        amount = written(session.amount_total, &session.currency),
        id = esc(&id),
    );
    page(200, "Confirm your payment", &body)
}

pub async fn submit(State(core): State<Arc<Core>>, Path(id): Path<String>, body: Bytes) -> Response {
    let form = Form::parse(&String::from_utf8_lossy(&body));
    let Some(session) = find(&core, &id) else { return closed(None) };
    let confirmed = form.get("answer") == Some("complete");
    match core.act(&Origin::default(), |ledger| attempt::answer_challenge(ledger, &id, confirmed)) {
        Ok(answer) => after(&core, &session, &Form::default(), answer),
        Err(Closed::NothingAsked) => see_other(&format!("/sandbox/checkout/{id}")),
        Err(_) => closed(find(&core, &id).as_ref()),
    }
}
