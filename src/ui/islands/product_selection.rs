//! The choice: price, colours, e-mail address. Native radio buttons, so that arrow keys, forms and assistive
//! technology work by nature; picture, ground and words follow the checked one in the style sheet. What the island
//! adds is the chosen colour's words as one text, the picture in browsers without `:has`, and a check of the e-mail
//! address when the field is left.

use leptos::prelude::*;

use super::{choice_words, dom, field_message};

#[island]
pub fn ProductSelection(children: Children) -> impl IntoView {
    Effect::new(|_| {
        let Some(form) = dom::form() else { return };
        choice_words::follow(&form);
        let Some(email) = dom::control(&form, "email") else { return };
        dom::listen(&email, "blur", move |_| match field_message::email_fault(&form) {
            Some("email_invalid") => {
                field_message::show(&form, "email", &dom::words_for("email_invalid").unwrap_or_default());
            }
            // An empty field that was only passed through is not scolded; submitting it is another matter.
            _ => field_message::clear(&form, "email"),
        });
    });
    children()
}
