//! Opening and closing an admin's session. The cookie is out of reach of script, and new at every login.

use cookie::{Cookie, SameSite};
use leptos::prelude::*;

use super::answer::page_of_ours;
use crate::api::cookies::{cookie_of, set_cookie};
use crate::api::preorders::redirect;
use crate::api::{ApiError, context};
use crate::domain::contact::Email;
use crate::workflows::admins::{SESSION_LIFE, log_in, log_out};

pub const COOKIE: &str = "rolitt_admin";

#[server(endpoint = "admin/login", prefix = "/api")]
pub async fn login(
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] next: Option<String>,
) -> Result<(), ApiError> {
    let opened = async {
        let ctx = context()?;
        // An address that is none gets the answer of a wrong one: nothing is told about who exists.
        let email = Email::parse(&email).map_err(|_| crate::workflows::WorkflowError::WrongPassword)?;
        let token = log_in(&ctx, &email, &password, token().as_deref()).await?;
        Ok::<_, ApiError>(session_cookie(token, SESSION_LIFE.as_secs(), ctx.settings.is_production()))
    };
    let cookie = opened.await.map_err(ApiError::answered)?;
    set_cookie(&cookie);
    redirect(&page_of_ours(next.as_deref(), "/admin"));
    Ok(())
}

#[server(endpoint = "admin/logout", prefix = "/api")]
pub async fn logout() -> Result<(), ApiError> {
    let closed = async {
        let ctx = context()?;
        if let Some(token) = token() {
            log_out(&ctx, &token).await?;
        }
        Ok::<_, ApiError>(session_cookie(String::new(), 0, ctx.settings.is_production()))
    };
    let cookie = closed.await.map_err(ApiError::answered)?;
    set_cookie(&cookie);
    redirect("/admin/login");
    Ok(())
}

fn session_cookie(token: String, seconds: u64, secure: bool) -> Cookie<'static> {
    Cookie::build((COOKIE, token))
        .path("/")
        .http_only(true)
        .secure(secure)
        .same_site(SameSite::Lax)
        .max_age(cookie::time::Duration::seconds(i64::try_from(seconds).unwrap_or(0)))
        .build()
}

/// The session's token, as the browser sent it.
fn token() -> Option<String> {
    let parts = use_context::<http::request::Parts>()?;
    token_of(&parts.headers)
}

pub fn token_of(headers: &http::HeaderMap) -> Option<String> {
    cookie_of(headers, COOKIE)
}
