//! Who may come in, whom an owner invites, and what the shop allows them.

use leptos::prelude::*;

use super::page;
use super::text_control::{Form, TextControl};
use crate::api::Flash;
use crate::api::admin::people::{OpenInvitation, People, Person, people};
use crate::domain::access::Role;
use crate::domain::money::Money;
use crate::ui::components::{AdminLayout, Instant, Room};

#[component]
pub fn PeoplePage() -> impl IntoView {
    page("People", Room::People, people(), |frame, people| {
        let flash = frame.flash.clone();
        let People { people, invitations, limits, link } = people;
        let alone = people.len() == 1 && invitations.is_empty();
        view! {
            <AdminLayout title="People" room=Room::People frame>
                <h1>"People"</h1>
                {link.map(|(email, address)| link_card(email, address))}
                <div class="people-page">
                    <section class="card" aria-labelledby="who">
                        <h2 id="who">"Who comes in"</h2>
                        <ul class="people">{people.into_iter().map(person).collect_view()}</ul>
                        {alone.then(|| view! { <p class="soft">"Only you, so far. Invite a colleague: each has an account of their own, and the audit log says who did what."</p> })}
                    </section>
                    <div class="people-side">
                        {invite_card(flash.as_ref())}
                        {(!invitations.is_empty()).then(|| invitations_card(invitations))}
                        {limits_card(limits, flash.as_ref())}
                    </div>
                </div>
            </AdminLayout>
        }
    })
}

/// The one time that the link is seen.
fn link_card(email: String, address: String) -> AnyView {
    view! {
        <section class="card once" aria-labelledby="link">
            <h2 id="link">"Link for " {email}</h2>
            <div class="control">
                <label for="invitation-link">"Copy it and send it to them, by whatever way you trust. It opens once, for three days."</label>
                <input id="invitation-link" type="text" class="code" readonly value=address />
            </div>
        </section>
    }
    .into_any()
}

fn person(person: Person) -> AnyView {
    let id = person.id.clone();
    let acts = (!person.is_me).then(|| acts(&person));
    let me = person.is_me.then(|| view! { <span class="soft">"you"</span> });
    let own = person.is_me.then(|| {
        view! {
            <p><a class="text-link" href="/admin/account">"Your password, codes and sessions"</a></p>
        }
    });
    let last = match person.last_login_at {
        Some(at) => view! { "Signed in " <Instant at /> }.into_any(),
        None => "Never signed in".into_any(),
    };
    let sessions = match person.sessions {
        0 => "no session".to_owned(),
        1 => "1 session".to_owned(),
        many => format!("{many} sessions"),
    };
    view! {
        <li data-testid="person" id=id>
            <p class="person-who">
                <strong>{person.email.clone()}</strong> {me}
                <span class="person-badges">
                    <span class="badge">{person.role.label()}</span>
                    {person.is_disabled.then(|| badge("✕", "Disabled", "bad"))}
                    {person.locked_until.map(|until| view! { {badge("‖", "Locked", "waiting")} <span class="soft">"until " <Instant at=until /></span> })}
                    {person.has_codes.then(|| badge("✓", "Codes on", "good"))}
                    {(!person.has_codes).then(|| badge("○", "Codes off", "neutral"))}
                </span>
            </p>
            <p class="soft">{last} " · " {sessions}</p>
            {own}
            {acts}
        </li>
    }
    .into_any()
}

fn badge(sign: &'static str, word: &'static str, tone: &'static str) -> impl IntoView {
    view! {
        <span class="badge" data-tone=tone>
            <span aria-hidden="true">{sign}</span>
            " "
            {word}
        </span>
    }
}

fn acts(person: &Person) -> AnyView {
    let select_id = format!("role-of-{}", person.id);
    let one = |function: &'static str, label: &'static str, class: &'static str| {
        view! {
            <form method="post" action=format!("/api/admin/{function}")>
                <input type="hidden" name="id" value=person.id.clone() />
                <button type="submit" class=class>{label}</button>
            </form>
        }
    };
    let sessions = (person.sessions > 0).then(|| one("end_sessions_of", "End all sessions", "button-quiet"));
    let codes = person.has_codes.then(|| one("turn_off_codes", "Turn codes off", "button-quiet"));
    let door = if person.is_disabled {
        one("enable_admin", "Enable", "button-quiet")
    } else {
        one("disable_admin", "Disable", "button-bad")
    };
    let codes_hint = person.has_codes.then(|| {
        view! { <p class="soft">"Turn codes off only for somebody who has lost their phone, and whom you have asked."</p> }
    });
    view! {
        <details class="opener">
            <summary class="button-quiet">
                "Change" <span class="sr-only">" " {person.email.clone()}</span>
            </summary>
            <div class="person-acts">
                <form class="acts" method="post" action="/api/admin/change_role">
                    <input type="hidden" name="id" value=person.id.clone() />
                    <div class="control">
                        <label for=select_id.clone()>"Role"</label>
                        <select id=select_id name="role">{roles(person.role)}</select>
                    </div>
                    <button type="submit" class="button-quiet">"Change role"</button>
                </form>
                <div class="acts">{sessions} {codes} {door}</div>
                {codes_hint}
            </div>
        </details>
    }
    .into_any()
}

