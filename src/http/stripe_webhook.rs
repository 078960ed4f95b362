//! Stripe's events: the signature is checked over the raw bytes, the event is made durable, and only then answered.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};

use super::AppState;
use super::request_id::json;
use crate::api::ApiError;
use crate::providers::payments::stripe::{event, signature};
use crate::telemetry::{self, metric};
use crate::workflows::receive_webhook::receive_webhook;

/// Bytes. Stripe's largest events are some tens of KiB.
pub const LARGEST: usize = 256 * 1024;

pub async fn receive(
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return refused("too_large", 413, "body_too_large", "An event is at most 256 KiB.");
        }
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

fn refused(reason: &'static str, status: u16, code: &str, message: &str) -> Response {
    metrics::counter!(metric::WEBHOOKS_REFUSED, "reason" => reason).increment(1);
    json(&ApiError::new(status, code, message))
}
