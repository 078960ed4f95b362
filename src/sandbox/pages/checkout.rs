//! The hosted checkout page, Stripe's `checkout.stripe.com` in small: shows an open session, takes a card or a bank debit,
//! and sends the buyer back to the shop. A decline keeps the session open and everything that was typed.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;

use super::checkout_view::{Shown, view};
use super::layout::{notice, see_other};
use super::purchase::{self, Errors, cancel_address, success_address};
use crate::sandbox::core::{Core, Origin, lock};
use crate::sandbox::form::Form;
use crate::sandbox::ids;
use crate::sandbox::stripe::attempt::{Answer, Closed};
use crate::sandbox::stripe::ledger::{Session, SessionStatus};
use crate::sandbox::stripe::{debit, expiry};

/// The session as it is now; one past its time is expired by being looked at.
pub fn find(core: &Core, id: &str) -> Option<Session> {
    let origin = Origin::default();
    core.act_quietly(&origin, |ledger| {
        expiry::expire_if_due(ledger, id, ids::now_seconds());
        ledger.sessions.get(id).cloned()
    })
}

/// What is shown instead of the form when there is nothing left to pay.
pub fn closed(session: Option<&Session>) -> Response {
    let Some(session) = session else {
        return notice(
            404,
            "No such checkout",
            "This payment page does not exist. It may belong to a sandbox that was reset.",
            "/sandbox",
            "Sandbox overview",
        );
    };
    let (title, text, address) = match session.status {
        SessionStatus::Complete if session.paid => {
            ("Already paid", "This checkout is complete; nothing more is due.", success_address(session))
        }
        SessionStatus::Complete => (
            "Already submitted",
            "The bank debit for this checkout has been submitted; nothing more is to be done here.",
            success_address(session),
        ),
        _ => (
            "This checkout has expired",
            "The time to pay is over and nothing was charged. The shop can open a new checkout.",
            cancel_address(session).unwrap_or_default(),
        ),
    };
    notice(200, title, text, &address, "Continue to the shop")
}

pub async fn show(State(core): State<Arc<Core>>, Path(id): Path<String>) -> Response {
    match find(&core, &id) {
        Some(session) if session.status == SessionStatus::Open => view(
            200,
            &Shown {
                session: &session,
                typed: &Form::default(),
                errors: &Errors::new(),
                alert: last_refusal(&core, &session),
            },
        ),
        session => closed(session.as_ref()),
    }
}

/// Why the last attempt failed, for a buyer who comes back to the page.
fn last_refusal(core: &Core, session: &Session) -> Option<String> {
    let ledger = lock(&core.ledger);
    let intent = ledger.intents.get(session.intent.as_deref()?)?;
    intent.last_error.as_ref().map(|(decline, _)| decline.message.clone())
}

pub async fn submit(State(core): State<Arc<Core>>, Path(id): Path<String>, body: Bytes) -> Response {
    let form = Form::parse(&String::from_utf8_lossy(&body));
    let session = match find(&core, &id) {
        Some(session) if session.status == SessionStatus::Open => session,
        session => return closed(session.as_ref()),
    };
    match form.get("act").unwrap_or("pay") {
        "bank_succeeds" => bank(&core, &session, &form, true),
        "bank_fails" => bank(&core, &session, &form, false),
        "expire" => {
            core.act(&Origin::default(), |ledger| expiry::expire(ledger, &id)).ok();
            closed(find(&core, &id).as_ref())
        }
        act => match act.strip_prefix("fill:") {
            Some(number) => {
                let typed = with_card(&form, number);
                view(200, &Shown { session: &session, typed: &typed, errors: &Errors::new(), alert: None })
            }
            None => card(&core, &session, &form),
        },
    }
}

/// The form as typed, with a test card in place of the card.
fn with_card(form: &Form, number: &str) -> Form {
    let keep = form.fields().iter().filter(|(name, _)| !matches!(name.as_str(), "card" | "expiry" | "cvc" | "act"));
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(keep).append_pair("card", number).append_pair("expiry", "12 / 34").append_pair("cvc", "123");
    if form.filled("name").is_none() {
        text.append_pair("name", "Test Buyer");
    }
    Form::parse(&text.finish())
}

fn again(session: &Session, form: &Form, status: u16, errors: &Errors, alert: Option<String>) -> Response {
    view(status, &Shown { session, typed: form, errors, alert })
}

fn card(core: &Core, session: &Session, form: &Form) -> Response {
    let payment = match purchase::read(form, session) {
        Ok(payment) => payment,
        Err(errors) => return again(session, form, 422, &errors, None),
    };
    match purchase::pay(core, &session.id, payment) {
        Ok(answer) => after(core, session, form, answer),
        Err(why) => refused(core, session, why),
    }
}

fn bank(core: &Core, session: &Session, form: &Form, succeeds: bool) -> Response {
    let mut errors = Errors::new();
    let buyer = purchase::buyer(form, session, &mut errors);
    if !errors.is_empty() {
        return again(session, form, 422, &errors, None);
    }
    let delay_ms = form.get("delay_ms").and_then(|text| text.parse().ok()).unwrap_or(0_i64).clamp(0, 86_400_000);
    let tried = core.act(&Origin::default(), |ledger| debit::by_bank(ledger, &session.id, succeeds, delay_ms, buyer));
    match tried {
        Ok(answer) => after(core, session, form, answer),
        Err(why) => refused(core, session, why),
    }
}

/// Another tab was faster, or time was up between the page and the post.
fn refused(core: &Core, session: &Session, why: Closed) -> Response {
    tracing::debug!(?why, session = session.id, "sandbox: no attempt made");
    closed(find(core, &session.id).as_ref())
}

/// Where an attempt leads: back to the shop, to the bank's question, or to the form with the reason.
pub fn after(core: &Core, session: &Session, form: &Form, answer: Answer) -> Response {
    match answer {
        Answer::Paid | Answer::Pending => see_other(&success_address(session)),
        Answer::Challenge => see_other(&format!("/sandbox/checkout/{}/authenticate", session.id)),
        Answer::Declined(why) => {
            let session = find(core, &session.id).unwrap_or_else(|| session.clone());
            again(&session, form, 402, &Errors::new(), Some(why.message))
        }
    }
}
