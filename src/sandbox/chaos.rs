//! How one answer is spoilt. A plan is drawn when the request arrives; it delays, answers in the handler's place, or lets
//! the handler act and then damages or loses what it said.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use tokio::sync::watch;

use super::faults::{FaultDesk, Faults, Service};

/// Longer than any client waits.
const HANG: Duration = Duration::from_mins(2);
/// Longer than whoever was told that it failed waits before the next try.
pub const LATER: Duration = Duration::from_secs(3);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Well,
    Reset,
    Hang,
    Error(u16, Option<u64>),
    Garbage,
    Truncate,
    LoseAnswer,
    /// A gateway before it waits no longer, and says so.
    Late(u16),
}

/// What will happen to one request.
#[derive(Debug, Clone)]
pub struct Plan {
    service: Service,
    /// The settings to come, where it waits for some that let it go.
    held: Option<watch::Receiver<Faults>>,
    delay: Duration,
    fate: Fate,
}

impl Plan {
    /// `what` is the request's method and path.
    pub fn draw(desk: &mut FaultDesk, service: Service, what: &str) -> Self {
        let faults = desk.faults().of(service).clone();
        let delay = Duration::from_millis(faults.latency_ms + desk.up_to(faults.latency_jitter_ms));
        let fate = if desk.happens(faults.reset_rate) {
            Fate::Reset
        } else if desk.happens(faults.timeout_rate) {
            Fate::Hang
        } else if what.contains(&faults.error_on) && desk.happens(faults.error_rate) {
            Fate::Error(faults.error_status, faults.retry_after)
        } else if desk.happens(faults.garbage_rate) {
            Fate::Garbage
        } else if desk.happens(faults.truncate_rate) {
            Fate::Truncate
        } else if desk.happens(faults.lose_answer_rate) {
            Fate::LoseAnswer
        } else if what.contains(&faults.error_on) && desk.happens(faults.late_act_rate) {
            Fate::Late(if faults.error_status >= 500 { faults.error_status } else { 502 })
        } else {
            Fate::Well
        };
        let held = faults.hold.then(|| desk.subscribe());
        Self { service, held, delay, fate }
    }

    /// Whether the handler will act at all.
    pub fn acts(&self) -> bool {
        matches!(self.fate, Fate::Well | Fate::Truncate | Fate::LoseAnswer | Fate::Late(_))
    }

    /// Whether it acts only after it was answered for.
    pub fn is_late(&self) -> bool {
        matches!(self.fate, Fate::Late(_))
    }

    /// Whether the service fails at the act: what Stripe then keeps under the request's key, as any other answer.
    pub fn fails(&self) -> bool {
        matches!(self.fate, Fate::Error(500..=599, _))
    }

    /// The fault's name for the inbox; none when all is well.
    pub fn name(&self) -> Option<&'static str> {
        match self.fate {
            Fate::Well => None,
            Fate::Reset => Some("reset"),
            Fate::Hang => Some("timeout"),
            Fate::Error(..) => Some("error"),
            Fate::Garbage => Some("garbage"),
            Fate::Truncate => Some("truncated"),
            Fate::LoseAnswer => Some("answer lost"),
            Fate::Late(_) => Some("failure answered, done all the same"),
        }
    }

    pub async fn wait(&self) {
        if let Some(mut settings) = self.held.clone() {
            // An error says that the sandbox has ended: nobody is left to answer.
            drop(settings.wait_for(|faults| !faults.of(self.service).hold).await);
        }
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
    }

    /// The answer given in the handler's place. `error_body` is the service's own way to say that it is broken.
    pub async fn instead(&self, error_body: impl FnOnce(u16) -> String) -> Option<Response> {
        match self.fate {
            Fate::Well | Fate::Truncate | Fate::LoseAnswer | Fate::Late(_) => None,
            Fate::Reset => Some(severed()),
            Fate::Hang => {
                tokio::time::sleep(HANG).await;
                Some(severed())
            }
            Fate::Error(status, retry_after) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let mut response =
                    (status, [(header::CONTENT_TYPE, "application/json")], error_body(status.as_u16())).into_response();
                if let Some(seconds) = retry_after {
                    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
                }
                Some(response)
            }
            Fate::Garbage => {
                let page = "<!doctype html><title>502 Bad Gateway</title>\u{0}\u{1}{\"id\": nonsense";
                Some(([(header::CONTENT_TYPE, "application/json")], page).into_response())
            }
        }
    }

    /// What becomes of the handler's answer.
    pub async fn after(&self, response: Response) -> Response {
        match self.fate {
            Fate::Truncate => truncated(response).await,
            Fate::LoseAnswer => severed(),
            Fate::Late(status) => gave_up_waiting(status),
            _ => response,
        }
    }
}

/// A connection closed without an answer: a body that fails at once makes hyper drop it before the head is sent.
fn severed() -> Response {
    let broken = stream::iter([Err::<Bytes, _>(std::io::Error::from(std::io::ErrorKind::ConnectionReset))]);
    Response::new(Body::from_stream(broken))
}

/// What stands before the service says, and not the service itself: its own answer comes too late.
fn gave_up_waiting(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    (status, [(header::CONTENT_TYPE, "text/html")], "<html><h1>The upstream did not answer</h1></html>").into_response()
}

/// Half of the body under the length of the whole, then the connection is closed.
async fn truncated(response: Response) -> Response {
    let (mut head, body) = response.into_parts();
    let Ok(whole) = to_bytes(body, usize::MAX).await else { return severed() };
    head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
    let half = whole.slice(..whole.len() / 2);
    // The pause lets the first half leave before the connection breaks.
    let broken = stream::iter([Ok(half)]).chain(stream::once(async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
    }));
    Response::from_parts(head, Body::from_stream(broken))
}
