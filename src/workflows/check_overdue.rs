//! Payments that look stuck are asked about without anybody's doing: a page that closed and whose end we never heard of, a
//! bank debit that has been under way for long, a page that was asked for and whose answer never came. One instance at a
//! time, through the outbox. Payments whose events were lost are found sooner: see `walk_stripe`.

mod calls;

use std::time::Duration;

use super::{WorkflowError, refresh_payment};
use crate::context::Context;
use crate::domain::delivery::Delivery;
use crate::domain::payment::AttemptState;
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

/// Enqueues a round if there is something to ask about. However many instances do so, it is one round in a span.
pub async fn enqueue(ctx: &Context) -> Result<bool, WorkflowError> {
    // By everybody's clock: a round that an instance ahead of its time took would be missed by the others.
    let now = ctx.shared_now().await?;
    let overdue = attempts::overdue(&ctx.db, now - LATE, now - LONG, 1).await?;
    if overdue.is_empty() && attempts::unanswered(&ctx.db, now - LATE, 1).await?.is_empty() {
        return Ok(false);
    }
    let round = now.seconds() / i64::try_from(EVERY.as_secs()).unwrap_or(1);
    let deliveries = [ctx.enqueued(Delivery::CheckOverduePayments { round })];
    let mut tx = ctx.db.begin().await?;
    outbox::enqueue(&mut tx, &deliveries, now).await?;
    tx.commit().await?;
    ctx.bell.ring(&deliveries);
    Ok(true)
}

/// Asks Stripe about a round of them and settles what it says.
pub async fn check(ctx: &Context) -> Result<String, WorkflowError> {
    let now = ctx.shared_now().await?;
    let overdue = attempts::overdue(&ctx.db, now - LATE, now - LONG, ROUND).await?;
    let (asked, mut moved) = (overdue.len(), 0);
    for attempt in overdue {
        match refresh_payment::refresh_attempt(ctx, &attempt).await {
            Ok(state) => moved += usize::from(state != attempt.state),
            // Another account's, or a sandbox's that has forgotten: one of these must not hold up the others.
            Err(WorkflowError::Provider(ProviderError::Permanent(reason))) => {
                tracing::warn!(reason, attempt = %attempt.id, "Stripe does not know an overdue page");
                close(ctx, &attempt).await?;
            }
            Err(error) => return Err(error),
        }
    }
    let (calls, learnt) = calls::ask(ctx, now - LATE).await?;
    Ok(format!("{} asked about, {} moved on", asked + calls, moved + learnt))
}

/// Asks about calls whose answer never came, before the next round would. Says about how many.
pub async fn ask_about_calls(ctx: &Context) -> Result<usize, WorkflowError> {
    let now = ctx.shared_now().await?;
    Ok(calls::ask(ctx, now - LATE).await?.0)
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
