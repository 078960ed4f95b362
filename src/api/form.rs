//! The preorder form, from text to a [`NewPreorder`]: every field read, each fault named at its field.

use super::ApiError;
use crate::domain::catalog::{Catalog, CatalogError, ColorId};
use crate::domain::contact::{ContactError, Email, PersonName, Phone};
use crate::domain::locale::Locale;
use crate::domain::money::Currency;
use crate::domain::preorder::NewPreorder;

/// As it was posted. A field that was left empty and one that was left out are the same.
#[derive(Debug, Clone, Default)]
pub struct PreorderForm {
    pub email: String,
    pub color: String,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub locale: Option<String>,
    pub currency: Option<String>,
    pub marketing_consent: Option<String>,
    pub idempotency_key: Option<String>,
}

const LONGEST_KEY: usize = 255;

impl PreorderForm {
    /// The first fault in the order of the form's fields: what the buyer meets first.
    pub fn parse(self, catalog: &Catalog) -> Result<NewPreorder, ApiError> {
        let color = ColorId::parse(&self.color).ok_or_else(|| match self.color.trim() {
            "" => ApiError::field("color", "color_missing", "Choose a colour."),
            _ => ApiError::field("color", "color_unknown", "That is not one of our colours."),
        })?;
        let email = Email::parse(&self.email).map_err(|e| contact_error("email", "E-mail", e))?;
        let name = optional(self.name.as_deref(), PersonName::parse).map_err(|e| contact_error("name", "Name", e))?;
        let phone = optional(self.phone.as_deref(), Phone::parse).map_err(|e| contact_error("phone", "Phone", e))?;
        let locale = parse_locale(self.locale.as_deref())?;
        let currency = match present(self.currency.as_deref()) {
            None => locale.currency(),
            Some(typed) => Currency::parse(typed).ok_or_else(|| catalog_error(CatalogError::UnknownCurrency))?,
        };
        Ok(NewPreorder {
            price: catalog.quote(&color, currency).map_err(catalog_error)?,
            email,
            name,
            phone,
            color,
            locale,
            marketing_consent: parse_consent(self.marketing_consent.as_deref())?,
            idempotency_key: parse_key(self.idempotency_key.as_deref())?,
        })
    }
}

fn present(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.trim().is_empty())
}

fn optional<T>(text: Option<&str>, parse: impl Fn(&str) -> Result<T, ContactError>) -> Result<Option<T>, ContactError> {
    present(text).map(parse).transpose()
}

/// A language that we do not speak gets English; what is no language at all is a fault.
fn parse_locale(text: Option<&str>) -> Result<Locale, ApiError> {
    match present(text) {
        None => Ok(Locale::En),
        Some(tag) if Locale::is_tag(tag) => Ok(Locale::from_tag(tag).unwrap_or(Locale::En)),
        Some(_) => Err(ApiError::field("locale", "locale_invalid", "That is not a language tag.")),
    }
}

/// Browsers send a ticked box as `on`, programs as `true` or `1`.
fn parse_consent(text: Option<&str>) -> Result<bool, ApiError> {
    match present(text).map(|text| text.trim().to_ascii_lowercase()).as_deref() {
        None | Some("false" | "0" | "off" | "no") => Ok(false),
        Some("true" | "1" | "on" | "yes") => Ok(true),
        Some(_) => Err(ApiError::field(
            "marketing_consent",
            "marketing_consent_invalid",
            "Say true or false, or leave it out.",
        )),
    }
}

fn parse_key(text: Option<&str>) -> Result<Option<String>, ApiError> {
    let Some(key) = present(text) else { return Ok(None) };
    let key = key.trim();
    if key.len() > LONGEST_KEY || !key.bytes().all(|b| b.is_ascii_graphic()) {
        let message = "An idempotency key is at most 255 visible ASCII characters.";
        return Err(ApiError::field("idempotency_key", "idempotency_key_invalid", message));
    }
    Ok(Some(key.to_owned()))
}

