//! Stripe's API at `/v1/…`: the HTTP around the ledger. Keys, idempotency, the request log and the faults are handled here,
//! so that the parts below can be plain functions from a form to an object.

pub mod accounts;
pub mod attempt;
pub mod cards;
pub mod catalog;
pub mod currency;
pub mod debit;
pub mod dispatch;
pub mod disputes;
pub mod error;
pub mod expiry;
pub mod idempotency;
pub mod known;
pub mod ledger;
pub mod line_items;
pub mod listing;
pub mod lists;
pub mod open_session;
pub mod params;
pub mod records;
pub mod refunds;
pub mod render;
pub mod render_payment;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::chaos::LATER;
use super::core::{Core, Origin};
use super::faults::Service;
use super::form::Form;
use super::ids;
use super::inbox::Tray;
use error::Refusal;
use idempotency::{Hold, Verdict, fingerprint};

/// The version whose shapes are spoken.
pub const API_VERSION: &str = "2026-09-30.endive";

pub fn router(core: Arc<Core>) -> Router {
    Router::new().route("/v1", any(receive)).route("/v1/{*path}", any(receive)).with_state(core)
}

/// One request, read.
struct Call {
    id: String,
    method: Method,
    path: String,
    form: Form,
    key: Option<String>,
    version: Option<String>,
}

/// An answer before it becomes a response.
struct Answer {
    status: u16,
    body: String,
    replayed: bool,
}

async fn receive(State(core): State<Arc<Core>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    // Stripe goes on with a request whose caller has hung up; so do we.
    match tokio::spawn(serve(core, method, uri, headers, body)).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "sandbox: a Stripe request broke off");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn serve(core: Arc<Core>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut form = Form::parse(uri.query().unwrap_or_default());
    form.extend(&String::from_utf8_lossy(&body));
    let call = Call {
        id: ids::stripe_id("req_"),
        path: uri.path().trim_start_matches("/v1").trim_matches('/').to_owned(),
        form,
        key: text("idempotency-key").filter(|_| method == Method::POST),
        version: text("stripe-version"),
        method,
    };
    let plan = core.plan(Service::Stripe, &format!("{} /v1/{}", call.method, call.path));
    let (mut ticket, early) = match admit(&core, &call, &headers, plan.acts() || plan.fails()) {
        Ok(hold) => (hold, None),
        Err(answer) => (None, Some(answer)),
    };
    plan.wait().await;
    let broken = plan.instead(|status| {
        let message = format!("The sandbox was told to answer {status}.");
        let body = json!({ "error": { "type": "api_error", "message": message } }).to_string();
        // Nothing was done, and whoever comes with this key again hears the same.
        if let Some(hold) = ticket.take() {
            hold.keep(status, body.clone(), call.id.clone());
        }
        body
    });
    if let Some(response) = broken.await {
        log(&core, &call, plan.name(), None);
        return response;
    }
    if plan.is_late() && early.is_none() {
        let said = plan.after(StatusCode::OK.into_response()).await;
        tokio::spawn(async move {
            tokio::time::sleep(LATER).await;
            let answer = act(&core, &call, ticket);
            log(&core, &call, plan.name(), Some(&answer));
        });
        return said;
    }
    let answer = early.unwrap_or_else(|| act(&core, &call, ticket));
    log(&core, &call, plan.name(), Some(&answer));
    plan.after(respond(&call, answer)).await
}

/// Checks the API key, then the idempotency key. A request that a fault will swallow is not checked: it never arrived.
fn admit(core: &Arc<Core>, call: &Call, headers: &HeaderMap, arrives: bool) -> Result<Option<Hold>, Answer> {
    if !arrives {
        return Ok(None);
    }
    let refused = |refusal: &Refusal| Answer {
        status: refusal.status,
        body: refusal.body(&call.id).to_string(),
        replayed: false,
    };
    authenticate(headers).map_err(|refusal| refused(&refusal))?;
    let Some(key) = &call.key else { return Ok(None) };
    if key.is_empty() || key.len() > 255 {
        return Err(refused(&Refusal::idempotency("Idempotency keys must be between 1 and 255 characters.")));
    }
    match Hold::take(core, key, fingerprint(call.method.as_str(), &call.path, &call.form)) {
        Ok(hold) => Ok(Some(hold)),
        Err(Verdict::Replay(known)) => Err(Answer { status: known.status, body: known.body.clone(), replayed: true }),
        Err(Verdict::Refuse(refusal)) => Err(refused(&refusal)),
        Err(Verdict::Go) => Ok(None),
    }
}

/// A secret or restricted key, as bearer token or as the user of basic authentication.
fn authenticate(headers: &HeaderMap) -> Result<(), Refusal> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let key = match given.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim().to_owned(),
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("basic") => {
            let decoded = STANDARD.decode(token.trim()).unwrap_or_default();
            String::from_utf8_lossy(&decoded).split(':').next().unwrap_or_default().to_owned()
        }
        _ => {
            return Err(Refusal::invalid(
                "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer \
                 auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
            )
            .status(401));
        }
    };
    if key.len() > 3 && (key.starts_with("sk_") || key.starts_with("rk_")) {
        return Ok(());
    }
    let shown: String = key.chars().take(7).collect();
    Err(Refusal::invalid(format!("Invalid API Key provided: {shown}****")).status(401))
}

fn act(core: &Arc<Core>, call: &Call, hold: Option<Hold>) -> Answer {
    let origin = Origin { request_id: Some(call.id.clone()), idempotency_key: call.key.clone() };
    let result = if call.method == Method::GET {
        // Reading may find a session past its time, which is an act like any other.
        core.act_quietly(&origin, |ledger| dispatch::call(ledger, &call.method, &call.path, &call.form))
    } else {
        core.act(&origin, |ledger| dispatch::call(ledger, &call.method, &call.path, &call.form))
    };
    match result {
        Ok(object) => {
            let body = object.to_string();
            if let Some(hold) = hold {
                hold.keep(200, body.clone(), call.id.clone());
            }
            Answer { status: 200, body, replayed: false }
        }
        // Parameters that were refused leave the key free, as at Stripe.
        Err(refusal) => Answer { status: refusal.status, body: refusal.body(&call.id).to_string(), replayed: false },
    }
}

fn respond(call: &Call, answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, [(header::CONTENT_TYPE, "application/json")], answer.body).into_response();
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set("request-id", &call.id);
    set("stripe-version", API_VERSION);
    if let Some(key) = &call.key {
        set("idempotency-key", key);
        set("original-request", &call.id);
    }
    if answer.replayed {
        set("idempotent-replayed", "true");
    }
    if answer.status == 409 {
        set("stripe-should-retry", "true");
    }
    response
}

fn log(core: &Core, call: &Call, fault: Option<&str>, answer: Option<&Answer>) {
    core.file(
        Tray::StripeRequests,
        json!({
            "request_id": call.id, "method": call.method.as_str(), "path": format!("/v1/{}", call.path),
            "params": call.form.fields(), "idempotency_key": call.key, "api_version": call.version, "fault": fault,
            "status": answer.map(|answer| answer.status), "replayed": answer.is_some_and(|answer| answer.replayed),
            "error": answer.filter(|answer| answer.status >= 400).map(|answer| answer.body.clone()),
        }),
    );
}
