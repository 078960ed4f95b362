//! The sandbox's front room: what it is, how much it holds, and the ways to the rest.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::layout::{each, esc, room};
use crate::sandbox::core::{Core, lock};
use crate::sandbox::faults::Faults;
use crate::sandbox::stripe::currency::written;
use crate::sandbox::stripe::ledger::{Session, SessionStatus};

pub async fn show(State(core): State<Arc<Core>>) -> Response {
    let faults = lock(&core.desk).faults().clone();
    let counted = lock(&core.inbox).counted;
    let users = lock(&core.users).len();
    let waiting = lock(&core.post).waiting();
    let (sessions, payments, newest) = {
        let ledger = lock(&core.ledger);
        let newest: String = ledger.sessions.iter().rev().take(12).map(line).collect();
        (ledger.sessions.len(), ledger.charges.len(), newest)
    };
    let numbers = [
        ("Checkout sessions", sessions as u64),
        ("Charges", payments as u64),
        ("Klaviyo events", counted[0]),
        ("Firebase users", users as u64),
        ("SMS", counted[2]),
        ("Webhooks waiting", waiting as u64),
    ];
    let numbers = each(numbers, |(name, count)| format!("<div><dt>{name}</dt><dd>{count}</dd></div>"));
    let well = faults == Faults { seed: faults.seed, ..Faults::default() };
    let state = if well {
        "<p class=\"ok\">✓ All services answer as they should.</p>"
    } else {
        "<p class=\"alert\">⚠ Faults are in force. <a href=\"/sandbox/faults\">See which</a></p>"
    };
    let newest = if newest.is_empty() {
        "<p class=\"soft\">No checkout yet.</p>".to_owned()
    } else {
        format!("<ul class=\"lines\">{newest}</ul>")
    };
    let body = format!(
        "<p>Stand-ins for Stripe, Klaviyo, Firebase and Twilio. Nothing leaves this process, no money moves.</p>{state}\
         <dl class=\"nums\">{numbers}</dl><section class=\"card\" aria-labelledby=\"newest\"><h2 id=\"newest\">Newest checkouts</h2>{newest}</section>\
         <p class=\"soft\">For tests: <a href=\"/sandbox/inbox.json\">inbox.json</a>, <a href=\"/sandbox/faults.json\">faults.json</a>, \
         <a href=\"/sandbox/state.json\">state.json</a>.</p>"
    );
    room("Sandbox overview", "/sandbox", &body)
}

fn line(session: &Session) -> String {
    let (state, class) = match (session.status, session.paid) {
        (SessionStatus::Open, _) => ("… open", "wait"),
        (SessionStatus::Complete, true) => ("✓ paid", "ok"),
        (SessionStatus::Complete, false) => ("… unpaid", "wait"),
        (SessionStatus::Expired, _) => ("✕ expired", "bad"),
    };
    let who = session.customer_email.as_deref().unwrap_or("no address yet");
    format!(
        "<li><a href=\"/sandbox/checkout/{}\">{}</a><span class=\"soft\">{}</span><span class=\"{class}\">{state}</span></li>",
        esc(&session.id),
        written(session.amount_total, &session.currency),
        esc(who)
    )
}
