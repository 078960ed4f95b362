//! The frame around admin pages: rooms on the left, the jump box on top, what was just done below it. Forms and links
//! only: no WASM comes here, and the little script there is (`admin.js`, `times.js`) does nothing that can't be done
//! without.

use leptos::prelude::*;
use leptos_meta::{Html, Meta, Stylesheet, Title};

use crate::api::admin::{Frame, Waiting};
use crate::domain::access::Right;
use crate::ui::admin_style;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    Overview,
    Preorders,
    Payments,
    Webhooks,
    Background,
    Customers,
    Health,
    People,
    Audit,
    /// One's own account: reached by one's name, not by the list.
    Account,
}

impl Room {
    const LISTED: &'static [Self] = &[
        Self::Overview,
        Self::Preorders,
        Self::Payments,
        Self::Webhooks,
        Self::Background,
        Self::Customers,
        Self::Health,
        Self::People,
        Self::Audit,
    ];

    const fn label(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Preorders => "Preorders",
            Self::Payments => "Payments",
            Self::Webhooks => "Webhooks",
            Self::Background => "Background",
            Self::Customers => "Customers",
            Self::Health => "Health",
            Self::People => "People",
            Self::Audit => "Audit log",
            Self::Account => "Your account",
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Overview => "/admin",
            Self::Preorders => "/admin/preorders",
            Self::Payments => "/admin/payments",
            Self::Webhooks => "/admin/webhooks",
            Self::Background => "/admin/background",
            Self::Customers => "/admin/customers",
            Self::Health => "/admin/health",
            Self::People => "/admin/people",
            Self::Audit => "/admin/audit",
            Self::Account => "/admin/account",
        }
    }

    /// After `g`, on the keyboard.
    const fn key(self) -> &'static str {
        match self {
            Self::Overview => "o",
            Self::Preorders => "p",
            Self::Payments => "m",
            Self::Webhooks => "w",
            Self::Background => "b",
            Self::Customers => "c",
            Self::Health => "h",
            Self::People => "e",
            Self::Audit => "a",
            Self::Account => "y",
        }
    }

    /// What one has to be allowed to find something there.
    const fn needs(self) -> Right {
        match self {
            Self::People => Right::Manage,
            _ => Right::See,
        }
    }

    /// How much waits there, and the words for it.
    const fn waiting(self, waiting: &Waiting) -> Option<(i64, &'static str)> {
        match self {
            Self::Payments => Some((waiting.payments, "to look at")),
            Self::Webhooks => Some((waiting.failed_webhooks, "failed")),
            Self::Background => Some((waiting.dead, "given up")),
            _ => None,
        }
    }
}

/// `q` is what was searched for, to stay in the box.
#[component]
pub fn AdminLayout(
    #[prop(into)] title: String,
    room: Room,
    frame: Frame,
    #[prop(into, optional)] q: String,
    children: Children,
) -> impl IntoView {
    let rooms = Room::LISTED
        .iter()
        .filter(|listed| frame.may(listed.needs()))
        .map(|listed| {
            let current = (*listed == room).then_some("page");
            let waiting = listed.waiting(&frame.waiting).filter(|(count, _)| *count > 0).map(|(count, what)| {
                view! {
                    <span class="waiting">{Waiting::shown(count)} <span class="sr-only">" " {what}</span></span>
                }
            });
            view! {
                <a href=listed.path() aria-current=current data-key=listed.key()>
                    {listed.label()} {waiting}
                </a>
            }
        })
        .collect_view();
    let refused = frame.flash.map(|flash| {
        view! {
            <p class="admin-notice" data-tone="bad" role="alert">
                {flash.message} " " <span class="soft">"Reference " <code>{flash.request_id}</code></span>
            </p>
        }
    });
    let done = frame.notice.map(|text| view! { <p class="admin-notice" data-tone="good" role="status">{text}</p> });
    view! {
        <Html attr:lang="en" />
        <Title text=format!("{title} · Rolitt admin") />
        <Meta name="robots" content="noindex" />
        <Stylesheet href=admin_style::address() />
        <a class="skip-link" href="#main">"Skip to content"</a>
        <div class="admin">
            <header class="admin-side">
                <a class="wordmark" href="/admin" aria-label="Rolitt admin, overview">"rolitt"</a>
                <nav aria-label="Rooms">{rooms}</nav>
                <form class="admin-who" method="post" action="/api/admin/logout">
                    <p>
                        <a class="admin-email" href=Room::Account.path() data-key=Room::Account.key()>{frame.email}</a>
                        <span class="soft">{frame.role.label()}</span>
                    </p>
                    <button type="submit" class="button-quiet">"Sign out"</button>
                </form>
            </header>
            <main id="main" class="admin-main" tabindex="-1">
                <form class="jump" role="search" method="get" action="/admin/jump">
                    <label class="sr-only" for="q">"Jump to a number, an e-mail address or an id"</label>
                    <input id="q" name="q" type="search" value=q placeholder="Jump to a number, e-mail, Stripe id …" autocomplete="off" maxlength="254" aria-keyshortcuts="/" />
                    <kbd aria-hidden="true">"/"</kbd>
                    <button type="submit" class="button-quiet">"Go"</button>
                </form>
                {refused}
                {done}
                {children()}
            </main>
        </div>
        <script src="/times.js" defer></script>
        <script src="/admin.js" defer></script>
    }
}
