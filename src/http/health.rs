//! For load balancers and Prometheus.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

use super::AppState;
use crate::store::doctor;

pub async fn alive() -> &'static str {
    "ok\n"
}

/// 200 when a buyer could be served: the database answers and knows our tables, and this instance is not about to stop.
pub async fn ready(State(state): State<AppState>) -> Response {
    if state.stop.is_cancelled() {
        return away("stopping\n");
    }
    let db = &state.ctx.db;
    let problem = match doctor::ping(db).await {
        Err(error) => Some(error),
        Ok(()) => match db.missing_migrations().await {
            Ok(missing) if missing.is_empty() => None,
            Ok(_) => return away("migrations are missing\n"),
            Err(error) => Some(error),
        },
    };
    match problem {
        None => "ready\n".into_response(),
        Some(error) => {
            tracing::warn!(%error, "not ready");
            away("the database is away\n")
        }
    }
}

fn away(text: &'static str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], text).into_response()
}
