//! What a stored event means for a preorder: read, settled and marked as applied in one transaction, so that it takes
//! effect once whoever dies when.

use super::{WorkflowError, settle_payment};
use crate::config::StripeSettings;
use crate::context::Context;
use crate::domain::delivery::{Delivery, DeliveryState, Lane};
use crate::domain::ids::{PreorderId, WebhookId};
use crate::domain::payment::Fact;
use crate::domain::timestamp::Timestamp;
use crate::fail_points::{Point, reach};
use crate::providers::ProviderError;
use crate::providers::payments::stripe::event::{self, Reading};
use crate::store::webhooks::{self, Applied, FailedTry, Webhook, WebhookStatus};
use crate::store::{StoreError, StoreResult, Tx};
use crate::telemetry::{self, TraceId, metric};

/// Lost, or another shop's on the same account: `reconcile --restore` makes it again if it is ours.
pub(super) const NOT_HERE: &str = "names a preorder that is not in this database";
const OF_NOBODY: &str = "speaks of no preorder of ours";

/// Says in a few words what came of it. An event that can't be understood or that names a preorder nobody knows is
/// marked as failed, and is an error for a person to look at; unless it is of another shop on the same account.
pub async fn apply_stripe_event(ctx: &Context, id: &WebhookId) -> Result<String, WorkflowError> {
    let Some(webhook) = webhooks::find(&ctx.db, id).await? else {
        return Err(WorkflowError::Odd("the webhook's row is gone".to_owned()));
    };
    if let Some(why) = of_another_mode(ctx, &webhook.raw_data) {
        mark(ctx, &webhook, WebhookStatus::Ignored, Some(why)).await?;
        return Ok(why.to_owned());
    }
    let facts = match event::read(&webhook.raw_data) {
        Reading::Ignored => {
            mark(ctx, &webhook, WebhookStatus::Ignored, None).await?;
            return Ok("of no consequence".to_owned());
        }
        Reading::Odd(_) if is_of_nobody(ctx, &webhook.raw_data).await? => Vec::new(),
        Reading::Odd(problem) => {
            mark(ctx, &webhook, WebhookStatus::Failed, Some(&problem)).await?;
            return Err(WorkflowError::Odd(problem));
        }
        Reading::Fact(fact) => vec![fact],
        Reading::RefundsOf { payment_intent_id, preorder_id } => {
            refunds_of(ctx, &payment_intent_id, preorder_id.as_deref()).await?
        }
    };
    if let Some(owner) = owner(ctx, &facts).await? {
        telemetry::join(TraceId::of_preorder(&owner));
        return apply(ctx, &webhook, &owner, &facts).await;
    }
    mark(ctx, &webhook, WebhookStatus::Ignored, Some(OF_NOBODY)).await?;
    Ok(OF_NOBODY.to_owned())
}

/// A payment under test settles nothing where real money is taken, and real money nothing under test: whoever has a
/// test key's webhook secret must not be able to pay.
pub(super) fn of_another_mode(ctx: &Context, raw: &str) -> Option<&'static str> {
    // The sandbox that stands in for Stripe takes no money.
    let ours = ctx.settings.stripe.as_ref().map_or(Some(false), StripeSettings::is_live)?;
    match (ours, event::is_live(raw)?) {
        (true, false) => Some("is of Stripe's test mode, and this shop takes real money"),
        (false, true) => Some("is of real money, and this shop has a test key"),
        _ => None,
    }
}

