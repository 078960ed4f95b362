//! Sending the goods: marking preorders as fulfilled with the parcel's tracking number, and the moves around it. Each
//! asks the domain under the preorder's lock; what is so already is left alone.

use serde_json::json;

use super::WorkflowError;
use super::audit::{self, Act};
use super::cancel_preorder::moment;
use crate::context::Context;
use crate::domain::access::{Actor, Right};
use crate::domain::audit::AuditAction;
use crate::domain::fulfilment::{FulfilmentError, TrackingNumber};
use crate::domain::ids::PreorderId;
use crate::domain::preorder::FulfilmentStatus;
use crate::store::preorders::{self, Preorder};
use crate::store::{Tx, order_acts};

/// Moves of the goods that need no tracking number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    Hold,
    Release,
    /// It was marked by mistake.
    Undo,
}

fn allowed(actor: &Actor) -> Result<(), WorkflowError> {
    if actor.may(Right::Act) { Ok(()) } else { Err(WorkflowError::Forbidden) }
}

/// Says whether it was not fulfilled with this number before.
pub async fn fulfil_preorder(
    ctx: &Context,
    actor: &Actor,
    id: &PreorderId,
    tracking: &TrackingNumber,
) -> Result<bool, WorkflowError> {
    allowed(actor)?;
    let mut tx = ctx.db.begin().await?;
    let moved = fulfil_in(ctx, &mut tx, actor, id, tracking).await?;
    tx.commit().await?;
    Ok(moved)
}

/// Many in one transaction, which is quick; a row that can't be fulfilled is told and leaves the others alone. Gives
/// what became of each, in the order given.
pub async fn fulfil_some(
    ctx: &Context,
    actor: &Actor,
    rows: &[(PreorderId, TrackingNumber)],
) -> Result<Vec<Result<bool, String>>, WorkflowError> {
    allowed(actor)?;
    let mut order: Vec<usize> = (0..rows.len()).collect();
    // Everybody locks in the order of ids: two people with the same list do not wait for each other for ever.
    order.sort_by_key(|&index| &rows[index].0);
    let mut results: Vec<Result<bool, String>> = vec![Ok(false); rows.len()];
    let mut tx = ctx.db.begin().await?;
    for index in order {
        let (id, tracking) = &rows[index];
        results[index] = match fulfil_in(ctx, &mut tx, actor, id, tracking).await {
            Ok(moved) => Ok(moved),
            Err(WorkflowError::Refused { message, .. }) => Err(message),
            Err(WorkflowError::NoSuchPreorder) => Err("There is no such preorder.".to_owned()),
            Err(error) => return Err(error),
        };
    }
    tx.commit().await?;
    Ok(results)
}

async fn fulfil_in(
    ctx: &Context,
    tx: &mut Tx,
    actor: &Actor,
    id: &PreorderId,
    tracking: &TrackingNumber,
) -> Result<bool, WorkflowError> {
    let preorder = preorders::lock(tx, id).await?.ok_or(WorkflowError::NoSuchPreorder)?;
    let known = preorder.tracking_number.as_deref();
    if preorder.fulfilment_status == FulfilmentStatus::Fulfilled && known == Some(tracking.as_str()) {
        return Ok(false);
    }
    let to = preorder.fulfilment().fulfil().map_err(|error| refused(&preorder, error))?;
    order_acts::save_fulfilled(tx, id, to, tracking, moment(ctx, &preorder)).await?;
    let detail = json!({ "tracking_number": tracking.as_str() });
    audit::record(ctx, tx, actor, Act::on_preorder(AuditAction::PreorderFulfilled, id, detail)).await?;
    Ok(true)
}

/// Says whether it moved.
pub async fn move_fulfilment(ctx: &Context, actor: &Actor, id: &PreorderId, what: Move) -> Result<bool, WorkflowError> {
    allowed(actor)?;
    let mut tx = ctx.db.begin().await?;
    let preorder = preorders::lock(&mut tx, id).await?.ok_or(WorkflowError::NoSuchPreorder)?;
    let fulfilment = preorder.fulfilment();
    let to = match what {
        Move::Hold => fulfilment.hold(),
        Move::Release => fulfilment.release(),
        Move::Undo => fulfilment.undo(),
    };
    let to = to.map_err(|error| refused(&preorder, error))?;
    if to == preorder.fulfilment_status {
        tx.rollback().await?;
        return Ok(false);
    }
    order_acts::save_unfulfilled(&mut tx, id, to, moment(ctx, &preorder)).await?;
    let detail = json!({
        "from": preorder.fulfilment_status,
        "to": to,
        "tracking_number": preorder.tracking_number,
    });
    audit::record(ctx, &mut tx, actor, Act::on_preorder(AuditAction::FulfilmentChanged, id, detail)).await?;
    tx.commit().await?;
    Ok(true)
}

/// A sentence about what stands in the way, and the way around it.
fn refused(preorder: &Preorder, error: FulfilmentError) -> WorkflowError {
    let number = &preorder.preorder_number;
    let rest = match error {
        FulfilmentError::Fulfilled => preorder
            .tracking_number
            .as_deref()
            .map_or_else(|| ".".to_owned(), |tracking| format!(", with tracking number {tracking}.")),
        FulfilmentError::OnHold => ". Take it off hold first.".to_owned(),
        FulfilmentError::Disputed => ". Settle the dispute first.".to_owned(),
        _ => ".".to_owned(),
    };
    WorkflowError::refused("tracking_number", error.code(), format!("{number} {error}{rest}"))
}
