//! Errors to Sentry, when there is a DSN: what we log as an error (a panic too) with release, environment and trace.
//! Nothing is gathered by itself: no requests, no breadcrumbs, no host; and what is sent passes the mask once more.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sentry::protocol::{Context as SentryContext, Event as SentryEvent, SpanId, TraceContext, TraceId};
use sentry::types::Dsn;
use sentry::{Client, ClientOptions, Level as SentryLevel};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use super::mask::mask;
use super::trace;

static CLIENT: OnceLock<Client> = OnceLock::new();

const RELEASE: &str = concat!("rolitt@", env!("CARGO_PKG_VERSION"));
/// Of a field; a cause is a sentence.
const MOST: usize = 500;

pub fn start(dsn: Dsn, is_production: bool) {
    super::export::use_ring();
    let mut options = ClientOptions::new()
        .release(RELEASE)
        .environment(if is_production { "production" } else { "development" })
        .send_default_pii(false)
        .default_integrations(false)
        .max_breadcrumbs(0);
    options.dsn = Some(dsn);
    options.transport = Some(Arc::new(sentry::transports::DefaultTransportFactory));
    // A second start in one process keeps the first one's.
    drop(CLIENT.set(Client::with_options(options)));
}

pub fn flush(within: Duration) {
    if let Some(client) = CLIENT.get() {
        client.close(Some(within));
    }
}

/// Our own errors alone: those of libraries speak of what we can't judge.
pub struct ToSentry;

impl<S: Subscriber> Layer<S> for ToSentry {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let ours = metadata.target().split(':').next() == Some(env!("CARGO_PKG_NAME"));
        let (Some(client), Level::ERROR, true) = (CLIENT.get(), *metadata.level(), ours) else { return };
        let mut told = Told(SentryEvent {
            level: SentryLevel::Error,
            logger: Some(metadata.target().to_owned()),
            culprit: metadata.file().zip(metadata.line()).map(|(file, line)| format!("{file}:{line}")),
            platform: "native".into(),
            ..SentryEvent::default()
        });
        event.record(&mut told);
        trace::with_current(|scope| {
            let id = scope.trace_id();
            told.0.tags.insert("trace_id".to_owned(), id.to_string());
            if let Some(request) = &scope.request_id {
                told.0.tags.insert("request_id".to_owned(), request.to_string());
            }
            let (trace_id, span_id) = (TraceId::from(id.to_bytes()), SpanId::from(scope.span.to_bytes()));
            let context = TraceContext { trace_id, span_id, ..TraceContext::default() };
            told.0.contexts.insert("trace".to_owned(), SentryContext::from(context));
        });
        client.capture_event(told.0, None);
    }
}

struct Told(SentryEvent<'static>);

impl Told {
    fn keep(&mut self, field: &Field, text: &str) {
        let text = mask(text).chars().take(MOST).collect::<String>();
        if field.name() == "message" {
            self.0.message = Some(text);
        } else {
            self.0.extra.insert(field.name().to_owned(), text.into());
        }
    }
}

impl Visit for Told {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.keep(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.keep(field, &format!("{value:?}"));
    }
}
