//! Where an invitation's link leads: the one who follows it is nobody yet.

use leptos::prelude::*;

use super::login::{session_cookie, token};
use super::{answer, visitor};
use crate::api::cookies::set_cookie;
use crate::api::{ApiError, context};
use crate::domain::access::Role;
use crate::domain::timestamp::Timestamp;
use crate::workflows::admins::{self, SESSION_LIFE};

#[derive(Clone)]
pub struct InvitationView {
    pub email: String,
    pub role: Role,
    pub expires_at: Timestamp,
}

/// Open to whoever has the link. `None`: it does not open (any more).
pub async fn invitation(link: &str) -> Result<Option<InvitationView>, ApiError> {
    let ctx = context()?;
    let found = admins::look(&ctx, link).await?;
    Ok(found.map(|found| InvitationView { email: found.email, role: found.role, expires_at: found.expires_at }))
}

#[server(endpoint = "admin/accept_invitation", prefix = "/api")]
pub async fn accept_invitation(
    #[server(default)] token: String,
    #[server(default)] password: String,
) -> Result<(), ApiError> {
    let accepted = async {
        let ctx = context()?;
        let opened = admins::accept(&ctx, &visitor(), &token, &password, self::token().as_deref()).await?;
        Ok::<_, ApiError>((ctx, opened))
    };
    let (ctx, opened) = accepted.await.map_err(ApiError::answered)?;
    set_cookie(&session_cookie(&ctx, opened, SESSION_LIFE.as_secs()));
    answer::done(None, "/admin", "Welcome. Your account is made, and you are signed in.");
    Ok(())
}
