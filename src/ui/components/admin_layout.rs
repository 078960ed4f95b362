//! The frame around admin pages: rooms on the left, the jump box on top. Forms and links only: no WASM comes here.

use leptos::prelude::*;
use leptos_meta::{Html, Meta, Title};

use crate::api::admin::Admin;

/// A room of the admin that has been built. Others are not shown: a link that leads nowhere is worse than none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    Preorders,
}

impl Room {
    const ALL: &'static [Self] = &[Self::Preorders];

    const fn label(self) -> &'static str {
        match self {
            Self::Preorders => "Preorders",
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Preorders => "/admin/preorders",
        }
    }
}

/// `q` is what was searched for, to stay in the box.
#[component]
pub fn AdminLayout(
    #[prop(into)] title: String,
    admin: Admin,
    #[prop(into, optional)] q: String,
    children: Children,
) -> impl IntoView {
    let here = Room::Preorders;
    let rooms = Room::ALL
        .iter()
        .map(|room| {
            let current = (*room == here).then_some("page");
            view! { <a href=room.path() aria-current=current>{room.label()}</a> }
        })
        .collect_view();
    view! {
        <Html attr:lang="en" />
        <Title text=format!("{title} · Rolitt admin") />
        <Meta name="robots" content="noindex" />
        <a class="skip-link" href="#main">"Skip to content"</a>
        <div class="admin">
            <header class="admin-side">
                <a class="wordmark" href="/admin/preorders" aria-label="Rolitt admin, preorders">"rolitt"</a>
                <nav aria-label="Rooms">{rooms}</nav>
                <form class="admin-who" method="post" action="/api/admin/logout">
                    <p>
                        <span class="admin-email">{admin.email}</span>
                        <span class="soft">{admin.role}</span>
                    </p>
                    <button type="submit" class="button-quiet">"Sign out"</button>
                </form>
            </header>
            <main id="main" class="admin-main" tabindex="-1">
                <form class="jump" role="search" method="get" action="/admin/preorders">
                    <label class="sr-only" for="q">"Find a preorder by number or e-mail"</label>
                    <input id="q" name="q" type="search" value=q placeholder="Find by number or e-mail …" autocomplete="off" maxlength="254" />
                    <button type="submit" class="button-quiet">"Find"</button>
                </form>
                {children()}
            </main>
        </div>
        <script src="/times.js" defer></script>
    }
}
