//! Cancelling a preorder that nobody has paid. Its open payment pages are closed, so that nobody pays afterwards; a
//! payment that still arrives wins, and the preorder is completed.

use serde_json::json;

use super::WorkflowError;
use super::audit::{self, Act};
use super::initiate_preorder::OPEN;
use crate::context::Context;
use crate::domain::access::{Actor, Right};
use crate::domain::audit::AuditAction;
use crate::domain::delivery::Delivery;
use crate::domain::ids::PreorderId;
use crate::domain::payment::AttemptState;
use crate::domain::preorder::CancelError;
use crate::domain::timestamp::Timestamp;
use crate::store::preorders::{self, Preorder};
use crate::store::{Tx, attempts, order_acts, outbox, outbox_acts};

/// Says whether it was not cancelled before.
pub async fn cancel_preorder(ctx: &Context, actor: &Actor, id: &PreorderId) -> Result<bool, WorkflowError> {
    if !actor.may(Right::Act) {
        return Err(WorkflowError::Forbidden);
    }
    let mut tx = ctx.db.begin().await?;
    let before = preorders::lock(&mut tx, id).await?.ok_or(WorkflowError::NoSuchPreorder)?;
    let after = before.progress().cancel().map_err(|error| refused(&before, error))?;
    if after == before.progress() {
        tx.rollback().await?;
        return Ok(false);
    }
    let now = moment(ctx, &before);
    order_acts::save_cancelled(&mut tx, id, after.status, &closed_key(&before), now).await?;
    close_pages(ctx, &mut tx, id, now).await?;
    let act = Act::on_preorder(AuditAction::PreorderCancelled, id, json!({ "was": before.status }));
    audit::record(ctx, &mut tx, actor, act).await?;
    tx.commit().await?;
    ctx.bell.ring_here(crate::domain::delivery::DeliveryKind::CloseOpenPages.lane());
    Ok(true)
}

fn refused(preorder: &Preorder, error: CancelError) -> WorkflowError {
    let number = &preorder.preorder_number;
    match error {
        CancelError::Pending => WorkflowError::refused(
            "id",
            "payment_pending",
            format!("{number} {error}: the bank has not decided. Wait for it, then cancel, or refund."),
        ),
        CancelError::Paid => WorkflowError::refused(
            "id",
            "already_paid",
            format!("{number} {error}. Refund it instead: “Cancel and refund”."),
        ),
    }
}

/// Closes the pages on which somebody could still pay: those that are open, and one that is being made just now.
pub(super) async fn close_pages(
    ctx: &Context,
    tx: &mut Tx,
    id: &PreorderId,
    now: Timestamp,
) -> Result<(), WorkflowError> {
    let attempts = attempts::of_preorder(tx, id).await?;
    if !attempts.iter().any(|attempt| attempt.may_be_open(now) || attempt.state == AttemptState::Creating) {
        return Ok(());
    }
    have_pages_closed(ctx, tx, id, now).await
}

/// Has all pages of now closed: one delivery a preorder, which may have been done for the pages of before, or be at them
/// just now.
pub(super) async fn have_pages_closed(
    ctx: &Context,
    tx: &mut Tx,
    id: &PreorderId,
    now: Timestamp,
) -> Result<(), WorkflowError> {
    let delivery = Delivery::CloseOpenPages { preorder_id: id.clone() };
    let key = delivery.dedupe_key();
    outbox::enqueue(tx, &[ctx.enqueued(delivery)], now).await?;
    Ok(outbox_acts::begin_anew(tx, &key, now).await?)
}

/// The key that says what was ordered holds only while the preorder is open to it: the same form is a new wish now.
pub(super) fn closed_key(preorder: &Preorder) -> String {
    if preorder.idempotency_key.starts_with(OPEN) {
        format!("closed:{}", preorder.id)
    } else {
        preorder.idempotency_key.clone()
    }
}

/// Now, and later than the row's last change: whoever looked at the row before it sees that it moved.
pub(super) fn moment(ctx: &Context, preorder: &Preorder) -> Timestamp {
    ctx.clock.now().max(Timestamp::from_millis(preorder.updated_at.millis() + 1))
}
