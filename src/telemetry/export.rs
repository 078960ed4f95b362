//! Spans to an OpenTelemetry collector, when there is an endpoint: OTLP over HTTP, gathered and sent by a thread of its
//! own. A buyer never waits for it; what a collector does not take in time is dropped.

use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{SpanContext, SpanKind, Status, TraceFlags, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SpanData, SpanEvents, SpanLinks, SpanProcessor,
};

use super::span::{Kind, Recording};
use super::trace::{SpanId, TraceId};

static PROCESSOR: OnceLock<BatchSpanProcessor> = OnceLock::new();

/// How long spans are gathered.
const GATHER: Duration = Duration::from_secs(1);
/// What waits while a collector is away: some seconds of a busy day.
const MOST: usize = 8_192;
const TIMEOUT: Duration = Duration::from_secs(3);

pub fn is_on() -> bool {
    PROCESSOR.get().is_some()
}

/// `endpoint` is the collector's, as OpenTelemetry has it: traces go to `/v1/traces` below it.
pub fn start(endpoint: &str) -> Result<(), String> {
    use_ring();
    let told = |error: &dyn fmt::Display| format!("OTEL_EXPORTER_OTLP_ENDPOINT: {error}");
    let http = reqwest::Client::builder().timeout(TIMEOUT).build().map_err(|error| told(&error))?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(OnRuntime { http, runtime: tokio::runtime::Handle::current() })
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .with_timeout(TIMEOUT)
        .build()
        .map_err(|error| told(&error))?;
    let batch = BatchConfigBuilder::default().with_scheduled_delay(GATHER).with_max_queue_size(MOST).build();
    let mut processor = BatchSpanProcessor::new(exporter, batch);
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let mut resource = Resource::builder().with_attribute(version);
    // Its own variable for it is read by the builder.
    if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
        resource = resource.with_service_name(env!("CARGO_PKG_NAME"));
    }
    processor.set_resource(&resource.build());
    // A second start in one process keeps the first one's.
    drop(PROCESSOR.set(processor));
    Ok(())
}

pub fn flush(within: Duration) {
    if let Some(processor) = PROCESSOR.get() {
        // What could not be sent by now is lost, and nobody can do anything about it.
        drop(processor.shutdown_with_timeout(within));
    }
}

pub fn record(trace: TraceId, span: SpanId, recording: Recording) {
    let Some(processor) = PROCESSOR.get() else { return };
    let id = |span: SpanId| opentelemetry::trace::SpanId::from_bytes(span.to_bytes());
    let trace = opentelemetry::trace::TraceId::from_bytes(trace.to_bytes());
    let attribute = |(name, value): (&'static str, String)| KeyValue::new(name, value);
    processor.on_end(SpanData {
        span_context: SpanContext::new(trace, id(span), TraceFlags::SAMPLED, false, TraceState::default()),
        parent_span_id: recording.parent.map_or(opentelemetry::trace::SpanId::INVALID, id),
        parent_span_is_remote: recording.kind == Kind::Consumer,
        span_kind: match recording.kind {
            Kind::Server => SpanKind::Server,
            Kind::Client => SpanKind::Client,
            Kind::Consumer => SpanKind::Consumer,
            Kind::Internal => SpanKind::Internal,
        },
        name: recording.name,
        start_time: recording.began_at,
        end_time: SystemTime::now(),
        attributes: recording.attributes.into_iter().map(attribute).collect(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: recording.failure.map_or(Status::Unset, |why| Status::Error { description: Cow::Borrowed(why) }),
        instrumentation_scope: InstrumentationScope::builder(env!("CARGO_PKG_NAME")).build(),
    });
}

/// The one cryptography of the process, as for every other client of ours.
pub fn use_ring() {
    // An error says that it was installed before.
    drop(rustls::crypto::ring::default_provider().install_default());
}

/// The exporter's thread has no runtime, which our HTTP client needs: it borrows the process's.
struct OnRuntime {
    http: reqwest::Client,
    runtime: tokio::runtime::Handle,
}

impl fmt::Debug for OnRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnRuntime")
    }
}

impl HttpClient for OnRuntime {
    fn send_bytes<'a, 'sent>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'sent>>
    where
        'a: 'sent,
        Self: 'sent,
    {
        let http = self.http.clone();
        let sent = self.runtime.spawn(async move {
            let answer = http.execute(request.try_into()?).await?;
            let mut response = Response::builder().status(answer.status());
            if let Some(headers) = response.headers_mut() {
                headers.clone_from(answer.headers());
            }
            Ok(response.body(answer.bytes().await?)?)
        });
        Box::pin(async move { sent.await? })
    }
}
