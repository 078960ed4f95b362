//! Catches what goes wrong while a page is rendered, and says it in a buyer's words instead of half a page.

use leptos::prelude::*;
use leptos_axum::ResponseOptions;

use super::companion::{Companion, Mood};
use super::layout::{MessagePage, StorefrontLayout};
use super::payment_error_notice::{NoticeAction, PaymentErrorNotice};
use crate::api::{self, ApiError};
use crate::domain::locale::Locale;
use crate::domain::payment::PaymentFailure;
use crate::ui::text::Text;

/// `otherwise` is the kind of an error that does not name its own: on a page about a payment that is "unknown", on a
/// page where nobody has paid yet there is none, and the page just says that it has a problem.
#[component]
pub fn PaymentErrorBoundary<C>(
    locale: Locale,
    #[prop(optional)] otherwise: Option<PaymentFailure>,
    children: TypedChildren<C>,
) -> impl IntoView
where
    C: IntoView + Send + 'static,
{
    let fallback = move |errors: ArcRwSignal<Errors>| {
        let errors = errors.get_untracked();
        let error = errors.iter().find_map(|(_, error)| error.downcast_ref::<ApiError>().cloned());
        let details = api::is_development()
            .then(|| errors.iter().map(|(_, error)| error.to_string()).collect::<Vec<_>>().join("\n"));
        say_status(error.as_ref());
        let request_id = error.as_ref().and_then(|error| error.request_id.clone()).unwrap_or_default();
        // Where nobody has paid yet, there is nothing that could be unknown about a payment.
        let said = error.and_then(|error| error.failure).filter(|said| *said != PaymentFailure::Unknown);
        match said.or(otherwise) {
            Some(failure) => failed_page(locale, failure, request_id, details).into_any(),
            None => broken_page(locale, request_id, details).into_any(),
        }
    };
    view! { <ErrorBoundary fallback>{children.into_inner()()}</ErrorBoundary> }
}

/// The error's own status line; an error that is not ours is the server's fault.
fn say_status(error: Option<&ApiError>) {
    let Some(response) = use_context::<ResponseOptions>() else { return };
    let status = error.and_then(|error| http::StatusCode::from_u16(error.status()).ok());
    response.set_status(status.unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR));
    if let Some(seconds) = error.and_then(ApiError::retry_after) {
        response.insert_header(http::header::RETRY_AFTER, http::HeaderValue::from(seconds));
    }
}

fn failed_page(locale: Locale, failure: PaymentFailure, request_id: String, details: Option<String>) -> impl IntoView {
    let title = Text::of(locale).failure(failure).title;
    view! {
        <StorefrontLayout locale title class="message-page">
            <div class="message-stage"><Companion label="" mood=Mood::Sorry /></div>
            <div class="message">
                <PaymentErrorNotice locale failure action=NoticeAction::Reload request_id details />
            </div>
        </StorefrontLayout>
    }
}

fn broken_page(locale: Locale, request_id: String, details: Option<String>) -> impl IntoView {
    let text = Text::of(locale);
    let unreferenced = request_id.is_empty();
    view! {
        <MessagePage locale title=text.server_error_title mood=Mood::Sorry>
            <p>{text.server_error_body}</p>
            <p><a class="button" href="">{text.action_try_again}</a></p>
            <p class="notice-reference" hidden=unreferenced>{text.reference} " " <code>{request_id}</code></p>
            {details.map(|details| view! { <pre class="notice-details" tabindex="0">{details}</pre> })}
        </MessagePage>
    }
}
