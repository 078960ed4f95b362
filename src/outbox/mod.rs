//! The worker: claims durable deliveries, performs them, tries again. One loop a lane, so that a provider that is slow
//! or away holds up nobody else.
//!
//! ```text
//!            claim (lease)            performed
//!  pending ───────────────▶ running ───────────▶ done
//!     ▲                        │
//!     │   try again, later     │   permanent, or the schedule is over
//!     └────────────────────────┼───────────────▶ dead ──(a person)──▶ pending
//!        lease ran out         │
//! ```

mod firebase;
mod klaviyo;
mod lane;
mod listen;
mod perform;
pub mod schedule;
mod set_back;
mod sms;

pub use listen::{hear_others, tell_others};
#[cfg(test)]
pub(crate) use perform::perform;

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::context::Context;
use crate::domain::delivery::{DeliveryKind, DeliveryState, Lane};
use crate::fail_points::{Point, reach};
use crate::providers::ProviderError;
use crate::store::outbox::DID_NOT_COME_BACK;
use crate::store::{StoreResult, outbox};
use crate::telemetry::metric;
use crate::workflows::apply_stripe_event::note_failed_try;
use crate::workflows::{check_overdue, walk_stripe};

/// How long a claim holds, by the database's clock: longer than a delivery may take, with its provider's timeouts.
pub const LEASE: Duration = Duration::from_mins(1);
/// How often leases that ran out are looked for.
const RECLAIM: Duration = Duration::from_secs(5);
/// How long deliveries that are under way may take once the process is told to stop; then they are given back.
const FINISH_WITHIN: Duration = Duration::from_millis(6500);
/// Giving back takes a write each.
const GIVE_BACK_WITHIN: Duration = Duration::from_secs(1);

/// Works until it is told to stop; then finishes what is under way and gives back what is not begun.
pub async fn run(ctx: Context, stop: CancellationToken) {
    let tracker = TaskTracker::new();
    for &lane in Lane::ALL {
        tracker.spawn(lane::run(ctx.clone(), lane, stop.clone()));
    }
    tracker.spawn(tell_others(ctx.clone(), stop.clone()));
    tracker.spawn(hear_others(ctx.clone(), stop.clone()));
    tracker.spawn(look_for_overdue(ctx.clone(), stop.clone()));
    tracker.spawn(reclaim(ctx, stop.clone()));
    tracker.close();
    stop.cancelled().await;
    if tokio::time::timeout(FINISH_WITHIN + GIVE_BACK_WITHIN, tracker.wait()).await.is_err() {
        tracing::warn!("some deliveries did not finish in time; their leases will run out");
    }
}

async fn look_for_overdue(ctx: Context, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(check_overdue::pause()) => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = check_overdue::enqueue(&ctx).await {
            tracing::warn!(%error, "could not look for overdue payments");
        }
        if let Err(error) = walk_stripe::begin_by_itself(&ctx).await {
            tracing::warn!(%error, "could not begin to compare Stripe's records with ours");
        }
    }
}

async fn reclaim(ctx: Context, stop: CancellationToken) {
    let mut watch = set_back::Watch::default();
    loop {
        if let Err(error) = watch.make_up(&ctx).await {
            tracing::warn!(%error, "could not look whether the clock was set back");
        }
        match release_expired(&ctx).await {
            Ok(0) => {}
            Ok(released) => {
                metrics::counter!(metric::LEASES_EXPIRED).increment(u64::try_from(released).unwrap_or_default());
                tracing::warn!(released, "leases ran out: a worker did not come back");
                ctx.bell.ring_all();
            }
            Err(error) => tracing::warn!(%error, "could not look for leases that ran out"),
        }
        tokio::select! {
            () = tokio::time::sleep(RECLAIM) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Makes deliveries whose worker did not come back claimable again. Says how many. An event that is given up with its
/// delivery says so itself.
pub async fn release_expired(ctx: &Context) -> StoreResult<usize> {
    let now = ctx.shared_now().await?;
    if !outbox::any_expired(&ctx.db, now).await? {
        return Ok(0);
    }
    let mut tx = ctx.db.begin().await?;
    let released = outbox::release_expired(&mut tx, now, schedule::MOST_TRIES).await?;
    let failure = ProviderError::NoAnswer(DID_NOT_COME_BACK.to_owned());
    let mut given_up = Vec::new();
    for row in &released {
        if row.kind == DeliveryKind::ApplyStripeEvent && row.state == DeliveryState::Dead {
            given_up.extend(note_failed_try(&mut tx, &row.payload, &failure, row.state, now).await?);
        }
    }
    reach(Point::DeliveryReclaimed);
    tx.commit().await?;
    for event in given_up {
        metrics::counter!(metric::WEBHOOKS, "event" => metric::event(&event), "result" => "failed").increment(1);
    }
    Ok(released.len())
}
