//! The languages the shop speaks. What they say is in `ui/text`; a language more is a word here and a file there.

use super::money::Currency;
use super::text_enum::text_enum;

text_enum! {
    pub enum Locale {
        En => "en",
        Zh => "zh",
    }
}

impl Locale {
    /// Reads a language tag the way browsers write them (`zh-Hans-CN`, `en_GB`): the language counts, the rest is
    /// detail. `None` if it is a tag, but of a language not spoken here.
    pub fn from_tag(tag: &str) -> Option<Self> {
        tag.trim().split(['-', '_']).next()?.to_ascii_lowercase().parse().ok()
    }

    /// Whether the text is a language tag at all: letters first, then short groups.
    pub fn is_tag(text: &str) -> bool {
        let mut groups = text.trim().split(['-', '_']);
        let language = groups.next().unwrap_or_default();
        (2..=3).contains(&language.len())
            && language.chars().all(|c| c.is_ascii_alphabetic())
            && groups.all(|g| (1..=8).contains(&g.len()) && g.chars().all(|c| c.is_ascii_alphanumeric()))
    }

    /// What a page in this language shows prices in, unless the buyer asks otherwise.
    pub const fn currency(self) -> Currency {
        match self {
            Self::En => Currency::Usd,
            Self::Zh => Currency::Cny,
        }
    }

    /// For `<html lang>`.
    pub const fn html_lang(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh-Hans",
        }
    }

    /// Where this language's storefront is: the first language has the short address.
    pub const fn home(self) -> &'static str {
        match self {
            Self::En => "/",
            Self::Zh => "/zh",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_read_by_its_language() {
        assert_eq!(Locale::from_tag("zh-Hans-CN"), Some(Locale::Zh));
        assert_eq!(Locale::from_tag("EN_gb"), Some(Locale::En));
        assert_eq!(Locale::from_tag("fr"), None);
        assert!(Locale::is_tag("pt-BR"));
        assert!(!Locale::is_tag("<script>"));
        assert!(!Locale::is_tag(""));
    }
}
