//! Tells admins' open pages that something has changed, so that they fetch themselves again. One look at the database
//! serves all who listen, and there is none while nobody does. A listener is let go when their session ends and when
//! the process is told to stop.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::AppState;
use super::request_id::json;
use crate::api::admin::login::token_of;
use crate::api::{ApiError, Login};
use crate::context::Context;
use crate::store::changes;
use crate::telemetry::{Waiting, metric};
use crate::workflows::admins::who_is;

/// How often the database is looked at.
const EVERY: Duration = Duration::from_secs(2);
/// How often a listener's session is.
const SESSION_EVERY: Duration = Duration::from_secs(5);
/// A line through proxies that would close a silent connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// After that a browser that lost its connection comes back.
const COME_BACK: Duration = Duration::from_secs(5);
/// Pages that may listen at once.
const PLACES: usize = 200;

pub struct Live {
    /// Counts the changes that were seen.
    changes: watch::Sender<u64>,
    looking: Mutex<bool>,
    places: Arc<Semaphore>,
    stop: CancellationToken,
}

impl Live {
    /// Everybody is let go when `stop` is cancelled.
    pub fn new(stop: CancellationToken) -> Self {
        Self {
            changes: watch::Sender::new(0),
            looking: Mutex::new(false),
            places: Arc::new(Semaphore::new(PLACES)),
            stop,
        }
    }

    /// Looks for changes as long as anybody listens.
    fn look(self: &Arc<Self>, ctx: &Context) {
        let mut looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::replace(&mut *looking, true) {
            tokio::spawn(Arc::clone(self).look_while_heard(ctx.clone()));
        }
    }

    async fn look_while_heard(self: Arc<Self>, ctx: Context) {
        let mut known = changes::mark(&ctx.db).await.ok();
        loop {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = self.stop.cancelled() => return,
            }
            {
                let mut looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
                if self.changes.receiver_count() == 0 {
                    *looking = false;
                    return;
                }
            }
            // A database that is away has changed nothing that could be shown.
            let Ok(mark) = changes::mark(&ctx.db).await else { continue };
            if known.as_ref() != Some(&mark) {
                known = Some(mark);
                self.changes.send_modify(|count| *count += 1);
            }
        }
    }
}

/// `GET /admin/live`: an event `changed` for each time that something did.
pub async fn listen(State(state): State<AppState>, login: Option<Extension<Login>>, headers: HeaderMap) -> Response {
    let (Some(_), Some(token)) = (login, token_of(&headers)) else { return json(&ApiError::unauthorized()) };
    let Ok(place) = Arc::clone(&state.live.places).try_acquire_owned() else {
        let full = ApiError::new(503, "too_many_listeners", "Too many pages listen. Load the page again later.");
        return json(&full.with_status(503, Some(60)));
    };
    let heard = state.live.changes.subscribe();
    state.live.look(&state.ctx);
    let listener = Listener::new(&state, token, heard, place);
    let events = Sse::new(listener.events()).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    // Or a proxy would gather events until there are enough for a packet.
    let unbuffered = (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    let private = (http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    ([unbuffered, private], events).into_response()
}

struct Listener {
    ctx: Context,
    token: String,
    stop: CancellationToken,
    heard: watch::Receiver<u64>,
    session: Interval,
    greeted: bool,
    /// Given back with the listener.
    _place: OwnedSemaphorePermit,
    _counted: Waiting,
}

impl Listener {
    fn new(state: &AppState, token: String, heard: watch::Receiver<u64>, place: OwnedSemaphorePermit) -> Self {
        let mut session = tokio::time::interval(SESSION_EVERY);
        session.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let counted = Waiting::at(metrics::gauge!(metric::LIVE_PAGES));
        let (ctx, stop) = (state.ctx.clone(), state.live.stop.clone());
        Self { ctx, token, stop, heard, session, greeted: false, _place: place, _counted: counted }
    }

    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        futures::stream::unfold(self, async |mut listener| Some((Ok(listener.next().await?), listener)))
    }

    /// `None`: it is over.
    async fn next(&mut self) -> Option<Event> {
        if !std::mem::replace(&mut self.greeted, true) {
            return Some(Event::default().event("hello").data("").retry(COME_BACK));
        }
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return None,
                changed = self.heard.changed() => {
                    changed.ok()?;
                    let count = *self.heard.borrow_and_update();
                    return Some(Event::default().event("changed").data(count.to_string()));
                }
                _ = self.session.tick() => {
                    // While the database is away nobody can say that the session has ended.
                    if matches!(who_is(&self.ctx, &self.token).await, Ok(None)) {
                        return None;
                    }
                }
            }
        }
    }
}
