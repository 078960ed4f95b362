//! What a buyer reads when the way to the payment page did not work: what happened, what was kept, what to do. One
//! markup for all three ways it comes about: an error of rendering, an error that a redirect brought back, and, from
//! the templates, an answer to the island.

use leptos::prelude::*;

use crate::domain::locale::Locale;
use crate::domain::payment::PaymentFailure;
use crate::ui::text::Text;

/// What the notice's button does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeAction {
    /// Posts the form that the notice stands in once more.
    Submit,
    /// Asks for the page once more: where there is no form.
    Reload,
}

/// `details` is for developers; in production there is not even a place for it.
#[component]
pub fn PaymentErrorNotice(
    locale: Locale,
    failure: PaymentFailure,
    action: NoticeAction,
    #[prop(into, optional)] request_id: String,
    #[prop(default = None)] details: Option<String>,
) -> impl IntoView {
    let text = Text::of(locale);
    let words = text.failure(failure);
    let button = words.action.map(|label| match action {
        NoticeAction::Submit => view! { <button type="submit" class="button">{label}</button> }.into_any(),
        NoticeAction::Reload => view! { <a class="button" href="">{label}</a> }.into_any(),
    });
    let title = match action {
        NoticeAction::Submit => view! { <p class="notice-title">{words.title}</p> }.into_any(),
        NoticeAction::Reload => view! { <h1 class="notice-title">{words.title}</h1> }.into_any(),
    };
    let unreferenced = request_id.is_empty();
    view! {
        <section
            class="notice"
            data-testid="payment-error"
            data-failure=failure.as_str()
            aria-label=words.title
            tabindex="-1"
            autofocus
        >
            {title}
            <p>{words.kept}</p>
            <p>{words.todo}</p>
            <div class="notice-actions">
                {button} <a class="text-link" href=format!("mailto:{}", text.support_email)>{text.action_write}</a>
            </div>
            <p class="notice-reference" hidden=unreferenced>
                {text.reference} " " <code data-request-id>{request_id}</code>
            </p>
            {details
                .map(|details| {
                    view! {
                        <details class="notice-details">
                            <summary>{text.details}</summary>
                            <pre tabindex="0" data-details>{details}</pre>
                        </details>
                    }
                })}
        </section>
    }
}

/// One `<template>` a kind of failure, for the island to take its notice from. Not in the document until then.
#[component]
pub fn PaymentErrorTemplates(locale: Locale, with_details: bool) -> impl IntoView {
    PaymentFailure::ALL
        .iter()
        .map(|&failure| {
            view! {
                <template id=format!("payment-error-{failure}")>
                    <PaymentErrorNotice
                        locale
                        failure
                        action=NoticeAction::Submit
                        details=with_details.then(String::new)
                    />
                </template>
            }
        })
        .collect_view()
}
