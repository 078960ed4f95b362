//! The tabs' filters: a form that asks by the address, so that what it shows can be sent to a colleague.

use leptos::prelude::*;

use crate::api::admin::payments::AskedSpan;

/// A filter with a choice of words.
pub struct Choice {
    /// Its parameter.
    pub name: &'static str,
    pub label: &'static str,
    pub chosen: Option<&'static str>,
    /// Word and label.
    pub options: Vec<(&'static str, &'static str)>,
}

fn select(choice: Choice) -> impl IntoView {
    let options = choice
        .options
        .into_iter()
        .map(|(word, label)| view! { <option value=word selected=choice.chosen == Some(word)>{label}</option> })
        .collect_view();
    view! {
        <label class="control">
            <span>{choice.label}</span>
            <select name=choice.name>
                <option value="">"Any"</option>
                {options}
            </select>
        </label>
    }
}

/// A day can be picked; an exact instant, from a link, stays what it is.
fn moment(name: &'static str, label: &'static str, typed: &str) -> impl IntoView + use<> {
    let is_exact = typed.contains('T');
    view! {
        <label class="control" class:wide=is_exact>
            <span>{label}</span>
            <input type=if is_exact { "text" } else { "date" } name=name value=typed.to_owned() maxlength="40" />
        </label>
    }
}

pub fn filters(view: &'static str, choices: Vec<Choice>, span: &AskedSpan) -> impl IntoView + use<> {
    let is_filtered = span.is_asked() || choices.iter().any(|choice| choice.chosen.is_some());
    let reset = is_filtered.then(|| {
        view! { <a class="button-quiet" href=format!("/admin/payments?view={view}")>"Show all"</a> }
    });
    let unread = span.unread.clone().map(|typed| {
        view! {
            <p class="admin-notice" data-tone="bad" role="alert">
                "“" {typed} "” is no date, and was left out. Write it like 2026-11-20."
            </p>
        }
    });
    let choices = choices.into_iter().map(select).collect_view();
    view! {
        <form class="pay-filters" method="get" action="/admin/payments" role="search" aria-label="Filters">
            <input type="hidden" name="view" value=view />
            {choices}
            {moment("from", "From", &span.from)}
            {moment("to", "To", &span.to)}
            <div class="acts">
                <button type="submit" class="button-quiet">"Show"</button>
                {reset}
            </div>
        </form>
        {unread}
    }
}
