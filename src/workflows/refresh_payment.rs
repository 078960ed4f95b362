//! Asking Stripe what became of a payment, and settling the answer: what the success page does while a webhook is on
//! its way, and what comes before a page is offered again.

use std::time::Duration;

use super::{WorkflowError, settle_payment};
use crate::context::Context;
use crate::domain::delivery::Lane;
use crate::domain::ids::PreorderId;
use crate::domain::payment::AttemptState;
use crate::fail_points::{Point, reach};
use crate::providers::ProviderError;
use crate::providers::payments::Session;
use crate::providers::payments::paced::waiting_at_most;
use crate::store::attempts::{self, Attempt};
use crate::store::preorders::{self, Preorder};

/// How long a page may wait for Stripe before it is shown as "being confirmed".
const PAGE_PATIENCE: Duration = Duration::from_secs(3);
/// The part of it that may pass in the queue before Stripe. What is left is enough to know a Stripe that hangs by.
const PAGE_QUEUES: Duration = Duration::from_millis(1_500);

/// The attempt's state after Stripe was asked for a buyer, who is told at once if it is to be left alone.
pub async fn refresh_for_buyer(ctx: &Context, attempt: &Attempt) -> Result<AttemptState, WorkflowError> {
    let Some(session_id) = &attempt.session_id else { return Ok(attempt.state) };
    let session = ctx.breakers.ask_for_a_buyer(Lane::Stripe, &ctx.clock, fetch(ctx, attempt, session_id)).await?;
    settle_session(ctx, attempt, session).await
}

/// The attempt's state after Stripe was asked.
pub async fn refresh_attempt(ctx: &Context, attempt: &Attempt) -> Result<AttemptState, WorkflowError> {
    let Some(session_id) = &attempt.session_id else { return Ok(attempt.state) };
    let session = fetch(ctx, attempt, session_id).await?;
    settle_session(ctx, attempt, session).await
}

async fn fetch(ctx: &Context, attempt: &Attempt, session_id: &str) -> Result<Session, ProviderError> {
    let provider = ctx.payments.named(&attempt.provider).unwrap_or_else(|| ctx.payments.default());
    provider.fetch_session(session_id).await
}

async fn settle_session(ctx: &Context, attempt: &Attempt, session: Session) -> Result<AttemptState, WorkflowError> {
    reach(Point::RefreshAnswered);
    // The page was made by us for this attempt: what its metadata says can't lead elsewhere.
    let mut fact = session.fact;
    fact.preorder_id = Some(attempt.preorder_id.to_string());
    let state = attempt.state.join(fact.outcome);
    // Nothing new is nothing to write: a page that waits must not take the writer's place.
    if state != attempt.state || (fact.decline.is_some() && attempt.decline_code.is_none()) {
        settle_payment::settle(ctx, &fact.into()).await?;
    }
    Ok(state)
}

/// Learns the card that paid: Stripe's events name the charge and do not describe it.
pub async fn learn_card(ctx: &Context, id: &PreorderId) -> Result<&'static str, WorkflowError> {
    let attempts = attempts::list(&ctx.db, id).await?;
    let unknown = |attempt: &&Attempt| attempt.state == AttemptState::Paid && attempt.card_last4.is_none();
    let Some(attempt) = attempts.iter().find(unknown) else { return Ok("known already") };
    let Some(intent) = &attempt.payment_intent_id else { return Ok("no payment to ask about") };
    let provider = ctx.payments.named(&attempt.provider).unwrap_or_else(|| ctx.payments.default());
    let mut fact = match provider.fetch_payment_intent(intent).await {
        Ok(fact) => fact,
        // A detail for the admin's eye is no reason for an alarm.
        Err(ProviderError::Permanent(_) | ProviderError::Gone(_)) => return Ok("Stripe does not know this payment"),
        Err(error) => return Err(error.into()),
    };
    fact.preorder_id = Some(id.to_string());
    fact.attempt_id = Some(attempt.id.to_string());
    let learnt = fact.card.is_some();
    settle_payment::settle(ctx, &fact.into()).await?;
    Ok(if learnt { "card learnt" } else { "not paid by card" })
}

