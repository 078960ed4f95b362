//! The same act on many preorders, each in its own transaction: what can't be done to one leaves the others alone.

use super::WorkflowError;
use super::cancel_preorder::cancel_preorder;
use super::deliveries::{resend, resendable};
use crate::context::Context;
use crate::domain::access::{Actor, Right};
use crate::domain::delivery::DeliveryKind;
use crate::domain::ids::PreorderId;

/// What became of a preorder: done, so already, or why not.
pub type Outcome = Result<bool, String>;

/// What is refused is told; what is broken ends the whole: pressing again goes on where it ended.
fn outcome(result: Result<bool, WorkflowError>) -> Result<Outcome, WorkflowError> {
    match result {
        Ok(moved) => Ok(Ok(moved)),
        Err(WorkflowError::Refused { message, .. }) => Ok(Err(message)),
        Err(WorkflowError::NoSuchPreorder) => Ok(Err("There is no such preorder.".to_owned())),
        Err(error) => Err(error),
    }
}

pub async fn cancel_each(ctx: &Context, actor: &Actor, ids: &[PreorderId]) -> Result<Vec<Outcome>, WorkflowError> {
    let mut outcomes = Vec::with_capacity(ids.len());
    for id in ids {
        outcomes.push(outcome(cancel_preorder(ctx, actor, id).await)?);
    }
    Ok(outcomes)
}

/// One of each preorder's messages again. `Ok(false)`: there is none, or it is on its way just now.
pub async fn resend_each(
    ctx: &Context,
    actor: &Actor,
    kind: DeliveryKind,
    ids: &[PreorderId],
) -> Result<Vec<Outcome>, WorkflowError> {
    if !actor.may(Right::Act) {
        return Err(WorkflowError::Forbidden);
    }
    let mut outcomes = Vec::with_capacity(ids.len());
    for id in ids {
        let Some(delivery) = resendable(kind, id) else {
            return Err(WorkflowError::refused("act", "not_resendable", "That can't be sent again."));
        };
        let mut tx = ctx.db.begin().await?;
        let sent = resend(ctx, &mut tx, actor, &delivery).await?;
        tx.commit().await?;
        outcomes.push(Ok(sent));
    }
    ctx.bell.ring_here(kind.lane());
    Ok(outcomes)
}
