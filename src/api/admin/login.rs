//! Opening and closing an admin's session. The cookie is out of reach of script, and new at every step.

use cookie::{Cookie, SameSite};
use leptos::prelude::*;

use super::answer::page_of_ours;
use super::visitor;
use crate::api::cookies::{cookie_of, set_cookie};
use crate::api::preorders::redirect;
use crate::api::{ApiError, context};
use crate::context::Context;
use crate::domain::contact::Email;
use crate::workflows::WorkflowError;
use crate::workflows::admins::{self, CODE_LIFE, SESSION_LIFE, Step, is_awaited};

pub const COOKIE: &str = "rolitt_admin";

#[server(endpoint = "admin/login", prefix = "/api")]
pub async fn login(
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] next: Option<String>,
) -> Result<(), ApiError> {
    let stepped = async {
        let ctx = context()?;
        // An address that is none gets the answer of a wrong one: nothing is told about who exists.
        let email = Email::parse(&email).map_err(|_| WorkflowError::WrongPassword)?;
        let step = admins::log_in(&ctx, &visitor(), &email, &password, token().as_deref()).await?;
        Ok::<_, ApiError>((ctx, step))
    };
    let (ctx, step) = stepped.await.map_err(ApiError::answered)?;
    let next = page_of_ours(next.as_deref(), "/admin");
    match step {
        Step::In(token) => {
            set_cookie(&session_cookie(&ctx, token, SESSION_LIFE.as_secs()));
            redirect(&next);
        }
        Step::AwaitsCode(token) => {
            set_cookie(&session_cookie(&ctx, token, CODE_LIFE.as_secs()));
            let query = serde_urlencoded::to_string([("step", "code"), ("next", &next)]).unwrap_or_default();
            redirect(&format!("/admin/login?{query}"));
        }
    }
    Ok(())
}

#[server(endpoint = "admin/enter_code", prefix = "/api")]
pub async fn enter_code(
    #[server(default)] code: String,
    #[server(default)] next: Option<String>,
) -> Result<(), ApiError> {
    let opened = async {
        let ctx = context()?;
        let opened = admins::enter_code(&ctx, &visitor(), token().as_deref(), &code).await?;
        Ok::<_, ApiError>((ctx, opened))
    };
    let (ctx, opened) = opened.await.map_err(ApiError::answered)?;
    set_cookie(&session_cookie(&ctx, opened, SESSION_LIFE.as_secs()));
    redirect(&page_of_ours(next.as_deref(), "/admin"));
    Ok(())
}

/// Whether this browser stands between password and code.
pub async fn awaits_code() -> bool {
    let (Ok(ctx), Some(token)) = (context(), token()) else { return false };
    is_awaited(&ctx, &token).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "the login could not look for a session");
        false
    })
}

#[server(endpoint = "admin/logout", prefix = "/api")]
pub async fn logout() -> Result<(), ApiError> {
    let closed = async {
        let ctx = context()?;
        if let Some(token) = token() {
            admins::log_out(&ctx, &visitor(), &token).await?;
        }
        Ok::<_, ApiError>(ctx)
    };
    let ctx = closed.await.map_err(ApiError::answered)?;
    close_here(&ctx);
    Ok(())
}

/// The browser forgets a session that has ended, and is at the door again.
pub(super) fn close_here(ctx: &Context) {
    set_cookie(&session_cookie(ctx, String::new(), 0));
    redirect("/admin/login");
}

pub(super) fn session_cookie(ctx: &Context, token: String, seconds: u64) -> Cookie<'static> {
    Cookie::build((COOKIE, token))
        .path("/")
        .http_only(true)
        .secure(ctx.settings.is_production())
        .same_site(SameSite::Lax)
        .max_age(cookie::time::Duration::seconds(i64::try_from(seconds).unwrap_or(0)))
        .build()
}

/// The session's token, as the browser sent it.
pub(super) fn token() -> Option<String> {
    let parts = use_context::<http::request::Parts>()?;
    token_of(&parts.headers)
}

pub fn token_of(headers: &http::HeaderMap) -> Option<String> {
    cookie_of(headers, COOKIE)
}
