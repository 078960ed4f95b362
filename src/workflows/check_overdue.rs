//! Payments that look stuck are asked about without anybody's doing: a page that closed and whose end we never heard of, a
//! bank debit that has been under way for long, a page that was asked for and whose answer never came. One instance at a
//! time, through the outbox. Payments whose events were lost are found sooner: see `walk_stripe`.

use std::collections::HashMap;
use std::time::Duration;

use super::{WorkflowError, refresh_payment, settle_payment};
use crate::context::Context;
use crate::domain::delivery::Delivery;
use crate::domain::payment::{AttemptState, Fact, PaymentFact};
use crate::providers::ProviderError;
use crate::providers::payments::{Listed, Seen};
use crate::store::attempts::{self, Attempt};
use crate::store::{outbox, preorders};

/// How often somebody looks.
pub const EVERY: Duration = Duration::from_mins(5);
/// An event may be this late before we ask.
const LATE: Duration = Duration::from_mins(15);
/// A debit takes days; asked about now and then.
const LONG: Duration = Duration::from_hours(6);
/// Stripe counts whole seconds, and its clock is not ours.
const EDGE: Duration = Duration::from_secs(10);
/// Pages of a hundred sessions each; what is older waits for the walk of the day.
const MOST_PAGES: usize = 50;
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
            Err(WorkflowError::Provider(error @ ProviderError::Permanent(_))) => {
                tracing::warn!(error = error.in_short(), attempt = %attempt.id, "Stripe does not know an overdue page");
                close(ctx, &attempt).await?;
            }
            Err(error) => return Err(error),
        }
    }
    let (calls, learnt) = ask_about_calls(ctx).await?;
    Ok(format!("{} asked about, {} moved on", asked + calls, moved + learnt))
}

/// Looks for the pages of tries whose answer never came among all that Stripe has made since: each bears the try's id.
/// Says how many were asked about, and of how many the end is known now.
async fn ask_about_calls(ctx: &Context) -> Result<(usize, usize), WorkflowError> {
    let unanswered = attempts::unanswered(&ctx.db, ctx.clock.now() - LATE, ROUND).await?;
    let Some(first) = unanswered.first() else { return Ok((0, 0)) };
    let (since, mut after) = (first.created_at - EDGE, None);
    let mut made: HashMap<String, PaymentFact> = HashMap::new();
    for _ in 0..MOST_PAGES {
        let page = ctx.payments.default().list(Listed::Sessions, since, after.as_deref()).await?;
        for seen in page.seen {
            if let Seen::Fact { fact: Fact::Payment(fact), .. } = seen
                && let Some(attempt) = fact.attempt_id.clone()
            {
                made.insert(attempt, *fact);
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let mut learnt = 0;
    for attempt in &unanswered {
        match made.remove(attempt.id.as_str()) {
            Some(fact) => take(ctx, attempt, fact).await?,
            // Stripe has told all, and this was not among it: it was never made.
            None if after.is_none() => close(ctx, attempt).await?,
            None => continue,
        }
        learnt += 1;
    }
    Ok((unanswered.len(), learnt))
}

/// A page that nobody was shown is closed; what was paid on it all the same counts.
async fn take(ctx: &Context, attempt: &Attempt, made: PaymentFact) -> Result<(), WorkflowError> {
    let provider = ctx.payments.default();
    let mut fact = match (&made.session_id, made.outcome) {
        (Some(session), AttemptState::Open) => match provider.expire_session(session).await {
            Ok(session) => session.fact,
            Err(ProviderError::Permanent(_)) => provider.fetch_session(session).await?.fact,
            Err(error) => return Err(error.into()),
        },
        _ => made,
    };
    fact.preorder_id = Some(attempt.preorder_id.to_string());
    fact.attempt_id = Some(attempt.id.to_string());
    settle_payment::settle(ctx, &fact.into()).await?;
    Ok(())
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
