//! A list without rows: why, and what to do about it.

use leptos::prelude::*;

use crate::api::admin::preorders::PreorderPage;
use crate::ui::components::EmptyState;

pub fn nothing(page: &PreorderPage) -> AnyView {
    let query = &page.query;
    let is_past_the_end = !query.after.is_empty() || !query.before.is_empty();
    if query.is_narrowed() {
        let short = query.q.chars().count() < 3 && !query.q.is_empty();
        let hint = if query.q.is_empty() {
            "Take one of the filters away, or all of them."
        } else if short {
            "One or two characters find how numbers, names and addresses begin; three find them anywhere."
        } else {
            "A number can be typed in any way, an address, a name or a phone number in part, an id as a whole."
        };
        return view! {
            <EmptyState title="No preorder matches.">
                <p>{hint}</p>
                <p><a class="text-link" href="/admin/preorders">"Show all preorders"</a></p>
            </EmptyState>
        }
        .into_any();
    }
    if is_past_the_end {
        return view! {
            <EmptyState title="There is nothing further.">
                <p><a class="text-link" href="/admin/preorders">"Back to the newest"</a></p>
            </EmptyState>
        }
        .into_any();
    }
    view! {
        <EmptyState title="No preorders yet.">
            <p>"The first one appears here as soon as somebody sends the form. "
                <a class="text-link" href="/">"Open the storefront"</a> " and try it."</p>
        </EmptyState>
    }
    .into_any()
}
