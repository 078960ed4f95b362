//! What people and tests see at `/sandbox/…`: the hosted checkout page, the inbox, the fault controls, and JSON beside each.
//! Plain HTML that works without script, under its own content security policy; nothing here acts on a cross-site post.

mod authenticate;
mod checkout;
mod checkout_view;
mod controls;
mod faults;
mod inbox;
mod inbox_view;
mod json;
mod layout;
mod overview;
mod pay_json;
mod purchase;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::core::Core;

/// `form-action` also governs where a form's answer may redirect to, and a payment leads back to the shop.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action *; base-uri 'none'; \
                      frame-ancestors 'none'";

pub fn router(core: Arc<Core>) -> Router {
    Router::new()
        .route("/sandbox", get(overview::show))
        .route("/sandbox/", get(overview::show))
        .route("/sandbox/checkout/{id}", get(checkout::show).post(checkout::submit))
        .route("/sandbox/checkout/{id}/authenticate", get(authenticate::show).post(authenticate::submit))
        .route("/sandbox/checkout/{id}/pay.json", post(pay_json::pay))
        .route("/sandbox/sessions/{id}/expire.json", post(controls::expire))
        .route("/sandbox/webhooks/resend.json", post(controls::resend))
        .route("/sandbox/webhooks/hurry.json", post(controls::hurry))
        .route("/sandbox/payment_intents/{id}/refund.json", post(controls::refund))
        .route("/sandbox/payment_intents/{id}/dispute.json", post(controls::dispute))
        .route("/sandbox/disputes/{id}/close.json", post(controls::close_dispute))
        .route("/sandbox/refunds/{id}/fail.json", post(controls::fail_refund))
        .route("/sandbox/asked.json", get(controls::asked))
        .route("/sandbox/state.json", get(controls::state))
        .route("/sandbox/inbox", get(inbox::show).post(inbox::submit))
        .route("/sandbox/inbox.json", get(inbox::read_json).delete(inbox::clear_json))
        .route("/sandbox/faults", get(faults::show).post(faults::submit))
        .route("/sandbox/faults.json", get(faults::read_json).put(faults::put_json).post(faults::merge_json))
        .layer(middleware::from_fn(guard))
        .with_state(core)
}

async fn guard(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let mut response = if reads || same_site(request.headers()) {
        next.run(request).await
    } else {
        (StatusCode::FORBIDDEN, "This came from another site; the sandbox takes orders only from its own pages.\n")
            .into_response()
    };
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A browser says where a post comes from; a caller that is no browser says nothing and is let through.
fn same_site(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    match (text("origin"), text("host")) {
        (None, _) => true,
        (Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, from)| from.eq_ignore_ascii_case(host)),
        (Some(_), None) => false,
    }
}
