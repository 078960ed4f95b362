//! For load balancers and Prometheus.

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

use super::AppState;
use crate::store::doctor;

/// Who asks whether we are ready does not wait for long.
const READY_WITHIN: Duration = Duration::from_secs(3);

pub async fn alive() -> &'static str {
    "ok\n"
}

/// 200 when a buyer could be served: the database answers and knows our tables, and this instance is not about to stop.
pub async fn ready(State(state): State<AppState>) -> Response {
    if state.stop.is_cancelled() {
        return away("stopping\n");
    }
    let db = &state.ctx.db;
    let asked = async {
        doctor::ping(db).await?;
        db.missing_migrations().await
    };
    match tokio::time::timeout(READY_WITHIN, asked).await {
        Ok(Ok(missing)) if missing.is_empty() => "ready\n".into_response(),
        Ok(Ok(_)) => away("migrations are missing\n"),
        Ok(Err(error)) => {
            tracing::warn!(%error, "not ready");
            away("the database is away\n")
        }
        Err(_) => {
            tracing::warn!("not ready: the database does not answer");
            away("the database is away\n")
        }
    }
}

fn away(text: &'static str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], text).into_response()
}
