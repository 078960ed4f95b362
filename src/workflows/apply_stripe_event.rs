//! What a stored event means for a preorder: read, settled and marked as applied in one transaction, so that it takes
//! effect once whoever dies when.

use super::{WorkflowError, settle_payment};
use crate::context::Context;
use crate::domain::ids::WebhookId;
use crate::domain::payment::PaymentFact;
use crate::providers::payments::stripe::event::{self, Reading};
use crate::store::webhooks::{self, Applied, WebhookStatus};

/// Says in a few words what came of it. An event that can't be understood or that names a preorder nobody knows is
/// marked as failed, and is an error for a person to look at.
pub async fn apply_stripe_event(ctx: &Context, id: &WebhookId) -> Result<String, WorkflowError> {
    let Some(webhook) = webhooks::find(&ctx.db, id).await? else {
        return Err(WorkflowError::Odd("the webhook's row is gone".to_owned()));
    };
    match event::read(&webhook.raw_data) {
        Reading::Ignored => {
            mark(ctx, id, WebhookStatus::Ignored, None).await?;
            Ok("of no consequence".to_owned())
        }
        Reading::Odd(problem) => {
            mark(ctx, id, WebhookStatus::Failed, Some(&problem)).await?;
            Err(WorkflowError::Odd(problem))
        }
        Reading::Fact(fact) => apply(ctx, id, &fact).await,
    }
}

async fn apply(ctx: &Context, id: &WebhookId, fact: &PaymentFact) -> Result<String, WorkflowError> {
    let Some(preorder_id) = settle_payment::whose(ctx, fact).await? else {
        mark(ctx, id, WebhookStatus::Ignored, Some("speaks of no preorder of ours")).await?;
        return Ok("speaks of no preorder of ours".to_owned());
    };
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    let (preorder, deliveries) = match settle_payment::settle_in(ctx, &mut tx, &preorder_id, fact).await {
        Ok(settled) => settled,
        Err(WorkflowError::NoSuchPreorder) => {
            tx.rollback().await?;
            let problem = "names a preorder that is not in this database";
            mark(ctx, id, WebhookStatus::Failed, Some(problem)).await?;
            return Err(WorkflowError::Odd(problem.to_owned()));
        }
        Err(error) => return Err(error),
    };
    let applied = Applied {
        status: WebhookStatus::Success,
        preorder_id: Some(&preorder.id),
        email: Some(&preorder.email),
        error: None,
    };
    webhooks::save_applied(&mut tx, id, &applied, now).await?;
    tx.commit().await?;
    ctx.bell.ring(&deliveries);
    Ok(format!("payment is {}", preorder.payment_status))
}

async fn mark(ctx: &Context, id: &WebhookId, status: WebhookStatus, error: Option<&str>) -> Result<(), WorkflowError> {
    let mut tx = ctx.db.begin().await?;
    webhooks::save_applied(&mut tx, id, &Applied { status, preorder_id: None, email: None, error }, ctx.clock.now())
        .await?;
    tx.commit().await?;
    Ok(())
}
