//! For load balancers and Prometheus.

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

use super::AppState;
use crate::domain::delivery::{DeliveryKind, DeliveryState};
use crate::store::{doctor, outbox};

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

pub async fn metrics(State(state): State<AppState>) -> Response {
    let Some(handle) = &state.metrics else { return StatusCode::NOT_FOUND.into_response() };
    if let Ok(backlog) = outbox::backlog(&state.ctx.db).await {
        let now = state.ctx.clock.now();
        // A kind that has emptied is not among the rows, and must not keep its last value.
        for kind in DeliveryKind::ALL {
            for row_state in [DeliveryState::Pending, DeliveryState::Running, DeliveryState::Dead] {
                let labels = [("kind", kind.as_str()), ("state", row_state.as_str())];
                metrics::gauge!("rolitt_outbox_rows", &labels).set(0.0);
                metrics::gauge!("rolitt_outbox_oldest_seconds", &labels).set(0.0);
            }
        }
        for (kind, row_state, count, oldest) in backlog {
            let labels = [("kind", kind.as_str()), ("state", row_state.as_str())];
            metrics::gauge!("rolitt_outbox_rows", &labels).set(count as f64);
            metrics::gauge!("rolitt_outbox_oldest_seconds", &labels).set(now.since(oldest).as_secs_f64());
        }
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], handle.render()).into_response()
}
