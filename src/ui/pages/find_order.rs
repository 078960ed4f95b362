//! Finds an order by its number and the e-mail address it was made with. Both are asked for, so that a number seen
//! over a shoulder opens nothing.

use leptos::prelude::*;

use crate::api::storefront;
use crate::domain::locale::Locale;
use crate::ui::components::{Companion, Field, Mood, StorefrontLayout, find_order_path};
use crate::ui::text::Text;

#[component]
pub fn FindOrderPage(locale: Locale) -> impl IntoView {
    let text = Text::of(locale);
    let flash = storefront::flash().unwrap_or_default();
    let error_of = |field: &str| {
        if flash.field.as_deref() == Some(field) { text.error(&flash.code) } else { "" }
    };
    let (number_error, email_error) = (error_of("number"), error_of("email"));
    let general = (flash.field.is_none() && !flash.code.is_empty()).then(|| {
        // An outage is not a mistake in the form, and must not read like one.
        let words = flash.failure.map_or_else(
            || text.error(&flash.code).to_owned(),
            |failure| format!("{} {}", text.failure(failure).title, text.failure(failure).todo),
        );
        view! { <p class="form-error" role="alert" tabindex="-1" autofocus>{words}</p> }
    });
    view! {
        <StorefrontLayout locale title=text.find_title path=find_order_path class="message-page">
            <div class="message-stage"><Companion label="" mood=Mood::Waiting /></div>
            <div class="message">
                <h1>{text.find_title}</h1>
                <p class="lede">{text.find_lede}</p>
                <form method="post" action="/api/find_order">
                    <input type="hidden" name="locale" value=locale.as_str() />
                    {general}
                    <Field
                        name="number"
                        label=text.find_number_label
                        value=flash.number.clone()
                        hint=text.find_number_hint
                        error=number_error
                        autocomplete="off"
                        required=true
                        maxlength=20
                    />
                    <Field
                        name="email"
                        kind="email"
                        label=text.email_label
                        value=flash.email.clone()
                        error=email_error
                        autocomplete="email"
                        required=true
                    />
                    <button type="submit" class="button">{text.find_button}</button>
                </form>
                <p class="soft">
                    {text.find_help} " "
                    <a class="text-link" href=format!("mailto:{}", text.support_email)>{text.support_email}</a>
                </p>
            </div>
        </StorefrontLayout>
    }
}
