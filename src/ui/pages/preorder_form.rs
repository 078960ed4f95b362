//! The form that sells: two islands, a fold with what is optional, and the place where failures are said. It posts
//! by itself where no script runs.

use leptos::prelude::*;

use super::form_state::FormState;
use crate::api;
use crate::domain::catalog::Catalog;
use crate::domain::locale::Locale;
use crate::domain::money::Money;
use crate::ui::components::{
    ChoiceWords, Field, NoticeAction, PaymentErrorNotice, PaymentErrorTemplates, Swatches, words_by_color,
};
use crate::ui::islands::{PaymentButton, ProductSelection, ids};
use crate::ui::text::{Text, fill};

pub(super) fn preorder_form(locale: Locale, catalog: &Catalog, state: &FormState) -> AnyView {
    let text = Text::of(locale);
    let price = state.price.map(Money::short).unwrap_or_default();
    let development = api::is_development();
    let selection = selection(text, catalog, state, price.clone());
    let payment = payment(text, catalog, state, price);
    let more = optional_fields(text, state);
    let consent = state.typed.marketing_consent;
    let notice = state.general_failure().map(|general| {
        let details = development.then_some(general.details);
        let (failure, request_id) = (general.failure, general.request_id);
        view! { <PaymentErrorNotice locale failure action=NoticeAction::Submit request_id details /> }
    });
    view! {
        <form id=ids::FORM method="post" action="/api/handle_checkout">
            <input type="hidden" name="locale" value=locale.as_str() />
            <input type="hidden" name="currency" value=state.currency.as_str() />
            <ProductSelection>{selection}</ProductSelection>
            {more}
            <label class="consent">
                <input type="checkbox" name="marketing_consent" value="true" checked=consent />
                <span>{text.consent_label}</span>
            </label>
            <div id=ids::NOTICE role="alert">{notice}</div>
            <PaymentButton>{payment}</PaymentButton>
        </form>
        <PaymentErrorTemplates locale with_details=development />
        <template id=ids::MESSAGES>
            {text.errors().into_iter().map(|(code, words)| view! { <p data-code=code>{words}</p> }).collect_view()}
        </template>
    }
    .into_any()
}

/// Price, colours and e-mail address.
fn selection(text: &'static Text, catalog: &Catalog, state: &FormState, price: String) -> AnyView {
    let color_error = state.error("color");
    view! {
        <p class="price-line">
            <strong class="price">{price}</strong>
            " "
            <span class="soft">{text.price_note}</span>
        </p>
        <fieldset class="colors" aria-describedby="color-error">
            <legend>
                <span class="label">{text.color_label}</span>
                <span class="soft">
                    " — "
                    <ChoiceWords words=words_by_color(catalog, text, str::to_owned) checked=state.color.clone() />
                </span>
            </legend>
            <div class="swatches">
                <Swatches catalog text checked=state.color.clone() />
            </div>
            <p id="color-error" class="field-error" aria-live="polite" hidden=color_error.is_empty()>
                {color_error}
            </p>
        </fieldset>
        <Field
            name="email"
            kind="email"
            label=text.email_label
            value=state.typed.email.clone()
            hint=text.email_hint
            error=state.error("email")
            autocomplete="email"
            required=true
        />
    }
    .into_any()
}

fn optional_fields(text: &'static Text, state: &FormState) -> AnyView {
    view! {
        <details class="more" open=state.shows_more()>
            <summary>{text.more_summary}</summary>
            <Field
                name="name"
                label=text.name_label
                value=state.typed.name.clone()
                error=state.error("name")
                autocomplete="name"
                maxlength=200
            />
            <Field
                name="phone"
                kind="tel"
                label=text.phone_label
                value=state.typed.phone.clone()
                hint=text.phone_hint
                error=state.error("phone")
                autocomplete="tel"
                maxlength=40
            />
        </details>
    }
    .into_any()
}

/// The button, which says the choice, how far the payment is, and what comes next.
fn payment(text: &'static Text, catalog: &Catalog, state: &FormState, price: String) -> AnyView {
    let label = if state.available {
        let words = words_by_color(catalog, text, |color| fill(text.button_preorder, &[("color", color)]));
        view! { <ChoiceWords words checked=state.color.clone() /> }.into_any()
    } else {
        text.button_sold_out.into_any()
    };
    view! {
        <div class="pay-bar">
            <span class="pay-price">{price}</span>
            <button type="submit" class="pay-button" data-state="idle" disabled=!state.available>
                <span class="pay-choice">{label}</span>
                <span class="pay-progress" data-when="working">{text.button_saving}</span>
                <span class="pay-progress" data-when="redirecting">{text.button_opening}</span>
            </button>
        </div>
        // A button's own words are not announced when they change.
        <p id=ids::STATUS class="sr-only" role="status"></p>
        <p class="pay-next">{text.button_next}</p>
    }
    .into_any()
}
