//! A request's body has so much time in all: one that drips, however steadily, is cut off and answered 408.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderValue, header};
use http_body::{Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::request_id::json;
use super::server::Limits;
use super::uploads::LARGER;
use crate::api::ApiError;

pub async fn keep(State(limits): State<Limits>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let uploads = LARGER.iter().any(|(path, _)| *path == request.uri().path());
    let within = if uploads { limits.upload } else { limits.body };
    let late = Arc::new(AtomicBool::new(false));
    let request = {
        let late = Arc::clone(&late);
        request.map(|body| Body::new(Deadline { body, within, timer: None, late }))
    };
    let response = next.run(request).await;
    if !late.load(Ordering::Relaxed) {
        return response;
    }
    // Whoever read the body can say only that it could not be read.
    let mut response = json(&ApiError::new(408, "body_too_slow", "The body did not come in time."));
    // The rest of it is not waited for.
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

struct Deadline {
    body: Body,
    within: Duration,
    /// Most bodies come with their head, and it is never made.
    timer: Option<Pin<Box<Sleep>>>,
    late: Arc<AtomicBool>,
}

impl HttpBody for Deadline {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        if let Some(timer) = &mut this.timer
            && timer.as_mut().poll(cx).is_ready()
        {
            this.late.store(true, Ordering::Relaxed);
            return Poll::Ready(Some(Err(axum::Error::new("the body did not come in time"))));
        }
        let frame = Pin::new(&mut this.body).poll_frame(cx);
        if frame.is_pending() && this.timer.is_none() {
            let mut timer = Box::pin(sleep(this.within));
            // It can't have run out: this tells it whom to wake.
            let _ = timer.as_mut().poll(cx);
            this.timer = Some(timer);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
