//! Giving money back. A refund is stored with its idempotency key before Stripe hears of it; the call itself is a
//! delivery, so that it happens whoever dies when, and its state follows what Stripe says:
//!
//! 1. the preorder is locked, so two people who ask at once are taken one after the other;
//! 2. what is left of each payment is computed from what was captured, refunded, asked for and disputed;
//! 3. refund, delivery and audit line commit together, under a key made of the form: pressed twice, it is one;
//! 4. the delivery looks for it among Stripe's refunds, calls Stripe with the stored key if it is not there, and settles
//!    the answer like any other fact; a key under which Stripe answered that it failed is given up, for that answer
//!    would be repeated for a day.

use serde_json::json;

use super::audit::{self, Act};
use super::{WorkflowError, settle_payment};
use crate::context::Context;
use crate::domain::access::{Actor, Right};
use crate::domain::audit::AuditAction;
use crate::domain::delivery::{Delivery, Lane};
use crate::domain::ids::{PreorderId, RefundId};
use crate::domain::money::Money;
use crate::domain::payment::{AttemptState, Fact};
use crate::domain::refund::{RefundFact, RefundReason, RefundState};
use crate::fail_points::{Point, reach};
use crate::providers::ProviderError;
use crate::providers::payments::{NewRefund, PaymentProvider};
use crate::store::attempts::{self, Attempt};
use crate::store::disputes::{self, Dispute};
use crate::store::refunds::{self, Refund};
use crate::store::{Tx, outbox, preorders, settings};
use crate::telemetry::metric;

/// What somebody asks for.
#[derive(Debug, Clone)]
pub struct RefundWish {
    pub preorder_id: PreorderId,
    pub amount: Money,
    pub reason: RefundReason,
    /// One of its kind for each form that was shown: pressed twice, it is one refund.
    pub form_key: String,
}

/// Stores the refund and has it made. The same form again gives the same refund.
pub async fn request(ctx: &Context, actor: &Actor, wish: &RefundWish) -> Result<Refund, WorkflowError> {
    if !actor.may(Right::Act) {
        return Err(WorkflowError::Forbidden);
    }
    if wish.form_key.trim().is_empty() || wish.form_key.len() > 100 {
        return Err(WorkflowError::refused("form_key", "form_stale", "Load the page again, then ask for the refund."));
    }
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    preorders::lock(&mut tx, &wish.preorder_id).await?.ok_or(WorkflowError::NoSuchPreorder)?;
    let attempts = attempts::of_preorder(&mut tx, &wish.preorder_id).await?;
    let earlier = refunds::of_preorder(&mut tx, &wish.preorder_id).await?;
    let disputes = disputes::of_preorder(&mut tx, &wish.preorder_id).await?;
    fail::fail_point!("guard.money_read");
    let idempotency_key = format!("refund-{}-{}", wish.preorder_id, wish.form_key);
    if let Some(same) = earlier.iter().find(|refund| refund.idempotency_key == idempotency_key) {
        return Ok(same.clone());
    }
    let attempt = payment_to_refund(&attempts, &earlier, &disputes, wish.amount)?;
    within_limit(&mut tx, actor, &earlier, wish.amount).await?;
    let refund = Refund {
        id: RefundId::from_unique(&ctx.unique()),
        preorder_id: wish.preorder_id.clone(),
        attempt_id: Some(attempt.id.clone()),
        provider: attempt.provider.clone(),
        idempotency_key,
        provider_refund_id: None,
        payment_intent_id: attempt.payment_intent_id.clone(),
        amount_minor: wish.amount.minor,
        currency: wish.amount.currency,
        reason: Some(wish.reason.to_string()),
        state: RefundState::Requested,
        failure_reason: None,
        requested_by: Some(actor.name.clone()),
        created_at: now,
        updated_at: now,
    };
    refunds::save(&mut tx, &refund).await?;
    let delivery = Delivery::RequestRefund { preorder_id: refund.preorder_id.clone(), refund_id: refund.id.clone() };
    let deliveries = [ctx.enqueued(delivery)];
    outbox::enqueue(&mut tx, &deliveries, now).await?;
    let detail = json!({ "refund": refund.id, "amount": wish.amount.to_string(), "reason": wish.reason });
    let act = Act::on_preorder(AuditAction::RefundRequested, &refund.preorder_id, detail);
    audit::record(ctx, &mut tx, actor, act).await?;
    reach(Point::RefundStored);
    tx.commit().await?;
    reach(Point::RefundCommitted);
    metrics::counter!(metric::REFUNDS, "state" => refund.state.as_str()).increment(1);
    ctx.bell.ring(&deliveries);
    Ok(refund)
}

