//! Who may come in: admins, their passwords and codes, invitations, sessions. Passwords are kept as argon2id, sessions
//! and invitations as the hash of a random token that only the cookie or the link holds. Whoever changes an account
//! holds its row: guesses at one account stand in line, from however many connections they come.

mod invitations;
mod login;
mod passwords;
mod people;
mod sessions;
mod totp;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest, Sha256};

pub use invitations::{INVITATION_LIFE, Invited, accept, invite, look, withdraw};
pub use login::{CODE_LIFE, Step, enter_code, log_in, log_out};
pub use passwords::{change_password, generated_password, put_admin, put_first_admin};
pub use people::{change_role, disable, enable, end_all_sessions, turn_off_codes};
pub use sessions::{SESSION_LIFE, end_others, end_session, is_awaited, who_is};
pub use totp::{begin_totp, cancel_totp, confirm_totp, disable_totp, new_recovery_codes, provisioning_address};

use super::WorkflowError;
use super::audit::{self, Act};
use crate::context::Context;
use crate::domain::access::{Actor, Role};
use crate::domain::audit::AuditAction;
use crate::domain::contact::Email;
use crate::domain::lockout;
use crate::domain::timestamp::Timestamp;
use crate::store::Tx;
use crate::store::admins::{self, Account, Admin};

/// Somebody at the door, before it is known who.
#[derive(Debug, Clone, Default)]
pub struct Visitor {
    /// Network address.
    pub address: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
}

impl Visitor {
    /// Who only says that they are somebody: the address as it was tried, and no id.
    fn claiming(&self, email: &Email) -> Actor {
        self.actor(None, email.as_str(), Role::Viewer)
    }

    /// Whose password was right and whose code was not: still nobody.
    fn claiming_account(&self, account: &Account) -> Actor {
        self.actor(None, &account.email, Role::Viewer)
    }

    fn known(&self, account: &Account) -> Actor {
        self.actor(Some(account.id.clone()), &account.email, account.role)
    }

    fn admitted(&self, admin: &Admin) -> Actor {
        self.actor(Some(admin.id.clone()), &admin.email, admin.role)
    }

    fn actor(&self, id: Option<crate::domain::ids::AdminId>, name: &str, role: Role) -> Actor {
        let (request_id, address) = (self.request_id.clone(), self.address.clone());
        Actor { id, name: name.to_owned(), role, request_id, address }
    }
}

/// The name in the audit log of whoever has the machine itself.
fn command_line() -> Actor {
    Actor { id: None, name: "command line".to_owned(), role: Role::Owner, request_id: None, address: None }
}

/// A token for a cookie or a link: 256 bits.
fn new_token() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

pub fn token_hash(token: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes()))
}

/// While an account is locked nothing is looked at: right and wrong are answered alike.
fn refuse_locked(until: Option<Timestamp>, now: Timestamp) -> Result<(), WorkflowError> {
    match until {
        Some(until) if until > now => Err(WorkflowError::Locked { rest: until.since(now) }),
        _ => Ok(()),
    }
}

/// Counts a wrong password or code, locks the account when it is one too many, and writes both down. The caller
/// commits, and refuses.
async fn count_failure(
    ctx: &Context,
    tx: &mut Tx,
    actor: &Actor,
    account: &Account,
    what: &str,
) -> Result<(), WorkflowError> {
    let failed = account.failed_logins.saturating_add(1);
    let rest = lockout::rest_after(failed);
    let now = ctx.shared_now_in(tx).await?;
    admins::save_failure(tx, &account.id, failed, rest.map(|rest| now + rest)).await?;
    record_failure(ctx, tx, actor, &account.email, what, rest).await
}

async fn record_failure(
    ctx: &Context,
    tx: &mut Tx,
    actor: &Actor,
    email: &str,
    what: &str,
    rest: Option<std::time::Duration>,
) -> Result<(), WorkflowError> {
    audit::record(ctx, tx, actor, Act::on(AuditAction::LoginFailed, email, json!({ "wrong": what }))).await?;
    if let Some(rest) = rest {
        let detail = json!({ "minutes": lockout::in_minutes(rest) });
        audit::record(ctx, tx, actor, Act::on(AuditAction::LockedOut, email, detail)).await?;
    }
    Ok(())
}

/// Somebody signed in, whose row is now held. Disabled a moment ago, they are nobody.
async fn lock_own(tx: &mut Tx, actor: &Actor) -> Result<Account, WorkflowError> {
    let account = match &actor.id {
        Some(id) => admins::lock(tx, id).await?,
        None => None,
    };
    account.filter(|account| account.disabled_at.is_none()).ok_or(WorkflowError::Forbidden)
}
