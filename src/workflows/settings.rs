//! What owners set for the shop.

use serde_json::json;

use super::WorkflowError;
use super::audit::{self, Act};
use crate::context::Context;
use crate::domain::access::{Actor, Right};
use crate::domain::audit::AuditAction;
use crate::domain::money::Money;
use crate::store::settings;

/// Sets limits of refunds, one a currency; says which of them changed.
pub async fn set_refund_limits(ctx: &Context, actor: &Actor, limits: &[Money]) -> Result<Vec<Money>, WorkflowError> {
    if !actor.may(Right::Manage) {
        return Err(WorkflowError::Forbidden);
    }
    let mut tx = ctx.db.begin().await?;
    let mut changed = Vec::new();
    for &limit in limits {
        let before = settings::refund_limit(&mut tx, limit.currency).await?;
        if before == limit.minor {
            continue;
        }
        settings::save_refund_limit(&mut tx, limit, ctx.clock.now()).await?;
        let detail = json!({ "from": Money::new(before, limit.currency).to_string(), "to": limit.to_string() });
        let subject = format!("refund_limit.{}", limit.currency);
        audit::record(ctx, &mut tx, actor, Act::on(AuditAction::SettingsChanged, &subject, detail)).await?;
        changed.push(limit);
    }
    tx.commit().await?;
    Ok(changed)
}