/// What can still be given back of one payment: captured, less what was or is being refunded, less what a dispute took.
pub async fn refundable(ctx: &Context, id: &PreorderId) -> Result<Money, WorkflowError> {
    let preorder = preorders::find(&ctx.db, id).await?.ok_or(WorkflowError::NoSuchPreorder)?;
    let attempts = attempts::list(&ctx.db, id).await?;
    let earlier = refunds::list(&ctx.db, id).await?;
    let disputes = disputes::list(&ctx.db, id).await?;
    let most = attempts.iter().filter_map(|attempt| left_of(attempt, &earlier, &disputes));
    Ok(most.max_by_key(|money| money.minor).unwrap_or(Money::new(0, preorder.currency)))
}

/// A refund is of one payment. A preorder that was paid twice has two; the later one that has enough left gives it.
fn payment_to_refund<'a>(
    attempts: &'a [Attempt],
    earlier: &[Refund],
    disputes: &[Dispute],
    amount: Money,
) -> Result<&'a Attempt, WorkflowError> {
    let refused = |code, message: String| Err(WorkflowError::refused("amount", code, message));
    if amount.minor <= 0 {
        return refused("amount_invalid", "Type an amount above zero.".to_owned());
    }
    let left = |attempt: &Attempt| left_of(attempt, earlier, disputes).filter(|money| money.minor > 0);
    let enough = |attempt: &&Attempt| {
        left(attempt).is_some_and(|left| left.currency == amount.currency && left.minor >= amount.minor)
    };
    if let Some(attempt) = attempts.iter().rev().find(enough) {
        return Ok(attempt);
    }
    match attempts.iter().filter_map(left).max_by_key(|money| money.minor) {
        Some(most) if most.currency != amount.currency => {
            refused("currency_mismatch", format!("This was paid in {}.", most.currency.as_str().to_uppercase()))
        }
        Some(most) => refused("amount_too_high", format!("At most {most} of one payment can be refunded.")),
        None => refused("nothing_to_refund", "There is nothing left to refund.".to_owned()),
    }
}

/// `None`: this try brought no money, or none that could be named to Stripe.
fn left_of(attempt: &Attempt, earlier: &[Refund], disputes: &[Dispute]) -> Option<Money> {
    if attempt.state != AttemptState::Paid {
        return None;
    }
    let (received, intent) = (attempt.received()?, attempt.payment_intent_id.as_deref()?);
    let refunded = earlier.iter().filter(|r| r.payment_intent_id.as_deref() == Some(intent) && r.state.holds_money());
    let refunded: i64 = refunded.map(|refund| refund.amount_minor).sum();
    let taken = disputes.iter().filter(|dispute| dispute.payment_intent_id.as_deref() == Some(intent));
    let taken: i64 = taken.map(|dispute| dispute.taken().minor.max(0)).sum();
    Some(Money::new((received.minor - refunded - taken).max(0), received.currency))
}

async fn within_limit(tx: &mut Tx, actor: &Actor, earlier: &[Refund], amount: Money) -> Result<(), WorkflowError> {
    if actor.may(Right::Manage) {
        return Ok(());
    }
    let limit = settings::refund_limit(tx, amount.currency).await?;
    let before: i64 =
        earlier.iter().filter(|refund| refund.state.holds_money()).map(|refund| refund.amount_minor).sum();
    if before + amount.minor <= limit {
        return Ok(());
    }
    let limit = Money::new(limit, amount.currency);
    Err(WorkflowError::NeedsOwner(format!("Refunds of more than {limit} in all are for an owner to make.")))
}

/// Has Stripe make a stored refund, and settles its answer.
pub async fn make(ctx: &Context, id: &RefundId) -> Result<String, WorkflowError> {
    let refund = refunds::find(&ctx.db, id).await?;
    let refund = refund.ok_or_else(|| WorkflowError::Odd("the refund's row is gone".to_owned()))?;
    if let Some(known) = &refund.provider_refund_id {
        return Ok(format!("made already, as {known}"));
    }
    if refund.state != RefundState::Requested {
        return Ok(format!("is {} already", refund.state));
    }
    let intent = refund.payment_intent_id.clone();
    let intent = intent.ok_or_else(|| WorkflowError::Odd("the refund names no payment".to_owned()))?;
    reach(Point::RefundBegun);
    let generation = refunds::key_generation(&ctx.db, id).await?;
    // Each time, whatever is known of earlier tries: a call may have been let go of (at a stop, at a kill) after Stripe
    // had acted, and Stripe forgets idempotency keys after a day, a refund never.
    let found = made_already(ctx, &refund, &intent).await?;
    reach(Point::RefundLookedFor);
    let answer = match found {
        Some(fact) => Ok(fact),
        None => provider_of(ctx, &refund).create_refund(&new_refund(&refund, intent, generation)).await,
    };
    reach(Point::RefundAnswered);
    match answer {
        Ok(fact) => {
            let said = format!("{} as {}", fact.state, fact.provider_refund_id);
            take(ctx, &refund, fact).await?;
            reach(Point::RefundSettled);
            Ok(said)
        }
        Err(ProviderError::Permanent(refusal) | ProviderError::Gone(refusal)) => {
            refuse(ctx, &refund, &refusal).await?;
            Ok(refusal)
        }
        Err(error) => {
            // Only what Stripe has kept as its answer stands: a gateway may have answered while the refund is being made,
            // and under another key it would be made twice.
            if error.key_is_spent() {
                let mut tx = ctx.db.begin().await?;
                refunds::give_up_key(&mut tx, id, generation).await?;
                tx.commit().await?;
            }
            Err(error.into())
        }
    }
}

