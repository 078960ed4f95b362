//! Words that follow the chosen colour. The server writes them for every colour (`[data-words]` around one
//! `[data-word]` each) and the style sheet shows those of the checked radio, so they are right without script too.
//! Awake, only the chosen colour's words are left, as one text for screen readers, copying and find-in-page.

use std::rc::Rc;

use leptos::prelude::document;
use web_sys::{Element, HtmlFormElement};

use super::dom;

/// Lets all words of the page follow the form from now on.
pub fn follow(form: &HtmlFormElement) {
    let Ok(places) = document().query_selector_all("[data-words]") else { return };
    let places: Rc<[_]> = dom::each(&places).map(Place::take_over).collect();
    let target = form.clone();
    let read = move || {
        let Some(color) = dom::control(&target, "color").map(|radio| radio.value()) else { return };
        for place in &*places {
            place.show(&color);
        }
        // The picture follows by the style sheet; this serves browsers without `:has`.
        if let Ok(Some(ground)) = target.closest("[data-color]") {
            let _ = ground.set_attribute("data-color", &color);
        }
    };
    // At once as well: a browser may have restored a choice before the island woke up.
    read();
    dom::listen(form, "change", move |_| read());
}

struct Place {
    element: Element,
    /// Colour id and words.
    words: Vec<(String, String)>,
}

impl Place {
    fn take_over(element: Element) -> Self {
        let words = element.query_selector_all("[data-word]").map_or_else(
            |_| Vec::new(),
            |spans| {
                dom::each(&spans)
                    .filter_map(|span| Some((span.get_attribute("data-word")?, span.text_content()?)))
                    .collect()
            },
        );
        Self { element, words }
    }

    fn show(&self, color: &str) {
        if let Some((_, words)) = self.words.iter().find(|(id, _)| id == color) {
            self.element.set_text_content(Some(words));
        }
    }
}