fn roles(chosen: Role) -> impl IntoView {
    let option = |role: &Role| view! { <option value=role.as_str() selected=*role == chosen>{role.label()}</option> };
    Role::ALL.iter().map(option).collect_view()
}

fn invite_card(flash: Option<&Flash>) -> AnyView {
    let form = Form::new("invite", flash);
    let chosen = form.typed("role").and_then(|role| role.parse().ok()).unwrap_or(Role::Support);
    view! {
        <section class="card" aria-labelledby="invite">
            <h2 id="invite">"Invite somebody"</h2>
            <form class="stack" method="post" action=form.action()>
                <TextControl form=form.clone() name="email" kind="email" label="E-mail" />
                <div class="control">
                    <label for="invite-role">"Role"</label>
                    <select id="invite-role" name="role" aria-describedby="roles-said">{roles(chosen)}</select>
                </div>
                <ul class="soft roles" id="roles-said">
                    <li><strong>"Viewer"</strong> " sees everything but people; buyers' addresses are masked."</li>
                    <li><strong>"Support"</strong> " also moves orders: refunds within the limit, shipping, retries."</li>
                    <li><strong>"Owner"</strong> " also refunds over it, and looks after people and settings."</li>
                </ul>
                <div class="acts">
                    <button type="submit" class="button-act">"Make the link"</button>
                </div>
            </form>
        </section>
    }
    .into_any()
}

fn invitations_card(invitations: Vec<OpenInvitation>) -> AnyView {
    let row = |invitation: OpenInvitation| {
        let until = if invitation.has_expired { "Expired " } else { "Opens until " };
        view! {
            <li data-testid="invitation">
                <p class="person-who">
                    <strong>{invitation.email.clone()}</strong>
                    <span class="person-badges">
                        <span class="badge">{invitation.role.label()}</span>
                        {invitation.has_expired.then(|| badge("✕", "Expired", "bad"))}
                    </span>
                </p>
                <p class="soft">{until} <Instant at=invitation.expires_at /></p>
                <form method="post" action="/api/admin/withdraw_invitation">
                    <input type="hidden" name="id" value=invitation.id />
                    <button type="submit" class="button-quiet">
                        "Withdraw" <span class="sr-only">" the invitation to " {invitation.email}</span>
                    </button>
                </form>
            </li>
        }
    };
    view! {
        <section class="card" aria-labelledby="invited">
            <h2 id="invited">"Invited"</h2>
            <ul class="people">{invitations.into_iter().map(row).collect_view()}</ul>
            <p class="soft">"Lost a link? Invite the address again: the old link stops opening."</p>
        </section>
    }
    .into_any()
}

fn limits_card(limits: Vec<Money>, flash: Option<&Flash>) -> AnyView {
    let form = Form::new("set_refund_limits", flash);
    let controls = limits.into_iter().map(|limit| {
        let currency = limit.currency;
        let label = format!("{} ({})", currency.as_str().to_uppercase(), currency.symbol());
        view! {
            <TextControl
                form=form.clone()
                name=format!("limits[{currency}]")
                label=label
                value=limit.decimal()
                inputmode=if currency.decimals() == 0 { "numeric" } else { "decimal" }
            />
        }
    });
    view! {
        <section class="card" aria-labelledby="limits">
            <h2 id="limits">"Refund limits"</h2>
            <form class="stack" method="post" action=form.action()>
                <p class="soft">"Support refunds one preorder up to this sum; above it an owner has to. With 0, every refund is an owner's."</p>
                <div class="limits">{controls.collect_view()}</div>
                <div class="acts">
                    <button type="submit" class="button-quiet">"Save limits"</button>
                </div>
            </form>
        </section>
    }
    .into_any()
}