/// The first is made of the form; those after it of the refund's own id, which no form can hit.
fn key(refund: &Refund, generation: i64) -> String {
    if generation == 0 { refund.idempotency_key.clone() } else { format!("{}-{generation}", refund.id) }
}

fn provider_of<'a>(ctx: &'a Context, refund: &Refund) -> &'a dyn PaymentProvider {
    ctx.payments.named(&refund.provider).unwrap_or_else(|| ctx.payments.default())
}

/// The refund as Stripe has it, found by the name that we gave it.
async fn made_already(ctx: &Context, refund: &Refund, intent: &str) -> Result<Option<RefundFact>, ProviderError> {
    let made = provider_of(ctx, refund).list_refunds(intent).await?;
    Ok(made.into_iter().find(|fact| fact.refund_id.as_deref() == Some(refund.id.as_str())))
}

fn new_refund(refund: &Refund, payment_intent_id: String, generation: i64) -> NewRefund {
    NewRefund {
        refund_id: refund.id.to_string(),
        preorder_id: refund.preorder_id.to_string(),
        payment_intent_id,
        amount: refund.amount(),
        reason: refund.reason.as_deref().and_then(|word| word.parse().ok()),
        idempotency_key: key(refund, generation),
    }
}

/// Stripe will not make it.
async fn refuse(ctx: &Context, refund: &Refund, refusal: &str) -> Result<(), WorkflowError> {
    let mut tx = ctx.db.begin().await?;
    preorders::lock(&mut tx, &refund.preorder_id).await?.ok_or(WorkflowError::NoSuchPreorder)?;
    let is_refused = give_up(ctx, &mut tx, &refund.preorder_id, &refund.id, refusal).await?;
    tx.commit().await?;
    if is_refused {
        count_given_up();
    }
    Ok(())
}

/// Marks a refund that was not made, and will not be, as failed: no money moves, and what it held may be asked for
/// again. The caller holds the preorder's lock. Says whether it was still open.
pub(super) async fn give_up(
    ctx: &Context,
    tx: &mut Tx,
    preorder_id: &PreorderId,
    id: &RefundId,
    why: &str,
) -> Result<bool, WorkflowError> {
    let known = refunds::of_preorder(tx, preorder_id).await?;
    let Some(mut refund) = known.into_iter().find(|r| r.id == *id && r.state == RefundState::Requested) else {
        return Ok(false);
    };
    refund.state = RefundState::Failed;
    refund.failure_reason = Some(why.to_owned());
    refund.updated_at = ctx.clock.now();
    refunds::save(tx, &refund).await?;
    Ok(true)
}

/// Once it is committed.
pub(super) fn count_given_up() {
    metrics::counter!(metric::REFUNDS, "state" => RefundState::Failed.as_str()).increment(1);
}

/// Before nobody asks for a refund any more: if Stripe has made it, that is settled. Without an error, a refund that is
/// still `requested` afterwards was surely not made.
pub(super) async fn look_once_more(ctx: &Context, id: &RefundId) -> Result<(), WorkflowError> {
    let Some(refund) = refunds::find(&ctx.db, id).await? else { return Ok(()) };
    let Some(intent) = refund.payment_intent_id.as_deref().filter(|_| refund.state == RefundState::Requested) else {
        return Ok(());
    };
    match ctx.breakers.ask(Lane::Stripe, &ctx.clock, made_already(ctx, &refund, intent)).await {
        Ok(Some(fact)) => take(ctx, &refund, fact).await,
        Ok(None) => Ok(()),
        Err(error) => Err(WorkflowError::refused(
            "id",
            "stripe_not_asked",
            format!(
                "Stripe could not be asked whether this refund was made ({}). Discard it once Stripe answers.",
                error.in_short()
            ),
        )),
    }
}

async fn take(ctx: &Context, refund: &Refund, mut fact: RefundFact) -> Result<(), WorkflowError> {
    fact.preorder_id = Some(refund.preorder_id.to_string());
    fact.refund_id = Some(refund.id.to_string());
    settle_payment::settle(ctx, &Fact::Refund(fact)).await.map(|_| ())
}