/// Closes the pages of a preorder on which somebody could still pay; of one that is still to be paid, those that
/// were given up and shown to nobody. Says how many. One that can't be closed now does not keep the others open.
pub async fn close_open_pages(ctx: &Context, id: &PreorderId) -> Result<usize, WorkflowError> {
    let now = ctx.shared_now().await?;
    let preorder = preorders::find(&ctx.db, id).await?.ok_or(WorkflowError::NoSuchPreorder)?;
    let attempts = attempts::list(&ctx.db, id).await?;
    let needed = |attempt: &Attempt| preorder.is_to_be_paid() && attempt.state.is_payable();
    let (mut closed, mut failure) = (0, None);
    for attempt in attempts.iter().filter(|attempt| attempt.may_be_open(now) && !needed(attempt)) {
        let Some(session_id) = &attempt.session_id else { continue };
        match close_page(ctx, attempt, session_id).await {
            Ok(()) => closed += 1,
            Err(WorkflowError::Provider(error @ ProviderError::Gone(_))) => {
                tracing::warn!(error = error.in_short(), attempt = %attempt.id, "Stripe does not know an open page");
                give_up(ctx, attempt).await?;
            }
            // With one that may be closed later, the delivery comes again.
            Err(WorkflowError::Provider(ProviderError::Permanent(_))) if failure.is_some() => {}
            Err(WorkflowError::Provider(error)) => failure = Some(error),
            Err(error) => return Err(error),
        }
    }
    failure.map_or(Ok(closed), |error| Err(error.into()))
}

async fn close_page(ctx: &Context, attempt: &Attempt, session_id: &str) -> Result<(), WorkflowError> {
    let provider = ctx.payments.named(&attempt.provider).unwrap_or_else(|| ctx.payments.default());
    let mut fact = match provider.expire_session(session_id).await {
        Ok(session) => session.fact,
        // It is over already: paid, perhaps, which must be known.
        Err(ProviderError::Permanent(_) | ProviderError::Gone(_)) => provider.fetch_session(session_id).await?.fact,
        Err(error) => return Err(error.into()),
    };
    fact.preorder_id = Some(attempt.preorder_id.to_string());
    fact.attempt_id = Some(attempt.id.to_string());
    settle_payment::settle(ctx, &fact.into()).await?;
    Ok(())
}

/// Nobody can pay on this try: Stripe refused to make its page, or does not know it. Nobody asks about it again, and the
/// next try needs another key. (What is under way stays so: `join` forgets nothing.)
pub(super) async fn give_up(ctx: &Context, attempt: &Attempt) -> Result<(), WorkflowError> {
    let mut tx = ctx.db.begin().await?;
    let now = ctx.shared_now_in(&mut tx).await?;
    preorders::lock(&mut tx, &attempt.preorder_id).await?;
    let attempts = attempts::of_preorder(&mut tx, &attempt.preorder_id).await?;
    // Read again under the lock: a twin of this request may have been luckier.
    let stored = attempts.into_iter().find(|stored| stored.id == attempt.id && stored.state == attempt.state);
    if let Some(stored) = stored {
        let over = Attempt {
            state: stored.state.join(AttemptState::Expired),
            expires_at: stored.expires_at.map(|at| at.min(now)),
            ..stored
        };
        attempts::save(&mut tx, &over, ctx.clock.now()).await?;
    }
    Ok(tx.commit().await?)
}

/// For a page: the preorder of a session as we know it, after Stripe was asked if we did not know the end yet. An
/// answer that does not come in time is no error: the page says that it waits.
pub async fn refresh_for_page(ctx: &Context, session_id: &str) -> Result<Option<(Preorder, bool)>, WorkflowError> {
    // Anything may stand in an address; PostgreSQL takes offence at a NUL.
    let like_a_session = session_id.len() <= 255 && session_id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !like_a_session {
        return Ok(None);
    }
    let Some(attempt) = attempts::find_by_session(&ctx.db, session_id).await? else { return Ok(None) };
    let mut confirmed = attempt.state == AttemptState::Paid;
    if !confirmed && ctx.asked.may_ask(session_id, ctx.clock.steady()) {
        // On the heap: most visits to a page ask nobody.
        let asked = Box::pin(waiting_at_most(PAGE_QUEUES, refresh_for_buyer(ctx, &attempt)));
        confirmed = match tokio::time::timeout(PAGE_PATIENCE, asked).await {
            Ok(Ok(_)) => true,
            Ok(Err(WorkflowError::Provider(error))) => told(&error),
            Ok(Err(error)) => return Err(error),
            Err(_) => false,
        };
    }
    let preorder = preorders::find(&ctx.db, &attempt.preorder_id).await?;
    Ok(preorder.map(|preorder| (preorder, confirmed)))
}

fn told(error: &ProviderError) -> bool {
    tracing::warn!(error = error.in_short(), "could not ask about a payment; the page waits");
    false
}
