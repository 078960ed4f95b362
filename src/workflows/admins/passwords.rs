//! Passwords: kept as argon2id, checked where their slowness holds up nobody, changed by whoever knows the present
//! one, and put anew by whoever has the machine.

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::json;

use super::super::WorkflowError;
use super::super::audit::{self, Act};
use super::{command_line, count_failure, lock_own, refuse_locked};
use crate::context::Context;
use crate::domain::access::{Actor, Role};
use crate::domain::audit::AuditAction;
use crate::domain::contact::Email;
use crate::domain::ids::AdminId;
use crate::domain::password;
use crate::store::Tx;
use crate::store::admins::{self, Account, Admin, sessions};

/// Verified when no admin has the address, so that "unknown" takes as long as "wrong".
pub(super) const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$1fQyNHHVmDLbGLzHW1ZTbTVDHCqPG1m9bFdQZk2bTWc";

/// From the command line: makes an admin, or gives an existing one this password, unlocks and enables them and ends
/// their sessions; their role stays. Says whether it is new.
pub async fn put_admin(ctx: &Context, email: &Email, password: &str, role: Role) -> Result<bool, WorkflowError> {
    let password_hash = hash(password.to_owned()).await?;
    let mut tx = ctx.db.begin().await?;
    let is_new = insert(ctx, &mut tx, email, &password_hash, role).await?;
    if !is_new && let Some(account) = admins::lock_by_email(&mut tx, email).await? {
        readmit(ctx, &mut tx, &account, &password_hash).await?;
    }
    tx.commit().await?;
    Ok(is_new)
}

/// Makes the owner of a shop that has none. Says whether it is new; one who exists keeps their password.
pub async fn put_first_admin(ctx: &Context, email: &Email, password: &str) -> Result<bool, WorkflowError> {
    let password_hash = hash(password.to_owned()).await?;
    let mut tx = ctx.db.begin().await?;
    let is_new = insert(ctx, &mut tx, email, &password_hash, Role::Owner).await?;
    tx.commit().await?;
    Ok(is_new)
}

async fn insert(
    ctx: &Context,
    tx: &mut Tx,
    email: &Email,
    password_hash: &str,
    role: Role,
) -> Result<bool, WorkflowError> {
    let admin = Admin {
        id: AdminId::from_unique(&ctx.unique()),
        email: email.as_str().to_owned(),
        password_hash: password_hash.to_owned(),
        role,
    };
    let is_new = admins::insert(tx, &admin, ctx.clock.now()).await?;
    if is_new {
        let act = Act::on(AuditAction::AdminCreated, email.as_str(), json!({ "role": role }));
        audit::record(ctx, tx, &command_line(), act).await?;
    }
    Ok(is_new)
}

async fn readmit(ctx: &Context, tx: &mut Tx, account: &Account, password_hash: &str) -> Result<(), WorkflowError> {
    let actor = command_line();
    admins::save_password(tx, &account.id, password_hash).await?;
    admins::save_failure(tx, &account.id, 0, None).await?;
    let ended = sessions::delete_all(tx, &account.id, None).await?;
    let detail = json!({ "sessions_ended": ended, "was_locked": account.locked_until.is_some() });
    audit::record(ctx, tx, &actor, Act::on(AuditAction::PasswordChanged, &account.email, detail)).await?;
    if account.disabled_at.is_some() {
        admins::save_disabled(tx, &account.id, None).await?;
        audit::record(ctx, tx, &actor, Act::on(AuditAction::AdminEnabled, &account.email, json!({}))).await?;
    }
    Ok(())
}

