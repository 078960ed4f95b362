//! What owners see of people, and do: inviting, roles, who comes in, and what the shop allows.

use std::collections::BTreeMap;

use leptos::prelude::*;

use super::answer::{self, show_once, shown_once};
use super::require;
use crate::api::{ApiError, context};
use crate::domain::access::{Right, Role};
use crate::domain::ids::{AdminId, InvitationId};
use crate::domain::money::{Currency, Money};
use crate::domain::timestamp::Timestamp;
use crate::store::admins::invitations::{self, Invitation};
use crate::store::admins::{self as store, Listed};
use crate::store::settings;
use crate::workflows::admins::{self, INVITATION_LIFE};
use crate::workflows::settings::set_refund_limits as set_limits;

const PAGE: &str = "/admin/people";

pub struct People {
    pub people: Vec<Person>,
    pub invitations: Vec<OpenInvitation>,
    /// The sum of refunds of one preorder above which an owner has to do it, in each currency.
    pub limits: Vec<Money>,
    /// Of the invitation that was made just now: to whom, and the link. Shown once.
    pub link: Option<(String, String)>,
}

#[derive(Clone)]
pub struct Person {
    pub id: String,
    pub email: String,
    pub role: Role,
    pub is_me: bool,
    pub is_disabled: bool,
    pub locked_until: Option<Timestamp>,
    pub has_codes: bool,
    pub last_login_at: Option<Timestamp>,
    pub sessions: i64,
}

#[derive(Clone)]
pub struct OpenInvitation {
    pub id: String,
    pub email: String,
    pub role: Role,
    pub expires_at: Timestamp,
    pub has_expired: bool,
}

pub async fn people() -> Result<People, ApiError> {
    let login = require(Right::Manage)?;
    let ctx = context()?;
    let now = ctx.clock.now();
    let listed = store::list(&ctx.db, now).await?;
    // What came to its end lately is still shown: somebody may be waiting for an answer to it.
    let open = invitations::list(&ctx.db, now - INVITATION_LIFE).await?;
    let link = shown_once(PAGE).and_then(|lines| {
        let [email, token] = <[String; 2]>::try_from(lines).ok()?;
        Some((email, format!("{}/admin/invitation?token={token}", ctx.public_base_url)))
    });
    Ok(People {
        people: listed.into_iter().map(|person| shown(person, &login.admin.id, now)).collect(),
        invitations: open.into_iter().map(|invitation| open_invitation(invitation, now)).collect(),
        limits: settings::refund_limits(&ctx.db).await?,
        link,
    })
}

fn shown(person: Listed, me: &AdminId, now: Timestamp) -> Person {
    Person {
        is_me: person.id == *me,
        id: person.id.to_string(),
        email: person.email,
        role: person.role,
        is_disabled: person.disabled_at.is_some(),
        locked_until: person.locked_until.filter(|until| *until > now),
        has_codes: person.totp_confirmed_at.is_some(),
        last_login_at: person.last_login_at,
        sessions: person.sessions,
    }
}

fn open_invitation(invitation: Invitation, now: Timestamp) -> OpenInvitation {
    OpenInvitation {
        id: invitation.id.to_string(),
        email: invitation.email,
        role: invitation.role,
        expires_at: invitation.expires_at,
        has_expired: invitation.expires_at <= now,
    }
}

#[server(endpoint = "admin/invite", prefix = "/api")]
pub async fn invite(#[server(default)] email: String, #[server(default)] role: String) -> Result<(), ApiError> {
    let login = require(Right::Manage)?;
    let invited = async {
        let invited = admins::invite(&context()?, &login.actor(), &email, parse_role(&role)?).await?;
        Ok::<_, ApiError>(invited)
    };
    let invited = invited.await.map_err(ApiError::answered)?;
    show_once(PAGE, &[invited.email.clone(), invited.token]);
    answer::done(None, PAGE, format!("{} is invited. Send them the link below: it is shown only now.", invited.email));
    Ok(())
}

