//! What stands below the storefront's form: three facts, what happens and when, the questions, the other currencies.

use leptos::prelude::*;

use crate::domain::locale::Locale;
use crate::domain::money::{Currency, Money};
use crate::ui::text::{Text, fill};

/// Three facts instead of badges.
#[component]
pub fn Facts(text: &'static Text, place: u64) -> impl IntoView {
    let place = fill(text.fact_line, &[("place", &grouped(place))]);
    view! {
        <dl class="facts">
            <div>
                <dt>{text.fact_ships_label}</dt>
                <dd>{text.fact_ships}</dd>
            </div>
            <div>
                <dt>{text.fact_line_label}</dt>
                <dd>{place}</dd>
            </div>
            <div>
                <dt>{text.fact_warranty_label}</dt>
                <dd>{text.fact_warranty}</dd>
            </div>
        </dl>
    }
}

/// `1249` as `1,249`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[component]
pub fn HowItGoes(text: &'static Text, price: String) -> impl IntoView {
    let steps = [
        (text.how_pay_when, fill(text.how_pay, &[("price", &price)]), text.how_pay_more),
        (text.how_number_when, text.how_number.to_owned(), text.how_number_more),
        (text.how_wait_when, text.how_wait.to_owned(), text.how_wait_more),
        (text.how_ship_when, text.how_ship.to_owned(), text.how_ship_more),
    ];
    let items = steps
        .into_iter()
        .map(|(when, what, more)| {
            view! {
                <li>
                    <p class="step-when">{when}</p>
                    <h3>{what}</h3>
                    <p class="soft">{more}</p>
                </li>
            }
        })
        .collect_view();
    view! {
        <section id="how" class="band" aria-labelledby="how-title">
            <h2 id="how-title">{text.how_title}</h2>
            <ol class="steps">{items}</ol>
        </section>
    }
}

#[component]
pub fn Questions(text: &'static Text) -> impl IntoView {
    let questions = [
        (text.faq_what_q, text.faq_what_a),
        (text.faq_charge_q, text.faq_charge_a),
        (text.faq_cancel_q, text.faq_cancel_a),
        (text.faq_late_q, text.faq_late_a),
        (text.faq_card_q, text.faq_card_a),
        (text.faq_address_q, text.faq_address_a),
    ];
    let items = questions
        .into_iter()
        .map(|(question, answer)| {
            view! {
                <details>
                    <summary>{question}</summary>
                    <p>{answer}</p>
                </details>
            }
        })
        .collect_view();
    view! {
        <section class="band questions" aria-labelledby="faq-title">
            <h2 id="faq-title">{text.faq_title}</h2>
            <div>{items}</div>
        </section>
    }
}

/// The same page in each currency of the catalogue; the chosen colour goes along.
#[component]
pub fn CurrencyLinks(
    locale: Locale,
    prices: Vec<Money>,
    current: Currency,
    #[prop(into)] color: String,
) -> impl IntoView {
    let text = Text::of(locale);
    let links = prices
        .into_iter()
        .map(|price| {
            let name = price.currency.as_str().to_uppercase();
            let is_current = (price.currency == current).then_some("true");
            let href = currency_address(locale, price.currency, &color);
            view! { <a href=href aria-current=is_current>{name}</a> }
        })
        .collect_view();
    view! { <p class="currencies">{text.currency_label} " " {links}</p> }
}

fn currency_address(locale: Locale, currency: Currency, color: &str) -> String {
    // Only an id that could be one of ours is repeated: the address came from outside.
    let color = crate::domain::catalog::ColorId::parse(color);
    let color = color.map(|color| format!("&color={}", color.as_str())).unwrap_or_default();
    format!("{}?currency={currency}{color}", locale.home())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_line_is_grouped_by_thousands() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1249), "1,249");
        assert_eq!(grouped(1_000_000), "1,000,000");
    }

    #[test]
    fn a_currency_link_keeps_the_colour_and_nothing_strange() {
        assert_eq!(currency_address(Locale::En, Currency::Jpy, "cherry-red"), "/?currency=jpy&color=cherry-red");
        assert_eq!(currency_address(Locale::Zh, Currency::Cny, "\"><script>"), "/zh?currency=cny");
    }
}
