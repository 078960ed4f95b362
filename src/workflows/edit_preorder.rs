//! Putting an order right before it is packed: where it goes, and which colour. Whoever edits says which state of the
//! row they looked at; if it has changed since, they are asked to look again.

use serde_json::json;

use super::WorkflowError;
use super::audit::{self, Act};
use super::cancel_preorder::{closed_key, moment};
use crate::context::Context;
use crate::domain::access::{Actor, Right};
use crate::domain::audit::AuditAction;
use crate::domain::ids::PreorderId;
use crate::domain::masking;
use crate::domain::postal::PostalAddress;
use crate::domain::timestamp::Timestamp;
use crate::store::preorders::{self, Preorder};
use crate::store::{Tx, order_acts};

/// `seen`: the row's `updated_at` when it was looked at. Says whether anything changed.
pub async fn edit_address(
    ctx: &Context,
    actor: &Actor,
    id: &PreorderId,
    address: &PostalAddress,
    seen: Timestamp,
) -> Result<bool, WorkflowError> {
    let Some((mut tx, preorder)) = begin(ctx, actor, id).await? else { return Err(WorkflowError::NoSuchPreorder) };
    if preorder.shipping_address.as_deref() == Some(address.as_str()) {
        tx.rollback().await?;
        return Ok(false);
    }
    may_edit(&preorder, seen, "address")?;
    order_acts::save_address(&mut tx, id, address, moment(ctx, &preorder)).await?;
    // The log is for ever, and nobody's address is in it: only where to.
    let before = preorder.shipping_address.as_deref().map(masking::postal);
    let detail = json!({ "from": before, "to": masking::postal(address.as_str()) });
    audit::record(ctx, &mut tx, actor, Act::on_preorder(AuditAction::AddressChanged, id, detail)).await?;
    tx.commit().await?;
    Ok(true)
}

/// Any colour that exists, sold out or not: whoever edits has a reason. Says whether anything changed.
pub async fn edit_color(
    ctx: &Context,
    actor: &Actor,
    id: &PreorderId,
    color: &str,
    seen: Timestamp,
) -> Result<bool, WorkflowError> {
    let catalog = ctx.shop().await?.catalog;
    let Some((mut tx, preorder)) = begin(ctx, actor, id).await? else { return Err(WorkflowError::NoSuchPreorder) };
    let Some(color) = catalog.color(color) else {
        return Err(WorkflowError::refused("color", "color_unknown", "That is not one of our colours."));
    };
    let color = color.id.as_str();
    if preorder.color == color {
        tx.rollback().await?;
        return Ok(false);
    }
    may_edit(&preorder, seen, "color")?;
    order_acts::save_color(&mut tx, id, color, &closed_key(&preorder), moment(ctx, &preorder)).await?;
    let detail = json!({ "from": preorder.color, "to": color });
    audit::record(ctx, &mut tx, actor, Act::on_preorder(AuditAction::ColorChanged, id, detail)).await?;
    tx.commit().await?;
    Ok(true)
}

async fn begin(ctx: &Context, actor: &Actor, id: &PreorderId) -> Result<Option<(Tx, Preorder)>, WorkflowError> {
    if !actor.may(Right::Act) {
        return Err(WorkflowError::Forbidden);
    }
    let mut tx = ctx.db.begin().await?;
    Ok(preorders::lock(&mut tx, id).await?.map(|preorder| (tx, preorder)))
}

fn may_edit(preorder: &Preorder, seen: Timestamp, field: &'static str) -> Result<(), WorkflowError> {
    let number = &preorder.preorder_number;
    if !preorder.fulfilment().is_editable() {
        let message = format!("{number} is fulfilled or cancelled: it can't be changed any more.");
        return Err(WorkflowError::refused(field, "not_editable", message));
    }
    if preorder.updated_at != seen {
        let message = format!(
            "{number} changed while you were at it. It is shown as it is now, with what you typed: look again, then save."
        );
        return Err(WorkflowError::refused(field, "changed_since", message));
    }
    Ok(())
}
