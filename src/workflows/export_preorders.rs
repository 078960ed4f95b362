//! Taking preorders out of the house: who did it and which, written down before the first byte leaves.

use serde_json::json;

use super::WorkflowError;
use super::audit::{self, Act};
use crate::context::Context;
use crate::domain::access::{Actor, Right};
use crate::domain::audit::AuditAction;
use crate::domain::masking;

/// `filter` is what the list was narrowed by, names and values.
pub async fn record_export(ctx: &Context, actor: &Actor, filter: &[(&str, String)]) -> Result<(), WorkflowError> {
    if !actor.may(Right::See) {
        return Err(WorkflowError::Forbidden);
    }
    // The log holds no buyer's address, and a search may be one.
    let kept = |value: &str| if value.contains('@') { masking::email(value) } else { value.to_owned() };
    let filter: Vec<_> = filter.iter().map(|(name, value)| format!("{name}={}", kept(value))).collect();
    let detail = json!({ "filter": filter.join("&"), "addresses": actor.role.sees_addresses() });
    let mut tx = ctx.db.begin().await?;
    audit::record(ctx, &mut tx, actor, Act::on(AuditAction::Exported, "preorders", detail)).await?;
    tx.commit().await?;
    Ok(())
}
