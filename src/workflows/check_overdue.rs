//! Payments that look stuck are asked about without anybody's doing: a page that closed and whose end we never heard of, a
//! bank debit that has been under way for long, a page that was asked for and whose answer never came. One instance at a
//! time, through the outbox. Payments whose events were lost are found sooner: see `walk_stripe`.

mod calls;

use std::time::{Duration, Instant};

use super::WorkflowError;
use super::refresh_payment::{self, give_up};
use crate::context::Context;
use crate::domain::delivery::{Delivery, DeliveryKind};
use crate::domain::timestamp::Timestamp;
use crate::fail_points::{Span, span};
use crate::providers::ProviderError;
use crate::store::{attempts, outbox};

/// How often somebody looks.
pub const EVERY: Duration = Duration::from_mins(5);
/// An event may be this late before we ask.
const LATE: Duration = Duration::from_mins(15);
/// A debit takes days; asked about now and then.
const LONG: Duration = Duration::from_hours(6);
/// A round asks about so many, and the next about the rest.
const ROUND: i64 = 50;
/// After so long a round ends, and the next asks about the rest: both kinds together end well within a delivery's time.
const PART: Duration = Duration::from_secs(12);

/// Between two looks.
pub fn pause() -> Duration {
    span(Span::Round, EVERY)
}

/// The number of the round that a time falls into: the same for all instances.
pub fn round(at: Timestamp) -> i64 {
    at.millis() / i64::try_from(pause().as_millis()).unwrap_or(i64::MAX).max(1)
}

fn late() -> Duration {
    span(Span::Late, LATE)
}

/// Enqueues a round if there is something to ask about. However many instances do so, it is one round in a span.
pub async fn enqueue(ctx: &Context) -> Result<bool, WorkflowError> {
    // By everybody's clock: a round that an instance ahead of its time took would be missed by the others.
    let now = ctx.shared_now().await?;
    let overdue = attempts::overdue(&ctx.db, now - late(), now - LONG, 1).await?;
    if overdue.is_empty() && attempts::unanswered(&ctx.db, now - late(), 1).await?.is_empty() {
        return Ok(false);
    }
    // While Stripe is away, rounds do not pile up: the one that is tried again asks about these too.
    if outbox::goes_on_before(&ctx.db, DeliveryKind::CheckOverduePayments, now + pause()).await? {
        return Ok(false);
    }
    let deliveries = [ctx.enqueued(Delivery::CheckOverduePayments { round: round(now) })];
    let mut tx = ctx.db.begin().await?;
    outbox::enqueue(&mut tx, &deliveries, now).await?;
    tx.commit().await?;
    ctx.bell.ring(&deliveries);
    Ok(true)
}

/// Asks Stripe about a round of them and settles what it says.
pub async fn check(ctx: &Context) -> Result<String, WorkflowError> {
    check_within(ctx, span(Span::Delivery, PART)).await
}

/// No longer than this for either kind, and at least one of each. Each that was asked about has made room for the others
/// before the next is.
pub(crate) async fn check_within(ctx: &Context, part: Duration) -> Result<String, WorkflowError> {
    let now = ctx.shared_now().await?;
    let began = Instant::now();
    let (mut asked, mut moved) = calls::ask(ctx, now - late(), || began.elapsed() < part).await?;
    let began = Instant::now();
    for attempt in attempts::overdue(&ctx.db, now - late(), now - LONG, ROUND).await? {
        let is_known = match refresh_payment::refresh_attempt(ctx, &attempt).await {
            Ok(state) => state != attempt.state,
            // Another account's, or a sandbox's that has forgotten: one of these must not hold up the others.
            Err(WorkflowError::Provider(error @ ProviderError::Gone(_))) => {
                tracing::warn!(error = error.in_short(), attempt = %attempt.id, "Stripe does not know an overdue page");
                give_up(ctx, &attempt).await?;
                false
            }
            // It says nothing of the page.
            Err(WorkflowError::Provider(error @ ProviderError::Permanent(_))) => {
                tracing::warn!(error = error.in_short(), attempt = %attempt.id, "Stripe refuses to speak of a page");
                false
            }
            Err(error) => return Err(error),
        };
        asked += 1;
        if is_known {
            moved += 1;
        } else {
            let mut tx = ctx.db.begin().await?;
            attempts::save_asked(&mut tx, &attempt.id, now).await?;
            tx.commit().await?;
        }
        if began.elapsed() >= part {
            break;
        }
    }
    Ok(format!("{asked} asked about, {moved} moved on"))
}

/// Asks about calls whose answer never came, before the next round would. Says about how many.
pub async fn ask_about_calls(ctx: &Context) -> Result<usize, WorkflowError> {
    let now = ctx.shared_now().await?;
    Ok(calls::ask(ctx, now - late(), || true).await?.0)
}
