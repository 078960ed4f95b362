//! `GET /metrics`. What is counted is there already; what must be looked up is looked up here, in a few bounded reads, at
//! most once in some seconds whoever asks, and never for longer than a scrape may take. Without its database a process
//! still tells of itself, and what nobody knows any more is not a number.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use tokio::sync::Mutex;

use super::AppState;
use crate::context::Context;
use crate::domain::delivery::{DeliveryKind, DeliveryState, Lane};
use crate::domain::timestamp::Timestamp;
use crate::store::outbox_board::{self, Count, MOST_COUNTED};
use crate::store::{StoreResult, doctor, patience, webhooks};
use crate::telemetry::{PrometheusHandle, measure_process, metric};
use crate::workflows::WorkflowError;
use crate::workflows::check_promises::{LONGEST_QUESTION, check_promises};

/// How old what was looked up may be.
const FRESH: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(2);
/// How often the promises are looked through, where anybody scrapes.
const PROMISES_EVERY: Duration = Duration::from_mins(15);
/// The same after a look that failed, or that somebody else was at.
const PROMISES_AGAIN: Duration = Duration::from_mins(1);

pub struct Scrape {
    ctx: Context,
    handle: PrometheusHandle,
    looked_at: Mutex<Option<Instant>>,
    /// When the promises are looked through again; `None`: with the next scrape.
    next_look: Arc<Mutex<Option<Instant>>>,
}

struct Backlog {
    outbox: Vec<(DeliveryState, Vec<Count>)>,
    failed_webhooks: i64,
}

pub async fn metrics(State(state): State<AppState>) -> Response {
    answer(state.scrape).await
}

pub async fn answer(scrape: Option<Arc<Scrape>>) -> Response {
    let Some(scrape) = scrape else { return StatusCode::NOT_FOUND.into_response() };
    let text = scrape.text().await;
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

impl Scrape {
    pub fn new(ctx: Context, handle: PrometheusHandle) -> Self {
        let upkeep = handle.clone();
        // Histograms keep what they were told until somebody adds it up: also while nobody scrapes.
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(FRESH).await;
                upkeep.run_upkeep();
            }
        });
        Self { ctx, handle, looked_at: Mutex::default(), next_look: Arc::default() }
    }

    async fn text(&self) -> String {
        measure_process();
        self.measure_this_process();
        self.look().await;
        self.look_through_promises();
        self.handle.render()
    }

    fn measure_this_process(&self) {
        let now = self.ctx.clock.steady();
        for &lane in Lane::ALL {
            let shut = self.ctx.breakers.is_shut(lane, now);
            metrics::gauge!(metric::BREAKER, "lane" => lane.as_str()).set(f64::from(u8::from(shut)));
        }
        for (pool, size, idle, most) in self.ctx.db.connections() {
            let in_use = f64::from(size) - idle as f64;
            metrics::gauge!(metric::CONNECTIONS, "pool" => pool, "state" => "idle").set(idle as f64);
            metrics::gauge!(metric::CONNECTIONS, "pool" => pool, "state" => "in_use").set(in_use.max(0.0));
            metrics::gauge!(metric::CONNECTIONS_MOST, "pool" => pool).set(f64::from(most));
        }
    }

    async fn look(&self) {
        // Somebody else is at it: what they found a moment ago is good enough.
        let Ok(mut looked_at) = self.looked_at.try_lock() else { return };
        if looked_at.is_some_and(|at| at.elapsed() < FRESH) {
            return;
        }
        // Counts that take long say that there is much to count; whether the database is there is another question.
        let answers = tokio::time::timeout(PATIENCE, doctor::ping(&self.ctx.db));
        let found = tokio::time::timeout(PATIENCE, self.backlog());
        let (answers, found) = futures::join!(answers, found);
        let found = found.ok().and_then(StoreResult::ok);
        *looked_at = Some(Instant::now());
        let is_up = found.is_some() || matches!(answers, Ok(Ok(())));
        metrics::gauge!(metric::DATABASE_UP).set(f64::from(u8::from(is_up)));
        tell(found.as_ref(), self.ctx.clock.now());
    }

    async fn backlog(&self) -> StoreResult<Backlog> {
        let db = &self.ctx.db;
        let outbox = vec![
            (DeliveryState::Pending, outbox_board::pending(db).await?),
            (DeliveryState::Running, outbox_board::running(db).await?),
            (DeliveryState::Dead, outbox_board::dead(db).await?),
        ];
        Ok(Backlog { outbox, failed_webhooks: webhooks::failed(db, MOST_COUNTED + 1).await? })
    }

    /// In the background, now and then, and by one instance at a time: it reads much.
    fn look_through_promises(&self) {
        let Ok(mut next_look) = Arc::clone(&self.next_look).try_lock_owned() else { return };
        if next_look.is_some_and(|at| Instant::now() < at) {
            return;
        }
        let ctx = self.ctx.clone();
        tokio::spawn(async move {
            // Also if it ends in a panic: a look that fails is not begun again with every scrape.
            *next_look = Some(Instant::now() + PROMISES_AGAIN);
            match Box::pin(patience::with(LONGEST_QUESTION, promises(&ctx))).await {
                Ok(true) => *next_look = Some(Instant::now() + PROMISES_EVERY),
                // Another instance is at it, or the doctor.
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "could not look through the promises"),
            }
        });
    }
}

