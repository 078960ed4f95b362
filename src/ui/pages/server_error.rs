//! What is shown when a page could not be made at all. It asks nobody for anything, so that it cannot fail as well.

use leptos::prelude::*;

use crate::domain::locale::Locale;
use crate::ui::components::{MessagePage, Mood};
use crate::ui::text::Text;

#[component]
pub fn ServerErrorPage(locale: Locale) -> impl IntoView {
    let text = Text::of(locale);
    view! {
        <MessagePage locale title=text.server_error_title mood=Mood::Sorry>
            <p>{text.server_error_body}</p>
            <p><a class="button" href="">{text.action_try_again}</a></p>
        </MessagePage>
    }
}
