//! Nothing lives at this address.

use leptos::prelude::*;

use super::respond_with;
use crate::domain::locale::Locale;
use crate::ui::components::{MessagePage, Mood};
use crate::ui::text::Text;

/// The page for addresses outside every route. The language is a guess from the path's first part.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    let locale = use_context::<http::request::Parts>()
        .and_then(|parts| parts.uri.path().split('/').nth(1).and_then(Locale::from_tag))
        .unwrap_or(Locale::En);
    respond_with(http::StatusCode::NOT_FOUND);
    let text = Text::of(locale);
    view! {
        <MessagePage locale title=text.not_found_title mood=Mood::Sorry>
            <p>{text.not_found_body}</p>
            <p><a class="button" href=locale.home()>{text.start_again}</a></p>
        </MessagePage>
    }
}
