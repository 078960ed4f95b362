//! One difference, settled as Stripe says: the object is asked for again, and what it says now goes through the same
//! settlement as its events. With the line of who pressed the button, in the same transaction.

use serde_json::json;

use super::apply_stripe_event::owner;
use super::audit::{self, Act};
use super::deliveries::stated;
use super::receive_webhook::receive_in;
use super::reconcile::{self, compare, listed};
use super::{WorkflowError, settle_payment, walk_stripe};
use crate::context::Context;
use crate::domain::access::{Actor, Right};
use crate::domain::audit::AuditAction;
use crate::domain::ids::DifferenceId;
use crate::domain::payment::Fact;
use crate::providers::ProviderError;
use crate::providers::payments::Seen;
use crate::providers::payments::stripe::event::Envelope;
use crate::store::Tx;
use crate::store::differences::{self, Difference};

/// Says whether anything had to be settled: it may have been since.
pub async fn settle_difference(ctx: &Context, actor: &Actor, id: &DifferenceId) -> Result<bool, WorkflowError> {
    if !actor.may(Right::Act) {
        return Err(WorkflowError::Forbidden);
    }
    let found = differences::find(&ctx.db, id).await?;
    let known =
        found.ok_or_else(|| WorkflowError::refused("id", "difference_unknown", "There is no such difference."))?;
    if known.settled_at.is_some() {
        return Ok(false);
    }
    let seen = match ctx.payments.default().look_up(listed(known.object), &known.provider_id).await {
        Ok(seen) => seen,
        Err(ProviderError::Permanent(_) | ProviderError::Gone(_)) => {
            return Err(WorkflowError::refused("id", "unknown_to_stripe", "Stripe does not know it any more."));
        }
        Err(error) => return Err(error.into()),
    };
    let Some(now_found) = compare(ctx, known.object, &seen).await? else {
        close(ctx, &known, None).await?;
        return Ok(false);
    };
    if let Some(advice) = now_found.advice() {
        return Err(WorkflowError::refused("id", "not_settleable", advice));
    }
    match &seen {
        Seen::Fact { fact, .. } => settle(ctx, actor, &known, &now_found, fact).await?,
        Seen::Event { id, kind, body } => {
            let envelope = Envelope::named(id, kind);
            let mut tx = ctx.db.begin().await?;
            let deliveries = receive_in(ctx, &mut tx, &envelope, body).await?;
            record(ctx, &mut tx, actor, &known, &now_found).await?;
            tx.commit().await?;
            ctx.bell.ring(&deliveries.unwrap_or_default());
        }
        Seen::Odd { .. } => return Ok(false),
    }
    if let Some(still) = compare(ctx, known.object, &seen).await? {
        let mut tx = ctx.db.begin().await?;
        differences::save(&mut tx, &walk_stripe::row(ctx, &still, ctx.clock.now())).await?;
        tx.commit().await?;
        let message = format!(
            "It was settled as Stripe says, and we still differ: ours {}, Stripe's {}.",
            still.ours, still.theirs
        );
        return Err(WorkflowError::refused("id", "still_differs", message));
    }
    close(ctx, &known, Some(actor)).await?;
    Ok(true)
}

/// A person has looked at what can't be settled, and says why nothing more is to be done. Says whether it was open.
pub async fn set_aside(ctx: &Context, actor: &Actor, id: &DifferenceId, reason: &str) -> Result<bool, WorkflowError> {
    if !actor.may(Right::Act) {
        return Err(WorkflowError::Forbidden);
    }
    let reason = stated(reason)?;
    let found = differences::find(&ctx.db, id).await?;
    let known =
        found.ok_or_else(|| WorkflowError::refused("id", "difference_unknown", "There is no such difference."))?;
    if known.settled_at.is_some() {
        return Ok(false);
    }
    let detail = json!({ "object": known.object, "set_aside": reason, "ours": known.ours, "theirs": known.theirs });
    let act = Act {
        preorder_id: known.preorder_id.as_ref(),
        ..Act::on(AuditAction::DifferenceSettled, &known.provider_id, detail)
    };
    let mut tx = ctx.db.begin().await?;
    audit::record(ctx, &mut tx, actor, act).await?;
    differences::settle(&mut tx, known.object, &known.provider_id, Some(&actor.name), ctx.clock.now()).await?;
    tx.commit().await?;
    Ok(true)
}

async fn settle(
    ctx: &Context,
    actor: &Actor,
    known: &Difference,
    found: &reconcile::Difference,
    fact: &Fact,
) -> Result<(), WorkflowError> {
    let whose = owner(ctx, std::slice::from_ref(fact)).await?;
    let whose = whose.ok_or_else(|| WorkflowError::refused("id", "of_nobody", "It names no preorder of ours."))?;
    let mut tx = ctx.db.begin().await?;
    let settlement = settle_payment::settle_in(ctx, &mut tx, &whose, fact).await?;
    record(ctx, &mut tx, actor, known, found).await?;
    tx.commit().await?;
    settlement.announce(ctx);
    Ok(())
}

async fn record(
    ctx: &Context,
    tx: &mut Tx,
    actor: &Actor,
    known: &Difference,
    found: &reconcile::Difference,
) -> Result<(), WorkflowError> {
    let detail =
        json!({ "object": known.object, "verdict": found.verdict, "ours": found.ours, "theirs": found.theirs });
    let preorder_id = found.preorder_id.as_deref().and_then(|id| id.parse().ok());
    let act = Act {
        preorder_id: preorder_id.as_ref(),
        ..Act::on(AuditAction::DifferenceSettled, &known.provider_id, detail)
    };
    audit::record(ctx, tx, actor, act).await
}

async fn close(ctx: &Context, known: &Difference, by: Option<&Actor>) -> Result<(), WorkflowError> {
    let by = by.map(|actor| actor.name.as_str());
    let mut tx = ctx.db.begin().await?;
    differences::settle(&mut tx, known.object, &known.provider_id, by, ctx.clock.now()).await?;
    Ok(tx.commit().await?)
}
