//! What a person does to the background: retry, resend, discard, pause, resume. Each act is in the audit log, and each
//! is harmless when it is done twice.

use serde_json::json;

use super::audit::{self, Act};
use super::{WorkflowError, refunds};
use crate::context::Context;
use crate::domain::access::{Actor, Right};
use crate::domain::audit::AuditAction;
use crate::domain::delivery::{Delivery, DeliveryKind, DeliveryState};
use crate::domain::ids::{DeliveryId, PreorderId, RefundId};
use crate::store::outbox_acts::{self, Pause, Target};
use crate::store::{Tx, preorders, webhooks};

/// Characters.
const LONGEST_REASON: usize = 300;

pub(super) fn allowed(actor: &Actor) -> Result<(), WorkflowError> {
    if actor.may(Right::Act) { Ok(()) } else { Err(WorkflowError::Forbidden) }
}

/// Without words nobody knows later what was meant.
pub(super) fn stated(reason: &str) -> Result<&str, WorkflowError> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(WorkflowError::refused("reason", "reason_missing", "Say why: whoever looks later will ask."));
    }
    if reason.chars().count() > LONGEST_REASON {
        return Err(WorkflowError::refused("reason", "reason_too_long", "Say it in 300 characters."));
    }
    Ok(reason)
}

fn no_such_delivery() -> WorkflowError {
    WorkflowError::refused("id", "delivery_unknown", "There is no such delivery.")
}

/// An SMS is sent at most once by us; whether it goes out (again) is for a person to say in so many words.
pub(super) fn confirmed_if_sms(kind: DeliveryKind, confirmed: bool) -> Result<(), WorkflowError> {
    if kind == DeliveryKind::SendSms && !confirmed {
        let message = "It may have been sent. Send it (again)? Confirm it, or discard it.";
        return Err(WorkflowError::refused("confirmed", "confirmation_needed", message));
    }
    Ok(())
}

/// Tries a delivery again at once. Says whether there was something to do: one that runs, is due already or is done
/// is not tried again by this.
pub async fn retry(ctx: &Context, actor: &Actor, id: &DeliveryId, confirmed: bool) -> Result<bool, WorkflowError> {
    allowed(actor)?;
    let mut tx = ctx.db.begin().await?;
    let target = outbox_acts::lock(&mut tx, id).await?.ok_or_else(no_such_delivery)?;
    if target.state == DeliveryState::Done {
        return Ok(false);
    }
    if target.state == DeliveryState::Dead {
        confirmed_if_sms(target.kind, confirmed)?;
    }
    let moved = restart(ctx, &mut tx, actor, &target, AuditAction::DeliveryRetried).await?;
    tx.commit().await?;
    ctx.bell.ring_lane(target.kind.lane());
    Ok(moved)
}

/// Sends one of a preorder's messages again, whether or not it went out before: its key makes a repeat harmless there.
/// Says whether there was something to send. The caller commits, and rings for the delivery's lane.
pub async fn resend(ctx: &Context, tx: &mut Tx, actor: &Actor, delivery: &Delivery) -> Result<bool, WorkflowError> {
    allowed(actor)?;
    match outbox_acts::lock_by_key(tx, &delivery.dedupe_key()).await? {
        Some(target) => restart(ctx, tx, actor, &target, AuditAction::EventResent).await,
        None => Ok(false),
    }
}

/// The same by the word of its kind, in a transaction of its own.
pub async fn send_again(
    ctx: &Context,
    actor: &Actor,
    preorder_id: &PreorderId,
    kind: DeliveryKind,
) -> Result<bool, WorkflowError> {
    allowed(actor)?;
    let Some(delivery) = resendable(kind, preorder_id) else {
        return Err(WorkflowError::refused("kind", "not_resendable", "This is not sent again by hand."));
    };
    let mut tx = ctx.db.begin().await?;
    let sent = resend(ctx, &mut tx, actor, &delivery).await?;
    tx.commit().await?;
    ctx.bell.ring_lane(kind.lane());
    Ok(sent)
}

async fn restart(
    ctx: &Context,
    tx: &mut Tx,
    actor: &Actor,
    target: &Target,
    action: AuditAction,
) -> Result<bool, WorkflowError> {
    let now = ctx.shared_now_in(tx).await?;
    if target.is_under_way(now) || !outbox_acts::restart(tx, &target.id, now).await? {
        return Ok(false);
    }
    let detail =
        json!({ "kind": target.kind, "was": target.state, "tries": target.attempts, "error": target.last_error });
    let act = Act { preorder_id: target.preorder_id.as_ref(), ..Act::on(action, target.id.as_str(), detail) };
    audit::record(ctx, tx, actor, act).await?;
    Ok(true)
}

/// Gives a dead delivery up for good; it stays in sight with the reason. A refund that nobody asks Stripe for any more
/// must not hold its money for ever: one that was not made has failed, and one that was is settled.
pub async fn discard(ctx: &Context, actor: &Actor, id: &DeliveryId, reason: &str) -> Result<bool, WorkflowError> {
    allowed(actor)?;
    let reason = stated(reason)?;
    let looked_at = outbox_acts::find(&ctx.db, id).await?.ok_or_else(no_such_delivery)?;
    let refund = refund_of(&looked_at);
    if let Some((_, refund)) = &refund {
        refunds::look_once_more(ctx, refund).await?;
    }
    let mut tx = ctx.db.begin().await?;
    if let Some((preorder, _)) = &refund {
        preorders::lock(&mut tx, preorder).await?;
    }
    let target = outbox_acts::lock(&mut tx, id).await?.ok_or_else(no_such_delivery)?;
    let now = ctx.clock.now();
    // Tried again since we looked: what became of that is not known.
    let is_as_it_was = target.attempts == looked_at.attempts;
    let discarded = is_as_it_was && outbox_acts::discard(&mut tx, id, reason, now).await?;
    let mut given_up = false;
    if discarded {
        if let Some((preorder, refund)) = &refund {
            let why = format!("given up by {}: {reason}", actor.name);
            given_up = refunds::give_up(ctx, &mut tx, preorder, refund, &why).await?;
        }
        webhooks::set_aside(&mut tx, now).await?;
        let detail = json!({ "kind": target.kind, "reason": reason, "error": target.last_error });
        let act = Act {
            preorder_id: target.preorder_id.as_ref(),
            ..Act::on(AuditAction::DeliveryDiscarded, target.id.as_str(), detail)
        };
        audit::record(ctx, &mut tx, actor, act).await?;
    }
    tx.commit().await?;
    if given_up {
        refunds::count_given_up();
    }
    Ok(discarded)
}

/// The preorder and the refund that a dead delivery was to ask for.
fn refund_of(target: &Target) -> Option<(PreorderId, RefundId)> {
    if target.state != DeliveryState::Dead {
        return None;
    }
    match serde_json::from_str(&target.payload).ok()? {
        Delivery::RequestRefund { preorder_id, refund_id } => Some((preorder_id, refund_id)),
        _ => None,
    }
}

/// Holds a kind back: its provider is down, and we know. What is under way finishes; what is due waits.
pub async fn pause(ctx: &Context, actor: &Actor, kind: DeliveryKind, reason: &str) -> Result<bool, WorkflowError> {
    allowed(actor)?;
    let reason = stated(reason)?;
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
    ctx.bell.ring_lane(kind.lane());
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
