//! What can be chosen, in the buyer's words: the swatches, and words that follow the chosen one (see
//! `islands::choice_words`).

use leptos::prelude::*;

use crate::domain::catalog::Catalog;
use crate::ui::text::Text;

/// Native radio buttons, one a colour; a sold-out one is struck through and says so.
#[component]
pub fn Swatches<'a>(catalog: &'a Catalog, text: &'static Text, #[prop(into)] checked: String) -> impl IntoView + use<> {
    catalog
        .colors
        .iter()
        .map(|color| {
            let id = color.id.as_str().to_owned();
            let sold_out = color.sold_out;
            view! {
                <label class="swatch">
                    <input type="radio" name="color" value=id.clone() checked=id == checked disabled=sold_out required />
                    <svg viewBox="0 0 48 48" aria-hidden="true">
                        <circle cx="24" cy="24" r="23" fill=color.swatch.clone() />
                        {sold_out.then(|| view! { <path d="M8 40 40 8" /> })}
                    </svg>
                    <span class="swatch-name">{text.color_name(color)}</span>
                    {sold_out.then(|| view! { " " <span class="swatch-note">{text.sold_out}</span> })}
                </label>
            }
        })
        .collect_view()
}

/// The words of every colour that can be had; the style sheet shows the checked one's.
#[component]
pub fn ChoiceWords(words: Vec<(String, String)>, #[prop(into)] checked: String) -> impl IntoView {
    let spans = words
        .into_iter()
        .map(|(id, words)| {
            let class = (id == checked).then_some("chosen");
            view! { <span data-word=id class=class>{words}</span> }
        })
        .collect_view();
    view! { <span data-words>{spans}</span> }
}

/// Each colour that can be had with the words `say` has for it. What is sold out is never offered.
pub fn words_by_color(catalog: &Catalog, text: &Text, say: impl Fn(&str) -> String) -> Vec<(String, String)> {
    catalog
        .colors
        .iter()
        .filter(|color| !color.sold_out)
        .map(|color| (color.id.as_str().to_owned(), say(&text.color_name(color))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalog::{Color, ColorId};
    use crate::domain::locale::Locale;

    #[test]
    fn what_is_sold_out_has_no_words_and_what_has_no_translation_goes_by_its_name() {
        let color = |id: &str, name: &str, sold_out| Color {
            id: ColorId::parse(id).unwrap(),
            name: name.into(),
            swatch: "#ffffff".into(),
            sold_out,
        };
        let catalog = Catalog {
            product_name: "Rolitt".into(),
            colors: vec![
                color("cherry-red", "Cherry Red", true),
                color("honey-khaki", "Honey Khaki", false),
                color("sea-blue", "Sea Blue", false),
            ],
            prices: Vec::new(),
        };
        let words = words_by_color(&catalog, Text::of(Locale::Zh), |name| format!("预订{name}"));
        assert_eq!(
            words,
            [("honey-khaki".to_owned(), "预订蜂蜜卡其".to_owned()), ("sea-blue".to_owned(), "预订Sea Blue".to_owned()),]
        );
    }
}
