//! Paying without a browser: the hosted page's acts as one JSON call.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::checkout::find;
use super::json::{read, unprocessable, wrong};
use super::purchase::{self, CardPayment, cancel_address, example_buyer, success_address};
use crate::sandbox::core::{Core, Origin, lock};
use crate::sandbox::stripe::attempt::{self, Answer, Closed};
use crate::sandbox::stripe::cards::Card;
use crate::sandbox::stripe::ledger::Session;
use crate::sandbox::stripe::{debit, render};

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
    Ok(core.act(&Origin::default(), |ledger| debit::by_bank(ledger, &session.id, succeeds, delay_ms, buyer)))
}

fn unknown(id: &str) -> Response {
    wrong(StatusCode::NOT_FOUND, "resource_missing", &format!("No such checkout.session: '{id}'"), Some("id"))
}

fn paid(core: &Core, id: &str, outcome: &str, redirect: Option<String>, decline: Option<Value>) -> Response {
    let ledger = lock(&core.ledger);
    let session = ledger.sessions.get(id).map(|session| render::session(&ledger, session));
    Json(json!({ "outcome": outcome, "redirect": redirect, "decline": decline, "session": session })).into_response()
}