/// What Stripe says of a payment's refunds, each under the preorder that the event named.
pub(super) async fn refunds_of(
    ctx: &Context,
    payment_intent_id: &str,
    preorder_id: Option<&str>,
) -> Result<Vec<Fact>, WorkflowError> {
    let call = ctx.payments.default().list_refunds(payment_intent_id);
    let refunds = match ctx.breakers.ask(Lane::Stripe, &ctx.clock, call).await {
        Ok(refunds) => refunds,
        // A payment that Stripe does not know has no refunds.
        Err(ProviderError::Permanent(_) | ProviderError::Gone(_)) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let named = |mut fact: crate::domain::refund::RefundFact| {
        fact.preorder_id = fact.preorder_id.or_else(|| preorder_id.map(str::to_owned));
        Fact::Refund(fact)
    };
    Ok(refunds.into_iter().map(named).collect())
}

/// Whose facts these are. A refund or a dispute may come before the payment's own event, and then names nothing that
/// we know: Stripe is asked about the payment, and what it says is settled first.
pub(super) async fn owner(ctx: &Context, facts: &[Fact]) -> Result<Option<PreorderId>, WorkflowError> {
    for fact in facts {
        if let Some(owner) = settle_payment::whose(&ctx.db, fact).await? {
            return Ok(Some(owner));
        }
    }
    let after_payment = |fact: &&Fact| !matches!(fact, Fact::Payment(_));
    match facts.iter().find(after_payment).and_then(Fact::payment_intent_id) {
        Some(intent) => owner_of_payment(ctx, intent).await,
        None => Ok(None),
    }
}

/// Whether an event that can't be read tells at least that it is of no preorder of ours.
async fn is_of_nobody(ctx: &Context, raw: &str) -> Result<bool, WorkflowError> {
    let Some(names) = event::names(raw) else { return Ok(false) };
    if settle_payment::named(&ctx.db, &names).await?.is_some() {
        return Ok(false);
    }
    match &names.payment_intent_id {
        Some(intent) => Ok(owner_of_payment(ctx, intent).await?.is_none()),
        None => Ok(true),
    }
}

async fn owner_of_payment(ctx: &Context, intent: &str) -> Result<Option<PreorderId>, WorkflowError> {
    let call = ctx.payments.default().fetch_payment_intent(intent);
    let payment = match ctx.breakers.ask(Lane::Stripe, &ctx.clock, call).await {
        Ok(payment) => payment,
        Err(ProviderError::Permanent(_) | ProviderError::Gone(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if payment.preorder_id.is_none() {
        return Ok(None);
    }
    match settle_payment::settle(ctx, &payment.into()).await {
        Ok(preorder) => Ok(preorder.map(|preorder| preorder.id)),
        Err(WorkflowError::NoSuchPreorder) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn apply(ctx: &Context, webhook: &Webhook, owner: &PreorderId, facts: &[Fact]) -> Result<String, WorkflowError> {
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    let mut settlements = Vec::with_capacity(facts.len());
    for fact in facts {
        match settle_payment::settle_in(ctx, &mut tx, owner, fact).await {
            Ok(settlement) => settlements.push(settlement),
            Err(error) if contradiction(&error).is_some() => {
                tx.rollback().await?;
                let problem = contradiction(&error).unwrap_or_default();
                mark(ctx, webhook, WebhookStatus::Failed, Some(problem)).await?;
                return Err(WorkflowError::Odd(problem.to_owned()));
            }
            Err(error) => return Err(error),
        }
    }
    let Some(last) = settlements.last() else { return Ok("nothing to settle".to_owned()) };
    let applied = Applied {
        status: WebhookStatus::Success,
        preorder_id: Some(&last.preorder.id),
        email: Some(&last.preorder.email),
        error: None,
    };
    webhooks::save_applied(&mut tx, &webhook.id, &applied, now).await?;
    reach(Point::ApplyMarked);
    tx.commit().await?;
    reach(Point::ApplyCommitted);
    counted(webhook, "applied");
    metrics::histogram!(metric::WEBHOOK_APPLY).record(ctx.clock.now().since(webhook.received_at).as_secs_f64());
    for settlement in &settlements {
        settlement.announce(ctx);
    }
    Ok(format!("payment is {}", last.preorder.payment_status))
}

/// What no repetition will put right: a person must look.
const fn contradiction(error: &WorkflowError) -> Option<&'static str> {
    match error {
        WorkflowError::NoSuchPreorder => Some(NOT_HERE),
        // All rows of one preorder are written under its lock: the other row is another preorder's.
        WorkflowError::Store(StoreError::Duplicate) => {
            Some("names a payment, refund or dispute that belongs to another preorder")
        }
        _ => None,
    }
}

async fn mark(
    ctx: &Context,
    webhook: &Webhook,
    status: WebhookStatus,
    error: Option<&str>,
) -> Result<(), WorkflowError> {
    let applied = Applied { status, preorder_id: None, email: None, error };
    let mut tx = ctx.db.begin().await?;
    webhooks::save_applied(&mut tx, &webhook.id, &applied, ctx.clock.now()).await?;
    tx.commit().await?;
    reach(Point::ApplySetAside);
    counted(webhook, status.as_str());
    Ok(())
}

/// A try that came to nothing stands in the event's own row as well, in the transaction of the try: its number, and why
/// in short (a provider's words may be about a buyer). The type of an event that is given up with it.
pub async fn note_failed_try(
    tx: &mut Tx,
    payload: &str,
    failure: &ProviderError,
    state: DeliveryState,
    now: Timestamp,
) -> StoreResult<Option<String>> {
    let Ok(Delivery::ApplyStripeEvent { webhook_id }) = serde_json::from_str(payload) else { return Ok(None) };
    let failed = FailedTry {
        error: failure.in_short(),
        is_given_up: state == DeliveryState::Dead,
        // What no repetition puts right was marked when it was found out.
        may_be_noted: matches!(failure, ProviderError::Permanent(_)),
    };
    webhooks::save_failed_try(tx, &webhook_id, &failed, now).await
}

fn counted(webhook: &Webhook, result: &'static str) {
    metrics::counter!(metric::WEBHOOKS, "event" => metric::event(&webhook.event), "result" => result).increment(1);
}