/// One's own. Sessions elsewhere end: a new password is often an answer to a stolen one. Says how many there were.
pub async fn change_password(
    ctx: &Context,
    actor: &Actor,
    session: &str,
    present: &str,
    new: &str,
) -> Result<u64, WorkflowError> {
    let email = Email::parse(&actor.name).map_err(|e| WorkflowError::Odd(e.to_string()))?;
    check_new("new_password", new, &email)?;
    let compared = compare_own(ctx, actor, present).await?;
    let new_hash = hash(new.to_owned()).await?;
    let mut tx = ctx.db.begin().await?;
    let account = lock_own(&mut tx, actor).await?;
    let mut tx = prove(ctx, tx, actor, &account, &compared).await?;
    admins::save_password(&mut tx, &account.id, &new_hash).await?;
    let ended = sessions::delete_all(&mut tx, &account.id, Some(session)).await?;
    let act = Act::on(AuditAction::PasswordChanged, &account.email, json!({ "sessions_ended": ended }));
    audit::record(ctx, &mut tx, actor, act).await?;
    tx.commit().await?;
    Ok(ended)
}

/// A new password is fit for this address, or the field says why not.
pub(super) fn check_new(field: &'static str, password: &str, email: &Email) -> Result<(), WorkflowError> {
    password::check(password, email).map_err(|fault| WorkflowError::refused(field, "password_unfit", fault.to_string()))
}

/// What came of comparing a password, outside of any transaction, with the hash that stood there then.
pub(super) struct Compared {
    right: bool,
    hash: String,
}

impl Compared {
    /// It was right, and still is.
    pub(super) fn holds(&self, account: &Account) -> bool {
        self.right && self.hash == account.password_hash
    }
}

pub(super) async fn compare(password: &str, hash: &str) -> Result<Compared, WorkflowError> {
    Ok(Compared { right: verify(password.to_owned(), hash.to_owned()).await?, hash: hash.to_owned() })
}

/// With one's own, of somebody signed in.
pub(super) async fn compare_own(ctx: &Context, actor: &Actor, password: &str) -> Result<Compared, WorkflowError> {
    let id = actor.id.as_ref().ok_or(WorkflowError::Forbidden)?;
    let account = admins::find_by_id(&ctx.db, id).await?.ok_or(WorkflowError::Forbidden)?;
    compare(password, &account.password_hash).await
}

/// Somebody signed in says who they are once more. A wrong password counts as one at the door does.
pub(super) async fn prove(
    ctx: &Context,
    mut tx: Tx,
    actor: &Actor,
    account: &Account,
    compared: &Compared,
) -> Result<Tx, WorkflowError> {
    refuse_locked(account.locked_until, ctx.shared_now_in(&mut tx).await?)?;
    if compared.holds(account) {
        return Ok(tx);
    }
    count_failure(ctx, &mut tx, actor, account, "password").await?;
    tx.commit().await?;
    Err(WorkflowError::refused("password", "wrong_password", "This is not your present password."))
}

/// A password that nobody has to think of.
pub fn generated_password() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 15]>())
}

/// OWASP's first choice for argon2id: 19 MiB, two passes.
fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::default())
}

/// Off the async threads: it takes tens of milliseconds by design.
pub(super) async fn hash(password: String) -> Result<String, WorkflowError> {
    let hashed = tokio::task::spawn_blocking(move || {
        let salt = SaltString::encode_b64(&rand::random::<[u8; 16]>())?;
        argon2().hash_password(password.as_bytes(), &salt).map(|hash| hash.to_string())
    });
    let hashed = hashed.await.map_err(|e| WorkflowError::Odd(e.to_string()))?;
    hashed.map_err(|e| WorkflowError::Odd(e.to_string()))
}

async fn verify(password: String, known: String) -> Result<bool, WorkflowError> {
    let verified = tokio::task::spawn_blocking(move || {
        let known = PasswordHash::new(&known)?;
        Ok::<bool, argon2::password_hash::Error>(argon2().verify_password(password.as_bytes(), &known).is_ok())
    });
    let verified = verified.await.map_err(|e| WorkflowError::Odd(e.to_string()))?;
    verified.map_err(|e| WorkflowError::Odd(e.to_string()))
}
