//! One lane's loop: claim as many as may run at once, perform them side by side, write down what came of each.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::perform::{Performed, perform};
use super::{FINISH_WITHIN, LEASE, schedule};
use crate::context::Context;
use crate::context::breaker::Probing;
use crate::domain::delivery::{DeliveryKind, Lane};
use crate::domain::timestamp::Timestamp;
use crate::fail_points::{Point, Span, reach, span};
use crate::providers::ProviderError;
use crate::providers::heard::listening;
use crate::store::outbox::{self, Claimed, DeliveryAttempt, Finished};
use crate::store::{StoreError, StoreResult, preorders};
use crate::telemetry::{self, metric};
use crate::workflows::apply_stripe_event::note_failed_try;

/// Workers are woken by the bell; this is for rings that were lost, and for tries whose time has come.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Whatever a delivery does, it ends well within its lease.
const LONGEST: Duration = Duration::from_secs(45);
/// Between two tries to write down what was done, while the database is away.
const WRITE_AGAIN: Duration = Duration::from_secs(1);
/// After a failed look at the database.
const BACK_OFF: Duration = Duration::from_secs(2);

/// How many deliveries of a lane run at once in a process: what a provider takes without complaint.
const fn concurrency(lane: Lane) -> usize {
    match lane {
        Lane::Settlement | Lane::Klaviyo | Lane::Firebase => 8,
        Lane::Stripe | Lane::Sms => 2,
    }
}

pub async fn run(ctx: Context, lane: Lane, stop: CancellationToken) {
    let slots = Arc::new(Semaphore::new(concurrency(lane)));
    let under_way = TaskTracker::new();
    while !stop.is_cancelled() {
        let pause = match claim(&ctx, lane, &slots).await {
            Ok((_, claimed, _)) if claimed.is_empty() => LOOK_EVERY,
            Ok((token, claimed, mut probing)) => {
                for row in claimed {
                    // Not begun: an SMS goes back as well.
                    if stop.is_cancelled() {
                        give_back(&ctx, &row, &token).await;
                        continue;
                    }
                    let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
                    let held = (slot, probing.take());
                    under_way.spawn(work_off(ctx.clone(), row, token.clone(), held, stop.clone()));
                }
                Duration::ZERO
            }
            Err(error) => {
                tracing::warn!(%error, %lane, "could not claim deliveries");
                BACK_OFF
            }
        };
        if pause.is_zero() {
            // Claim again as soon as there is room for one more.
            tokio::select! {
                slot = slots.acquire() => drop(slot),
                () = stop.cancelled() => {}
            }
            continue;
        }
        tokio::select! {
            () = ctx.bell.rung(lane) => {}
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => {}
        }
    }
    under_way.close();
    under_way.wait().await;
}

/// With whoever asks for all, if the one that was claimed does.
async fn claim(ctx: &Context, lane: Lane, slots: &Semaphore) -> StoreResult<(String, Vec<Claimed>, Option<Probing>)> {
    let free = slots.available_permits();
    let (most, probing) = match ctx.breakers.enter(lane, ctx.clock.steady()) {
        Ok(None) => (free, None),
        // One asks for all: whoever is still under way may be that one.
        Ok(probing) if free == concurrency(lane) => (1, probing),
        Ok(_) | Err(_) => return Ok((String::new(), Vec::new(), None)),
    };
    // The database's: who holds what must not depend on an instance's own clock.
    let now = ctx.shared_now().await?;
    // A look costs a read; a claim, the writer's place.
    if !outbox::any_due(&ctx.db, lane, now).await? {
        return Ok((String::new(), Vec::new(), None));
    }
    let token = outbox::lease_token(&ctx.instance, &ctx.unique());
    let room = i64::try_from(most).unwrap_or(1).max(1);
    let mut tx = ctx.db.begin().await?;
    let claimed = outbox::claim(&mut tx, lane, room, &token, now, now + span(Span::Lease, LEASE)).await?;
    reach(Point::DeliveryClaimed);
    tx.commit().await?;
    reach(Point::DeliveryLeased);
    Ok((token, claimed, probing))
}

async fn work_off(
    ctx: Context,
    row: Claimed,
    token: String,
    _held: (OwnedSemaphorePermit, Option<Probing>),
    stop: CancellationToken,
) {
    let mut traced = traced(&row);
    let timer = std::time::Instant::now();
    let failure = traced.around(async {
        let began = (ctx.clock.now(), ctx.clock.steady());
        let since = tokio::time::Instant::now();
        reach(Point::DeliveryBegun);
        let longest = span(Span::Delivery, LONGEST);
        let (lane, breakers, clock) = (row.kind.lane(), ctx.breakers.clone(), ctx.clock.clone());
        // From what the provider answers, not from what the delivery comes to, which may ask nobody or fail here.
        let learn = move |failure: Option<&ProviderError>| {
            if lane.asks_a_provider() {
                breakers.learn(lane, failure, clock.steady());
            }
        };
        let delivering = tokio::time::timeout(longest, Box::pin(listening(learn, perform(&ctx, &row, &token))));
        let performed = tokio::select! {
            performed = delivering => performed.unwrap_or_else(|_| {
                Performed::Failed(ProviderError::NoAnswer("no end within the time for a delivery".to_owned()))
            }),
            () = stopped_for(&stop, FINISH_WITHIN) => {
                // Not an SMS: it may be on its way, and its lease must run out for that to be seen.
                if row.kind != DeliveryKind::SendSms {
                    give_back(&ctx, &row, &token).await;
                }
                return Some("given_back");
            }
        };
        reach(Point::DeliveryPerformed);
        reach_performed(row.kind);
        let failure = performed.failure().map(ProviderError::word);
        while let Err(error) = write_down(&ctx, &row, &token, began, &performed).await {
            // The database may be back while the lease still holds: a text that was sent must not look as if nobody knew.
            let in_time = since.elapsed() < span(Span::Lease, LEASE) && !stop.is_cancelled();
            if !(matches!(error, StoreError::Away(_)) && in_time) {
                // Not written: the lease runs out and the delivery is repeated, which its key makes harmless.
                tracing::error!(%error, delivery = %row.id, "could not write down what came of a delivery");
                break;
            }
            tokio::time::sleep(WRITE_AGAIN).await;
        }
        failure
    });
    if let Some(failure) = failure.await {
        traced.fail(failure);
    }
    metrics::histogram!(metric::DELIVERY, "kind" => row.kind.as_str()).record(timer.elapsed().as_secs_f64());
}

