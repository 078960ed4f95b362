//! What a person does to the background: retry, resend, discard, pause, resume. Each act is in the audit log, and each
//! is harmless when it is done twice.

use serde_json::json;

use super::WorkflowError;
use super::audit::{self, Act};
use crate::context::Context;
use crate::domain::access::{Actor, Right};
use crate::domain::audit::AuditAction;
use crate::domain::delivery::{Delivery, DeliveryKind, DeliveryState};
use crate::domain::ids::{DeliveryId, PreorderId};
use crate::store::Tx;
use crate::store::outbox_acts::{self, Pause, Target};

fn allowed(actor: &Actor) -> Result<(), WorkflowError> {
    if actor.may(Right::Act) { Ok(()) } else { Err(WorkflowError::Forbidden) }
}

/// Tries a delivery again at once. Says whether there was something to do: one that runs or is due already is not.
pub async fn retry(ctx: &Context, actor: &Actor, id: &DeliveryId) -> Result<bool, WorkflowError> {
    allowed(actor)?;
    let mut tx = ctx.db.begin().await?;
    let Some(target) = outbox_acts::lock(&mut tx, id).await? else {
        return Err(WorkflowError::refused("id", "delivery_unknown", "There is no such delivery."));
    };
    let moved = restart(ctx, &mut tx, actor, &target, AuditAction::DeliveryRetried).await?;
    tx.commit().await?;
    ctx.bell.ring_here(target.kind.lane());
    Ok(moved)
}

/// Sends one of a preorder's messages again, whether or not it went out before: its key makes a repeat harmless there.
/// Says whether there was something to send.
pub async fn resend(ctx: &Context, tx: &mut Tx, actor: &Actor, delivery: &Delivery) -> Result<bool, WorkflowError> {
    allowed(actor)?;
    match outbox_acts::lock_by_key(tx, &delivery.dedupe_key()).await? {
        Some(target) => restart(ctx, tx, actor, &target, AuditAction::EventResent).await,
        None => Ok(false),
    }
}

async fn restart(
    ctx: &Context,
    tx: &mut Tx,
    actor: &Actor,
    target: &Target,
    action: AuditAction,
) -> Result<bool, WorkflowError> {
    if target.state == DeliveryState::Running || !outbox_acts::restart(tx, &target.id, ctx.clock.now()).await? {
        return Ok(false);
    }
    let detail =
        json!({ "kind": target.kind, "was": target.state, "tries": target.attempts, "error": target.last_error });
    let act = Act { preorder_id: target.preorder_id.as_ref(), ..Act::on(action, target.id.as_str(), detail) };
    audit::record(ctx, tx, actor, act).await?;
    Ok(true)
}

/// Gives a dead delivery up for good; it stays in sight with the reason.
pub async fn discard(ctx: &Context, actor: &Actor, id: &DeliveryId, reason: &str) -> Result<bool, WorkflowError> {
    allowed(actor)?;
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(WorkflowError::refused("reason", "reason_missing", "Say why: whoever looks later will ask."));
    }
    let mut tx = ctx.db.begin().await?;
    let Some(target) = outbox_acts::lock(&mut tx, id).await? else {
        return Err(WorkflowError::refused("id", "delivery_unknown", "There is no such delivery."));
    };
    let discarded = outbox_acts::discard(&mut tx, id, reason, ctx.clock.now()).await?;
    if discarded {
        let detail = json!({ "kind": target.kind, "reason": reason, "error": target.last_error });
        let act = Act {
            preorder_id: target.preorder_id.as_ref(),
            ..Act::on(AuditAction::DeliveryDiscarded, target.id.as_str(), detail)
        };
        audit::record(ctx, &mut tx, actor, act).await?;
    }
    tx.commit().await?;
    Ok(discarded)
}

/// Holds a kind back: its provider is down, and we know. What is under way finishes; what is due waits.
pub async fn pause(ctx: &Context, actor: &Actor, kind: DeliveryKind, reason: &str) -> Result<bool, WorkflowError> {
    allowed(actor)?;
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(WorkflowError::refused("reason", "reason_missing", "Say why: whoever looks later will ask."));
    }
    let mut tx = ctx.db.begin().await?;
    let pause = Pause { kind, reason: reason.to_owned(), paused_by: actor.name.clone(), paused_at: ctx.clock.now() };
    let paused = outbox_acts::pause(&mut tx, &pause).await?;
    if paused {
        let act = Act::on(AuditAction::KindPaused, kind.as_str(), json!({ "reason": reason }));
        audit::record(ctx, &mut tx, actor, act).await?;
    }
    tx.commit().await?;
    Ok(paused)
}

pub async fn resume(ctx: &Context, actor: &Actor, kind: DeliveryKind) -> Result<bool, WorkflowError> {
    allowed(actor)?;
    let mut tx = ctx.db.begin().await?;
    let resumed = outbox_acts::resume(&mut tx, kind).await?;
    if resumed {
        audit::record(ctx, &mut tx, actor, Act::on(AuditAction::KindResumed, kind.as_str(), json!({}))).await?;
    }
    tx.commit().await?;
    ctx.bell.ring_here(kind.lane());
    Ok(resumed)
}

/// The messages of a preorder that a person may send again.
pub fn resendable(kind: DeliveryKind, preorder_id: &PreorderId) -> Option<Delivery> {
    let preorder_id = preorder_id.clone();
    match kind {
        DeliveryKind::KlaviyoPreorderStarted => Some(Delivery::KlaviyoPreorderStarted { preorder_id }),
        DeliveryKind::KlaviyoPreorderSuccess => Some(Delivery::KlaviyoPreorderSuccess { preorder_id }),
        DeliveryKind::CreateFirebaseUser => Some(Delivery::CreateFirebaseUser { preorder_id }),
        _ => None,
    }
}
