//! Where a list has nothing to show: what that means, and what to do about it.

use leptos::prelude::*;

#[component]
pub fn EmptyState(#[prop(into)] title: String, children: Children) -> impl IntoView {
    view! {
        <div class="empty-state">
            <p class="empty-title">{title}</p>
            <div class="soft">{children()}</div>
        </div>
    }
}
