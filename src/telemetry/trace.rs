//! Ids that follow a purchase from its form to its last delivery. A preorder's trace id is made of the preorder's own id:
//! whoever knows one knows the other, in whichever process and however much later; there is nothing to store.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::ids::PreorderId;

/// W3C's: sixteen bytes, not all of them nought, written as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceId(u128);

/// W3C's: eight bytes, written as 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanId(u64);

/// Where something belongs and what it comes of, as it stands in `outbox.trace_id`: `{trace}-{span}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trace {
    pub id: TraceId,
    pub cause: Option<SpanId>,
}

impl TraceId {
    pub fn unique() -> Self {
        Self(uuid::Uuid::now_v7().as_u128())
    }

    /// All that happens because of a preorder.
    pub fn of_preorder(id: &PreorderId) -> Self {
        let unique = id.as_str().trim_start_matches(PreorderId::PREFIX);
        unique
            .parse()
            .unwrap_or_else(|_| Self(uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, unique.as_bytes()).as_u128()))
    }

    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

impl SpanId {
    pub fn unique() -> Self {
        Self(rand::random::<u64>().max(1))
    }

    /// The same for the same try of the same delivery, so that what came of it can be found.
    pub fn of_delivery(id: &str, attempt: i64) -> Self {
        let unique = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, format!("{id}/{attempt}").as_bytes());
        Self(unique.as_u64_pair().1.max(1))
    }

    pub const fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cause {
            Some(span) => write!(f, "{}-{span}", self.id),
            None => self.id.fmt(f),
        }
    }
}

/// Not a trace's or a span's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnId;

fn hex(text: &str, digits: usize) -> Result<u128, NotAnId> {
    let fine = text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let number = u128::from_str_radix(text, 16).map_err(|_| NotAnId)?;
    if fine && number != 0 { Ok(number) } else { Err(NotAnId) }
}

impl FromStr for TraceId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        hex(text, 32).map(Self)
    }
}

impl FromStr for Trace {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let Some((id, span)) = text.split_once('-') else { return Ok(Self { id: text.parse()?, cause: None }) };
        let span = u64::try_from(hex(span, 16)?).map_err(|_| NotAnId)?;
        Ok(Self { id: id.parse()?, cause: Some(SpanId(span)) })
    }
}

tokio::task_local! {
    static CURRENT: Scope;
}

/// What a task is at.
#[derive(Clone)]
pub struct Scope {
    pub request_id: Option<Arc<str>>,
    /// The request or delivery itself.
    pub root: SpanId,
    /// The part of it that is at work.
    pub span: SpanId,
    /// Shared by all that is done for one request or delivery: it may turn out late whose purchase it is.
    trace: Arc<Mutex<TraceId>>,
}

impl Scope {
    pub fn new(request_id: Option<&str>, trace: TraceId, span: SpanId) -> Self {
        Self { request_id: request_id.map(Arc::from), root: span, span, trace: Arc::new(Mutex::new(trace)) }
    }

    pub fn with_span(&self, span: SpanId) -> Self {
        Self { span, ..self.clone() }
    }

    pub fn trace_id(&self) -> TraceId {
        *self.trace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn join(&self, id: TraceId) {
        *self.trace.lock().unwrap_or_else(PoisonError::into_inner) = id;
    }

    pub fn around<F: Future>(self, work: F) -> impl Future<Output = F::Output> + use<F> {
        CURRENT.scope(self, work)
    }
}

pub fn with_current<T>(read: impl FnOnce(&Scope) -> T) -> Option<T> {
    CURRENT.try_with(read).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_read_as_it_was_written() {
        let trace = Trace { id: TraceId::unique(), cause: Some(SpanId::unique()) };
        assert_eq!(trace.to_string().parse(), Ok(trace));
        assert_eq!(trace.id.to_string().parse(), Ok(Trace { id: trace.id, cause: None }));
        let zeros = "0".repeat(32);
        for odd in ["", "req_1", zeros.as_str(), "0195F", "ä"] {
            assert_eq!(odd.parse::<Trace>(), Err(NotAnId), "{odd}");
        }
    }

    #[test]
    fn a_preorders_trace_is_its_own_id() {
        let hex = uuid::Uuid::now_v7().simple().to_string();
        assert_eq!(TraceId::of_preorder(&PreorderId::from_unique(&hex)).to_string(), hex);
        let odd = PreorderId::from_unique("demo17");
        assert_eq!(TraceId::of_preorder(&odd), TraceId::of_preorder(&odd));
        assert_eq!(TraceId::of_preorder(&odd).to_string().len(), 32);
    }

    #[tokio::test]
    async fn whoever_joins_late_takes_along_what_began_before() {
        let (first, second) = (TraceId::unique(), TraceId::unique());
        let outer = Scope::new(Some("req_1"), first, SpanId::unique());
        let inner = outer.with_span(SpanId::unique());
        inner.around(async { with_current(|scope| scope.join(second)) }).await;
        assert_eq!(outer.trace_id(), second);
    }
}
