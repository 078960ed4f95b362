//! What is told of this process while it runs: logs, metrics, traces, errors. Each can be switched on by a setting and
//! costs nothing while it is off; none of them may say who a buyer is, and none may hold up a request.

mod errors;
mod export;
mod logs;
mod mask;
mod meters;
pub mod metric;
mod process;
mod span;
mod trace;

use std::time::Duration;

pub use mask::mask;
pub use meters::Waiting;
pub use metrics_exporter_prometheus::PrometheusHandle;
pub use process::measure as measure_process;
pub use sentry::types::Dsn;
pub use span::{Kind, Span};
pub use trace::{SpanId, Trace, TraceId};

/// The longest that spans and errors are waited for when the process ends.
const FLUSH_WITHIN: Duration = Duration::from_millis(700);

/// The request that this task answers, as its errors name it.
pub fn request_id() -> Option<String> {
    trace::with_current(|scope| scope.request_id.as_deref().map(str::to_owned)).flatten()
}

/// The purchase (or request, or delivery) that this task works for.
pub fn trace_id() -> Option<TraceId> {
    trace::with_current(trace::Scope::trace_id)
}

/// The same with the request or delivery that is at work, for what is to happen because of it.
pub fn current() -> Option<Trace> {
    trace::with_current(|scope| Trace { id: scope.trace_id(), cause: Some(scope.root) })
}

/// From here on this task works for another purchase than was thought when it began.
pub fn join(id: TraceId) {
    trace::with_current(|scope| scope.join(id));
}

/// As much as `RUST_LOG` wants; `None`: the usual.
pub fn start_logs(wanted: Option<&str>) {
    logs::start(wanted);
}

/// `None` if metrics were installed before (tests).
pub fn start_metrics() -> Option<PrometheusHandle> {
    metric::install()
}

/// What is on only where somebody listens: errors to Sentry, traces to a collector.
pub fn start(sentry: Option<&Dsn>, otlp_endpoint: Option<&str>, is_production: bool) -> Result<(), String> {
    if let Some(dsn) = sentry {
        errors::start(dsn.clone(), is_production);
    }
    otlp_endpoint.map_or(Ok(()), export::start)
}

/// Hands over what is still held. A collector that does not answer is not waited for.
pub async fn flush() {
    let flushed = tokio::task::spawn_blocking(|| {
        std::thread::scope(|scope| {
            scope.spawn(|| errors::flush(FLUSH_WITHIN));
            export::flush(FLUSH_WITHIN);
        });
    });
    drop(tokio::time::timeout(FLUSH_WITHIN * 2, flushed).await);
}
