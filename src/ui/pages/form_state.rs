//! What the preorder form starts with: the catalogue, what the address asks for, and what a failed post left behind,
//! brought to one answer. Pure, so that it can be tested without a page.

use crate::api::storefront::Flash;
use crate::domain::catalog::Catalog;
use crate::domain::locale::Locale;
use crate::domain::money::{Currency, Money};
use crate::domain::payment::PaymentFailure;
use crate::ui::text::Text;

/// The fields with a place for a message, in their order.
const FIELDS: [&str; 4] = ["color", "email", "name", "phone"];

#[derive(Clone)]
pub(super) struct FormState {
    /// The colour that is checked; empty if the catalogue has none.
    pub color: String,
    /// False once every colour is sold out.
    pub available: bool,
    pub currency: Currency,
    pub price: Option<Money>,
    /// What was typed; empty on a first visit.
    pub typed: Flash,
    text: &'static Text,
}

/// A failure that belongs to no field.
pub(super) struct GeneralFailure {
    pub failure: PaymentFailure,
    pub request_id: String,
    pub details: String,
}

impl FormState {
    /// What was typed wins over what the address asks for; what cannot be had is passed over.
    pub fn new(locale: Locale, catalog: &Catalog, flash: Option<Flash>, color: &str, currency: &str) -> Self {
        let typed = flash.unwrap_or_default();
        let chosen = [typed.color.as_str(), color]
            .into_iter()
            .find_map(|id| catalog.color(id).filter(|color| !color.sold_out))
            .or_else(|| catalog.default_color());
        let price = [typed.currency.as_str(), currency]
            .into_iter()
            .find_map(|word| catalog.price(Currency::parse(word)?))
            .or_else(|| catalog.price(locale.currency()))
            .or_else(|| catalog.prices.first().copied());
        Self {
            color: chosen.map(|color| color.id.as_str().to_owned()).unwrap_or_default(),
            available: chosen.is_some_and(|color| !color.sold_out) && price.is_some(),
            currency: price.map_or_else(|| locale.currency(), |price| price.currency),
            price,
            typed,
            text: Text::of(locale),
        }
    }

    /// The message at a field, empty if it is fine. What is wrong with a field that has no place for a message, such
    /// as the currency, is said at the top, with the colours.
    pub fn error(&self, field: &str) -> &'static str {
        let wrong = self.typed.field.as_deref().map(|wrong| if FIELDS.contains(&wrong) { wrong } else { FIELDS[0] });
        if wrong == Some(field) { self.text.error(&self.typed.code) } else { "" }
    }

    /// Whether the fold with the optional fields has something to show.
    pub fn shows_more(&self) -> bool {
        ["name", "phone"].into_iter().any(|field| !self.error(field).is_empty())
            || !(self.typed.name.is_empty() && self.typed.phone.is_empty())
    }

    /// An error that came back without a field. One that does not say its kind is "unknown".
    pub fn general_failure(&self) -> Option<GeneralFailure> {
        (self.typed.field.is_none() && !self.typed.code.is_empty()).then(|| GeneralFailure {
            failure: self.typed.failure.unwrap_or(PaymentFailure::Unknown),
            request_id: self.typed.request_id.clone(),
            details: self.typed.code.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalog::{Color, ColorId};

    fn catalog(sold_out: bool) -> Catalog {
        let color = |id: &str, sold_out| Color {
            id: ColorId::parse(id).unwrap(),
            name: id.to_owned(),
            swatch: "#ffffff".into(),
            sold_out,
        };
        Catalog {
            product_name: "Rolitt".into(),
            colors: vec![color("cherry-red", true), color("sakura-pink", sold_out), color("honey-khaki", sold_out)],
            prices: vec![Money::new(49_900, Currency::Usd), Money::new(74_800, Currency::Jpy)],
        }
    }

    fn state(flash: Option<Flash>, color: &str, currency: &str) -> FormState {
        FormState::new(Locale::En, &catalog(false), flash, color, currency)
    }

    #[test]
    fn the_address_may_choose_but_not_what_is_sold_out_or_unknown() {
        assert_eq!(state(None, "honey-khaki", "JPY").color, "honey-khaki");
        assert_eq!(state(None, "honey-khaki", "JPY").price, Some(Money::new(74_800, Currency::Jpy)));
        for (color, currency) in [("cherry-red", "eur"), ("beige", "gold"), ("", "")] {
            assert_eq!(state(None, color, currency).color, "sakura-pink");
            assert_eq!(state(None, color, currency).currency, Currency::Usd);
        }
    }

    #[test]
    fn what_was_typed_wins_over_the_address() {
        let flash = Flash { color: "honey-khaki".into(), currency: "jpy".into(), ..Flash::default() };
        let state = state(Some(flash), "sakura-pink", "usd");
        assert_eq!((state.color.as_str(), state.currency), ("honey-khaki", Currency::Jpy));
    }

    #[test]
    fn nothing_can_be_ordered_when_everything_is_sold_out() {
        assert!(!FormState::new(Locale::En, &catalog(true), None, "", "").available);
    }

    #[test]
    fn an_error_goes_to_its_field_or_above_the_button_never_both() {
        let at_field = Flash { field: Some("phone".into()), code: "phone_invalid".into(), ..Flash::default() };
        let state_at_field = state(Some(at_field), "", "");
        assert!(!state_at_field.error("phone").is_empty());
        assert!(state_at_field.error("email").is_empty());
        assert!(state_at_field.shows_more());
        assert!(state_at_field.general_failure().is_none());

        let hidden = Flash { field: Some("currency".into()), code: "currency_unknown".into(), ..Flash::default() };
        assert_eq!(state(Some(hidden), "", "").error("color"), Text::of(Locale::En).error_currency_unknown);

        let general = Flash { code: "whatever".into(), ..Flash::default() };
        let failure = state(Some(general), "", "").general_failure().map(|general| general.failure);
        assert_eq!(failure, Some(PaymentFailure::Unknown));
        assert!(state(None, "", "").general_failure().is_none());
    }
}
