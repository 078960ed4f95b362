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
            return refused(413, "body_too_large", "An event is at most 256 KiB.");
        }
        Err(_) => return refused(400, "body_unreadable", "The body could not be read."),
    };
    let header = headers.get("stripe-signature").and_then(|value| value.to_str().ok());
    if let Err(error) = signature::verify(header, &body, &state.ctx.webhook_secrets, state.ctx.clock.now()) {
        tracing::warn!(%error, "a webhook was refused");
        return refused(400, "signature_invalid", &format!("{error}."));
    }
    let Ok(raw) = std::str::from_utf8(&body) else {
        return refused(400, "body_unreadable", "The body is not UTF-8.");
    };
    let Some(envelope) = event::envelope(raw) else {
        return refused(400, "event_unreadable", "The body is not an event.");
    };
    match receive_webhook(&state.ctx, &envelope, raw).await {
        Ok(_) => (StatusCode::OK, r#"{"received":true}"#).into_response(),
        // Not durable: Stripe must send it again.
        Err(error) => json(&ApiError::from(error)),
    }
}

fn refused(status: u16, code: &str, message: &str) -> Response {
    metrics::counter!("rolitt_webhooks_refused_total").increment(1);
    json(&ApiError::new(status, code, message))
}
