//! Something that takes time: a request, a step of a workflow, a call to a provider, a delivery. It carries the trace
//! along whether or not anybody collects spans; only when somebody does is its time kept. What it bears is named here
//! and there by hand, one attribute at a time: nothing of a buyer's gets in by itself.

use std::borrow::Cow;
use std::time::SystemTime;

use super::export;
use super::trace::{Scope, SpanId, Trace, TraceId, with_current};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A request that came to us.
    Server,
    /// A request of ours to somebody else.
    Client,
    /// A delivery that was waiting.
    Consumer,
    Internal,
}

/// Recorded when it is dropped, however that comes about.
pub struct Span {
    scope: Scope,
    recording: Option<Box<Recording>>,
}

pub struct Recording {
    pub name: Cow<'static, str>,
    pub kind: Kind,
    pub parent: Option<SpanId>,
    pub began_at: SystemTime,
    pub attributes: Vec<(&'static str, String)>,
    /// In a word.
    pub failure: Option<&'static str>,
}

impl Span {
    /// A request, before it is known what it is about.
    pub fn of_request(request_id: &str, name: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Scope::new(Some(request_id), TraceId::unique(), SpanId::unique()), None, name, Kind::Server)
    }

    /// One try of a delivery, `trace` being what it comes of.
    pub fn of_delivery(id: &str, attempt: i64, trace: Option<Trace>, name: impl Into<Cow<'static, str>>) -> Self {
        let trace = trace.unwrap_or_else(|| Trace { id: TraceId::unique(), cause: None });
        let scope = Scope::new(None, trace.id, SpanId::of_delivery(id, attempt));
        Self::new(scope, trace.cause, name, Kind::Consumer)
    }

    /// A part of what this task is at.
    pub fn within(name: impl Into<Cow<'static, str>>, kind: Kind) -> Self {
        let parent = with_current(Clone::clone);
        let scope = parent.as_ref().map(|scope| scope.with_span(SpanId::unique()));
        let scope = scope.unwrap_or_else(|| Scope::new(None, TraceId::unique(), SpanId::unique()));
        Self::new(scope, parent.map(|parent| parent.span), name, kind)
    }

    fn new(scope: Scope, parent: Option<SpanId>, name: impl Into<Cow<'static, str>>, kind: Kind) -> Self {
        let recording = export::is_on().then(|| {
            let (name, began_at) = (name.into(), SystemTime::now());
            Box::new(Recording { name, kind, parent, began_at, attributes: Vec::new(), failure: None })
        });
        Self { scope, recording }
    }

    /// Does the work as this span. Work is large, and would else be carried about inside of what waits for it.
    pub fn around<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        self.scope.clone().around(Box::pin(work))
    }

    pub fn trace_id(&self) -> TraceId {
        self.scope.trace_id()
    }

    /// Names by OpenTelemetry's conventions where there is one.
    pub fn set(&mut self, attribute: &'static str, value: impl ToString) {
        if let Some(recording) = &mut self.recording {
            recording.attributes.push((attribute, value.to_string()));
        }
    }

    pub fn fail(&mut self, reason: &'static str) {
        if let Some(recording) = &mut self.recording {
            recording.failure = Some(reason);
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if let Some(recording) = self.recording.take() {
            export::record(self.scope.trace_id(), self.scope.span, *recording);
        }
    }
}
