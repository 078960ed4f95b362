//! Logs, metrics, and the trace id that goes with a request into its deliveries.

use std::io::IsTerminal;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

tokio::task_local! {
    static TRACE_ID: String;
}

/// The id of the request (or delivery) that this task works for.
pub fn trace_id() -> Option<String> {
    TRACE_ID.try_with(Clone::clone).ok()
}

pub async fn with_trace_id<F: Future>(id: String, work: F) -> F::Output {
    TRACE_ID.scope(id, work).await
}

/// Logs to standard error; `RUST_LOG` says how much.
pub fn init_logs() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .try_init();
    // A second start in one process (tests) keeps the first one's.
    drop(started);
}

/// Bounds of the histograms, in seconds: from a page out of memory to a provider at its limit.
const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// `None` if metrics were installed before (tests).
pub fn init_metrics() -> Option<PrometheusHandle> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
        .ok()?
        .install_recorder()
        .ok()
}
