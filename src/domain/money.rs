//! Money in minor units, never a float. A currency knows how many digits follow the point; the rest is arithmetic.

use super::text_enum::text_enum;

text_enum! {
    /// The currencies the shop sells in, as Stripe spells them.
    pub enum Currency {
        Usd => "usd",
        Eur => "eur",
        Cny => "cny",
        Jpy => "jpy",
    }
}

impl Currency {
    /// Digits after the point: the yen has no cents.
    pub const fn decimals(self) -> usize {
        match self {
            Self::Usd | Self::Eur | Self::Cny => 2,
            Self::Jpy => 0,
        }
    }

    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Usd => "$",
            Self::Eur => "€",
            Self::Cny => "CN¥",
            Self::Jpy => "¥",
        }
    }

    /// Any typing of a currency that a person or a browser may send: `USD`, ` usd`.
    pub fn parse(typed: &str) -> Option<Self> {
        typed.trim().to_ascii_lowercase().parse().ok()
    }
}

/// An amount of one currency, in its smallest unit (cents; yen).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Money {
    pub minor: i64,
    pub currency: Currency,
}

impl Money {
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// The number alone, all its decimals, no grouping: `499.00`, `74800`. What Klaviyo and exports want.
    pub fn decimal(self) -> String {
        let decimals = self.currency.decimals();
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", self.minor.unsigned_abs(), width = decimals + 1);
        let (whole, fraction) = digits.split_at(digits.len() - decimals);
        if decimals == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }

    /// Reads what a person typed for an amount of this currency: `49.5`, `1,249.50`, `74800`. `None` for anything that
    /// is no amount of it, such as cents of a yen; a sign is none.
    pub fn from_decimal(typed: &str, currency: Currency) -> Option<Self> {
        let (whole, fraction) = typed.trim().split_once('.').unwrap_or((typed.trim(), ""));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        // A comma stands between thousands or not at all: `49,50` may be meant as 49.50, and must not be read as 4950.
        let (head, groups) = whole.split_once(',').map_or((whole, None), |(head, groups)| (head, Some(groups)));
        let grouped =
            groups.is_none_or(|g| head.len() <= 3 && g.split(',').all(|part| part.len() == 3 && digits(part)));
        let fine = !head.is_empty() && digits(head) && grouped && digits(fraction);
        let fine = fine && fraction.len() <= currency.decimals();
        let minor =
            fine.then(|| format!("{}{fraction:0<width$}", whole.replace(',', ""), width = currency.decimals()))?;
        minor.parse().ok().map(|minor| Self::new(minor, currency))
    }

    /// For a price tag: `$499`, `$1,249.50`, `CN¥3,599`. Cents are shown only where there are any.
    pub fn short(self) -> String {
        let full = self.to_string();
        full.strip_suffix(".00").map_or(full.clone(), str::to_owned)
    }

    /// Whether it is the price, or more. In another currency it is not: nobody here knows what that is worth.
    pub const fn covers(self, price: Self) -> bool {
        self.currency as u8 == price.currency as u8 && self.minor >= price.minor
    }

    /// `None` when the currencies differ or the sum does not fit: never a silent mix.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        (self.currency == other.currency)
            .then(|| self.minor.checked_add(other.minor))?
            .map(|minor| Self::new(minor, self.currency))
    }
}

/// For statements: `$499.00`, `CN¥3,599.00`, `¥74,800`.
impl std::fmt::Display for Money {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let decimal = self.decimal();
        let unsigned = decimal.trim_start_matches('-');
        let (whole, fraction) = unsigned.split_once('.').map_or((unsigned, None), |(w, f)| (w, Some(f)));
        if self.minor < 0 {
            f.write_str("-")?;
        }
        f.write_str(self.currency.symbol())?;
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        fraction.map_or(Ok(()), |fraction| write!(f, ".{fraction}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dollar_has_cents_and_a_yen_has_none() {
        assert_eq!(Money::new(49_900, Currency::Usd).to_string(), "$499.00");
        assert_eq!(Money::new(124_950, Currency::Usd).short(), "$1,249.50");
        assert_eq!(Money::new(359_900, Currency::Cny).short(), "CN¥3,599");
        assert_eq!(Money::new(74_800, Currency::Jpy).to_string(), "¥74,800");
        assert_eq!(Money::new(74_800, Currency::Jpy).decimal(), "74800");
        assert_eq!(Money::new(5, Currency::Eur).decimal(), "0.05");
        assert_eq!(Money::new(-5, Currency::Eur).to_string(), "-€0.05");
    }

    #[test]
    fn a_typed_amount_is_read_in_the_currencys_own_digits() {
        let read = |typed, currency| Money::from_decimal(typed, currency).map(|money| money.minor);
        assert_eq!(read("49.5", Currency::Usd), Some(4950));
        assert_eq!(read(" 1,249.50 ", Currency::Eur), Some(124_950));
        assert_eq!(read("74800", Currency::Jpy), Some(74_800));
        assert_eq!(read("100", Currency::Cny), Some(10_000));
        for wrong in
            ["", ".", ".5", "-1", "+1", "1.234", "1e3", "49,50", "1,2345", ",500", "$5", "99999999999999999999"]
        {
            assert_eq!(read(wrong, Currency::Usd), None, "{wrong}");
        }
        assert_eq!(read("748.00", Currency::Jpy), None);
    }

    #[test]
    fn two_currencies_are_never_added() {
        assert_eq!(Money::new(1, Currency::Usd).checked_add(Money::new(1, Currency::Eur)), None);
        assert_eq!(Money::new(i64::MAX, Currency::Usd).checked_add(Money::new(1, Currency::Usd)), None);
        assert_eq!(
            Money::new(1, Currency::Usd).checked_add(Money::new(2, Currency::Usd)),
            Some(Money::new(3, Currency::Usd))
        );
    }

    proptest::proptest! {
        #[test]
        fn an_amount_written_out_reads_back_as_itself(minor: i64) {
            for &currency in Currency::ALL {
                let written = Money::new(minor, currency).decimal().replace('.', "");
                proptest::prop_assert_eq!(written.parse::<i64>().ok(), Some(minor));
            }
        }

        #[test]
        fn the_display_differs_from_the_decimal_by_symbol_and_commas_alone(minor: i64) {
            for &currency in Currency::ALL {
                let money = Money::new(minor, currency);
                let bare = money.to_string().replace(currency.symbol(), "").replace(',', "");
                proptest::prop_assert_eq!(bare, money.decimal());
            }
        }
    }
}
