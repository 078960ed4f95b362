//! One's own account, for every role: password, codes, sessions.

use leptos::prelude::*;

use super::answer::{self, show_once, shown_once};
use super::login::close_here;
use super::require;
use crate::api::{ApiError, context};
use crate::domain::access::Right;
use crate::domain::browser;
use crate::domain::ids::SessionId;
use crate::domain::timestamp::Timestamp;
use crate::store::admins::sessions::Session;
use crate::store::admins::{self as store, codes, sessions};
use crate::workflows::admins;

const PAGE: &str = "/admin/account";

pub struct AccountView {
    pub email: String,
    pub codes: Codes,
    pub sessions: Vec<SessionRow>,
    /// Made just now; shown once.
    pub recovery_codes: Option<Vec<String>>,
}

/// How far codes are turned on.
pub enum Codes {
    Off,
    /// The app is being told; `address` is what the picture says.
    Begun {
        secret: String,
        address: String,
    },
    On {
        since: Timestamp,
        recovery_left: i64,
    },
}

pub struct SessionRow {
    pub id: Option<String>,
    /// In words.
    pub browser: String,
    pub address: Option<String>,
    pub opened_at: Timestamp,
    pub seen_at: Timestamp,
    pub is_this: bool,
}

pub async fn account() -> Result<AccountView, ApiError> {
    let login = require(Right::See)?;
    let ctx = context()?;
    let id = &login.admin.id;
    let account = store::find_by_id(&ctx.db, id).await?.ok_or_else(ApiError::unauthorized)?;
    let codes = match (account.totp_secret, account.totp_confirmed_at) {
        (Some(_), Some(since)) => Codes::On { since, recovery_left: codes::count_recovery(&ctx.db, id).await? },
        (Some(secret), None) => {
            let address = admins::provisioning_address(&secret, &account.email)?;
            Codes::Begun { secret, address }
        }
        (None, _) => Codes::Off,
    };
    let open = sessions::list(&ctx.db, id, ctx.clock.now()).await?;
    Ok(AccountView {
        email: account.email,
        codes,
        sessions: open.into_iter().map(|session| row(session, &login.session)).collect(),
        recovery_codes: shown_once(PAGE),
    })
}

fn row(session: Session, this: &str) -> SessionRow {
    SessionRow {
        is_this: session.token_hash == this,
        id: session.id.map(|id| id.to_string()),
        browser: browser::in_words(session.user_agent.as_deref().unwrap_or_default()),
        address: session.address,
        opened_at: session.created_at,
        seen_at: session.last_seen_at.unwrap_or(session.created_at),
    }
}

#[server(endpoint = "admin/change_password", prefix = "/api")]
pub async fn change_password(
    #[server(default)] password: String,
    #[server(default)] new_password: String,
) -> Result<(), ApiError> {
    let login = require(Right::See)?;
    let changed = async {
        let ctx = context()?;
        let ended = admins::change_password(&ctx, &login.actor(), &login.session, &password, &new_password).await?;
        Ok::<_, ApiError>(ended)
    };
    let ended = changed.await.map_err(ApiError::answered)?;
    answer::done(None, PAGE, format!("Your password is changed. {}", sessions_ended(ended)));
    Ok(())
}

#[server(endpoint = "admin/begin_totp", prefix = "/api")]
pub async fn begin_totp() -> Result<(), ApiError> {
    let login = require(Right::See)?;
    let begun = async { Ok::<_, ApiError>(admins::begin_totp(&context()?, &login.actor()).await?) };
    begun.await.map_err(ApiError::answered)?;
    answer::done(None, PAGE, "Tell your app about this account, then type the code that it shows.");
    Ok(())
}

#[server(endpoint = "admin/cancel_totp", prefix = "/api")]
pub async fn cancel_totp() -> Result<(), ApiError> {
    let login = require(Right::See)?;
    let cancelled = async { Ok::<_, ApiError>(admins::cancel_totp(&context()?, &login.actor()).await?) };
    cancelled.await.map_err(ApiError::answered)?;
    answer::done(None, PAGE, "Codes stay off.");
    Ok(())
}

#[server(endpoint = "admin/confirm_totp", prefix = "/api")]
pub async fn confirm_totp(#[server(default)] code: String) -> Result<(), ApiError> {
    let login = require(Right::See)?;
    let confirmed = async { Ok::<_, ApiError>(admins::confirm_totp(&context()?, &login.actor(), &code).await?) };
    let made = confirmed.await.map_err(ApiError::answered)?;
    show_once(PAGE, &made);
    answer::done(None, PAGE, "Codes are on. Keep the recovery codes below: they are shown only now.");
    Ok(())
}

#[server(endpoint = "admin/make_recovery_codes", prefix = "/api")]
pub async fn make_recovery_codes(#[server(default)] code: String) -> Result<(), ApiError> {
    let login = require(Right::See)?;
    let made = async { Ok::<_, ApiError>(admins::new_recovery_codes(&context()?, &login.actor(), &code).await?) };
    let made = made.await.map_err(ApiError::answered)?;
    show_once(PAGE, &made);
    answer::done(None, PAGE, "Here are new recovery codes, shown only now. Those from before no longer open.");
    Ok(())
}

#[server(endpoint = "admin/disable_totp", prefix = "/api")]
pub async fn disable_totp(
    #[server(default)] password: String,
    #[server(default)] code: String,
) -> Result<(), ApiError> {
    let login = require(Right::See)?;
    let disabled =
        async { Ok::<_, ApiError>(admins::disable_totp(&context()?, &login.actor(), &password, &code).await?) };
    disabled.await.map_err(ApiError::answered)?;
    answer::done(None, PAGE, "Codes are off. Your password alone signs you in.");
    Ok(())
}

#[server(endpoint = "admin/end_session", prefix = "/api")]
pub async fn end_session(#[server(default)] id: String) -> Result<(), ApiError> {
    let login = require(Right::See)?;
    let ended = async {
        let id: SessionId =
            id.parse().map_err(|_| ApiError::field("id", "session_unknown", "There is no such session."))?;
        let ctx = context()?;
        let was_this = admins::end_session(&ctx, &login.actor(), &login.session, &id).await?;
        Ok::<_, ApiError>((ctx, was_this))
    };
    let (ctx, was_this) = ended.await.map_err(ApiError::answered)?;
    if was_this {
        close_here(&ctx);
    } else {
        answer::done(None, PAGE, "The session is ended.");
    }
    Ok(())
}

#[server(endpoint = "admin/end_other_sessions", prefix = "/api")]
pub async fn end_other_sessions() -> Result<(), ApiError> {
    let login = require(Right::See)?;
    let ended = async { Ok::<_, ApiError>(admins::end_others(&context()?, &login.actor(), &login.session).await?) };
    let ended = ended.await.map_err(ApiError::answered)?;
    answer::done(None, PAGE, sessions_ended(ended));
    Ok(())
}

fn sessions_ended(count: u64) -> String {
    match count {
        0 => "There was no other session.".to_owned(),
        1 => "One other session is ended.".to_owned(),
        count => format!("{count} other sessions are ended."),
    }
}