async fn promises(ctx: &Context) -> Result<bool, WorkflowError> {
    let Ok(_only_one) = Arc::clone(&ctx.looking).try_lock_owned() else { return Ok(false) };
    let Some(alone) = doctor::look_alone(&ctx.db).await? else { return Ok(false) };
    let findings = check_promises(ctx).await?;
    alone.end().await;
    for promise in 1..=9_u8 {
        let broken: i64 = findings.iter().filter(|f| f.promise == promise).map(|f| f.broken).sum();
        if findings.iter().any(|finding| finding.promise == promise) {
            metrics::gauge!(metric::PROMISES, "promise" => promise.to_string()).set(broken as f64);
        }
    }
    metrics::gauge!(metric::PROMISES_CHECKED).set(ctx.clock.now().seconds() as f64);
    Ok(true)
}

/// A kind that has emptied is not among the rows, and must not keep its last value.
fn tell(found: Option<&Backlog>, now: Timestamp) {
    let unknown = if found.is_some() { 0.0 } else { f64::NAN };
    let (mut unapplied, mut unapplied_oldest) = (unknown, unknown);
    for &kind in DeliveryKind::ALL {
        for state in [DeliveryState::Pending, DeliveryState::Running, DeliveryState::Dead] {
            let counts = found.and_then(|found| found.outbox.iter().find(|(of, _)| *of == state));
            let count = counts.and_then(|(_, counts)| counts.iter().find(|count| count.kind == kind));
            let rows = count.map_or(unknown, |count| count.rows as f64);
            let oldest = count.and_then(|count| count.oldest);
            let oldest = oldest.map_or(unknown, |oldest| now.since(oldest).as_secs_f64());
            let labels = [("kind", kind.as_str()), ("state", state.as_str())];
            metrics::gauge!(metric::OUTBOX, &labels).set(rows);
            metrics::gauge!(metric::OUTBOX_OLDEST, &labels).set(oldest);
            // An event that is to be applied is one of these deliveries.
            if kind == DeliveryKind::ApplyStripeEvent && state != DeliveryState::Dead {
                unapplied += rows;
                unapplied_oldest = unapplied_oldest.max(oldest);
            }
        }
    }
    metrics::gauge!(metric::UNAPPLIED).set(unapplied);
    metrics::gauge!(metric::UNAPPLIED_OLDEST).set(unapplied_oldest);
    metrics::gauge!(metric::FAILED_WEBHOOKS).set(found.map_or(f64::NAN, |found| found.failed_webhooks as f64));
}
