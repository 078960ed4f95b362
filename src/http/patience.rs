//! The longest that anybody waits for an answer of ours. Every step behind it ends by itself; this is for a row of slow
//! ones. What was under way is dropped as if the process had died there, which nothing minds.

use std::time::Duration;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;

use super::request_id::json;
use crate::api::ApiError;

/// Shorter than a payment attempt holds its key (`workflows::start_checkout`), so that two requests never hold two.
const ANSWER_WITHIN: Duration = Duration::from_secs(25);

pub async fn bounded(request: Request, next: Next) -> Response {
    tokio::time::timeout(ANSWER_WITHIN, next.run(request)).await.unwrap_or_else(|_| {
        tracing::error!("no answer in time; the request was given up");
        json(&ApiError::too_slow())
    })
}