#[server(endpoint = "admin/withdraw_invitation", prefix = "/api")]
pub async fn withdraw_invitation(#[server(default)] id: String) -> Result<(), ApiError> {
    let login = require(Right::Manage)?;
    let withdrawn = async {
        let id: InvitationId = id.parse().map_err(|_| unknown("There is no such invitation."))?;
        Ok::<_, ApiError>(admins::withdraw(&context()?, &login.actor(), &id).await?)
    };
    let email = withdrawn.await.map_err(ApiError::answered)?;
    answer::done(None, PAGE, format!("The invitation to {email} is withdrawn: its link no longer opens."));
    Ok(())
}

/// One act on one person: the same way in and out for all of them.
macro_rules! on_person {
    ($($(#[$meta:meta])* $endpoint:literal $name:ident => $act:path, $done:literal;)+) => {$(
        $(#[$meta])*
        #[server(endpoint = $endpoint, prefix = "/api")]
        pub async fn $name(#[server(default)] id: String) -> Result<(), ApiError> {
            let login = require(Right::Manage)?;
            let acted = async { Ok::<_, ApiError>($act(&context()?, &login.actor(), &parse_person(&id)?).await?) };
            tell(acted.await.map_err(ApiError::answered)?, $done);
            Ok(())
        }
    )+};
}

on_person! {
    "admin/disable_admin" disable_admin => admins::disable, "is disabled, and signed out everywhere.";
    "admin/enable_admin" enable_admin => admins::enable, "can sign in again.";
    /// For somebody who has lost phone and recovery codes.
    "admin/turn_off_codes" turn_off_codes => admins::turn_off_codes, "is no longer asked for a code.";
    "admin/end_sessions_of" end_sessions_of => admins::end_all_sessions, "is signed out everywhere.";
}

#[server(endpoint = "admin/change_role", prefix = "/api")]
pub async fn change_role(#[server(default)] id: String, #[server(default)] role: String) -> Result<(), ApiError> {
    let login = require(Right::Manage)?;
    let changed = async {
        let role = parse_role(&role)?;
        let changed = admins::change_role(&context()?, &login.actor(), &parse_person(&id)?, role).await?;
        Ok::<_, ApiError>((changed, role))
    };
    let (changed, role) = changed.await.map_err(ApiError::answered)?;
    tell(changed, &format!("now has the role {}.", role.label()));
    Ok(())
}

/// `limits[usd]=100.00` and so on; a currency that is not named keeps its limit.
#[server(endpoint = "admin/set_refund_limits", prefix = "/api")]
pub async fn set_refund_limits(#[server(default)] limits: BTreeMap<String, String>) -> Result<(), ApiError> {
    let login = require(Right::Manage)?;
    let set = async {
        let limits = parse_limits(&limits)?;
        Ok::<_, ApiError>(set_limits(&context()?, &login.actor(), &limits).await?)
    };
    let changed = set.await.map_err(ApiError::answered)?;
    let told: Vec<String> = changed.iter().map(ToString::to_string).collect();
    let said = match told.as_slice() {
        [] => "Nothing was changed.".to_owned(),
        told => format!("Support now refunds up to {} of one preorder.", told.join(", ")),
    };
    answer::done(None, PAGE, said);
    Ok(())
}

fn parse_limits(typed: &BTreeMap<String, String>) -> Result<Vec<Money>, ApiError> {
    if typed.is_empty() {
        return Err(ApiError::field("limits", "limits_missing", "Say which limits."));
    }
    let read = |currency: Currency| {
        let amount = typed.get(currency.as_str())?;
        Some(Money::from_decimal(amount, currency).ok_or_else(|| {
            let example = Money::new(10_000, currency);
            let message = format!("Write an amount such as {}.", example.decimal());
            ApiError::field(&format!("limits[{currency}]"), "amount_invalid", message)
        }))
    };
    Currency::ALL.iter().filter_map(|&currency| read(currency)).collect()
}

fn parse_person(id: &str) -> Result<AdminId, ApiError> {
    id.parse().map_err(|_| unknown("There is nobody of this name."))
}

fn parse_role(role: &str) -> Result<Role, ApiError> {
    role.parse().map_err(|_| ApiError::field("role", "role_unknown", "Choose a role."))
}

fn unknown(message: &str) -> ApiError {
    ApiError::field("id", "id_unknown", message)
}

fn tell(who: Option<String>, what: &str) {
    let said = who.map_or_else(|| "Nothing was changed: it was so already.".to_owned(), |who| format!("{who} {what}"));
    answer::done(None, PAGE, said);
}