/// A provider has it, and we have not written so down.
fn reach_performed(kind: DeliveryKind) {
    match kind.lane() {
        Lane::Firebase => reach(Point::FirebasePerformed),
        Lane::Klaviyo => reach(Point::KlaviyoPerformed),
        Lane::Sms => reach(Point::SmsPerformed),
        // Their points are in the workflows.
        Lane::Settlement | Lane::Stripe => {}
    }
}

/// A try as a trace has it.
fn traced(row: &Claimed) -> telemetry::Span {
    let trace = row.trace_id.as_deref().and_then(|trace| trace.parse().ok());
    let name = format!("deliver {}", row.kind);
    let mut span = telemetry::Span::of_delivery(row.id.as_str(), row.attempts, trace, name);
    span.set("rolitt.delivery", &row.id);
    span.set("rolitt.attempt", row.attempts);
    span
}

async fn stopped_for(stop: &CancellationToken, time: Duration) {
    stop.cancelled().await;
    tokio::time::sleep(time).await;
}

/// The process ends before the provider answered, or was asked: another may try at once.
async fn give_back(ctx: &Context, row: &Claimed, token: &str) {
    let released = async {
        let mut tx = ctx.db.begin().await?;
        outbox::release(&mut tx, &row.id, token).await?;
        tx.commit().await
    };
    if let Err(error) = released.await {
        tracing::warn!(%error, delivery = %row.id, "could not give a delivery back; its lease will run out");
    }
}

async fn write_down(
    ctx: &Context,
    row: &Claimed,
    token: &str,
    (started_at, began): (Timestamp, Timestamp),
    performed: &Performed,
) -> StoreResult<()> {
    let now = match performed.failure() {
        // The next try is due, and a person retries what was given up, by the clock that all instances share.
        Some(_) => ctx.shared_now().await?,
        None => ctx.clock.now(),
    };
    let verdict = schedule::verdict(row.kind, row.attempts - row.earlier_attempts, performed, now);
    let answer = performed.answer();
    let error = performed.error();
    let finished = Finished { state: verdict.state, run_at: verdict.run_at, error: error.as_deref() };
    let mut tx = ctx.db.begin().await?;
    if !outbox::finish(&mut tx, &row.id, token, &finished, now).await? {
        tracing::warn!(delivery = %row.id, "the lease was lost; somebody else has this delivery");
        return tx.rollback().await;
    }
    if let Performed::Done { effect, .. } = performed {
        effect.save(&mut tx, row, now).await?;
    }
    let attempt = DeliveryAttempt {
        delivery_id: row.id.clone(),
        number: row.attempts,
        started_at,
        duration_ms: i64::try_from(ctx.clock.steady().since(began).as_millis()).unwrap_or(i64::MAX),
        outcome: verdict.state.to_string(),
        answer,
        retry_at: verdict.run_at,
        worker: Some(ctx.instance.clone()),
    };
    outbox::record_attempt(&mut tx, &attempt).await?;
    let event_given_up = match performed.failure() {
        Some(failure) if row.kind == DeliveryKind::ApplyStripeEvent => {
            note_failed_try(&mut tx, &row.payload, failure, verdict.state, now).await?
        }
        _ => None,
    };
    reach(Point::DeliveryFinished);
    tx.commit().await?;
    reach(Point::DeliveryWritten);
    metrics::counter!(metric::DELIVERIES, "kind" => row.kind.as_str(), "outcome" => verdict.state.as_str())
        .increment(1);
    if let Some(event) = event_given_up {
        metrics::counter!(metric::WEBHOOKS, "event" => metric::event(&event), "result" => "failed").increment(1);
    }
    let (attempts, state) = (row.attempts, verdict.state);
    if let Some(error) = performed.failure().map(ProviderError::in_short) {
        tracing::warn!(delivery = %row.id, kind = %row.kind, attempts, %state, error, "a delivery failed");
    } else {
        tracing::debug!(delivery = %row.id, kind = %row.kind, attempts, "delivered");
    }
    Ok(())
}

/// The first delivery that begins moves the preorder on.
pub async fn begin(ctx: &Context, preorder: &preorders::Preorder) -> StoreResult<()> {
    if preorder.progress().begin_processing() == preorder.progress() {
        return Ok(());
    }
    let mut tx = ctx.db.begin().await?;
    preorders::begin_processing(&mut tx, &preorder.id, ctx.clock.now()).await?;
    reach(Point::DeliveryMovedOn);
    tx.commit().await
}
