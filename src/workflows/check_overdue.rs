//! Payments that look stuck are asked about without anybody's doing: a page that closed and whose end we never heard of, a
//! bank debit that has been under way for long. One instance at a time, through the outbox.

use std::time::Duration;

use super::{WorkflowError, refresh_payment};
use crate::context::Context;
use crate::domain::delivery::Delivery;
use crate::domain::payment::AttemptState;
use crate::store::{attempts, outbox};

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
    if attempts::overdue(&ctx.db, now - LATE, now - LONG, 1).await?.is_empty() {
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
        let state: AttemptState = refresh_payment::refresh_attempt(ctx, &attempt).await?;
        moved += usize::from(state != attempt.state);
    }
    Ok(format!("{asked} asked about, {moved} moved on"))
}
