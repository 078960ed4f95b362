//! Stripe's events: the signature is checked over the raw bytes, the event is made durable, and only then answered.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_LENGTH;

use super::AppState;
use super::request_id::json;
use crate::api::ApiError;
use crate::providers::payments::stripe::{event, signature};
use crate::telemetry::{self, metric};
use crate::workflows::receive_webhook::receive_webhook;

/// Bytes. Stripe's largest events are some tens of KiB.
pub const LARGEST: usize = 256 * 1024;

pub async fn receive(State(state): State<AppState>, request: Request) -> Response {
    let headers = request.headers().clone();
    // What is announced as too long is not waited for.
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > LARGEST) {
        return too_large();
    }
    let body = match Bytes::from_request(request, &state).await {
        Ok(body) => body,
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => return too_large(),
        Err(_) => return refused("unreadable", 400, "body_unreadable", "The body could not be read."),
    };
    let header = headers.get("stripe-signature").and_then(|value| value.to_str().ok());
    if let Err(error) = signature::verify(header, &body, &state.ctx.webhook_secrets, state.ctx.clock.now()) {
        tracing::warn!(%error, "a webhook was refused");
        return refused(error.word(), 400, "signature_invalid", &format!("{error}."));
    }
    let Ok(raw) = std::str::from_utf8(&body) else {
        return refused("unreadable", 400, "body_unreadable", "The body is not UTF-8.");
    };
    let Some(envelope) = event::envelope(raw) else {
        return refused("not_an_event", 400, "event_unreadable", "The body is not an event.");
    };
    if let Some(trace) = envelope.trace {
        telemetry::join(trace);
    }
    #[cfg(test)]
    if crate::store::guard_is_off("guard.keep_before_answer") {
        return answered_first(state, envelope, raw.to_owned());
    }
    match receive_webhook(&state.ctx, &envelope, raw).await {
        Ok(_) => (StatusCode::OK, r#"{"received":true}"#).into_response(),
        // Not durable: Stripe must send it again.
        Err(error) => {
            let event = metric::event(&envelope.kind);
            metrics::counter!(metric::WEBHOOKS, "event" => event, "result" => "not_saved").increment(1);
            json(&ApiError::from(error))
        }
    }
}

fn too_large() -> Response {
    refused("too_large", 413, "body_too_large", "An event is at most 256 KiB.")
}

fn refused(reason: &'static str, status: u16, code: &str, message: &str) -> Response {
    metrics::counter!(metric::WEBHOOKS_REFUSED, "reason" => reason).increment(1);
    json(&ApiError::new(status, code, message))
}

/// What must not be done, for the test that shows what is lost by it.
#[cfg(test)]
fn answered_first(state: AppState, envelope: event::Envelope, raw: String) -> Response {
    tokio::spawn(async move {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        receive_webhook(&state.ctx, &envelope, &raw).await
    });
    StatusCode::OK.into_response()
}
