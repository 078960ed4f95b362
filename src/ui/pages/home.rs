//! The storefront: one thing, one price, one button. Nothing on it belongs to one visitor unless a failed post just
//! came back, so that the whole page can be kept and sent again.

use leptos::hydration::HydrationScripts;
use leptos::prelude::*;

use super::form_state::FormState;
use super::home_sections::{CurrencyLinks, Facts, HowItGoes, Questions};
use super::preorder_form::preorder_form;
use super::query;
use crate::api::ApiError;
use crate::api::storefront::{self, Flash, Shop};
use crate::domain::locale::Locale;
use crate::domain::money::Money;
use crate::ui::components::{Companion, PaymentErrorBoundary, SelectionSkeleton, StorefrontLayout};
use crate::ui::text::Text;

#[component]
pub fn HomePage(locale: Locale) -> impl IntoView {
    let (color, currency) = (query("color"), query("currency"));
    let content = Suspend::new(async move {
        let flash = storefront::flash();
        let shop = storefront::shop().await?;
        Ok::<_, ApiError>(storefront_view(locale, &shop, flash, &color, &currency))
    });
    view! {
        <PaymentErrorBoundary locale>
            <Suspense fallback=move || {
                view! { <SelectionSkeleton label=Text::of(locale).loading /> }
            }>{content}</Suspense>
        </PaymentErrorBoundary>
    }
}

fn storefront_view(locale: Locale, shop: &Shop, flash: Option<Flash>, color: &str, currency: &str) -> AnyView {
    let text = Text::of(locale);
    let state = FormState::new(locale, &shop.catalog, flash, color, currency);
    let prices = shop.catalog.prices.clone();
    let currencies = view! { <CurrencyLinks locale prices current=state.currency color /> };
    let price = state.price.map(Money::short).unwrap_or_default();
    let (form, place) = (preorder_form(locale, &shop.catalog, &state), shop.place_in_line);
    view! {
        <IslandScripts />
        <StorefrontLayout
            locale
            path=Locale::home
            class="storefront"
            color=state.color.clone()
            footer_more=currencies.into_any()
        >
            <div class="hero">
                <div class="stage">
                    <div class="stage-light">
                        <Companion label=text.picture_label />
                    </div>
                </div>
                <section class="offer" aria-labelledby="headline">
                    <p class="kicker">{text.kicker}</p>
                    <h1 id="headline">{text.headline}</h1>
                    <p class="lede">{text.lede}</p>
                    {form}
                    <Facts text place />
                </section>
            </div>
            <HowItGoes text price />
            <Questions text />
        </StorefrontLayout>
    }
    .into_any()
}

/// What wakes the islands: on this page only, the others have none.
#[component]
fn IslandScripts() -> impl IntoView {
    use_context::<LeptosOptions>().map(|options| view! { <HydrationScripts options islands=true /> })
}
