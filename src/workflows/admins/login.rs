//! Coming in and going out. With codes on it takes two steps: the password opens a session that opens nothing but the
//! question for the code.

use std::time::Duration;

use serde_json::json;

use super::super::WorkflowError;
use super::super::audit::{self, Act};
use super::passwords::{NOBODY, compare};
use super::sessions::{SESSION_LIFE, open};
use super::totp::{Key, find_key};
use super::{Visitor, count_failure, record_failure, refuse_locked, token_hash};
use crate::context::Context;
use crate::domain::audit::AuditAction;
use crate::domain::contact::Email;
use crate::store::Tx;
use crate::store::admins::{self, Account, codes, sessions};

/// How long the second step is waited for.
pub const CODE_LIFE: Duration = Duration::from_mins(5);

/// How far one has come; each bears the token for the cookie.
#[derive(Debug)]
pub enum Step {
    In(String),
    /// The password was right; the code is still asked for.
    AwaitsCode(String),
}

/// Checks a password and opens a session. A token from before is closed: whoever planted it is not let in with us.
/// One write either way, after the same work: an address that is nobody's is not known by its speed.
pub async fn log_in(
    ctx: &Context,
    from: &Visitor,
    email: &Email,
    password: &str,
    old_token: Option<&str>,
) -> Result<Step, WorkflowError> {
    // Locks are counted by the clock that all instances share, or one whose own is wrong would let anybody try.
    let now = ctx.shared_now().await?;
    let found = admins::find(&ctx.db, email).await?;
    let locked_until = match &found {
        Some(account) => account.locked_until,
        None => ctx.strangers.locked_until(email),
    };
    refuse_locked(locked_until, now)?;
    let known = found.as_ref().map_or(NOBODY, |account| account.password_hash.as_str());
    let compared = compare(password, known).await?;
    let mut tx = ctx.db.begin().await?;
    let Some(account) = admins::lock_by_email(&mut tx, email).await? else {
        refuse_locked(ctx.strangers.locked_until(email), now)?;
        let rest = ctx.strangers.failed(email, now).map(|until| until.since(now));
        record_failure(ctx, &mut tx, &from.claiming(email), email.as_str(), "password", rest).await?;
        tx.commit().await?;
        return Err(WorkflowError::WrongPassword);
    };
    // Whoever locked it meanwhile has locked it for all who were being looked at.
    refuse_locked(account.locked_until, now)?;
    if !compared.holds(&account) || account.disabled_at.is_some() {
        let wrong = if compared.holds(&account) { "account disabled" } else { "password" };
        count_failure(ctx, &mut tx, &from.claiming(email), &account, wrong).await?;
        tx.commit().await?;
        return Err(WorkflowError::WrongPassword);
    }
    if let Some(old) = old_token {
        sessions::delete(&mut tx, &token_hash(old)).await?;
    }
    let step = if account.asks_for_code() {
        Step::AwaitsCode(open(ctx, &mut tx, &account.id, from, Some(CODE_LIFE)).await?)
    } else {
        Step::In(admit(ctx, &mut tx, from, &account, "password").await?)
    };
    tx.commit().await?;
    Ok(step)
}

/// The second step, for whoever holds the token of the first. Gives the token of the session that it opens.
pub async fn enter_code(
    ctx: &Context,
    from: &Visitor,
    awaiting: Option<&str>,
    code: &str,
) -> Result<String, WorkflowError> {
    let late = || WorkflowError::refused("code", "code_late", "That took too long. Start again with your password.");
    let awaiting = token_hash(awaiting.ok_or_else(late)?);
    let id = sessions::find_awaited(&ctx.db, &awaiting, ctx.shared_now().await?).await?.ok_or_else(late)?;
    let mut tx = ctx.db.begin().await?;
    let account =
        admins::lock(&mut tx, &id).await?.filter(|account| account.disabled_at.is_none() && account.asks_for_code());
    let account = account.ok_or_else(late)?;
    refuse_locked(account.locked_until, ctx.shared_now_in(&mut tx).await?)?;
    let Some(key) = find_key(ctx, &mut tx, &account, code).await? else {
        count_failure(ctx, &mut tx, &from.claiming_account(&account), &account, "code").await?;
        tx.commit().await?;
        return Err(WorkflowError::refused("code", "wrong_code", "This code is wrong, or was used before."));
    };
    // Withdrawn while the code was typed: sessions of this admin were ended.
    if !sessions::delete(&mut tx, &awaiting).await? {
        return Err(late());
    }
    let token = admit(ctx, &mut tx, from, &account, key.name()).await?;
    if key == Key::RecoveryCode {
        let left = codes::count_recovery_in(&mut tx, &account.id).await?;
        let act = Act::on(AuditAction::RecoveryCodeUsed, &account.email, json!({ "left": left }));
        audit::record(ctx, &mut tx, &from.known(&account), act).await?;
    }
    tx.commit().await?;
    Ok(token)
}

async fn admit(
    ctx: &Context,
    tx: &mut Tx,
    from: &Visitor,
    account: &Account,
    with: &str,
) -> Result<String, WorkflowError> {
    let token = open(ctx, tx, &account.id, from, None).await?;
    admins::save_login(tx, &account.id, ctx.clock.now()).await?;
    let detail = json!({ "with": with, "hours": SESSION_LIFE.as_secs() / 3600 });
    audit::record(ctx, tx, &from.known(account), Act::on(AuditAction::LoggedIn, &account.email, detail)).await?;
    Ok(token)
}

pub async fn log_out(ctx: &Context, from: &Visitor, token: &str) -> Result<(), WorkflowError> {
    let hash = token_hash(token);
    let known = sessions::find_admin(&ctx.db, &hash, ctx.clock.now()).await?;
    let mut tx = ctx.db.begin().await?;
    let was_open = sessions::delete(&mut tx, &hash).await?;
    if let Some(opened) = known.filter(|_| was_open) {
        let act = Act::on(AuditAction::LoggedOut, &opened.admin.email, json!({}));
        audit::record(ctx, &mut tx, &from.admitted(&opened.admin), act).await?;
    }
    tx.commit().await?;
    Ok(())
}
