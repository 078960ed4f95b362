//! Payments that look stuck are asked about without anybody's doing: a page that closed and whose end we never heard of, a
//! bank debit that has been under way for long, a page that was asked for and whose answer never came. One instance at a
//! time, through the outbox. Payments whose events were lost are found sooner: see `walk_stripe`.

mod calls;

use std::time::Duration;

use super::{WorkflowError, refresh_payment};
use crate::context::Context;
use crate::domain::delivery::Delivery;
use crate::domain::payment::AttemptState;
use crate::domain::timestamp::Timestamp;
use crate::fail_points::{Span, span};
use crate::providers::ProviderError;
use crate::store::attempts::{self, Attempt};
use crate::store::{outbox, preorders};

/// How often somebody looks.
pub const EVERY: Duration = Duration::from_mins(5);
/// An event may be this late before we ask.
const LATE: Duration = Duration::from_mins(15);
/// A debit takes days; asked about now and then.
const LONG: Duration = Duration::from_hours(6);
/// A round asks about so many, and the next about the rest.
const ROUND: i64 = 50;

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
    let deliveries = [ctx.enqueued(Delivery::CheckOverduePayments { round: round(now) })];
    let mut tx = ctx.db.begin().await?;
    outbox::enqueue(&mut tx, &deliveries, now).await?;
    tx.commit().await?;
    ctx.bell.ring(&deliveries);
    Ok(true)
}

/// Asks Stripe about a round of them and settles what it says.
pub async fn check(ctx: &Context) -> Result<String, WorkflowError> {
    let now = ctx.shared_now().await?;
    let overdue = attempts::overdue(&ctx.db, now - late(), now - LONG, ROUND).await?;
    let (asked, mut moved) = (overdue.len(), 0);
    let mut unmoved = Vec::new();
    for attempt in overdue {
        match refresh_payment::refresh_attempt(ctx, &attempt).await {
            Ok(state) if state != attempt.state => moved += 1,
            Ok(_) => unmoved.push(attempt.id),
            // Another account's, or a sandbox's that has forgotten: one of these must not hold up the others.
            Err(WorkflowError::Provider(error @ ProviderError::Gone(_))) => {
                tracing::warn!(error = error.in_short(), attempt = %attempt.id, "Stripe does not know an overdue page");
                close(ctx, &attempt).await?;
            }
            // It says nothing of the page.
            Err(WorkflowError::Provider(error @ ProviderError::Permanent(_))) => {
                tracing::warn!(error = error.in_short(), attempt = %attempt.id, "Stripe refuses to speak of a page");
                unmoved.push(attempt.id);
            }
            Err(error) => return Err(error),
        }
    }
    if !unmoved.is_empty() {
        let mut tx = ctx.db.begin().await?;
        attempts::save_asked(&mut tx, &unmoved, now).await?;
        tx.commit().await?;
    }
    let (calls, learnt) = calls::ask(ctx, now - late()).await?;
    Ok(format!("{} asked about, {} moved on", asked + calls, moved + learnt))
}

/// Asks about calls whose answer never came, before the next round would. Says about how many.
pub async fn ask_about_calls(ctx: &Context) -> Result<usize, WorkflowError> {
    let now = ctx.shared_now().await?;
    Ok(calls::ask(ctx, now - late()).await?.0)
}

/// Nobody can pay on it. (What is under way stays so: `join` forgets nothing.)
async fn close(ctx: &Context, attempt: &Attempt) -> Result<(), WorkflowError> {
    let mut tx = ctx.db.begin().await?;
    preorders::lock(&mut tx, &attempt.preorder_id).await?;
    let attempts = attempts::of_preorder(&mut tx, &attempt.preorder_id).await?;
    // Read again under the lock: it may be known by now.
    let stored = attempts.into_iter().find(|stored| stored.id == attempt.id && stored.state == attempt.state);
    if let Some(stored) = stored {
        let closed = Attempt { state: stored.state.join(AttemptState::Expired), ..stored };
        attempts::save(&mut tx, &closed, ctx.clock.now()).await?;
    }
    Ok(tx.commit().await?)
}
