//! Every word a buyer reads, one constant of `Text` a language. A field without a value does not compile, so a new
//! language is one new file and the compiler names what it still lacks. Words with a hole carry it as `{name}` and
//! are completed by `fill`. The admin speaks English only and keeps its words where it uses them.

mod en;
mod zh;

use crate::domain::catalog::Color;
use crate::domain::locale::Locale;
use crate::domain::payment::PaymentFailure;

macro_rules! texts {
    ($(#[$meta:meta])* pub struct $name:ident { $($field:ident),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug)]
        pub struct $name { $(pub $field: &'static str),+ }

        impl $name {
            /// Each field with its name, for the tests that compare languages.
            #[cfg(test)]
            fn entries(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($field), self.$field)),+]
            }
        }
    };
}

texts! {
    pub struct Text {
        // The frame around every page.
        language_name, title, description, skip_to_content, nav_label, nav_how, nav_find_order, currency_label,
        footer_questions, footer_promise, support_email, home_link,
        // The product and its form.
        kicker, headline, lede, picture_label, price_note, color_label, sold_out, loading, email_label, email_hint,
        more_summary, name_label, phone_label, phone_hint, consent_label, button_preorder, button_sold_out,
        button_saving, button_opening, button_next, fact_ships, fact_ships_label, fact_line, fact_line_label,
        fact_warranty, fact_warranty_label,
        color_sakura_pink, color_honey_khaki, color_healing_green, color_moonlight_grey, color_cherry_red,
        // What happens, and when.
        how_title, how_pay_when, how_pay, how_pay_more, how_number_when, how_number, how_number_more, how_wait_when,
        how_wait, how_wait_more, how_ship_when, how_ship, how_ship_more,
        // Questions people ask.
        faq_title, faq_what_q, faq_what_a, faq_charge_q, faq_charge_a, faq_cancel_q, faq_cancel_a, faq_late_q,
        faq_late_a, faq_card_q, faq_card_a, faq_address_q, faq_address_a,
        // Why a payment page did not open, what was kept, what to do.
        failure_configuration_title, failure_configuration_kept, failure_configuration_todo,
        failure_network_title, failure_network_kept, failure_network_todo,
        failure_declined_title, failure_declined_kept, failure_declined_todo,
        failure_busy_title, failure_busy_kept, failure_busy_todo,
        failure_unknown_title, failure_unknown_kept, failure_unknown_todo,
        action_try_again, action_other_card, action_check, action_write, reference, details,
        // What is wrong with a field.
        error_email_missing, error_email_invalid, error_email_too_long, error_name_invalid, error_phone_invalid,
        error_color_unknown, error_color_sold_out, error_currency_unknown, error_number_invalid,
        error_order_not_found, error_too_many, error_other,
        // After the payment page.
        order_number, order_color, order_amount, order_email, order_next_title,
        waiting_title, waiting_body, waiting_still,
        paid_title, paid_body, paid_next_receipt, paid_next_change, paid_next_ship,
        pending_title, pending_body, pending_next,
        open_title, open_body, failed_title, failed_body, failed_reason, failed_funds, failed_auth,
        expired_title, expired_body, cancelled_title, cancelled_body, refunded_title, refunded_body,
        partly_refunded_title, partly_refunded_body, disputed_title, disputed_body,
        unknown_order_title, unknown_order_body, resume_button, start_again,
        cancel_title, cancel_body, cancel_kept,
        // Finding an order again.
        find_title, find_lede, find_number_label, find_number_hint, find_button, find_help,
        // When there is nothing to show.
        not_found_title, not_found_body, server_error_title, server_error_body,
    }
}

/// What is said about one kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailureText {
    pub title: &'static str,
    /// What of the buyer's work was not lost.
    pub kept: &'static str,
    pub todo: &'static str,
    /// The words on the button that posts the form again; `None` where trying again cannot help.
    pub action: Option<&'static str>,
}

