//! Invitations. There is no mail server: an owner makes a link, sends it as they like, and whoever follows it first
//! chooses a password and is in.

use std::time::Duration;

use serde_json::json;

use super::super::WorkflowError;
use super::super::audit::{self, Act};
use super::passwords::{check_new, hash};
use super::people::as_owner;
use super::sessions::open;
use super::{Visitor, new_token, token_hash};
use crate::context::Context;
use crate::domain::access::{Actor, Role};
use crate::domain::audit::AuditAction;
use crate::domain::contact::Email;
use crate::domain::ids::{AdminId, InvitationId};
use crate::store::admins::invitations::{self, Invitation};
use crate::store::admins::{self, Admin, sessions};

/// How long a link opens.
pub const INVITATION_LIFE: Duration = Duration::from_hours(72);

/// What the owner sends. The token is nowhere else.
pub struct Invited {
    pub email: String,
    pub token: String,
}

/// One that was sent to the address before no longer opens.
pub async fn invite(ctx: &Context, actor: &Actor, email: &str, role: Role) -> Result<Invited, WorkflowError> {
    let email = Email::parse(email)
        .map_err(|fault| WorkflowError::refused("email", "email_invalid", format!("The address {fault}.")))?;
    let (token, now) = (new_token(), ctx.clock.now());
    let mut tx = ctx.db.begin().await?;
    let me = as_owner(&mut tx, actor).await?;
    if admins::lock_by_email(&mut tx, &email).await?.is_some() {
        return Err(WorkflowError::refused("email", "person_known", "This address has an account already."));
    }
    let replaced = invitations::withdraw_to(&mut tx, &email, now).await?;
    let invitation = Invitation {
        id: InvitationId::from_unique(&ctx.unique()),
        email: email.as_str().to_owned(),
        role,
        invited_by: me,
        created_at: now,
        expires_at: now + INVITATION_LIFE,
    };
    invitations::insert(&mut tx, &invitation, &token_hash(&token)).await?;
    let detail = json!({ "role": role, "invitation": invitation.id, "replaced": replaced });
    audit::record(ctx, &mut tx, actor, Act::on(AuditAction::AdminInvited, email.as_str(), detail)).await?;
    tx.commit().await?;
    Ok(Invited { email: invitation.email, token })
}

/// Gives the address that it was for.
pub async fn withdraw(ctx: &Context, actor: &Actor, id: &InvitationId) -> Result<String, WorkflowError> {
    let mut tx = ctx.db.begin().await?;
    as_owner(&mut tx, actor).await?;
    let Some(email) = invitations::withdraw(&mut tx, id, ctx.clock.now()).await? else {
        return Err(WorkflowError::refused("id", "invitation_over", "It was accepted or withdrawn meanwhile."));
    };
    let act = Act::on(AuditAction::InvitationWithdrawn, &email, json!({ "invitation": id }));
    audit::record(ctx, &mut tx, actor, act).await?;
    tx.commit().await?;
    Ok(email)
}

/// The invitation that a link is for, while it opens.
pub async fn look(ctx: &Context, token: &str) -> Result<Option<Invitation>, WorkflowError> {
    Ok(invitations::find(&ctx.db, &token_hash(token), ctx.clock.now()).await?)
}

/// Makes the account and opens a session; gives its token.
pub async fn accept(
    ctx: &Context,
    from: &Visitor,
    token: &str,
    password: &str,
    old_token: Option<&str>,
) -> Result<String, WorkflowError> {
    let over = || {
        let message = "This invitation was used, withdrawn or is too old. Ask for a new one.";
        WorkflowError::refused("token", "invitation_over", message)
    };
    let invitation = look(ctx, token).await?.ok_or_else(over)?;
    let email = Email::parse(&invitation.email).map_err(|e| WorkflowError::Odd(e.to_string()))?;
    check_new("password", password, &email)?;
    let password_hash = hash(password.to_owned()).await?;
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    let invitation = invitations::lock(&mut tx, &token_hash(token), now).await?.ok_or_else(over)?;
    let id = AdminId::from_unique(&ctx.unique());
    let admin = Admin { id, email: invitation.email.clone(), password_hash, role: invitation.role };
    // Made from the command line meanwhile.
    if !admins::insert(&mut tx, &admin, now).await? {
        return Err(over());
    }
    invitations::accept(&mut tx, &invitation.id, now).await?;
    if let Some(old) = old_token {
        sessions::delete(&mut tx, &token_hash(old)).await?;
    }
    let opened = open(ctx, &mut tx, &admin.id, from, None).await?;
    admins::save_login(&mut tx, &admin.id, now).await?;
    let detail = json!({ "role": admin.role, "invitation": invitation.id });
    let act = Act::on(AuditAction::InvitationAccepted, &admin.email, detail);
    audit::record(ctx, &mut tx, &from.admitted(&admin), act).await?;
    tx.commit().await?;
    Ok(opened)
}
