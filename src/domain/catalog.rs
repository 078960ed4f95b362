//! What is for sale: one product, its colours in order, and a price a currency. Names of colours in other languages
//! are text (`ui/text`); here is what the till needs.

use super::money::{Currency, Money};

/// A colour's id as it stands in forms and URLs: `sakura-pink`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct ColorId(String);

impl ColorId {
    /// Lower-case words joined by dashes, at most 40 characters. Whether it is sold is the catalogue's to say.
    pub fn parse(typed: &str) -> Option<Self> {
        let id = typed.trim().to_ascii_lowercase();
        let fine = (1..=40).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        fine.then_some(Self(id))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Color {
    pub id: ColorId,
    /// English name, for Stripe, Klaviyo and the admin.
    pub name: String,
    /// `#rrggbb`
    pub swatch: String,
    pub sold_out: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalog {
    pub product_name: String,
    /// In the order they are shown.
    pub colors: Vec<Color>,
    pub prices: Vec<Money>,
}

/// Why something can't be ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    #[error("is not one of our colours")]
    UnknownColor,
    #[error("is sold out")]
    SoldOut,
    #[error("is not a currency that we sell in")]
    UnknownCurrency,
}

impl Catalog {
    pub fn color(&self, id: &str) -> Option<&Color> {
        self.colors.iter().find(|color| color.id.as_str() == id)
    }

    pub fn price(&self, currency: Currency) -> Option<Money> {
        self.prices.iter().copied().find(|price| price.currency == currency)
    }

    /// The price of a colour that can be ordered, from the server's own list: never from the buyer.
    pub fn quote(&self, color: &ColorId, currency: Currency) -> Result<Money, CatalogError> {
        let color = self.color(color.as_str()).ok_or(CatalogError::UnknownColor)?;
        if color.sold_out {
            return Err(CatalogError::SoldOut);
        }
        self.price(currency).ok_or(CatalogError::UnknownCurrency)
    }

    /// The first colour that can be had, else the first.
    pub fn default_color(&self) -> Option<&Color> {
        self.colors.iter().find(|color| !color.sold_out).or_else(|| self.colors.first())
    }
}
