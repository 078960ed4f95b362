//! Where an invitation leads: a password of one's own, and in.

use leptos::prelude::*;

use super::door::Door;
use crate::api::admin::invitations::{InvitationView, invitation};
use crate::api::{Flash, storefront};
use crate::domain::access::Role;
use crate::domain::password::SHORTEST;
use crate::ui::components::{Field, Instant};
use crate::ui::pages::{query, respond_with};

#[component]
pub fn InvitationPage() -> impl IntoView {
    let token = query("token");
    let flash = storefront::flash().filter(|flash| flash.form.ends_with("/accept_invitation")).unwrap_or_default();
    let content = Suspend::new(async move {
        match invitation(&token).await {
            Ok(Some(invitation)) => welcome(invitation, token, &flash).into_any(),
            Ok(None) => over().into_any(),
            Err(error) => away(error.status()).into_any(),
        }
    });
    view! { <Suspense fallback=|| ()>{content}</Suspense> }
}

fn welcome(invitation: InvitationView, token: String, flash: &Flash) -> impl IntoView + use<> {
    let at_field = flash.field.as_deref() == Some("password");
    let error = if at_field { flash.message.clone() } else { String::new() };
    let general = (!flash.message.is_empty() && !at_field).then(|| flash.message.clone());
    view! {
        <Door title="Welcome to Rolitt">
            <form class="card" method="post" action="/api/admin/accept_invitation">
                {general.map(|message| view! { <p class="form-error" role="alert">{message}</p> })}
                <p>
                    "You are invited as " <strong>{invitation.role.label()}</strong> ". " <span class="soft">{may(invitation.role)}</span>
                </p>
                <input type="hidden" name="token" value=token />
                <div class="field">
                    <label for="email">"E-mail"</label>
                    // Not sent: the invitation knows it. Password managers read it.
                    <input id="email" type="email" value=invitation.email autocomplete="username" readonly />
                </div>
                <Field
                    name="password"
                    kind="password"
                    label="Choose a password"
                    hint=format!("{SHORTEST} characters or more. A few words in a row are easy to keep.")
                    error=error
                    autocomplete="new-password"
                    required=true
                    maxlength=1024
                />
                <button type="submit" class="button">"Make my account"</button>
                <p class="hint">"Good until " <Instant at=invitation.expires_at /> "."</p>
            </form>
        </Door>
        <script src="/times.js" defer></script>
    }
}

const fn may(role: Role) -> &'static str {
    match role {
        Role::Viewer => "You see how the shop is doing; buyers' addresses are masked.",
        Role::Support => "You see everything and move orders: refunds within a limit, shipping, retries.",
        Role::Owner => "You do everything, people and settings included.",
    }
}

fn over() -> impl IntoView {
    respond_with(http::StatusCode::NOT_FOUND);
    view! {
        <Door title="This invitation does not open">
            <div class="card">
                <p>"It was used or withdrawn, or is older than three days. Ask whoever sent it for a new one."</p>
                <p class="hint">"Made an account with it already? " <a class="text-link" href="/admin/login">"Sign in"</a> "."</p>
            </div>
        </Door>
    }
}

fn away(status: u16) -> impl IntoView {
    respond_with(http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR));
    view! {
        <Door title="Not right now">
            <div class="card">
                <p>"The invitation could not be looked up. It is not used up: load the page again in a minute."</p>
            </div>
        </Door>
    }
}