impl Text {
    pub const fn of(locale: Locale) -> &'static Self {
        match locale {
            Locale::En => &en::TEXT,
            Locale::Zh => &zh::TEXT,
        }
    }

    /// A colour's name in this language; one that has no translation yet goes by its catalogue name.
    pub fn color_name(&self, color: &Color) -> String {
        self.color_name_of(color.id.as_str()).map_or_else(|| color.name.clone(), str::to_owned)
    }

    /// The same by id, for orders of colours that may have left the catalogue.
    pub fn color_name_of(&self, id: &str) -> Option<&'static str> {
        Some(match id {
            "sakura-pink" => self.color_sakura_pink,
            "honey-khaki" => self.color_honey_khaki,
            "healing-green" => self.color_healing_green,
            "moonlight-grey" => self.color_moonlight_grey,
            "cherry-red" => self.color_cherry_red,
            _ => return None,
        })
    }

    pub const fn failure(&self, failure: PaymentFailure) -> FailureText {
        match failure {
            PaymentFailure::Configuration => FailureText {
                title: self.failure_configuration_title,
                kept: self.failure_configuration_kept,
                todo: self.failure_configuration_todo,
                action: None,
            },
            PaymentFailure::Network => FailureText {
                title: self.failure_network_title,
                kept: self.failure_network_kept,
                todo: self.failure_network_todo,
                action: Some(self.action_try_again),
            },
            PaymentFailure::Declined => FailureText {
                title: self.failure_declined_title,
                kept: self.failure_declined_kept,
                todo: self.failure_declined_todo,
                action: Some(self.action_other_card),
            },
            PaymentFailure::Busy => FailureText {
                title: self.failure_busy_title,
                kept: self.failure_busy_kept,
                todo: self.failure_busy_todo,
                action: Some(self.action_try_again),
            },
            PaymentFailure::Unknown => FailureText {
                title: self.failure_unknown_title,
                kept: self.failure_unknown_kept,
                todo: self.failure_unknown_todo,
                action: Some(self.action_check),
            },
        }
    }

    /// The codes that an API answer may carry, each with its words.
    pub const fn errors(&self) -> [(&'static str, &'static str); 14] {
        [
            ("email_missing", self.error_email_missing),
            ("email_invalid", self.error_email_invalid),
            ("email_too_long", self.error_email_too_long),
            ("name_invalid", self.error_name_invalid),
            ("name_too_long", self.error_name_invalid),
            ("phone_invalid", self.error_phone_invalid),
            ("phone_too_long", self.error_phone_invalid),
            ("color_missing", self.error_color_unknown),
            ("color_unknown", self.error_color_unknown),
            ("color_sold_out", self.error_color_sold_out),
            ("currency_unknown", self.error_currency_unknown),
            ("number_invalid", self.error_number_invalid),
            ("order_not_found", self.error_order_not_found),
            ("too_many_requests", self.error_too_many),
        ]
    }

    /// Words for an error's code. A code not known here is said in general words: the server's own are English.
    pub fn error(&self, code: &str) -> &'static str {
        self.errors().into_iter().find(|(known, _)| *known == code).map_or(self.error_other, |(_, words)| words)
    }
}

/// Puts values into the holes of a text: `fill("Preorder in {color}", &[("color", "Cherry Red")])`.
pub fn fill(template: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of the holes, in order; a brace without its partner is `None`.
    fn holes(text: &str) -> Option<Vec<&str>> {
        let mut found: Vec<&str> = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find(['{', '}']) {
            rest = rest[start..].strip_prefix('{')?;
            let end = rest.find(['{', '}'])?;
            found.push(&rest[..end]);
            rest = rest[end..].strip_prefix('}')?;
        }
        found.sort_unstable();
        Some(found)
    }

    #[test]
    fn every_language_says_everything_with_the_same_holes() {
        let english = Text::of(Locale::En).entries();
        for &locale in Locale::ALL {
            for ((name, words), (_, original)) in Text::of(locale).entries().into_iter().zip(&english) {
                assert!(!words.trim().is_empty(), "{locale}: {name} is empty");
                assert_eq!(words.trim(), words, "{locale}: {name} has spaces at its ends");
                assert!(holes(words).is_some(), "{locale}: {name} has an open brace");
                assert_eq!(holes(words), holes(original), "{locale}: {name}");
            }
        }
    }

    #[test]
    fn a_hole_is_filled_and_what_was_filled_in_is_left_alone() {
        assert_eq!(fill("Preorder in {color}", &[("color", "Cherry Red")]), "Preorder in Cherry Red");
        assert_eq!(fill("{a} and {b}", &[("a", "1"), ("b", "2")]), "1 and 2");
        assert_eq!(holes("{a"), None);
        assert_eq!(holes("a}"), None);
    }

    #[test]
    fn not_knowing_is_never_called_a_failure() {
        let text = Text::of(Locale::En).failure(PaymentFailure::Unknown);
        for words in [text.title, text.kept, text.todo] {
            assert!(!words.to_lowercase().contains("fail"), "{words}");
        }
        assert_eq!(text.action, Some("Check with Stripe"));
    }

    #[test]
    fn an_error_without_words_of_its_own_has_general_ones() {
        let text = Text::of(Locale::Zh);
        assert_eq!(text.error("email_invalid"), text.error_email_invalid);
        assert_eq!(text.error("something_new"), text.error_other);
    }
}