fn contact_error(field: &str, label: &str, error: ContactError) -> ApiError {
    let word = match error {
        ContactError::Missing => "missing",
        ContactError::TooLong => "too_long",
        ContactError::NotAnEmail | ContactError::NotAPhone | ContactError::BadCharacters => "invalid",
    };
    ApiError::field(field, &format!("{field}_{word}"), format!("{label} {error}."))
}

fn catalog_error(error: CatalogError) -> ApiError {
    match error {
        CatalogError::UnknownColor => ApiError::field("color", "color_unknown", "That is not one of our colours."),
        CatalogError::SoldOut => ApiError::field("color", "color_sold_out", "That colour is sold out."),
        CatalogError::UnknownCurrency => {
            ApiError::field("currency", "currency_unknown", "We do not sell in that currency.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalog::Color;
    use crate::domain::money::Money;

    fn catalog() -> Catalog {
        let color = |id: &str, sold_out| Color {
            id: ColorId::parse(id).unwrap(),
            name: id.to_owned(),
            swatch: "#fff".to_owned(),
            sold_out,
        };
        Catalog {
            product_name: "Rolitt".to_owned(),
            colors: vec![color("sakura-pink", false), color("cherry-red", true)],
            prices: vec![Money::new(49_900, Currency::Usd), Money::new(359_900, Currency::Cny)],
        }
    }

    fn form() -> PreorderForm {
        PreorderForm { email: "Ana@Example.com".into(), color: "sakura-pink".into(), ..PreorderForm::default() }
    }

    fn fault(form: PreorderForm) -> (u16, String, String) {
        let error = form.parse(&catalog()).unwrap_err();
        (error.status(), error.field.unwrap_or_default(), error.code)
    }

    #[test]
    fn two_fields_are_enough() {
        let new = form().parse(&catalog()).unwrap();
        assert_eq!(new.email.as_str(), "ana@example.com");
        assert_eq!(
            (new.price, new.locale, new.marketing_consent),
            (Money::new(49_900, Currency::Usd), Locale::En, false)
        );
    }

    #[test]
    fn the_language_brings_its_currency_unless_another_is_asked_for() {
        let zh = PreorderForm { locale: Some("zh-CN".into()), ..form() };
        assert_eq!(zh.clone().parse(&catalog()).unwrap().price.currency, Currency::Cny);
        let usd = PreorderForm { currency: Some("USD".into()), ..zh };
        assert_eq!(usd.parse(&catalog()).unwrap().price.currency, Currency::Usd);
    }

    #[test]
    fn every_fault_is_named_at_its_field() {
        let some = |text: &str| Some(text.to_owned());
        for (form, field, code) in [
            (PreorderForm { email: String::new(), ..form() }, "email", "email_missing"),
            (PreorderForm { email: "ana@".into(), ..form() }, "email", "email_invalid"),
            (PreorderForm { email: "a".repeat(300), ..form() }, "email", "email_too_long"),
            (PreorderForm { color: String::new(), ..form() }, "color", "color_missing"),
            (PreorderForm { color: "ultraviolet".into(), ..form() }, "color", "color_unknown"),
            (PreorderForm { color: "cherry-red".into(), ..form() }, "color", "color_sold_out"),
            (PreorderForm { name: some(&"x".repeat(201)), ..form() }, "name", "name_too_long"),
            (PreorderForm { phone: some("call me"), ..form() }, "phone", "phone_invalid"),
            (PreorderForm { locale: some("<b>"), ..form() }, "locale", "locale_invalid"),
            (PreorderForm { currency: some("xau"), ..form() }, "currency", "currency_unknown"),
            (PreorderForm { currency: some("jpy"), ..form() }, "currency", "currency_unknown"),
            (
                PreorderForm { marketing_consent: some("perhaps"), ..form() },
                "marketing_consent",
                "marketing_consent_invalid",
            ),
            (
                PreorderForm { idempotency_key: some(&"k".repeat(256)), ..form() },
                "idempotency_key",
                "idempotency_key_invalid",
            ),
        ] {
            assert_eq!(fault(form), (422, field.to_owned(), code.to_owned()));
        }
    }
}
