//! Which address and method reach which part of the ledger. Pure: a form in, an object or a refusal out; the HTTP around it
//! is in `mod`.

use axum::http::Method;
use serde_json::{Value, json};

use super::error::Refusal;
use super::ledger::Ledger;
use super::listing::expand;
use super::lists::{event, list};
use super::{accounts, catalog, expiry, known, open_session, params, refunds, render, render_payment};
use crate::sandbox::form::Form;
use crate::sandbox::ids;

/// Answers one call. `path` is what follows `/v1/`, without a slash at the end.
pub fn call(ledger: &mut Ledger, method: &Method, path: &str, form: &Form) -> Result<Value, Refusal> {
    let parts: Vec<&str> = path.split('/').collect();
    let answer = match method.as_str() {
        "POST" => post(ledger, &parts, form),
        "GET" => get(ledger, &parts, form),
        "DELETE" => delete(ledger, &parts),
        _ => None,
    };
    match answer {
        Some(answer) => expand(ledger, answer?, form),
        None => Err(Refusal::invalid(format!("Unrecognized request URL ({method}: /v1/{path}).")).status(404)),
    }
}

fn post(ledger: &mut Ledger, parts: &[&str], form: &Form) -> Option<Result<Value, Refusal>> {
    Some(match parts {
        ["checkout", "sessions"] => open_session::open(ledger, form).map(|id| session(ledger, &id)),
        ["checkout", "sessions", id, "expire"] => params::check(form, &[&["expand[#]"]])
            .and_then(|()| expiry::expire(ledger, id))
            .map(|()| session(ledger, id)),
        ["customers"] => catalog::create_customer(ledger, form),
        ["customers", id] => catalog::change_customer(ledger, id, form),
        ["products"] => catalog::create_product(ledger, form),
        ["products", id] => catalog::change_product(ledger, id, form),
        ["prices"] => catalog::create_price(ledger, form),
        ["prices", id] => catalog::change_price(ledger, id, form),
        ["refunds"] => refunds::create(ledger, form).map(|id| refund(ledger, &id)),
        ["refunds", id] => refunds::annotate(ledger, id, form).map(|()| refund(ledger, id)),
        ["webhook_endpoints"] => accounts::create_receiver(ledger, form),
        _ => return None,
    })
}

fn session(ledger: &Ledger, id: &str) -> Value {
    ledger.sessions.get(id).map_or(Value::Null, |found| render::session(ledger, found))
}

fn refund(ledger: &Ledger, id: &str) -> Value {
    ledger.refunds.get(id).map_or(Value::Null, render_payment::refund)
}

fn get(ledger: &mut Ledger, parts: &[&str], form: &Form) -> Option<Result<Value, Refusal>> {
    Some(match parts {
        [_] | ["checkout", "sessions"] => return list(ledger, parts, form),
        ["checkout", "sessions", id, "line_items"] => params::check(form, &[known::LIST]).and_then(|()| {
            ledger
                .sessions
                .get(id)
                .map(render::lines)
                .ok_or_else(|| Refusal::no_such("checkout.session", id, "session").status(404))
        }),
        ["checkout", "sessions", id] => params::check(form, &[known::FETCH]).and_then(|()| {
            expiry::expire_if_due(ledger, id, ids::now_seconds());
            let found = ledger
                .sessions
                .get(id)
                .ok_or_else(|| Refusal::no_such("checkout.session", id, "session").status(404))?;
            Ok(render::session(ledger, found))
        }),
        [kind, id] => return one(ledger, kind, id, form),
        _ => return None,
    })
}

/// One record by its identifier.
fn one(ledger: &Ledger, kind: &str, id: &str, form: &Form) -> Option<Result<Value, Refusal>> {
    let (what, found) = match kind {
        "customers" => ("customer", ledger.customers.get(id).map(render::customer)),
        "products" => ("product", ledger.products.get(id).map(render::product)),
        "prices" => ("price", ledger.prices.get(id).map(render::price)),
        "payment_intents" => ("payment_intent", ledger.intents.get(id).map(render_payment::intent)),
        "charges" => ("charge", ledger.charges.get(id).map(render_payment::charge)),
        "refunds" => ("refund", ledger.refunds.get(id).map(render_payment::refund)),
        "disputes" => ("dispute", ledger.disputes.get(id).map(render_payment::dispute)),
        "events" => ("event", ledger.events.get(id).and_then(event)),
        "webhook_endpoints" => {
            ("webhook endpoint", ledger.receivers.get(id).map(|found| render::receiver(found, false)))
        }
        _ => return None,
    };
    let param = if what == "payment_intent" { "intent" } else { "id" };
    let known = params::check(form, &[known::FETCH]);
    Some(known.and_then(|()| found.ok_or_else(|| Refusal::no_such(what, id, param).status(404))))
}

fn delete(ledger: &mut Ledger, parts: &[&str]) -> Option<Result<Value, Refusal>> {
    let gone = |id: &str, object: &str| json!({ "id": id, "object": object, "deleted": true });
    Some(match parts {
        ["webhook_endpoints", id] => ledger
            .receivers
            .remove(id)
            .map(|_| gone(id, "webhook_endpoint"))
            .ok_or_else(|| Refusal::not_found("webhook endpoint", id)),
        ["customers", id] => {
            ledger.customers.remove(id).map(|_| gone(id, "customer")).ok_or_else(|| Refusal::not_found("customer", id))
        }
        ["products", id] => {
            ledger.products.remove(id).map(|_| gone(id, "product")).ok_or_else(|| Refusal::not_found("product", id))
        }
        _ => return None,
    })
}
