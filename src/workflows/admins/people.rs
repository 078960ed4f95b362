//! What an owner does to others: their role, whether they come in, their codes and sessions. Owners act one after the
//! other, and nobody on themselves: whoever acts is an owner who stays one, so one always does.

use serde_json::json;

use super::super::WorkflowError;
use super::super::audit::{self, Act};
use super::totp::forget_codes;
use crate::context::Context;
use crate::domain::access::{Actor, Right, Role};
use crate::domain::audit::AuditAction;
use crate::domain::ids::AdminId;
use crate::store::Tx;
use crate::store::admins::{self, Account, invitations, sessions};

/// Holds all owners and finds the actor among them: a colleague may have disabled them a moment ago.
pub(super) async fn as_owner(tx: &mut Tx, actor: &Actor) -> Result<AdminId, WorkflowError> {
    if !actor.may(Right::Manage) {
        return Err(WorkflowError::Forbidden);
    }
    let owners = admins::lock_owners(tx).await?;
    let me = actor.id.clone().filter(|id| owners.contains(id));
    me.ok_or(WorkflowError::Forbidden)
}

/// Somebody else, held.
async fn another(tx: &mut Tx, actor: &Actor, id: &AdminId, why_not: &str) -> Result<Account, WorkflowError> {
    if as_owner(tx, actor).await? == *id {
        return Err(WorkflowError::refused("id", "yourself", why_not));
    }
    let account = admins::lock(tx, id).await?;
    account.ok_or_else(|| WorkflowError::refused("id", "person_unknown", "There is nobody of this name."))
}

/// Says whom it was done to, or nothing when there was nothing to do.
pub type Done = Result<Option<String>, WorkflowError>;

pub async fn change_role(ctx: &Context, actor: &Actor, id: &AdminId, role: Role) -> Done {
    let mut tx = ctx.db.begin().await?;
    let account = another(&mut tx, actor, id, "Another owner has to change your role.").await?;
    if account.role == role {
        return Ok(None);
    }
    admins::save_role(&mut tx, id, role).await?;
    let detail = json!({ "from": account.role, "to": role });
    finish(ctx, tx, actor, AuditAction::RoleChanged, account, detail).await
}

/// They are out at once, and what they sent to others no longer opens.
pub async fn disable(ctx: &Context, actor: &Actor, id: &AdminId) -> Done {
    let mut tx = ctx.db.begin().await?;
    let account = another(&mut tx, actor, id, "Another owner has to disable you.").await?;
    if account.disabled_at.is_some() {
        return Ok(None);
    }
    let now = ctx.clock.now();
    admins::save_disabled(&mut tx, id, Some(now)).await?;
    let ended = sessions::delete_all(&mut tx, id, None).await?;
    let withdrawn = invitations::withdraw_from(&mut tx, id, now).await?;
    let detail = json!({ "sessions_ended": ended, "invitations_withdrawn": withdrawn });
    finish(ctx, tx, actor, AuditAction::AdminDisabled, account, detail).await
}

pub async fn enable(ctx: &Context, actor: &Actor, id: &AdminId) -> Done {
    let mut tx = ctx.db.begin().await?;
    let account = another(&mut tx, actor, id, "You are not disabled.").await?;
    if account.disabled_at.is_none() {
        return Ok(None);
    }
    admins::save_disabled(&mut tx, id, None).await?;
    admins::save_failure(&mut tx, id, 0, None).await?;
    let detail = json!({ "role": account.role });
    finish(ctx, tx, actor, AuditAction::AdminEnabled, account, detail).await
}

/// For somebody who has lost their phone and their recovery codes.
pub async fn turn_off_codes(ctx: &Context, actor: &Actor, id: &AdminId) -> Done {
    let mut tx = ctx.db.begin().await?;
    let account = another(&mut tx, actor, id, "Turn your own codes off under Your account.").await?;
    if account.totp_secret.is_none() {
        return Ok(None);
    }
    forget_codes(&mut tx, id).await?;
    finish(ctx, tx, actor, AuditAction::TotpDisabled, account, json!({})).await
}

pub async fn end_all_sessions(ctx: &Context, actor: &Actor, id: &AdminId) -> Done {
    let mut tx = ctx.db.begin().await?;
    let account = another(&mut tx, actor, id, "End your own sessions under Your account.").await?;
    let ended = sessions::delete_all(&mut tx, id, None).await?;
    if ended == 0 {
        return Ok(None);
    }
    finish(ctx, tx, actor, AuditAction::SessionEnded, account, json!({ "sessions_ended": ended })).await
}

async fn finish(
    ctx: &Context,
    mut tx: Tx,
    actor: &Actor,
    action: AuditAction,
    account: Account,
    detail: serde_json::Value,
) -> Done {
    audit::record(ctx, &mut tx, actor, Act::on(action, &account.email, detail)).await?;
    tx.commit().await?;
    Ok(Some(account.email))
}
