//! What stands around the pages of those who are not signed in (yet): the login and an invitation.

use leptos::prelude::*;
use leptos_meta::{Html, Meta, Stylesheet, Title};

use crate::ui::admin_style;

#[component]
pub(super) fn Door(title: &'static str, children: Children) -> impl IntoView {
    view! {
        <Html attr:lang="en" />
        <Title text=format!("{title} · Rolitt admin") />
        <Meta name="robots" content="noindex" />
        // An invitation's address is a key: it is told to no other site.
        <Meta name="referrer" content="same-origin" />
        <Stylesheet href=admin_style::address() />
        <main class="login" id="main">
            <p class="wordmark">"rolitt"</p>
            <h1>{title}</h1>
            {children()}
        </main>
    }
}
