//! Every request has an id: in the log, in every error, in the deliveries that it leads to. One trace from form to
//! delivery.

use std::any::Any;

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode};

use super::request_metrics::Asked;
use crate::api::ApiError;

pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

pub async fn trace(request: Request, next: Next) -> Response {
    let id = format!("req_{}", uuid::Uuid::now_v7().simple());
    let asked = Asked::of(&request);
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let mut span = asked.span(&id);
    let began = asked.began();
    let response = span.around(async {
        let mut response = next.run(request).await;
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(HEADER, value);
        }
        let status = response.status().as_u16();
        // The path alone: a query may hold what a person typed.
        if status >= 500 {
            tracing::warn!(%method, path, status, ms = began.elapsed().as_millis(), "answered");
        } else {
            tracing::debug!(%method, path, status, ms = began.elapsed().as_millis(), "answered");
        }
        response
    });
    let response = response.await;
    asked.answered(&response, &mut span);
    response
}

/// An error as the answer to a program.
pub fn json(error: &ApiError) -> Response {
    let mut response = Response::new(Body::from(serde_json::to_vec(error).unwrap_or_default()));
    *response.status_mut() = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = error.retry_after() {
        headers.insert(http::header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// An address that is there, asked in a way that it does not answer. Which ways there are, axum says in `Allow`.
pub async fn wrong_method() -> Response {
    json(&ApiError::new(405, "method_not_allowed", "This address is not asked in this way."))
}

/// A panic is a bug: it is logged by the panic hook, and told as "something went wrong", nothing more.
pub fn panicked(_cause: Box<dyn Any + Send + 'static>) -> Response {
    json(&ApiError::internal())
}
