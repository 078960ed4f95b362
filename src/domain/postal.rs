//! Where a parcel goes, as one line: `Name, line 1, …, City, CC`. The payment page makes such a line of what a buyer
//! types; a person who puts it right makes the same.

/// Why what was typed is no address. `field` names the form's field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PostalError {
    #[error("The address is missing.")]
    Missing,
    #[error("An address has at least a name, a street and a city, a line each.")]
    TooShort,
    #[error("The address is too long.")]
    TooLong,
    #[error("The address contains characters that can't be printed.")]
    BadCharacters,
    #[error("A country is its two letters, such as DE, US or GB.")]
    NotACountry,
}

impl PostalError {
    pub const fn field(self) -> &'static str {
        match self {
            Self::NotACountry => "country",
            _ => "address",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostalAddress {
    line: String,
    country: String,
}

/// ISO 3166-1 alpha-2.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS \
    BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ \
    FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT \
    JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP \
    MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE \
    RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV \
    TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

impl PostalAddress {
    const MAX: usize = 500;

    /// `lines` one part a line, the country apart.
    pub fn parse(lines: &str, country: &str) -> Result<Self, PostalError> {
        let parts: Vec<String> = lines
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .map(|line| line.trim_matches([',', ' ']).to_owned())
            .filter(|line| !line.is_empty())
            .collect();
        if parts.is_empty() {
            return Err(PostalError::Missing);
        }
        // People also type it in one line, as they see it written.
        if parts.iter().map(|part| part.split(", ").count()).sum::<usize>() < 3 {
            return Err(PostalError::TooShort);
        }
        let country = country.trim().to_ascii_uppercase();
        if country.len() != 2 || !COUNTRIES.split(' ').any(|known| known == country) {
            return Err(PostalError::NotACountry);
        }
        let line = format!("{}, {country}", parts.join(", "));
        if line.chars().any(char::is_control) {
            return Err(PostalError::BadCharacters);
        }
        if line.chars().count() > Self::MAX {
            return Err(PostalError::TooLong);
        }
        Ok(Self { line, country })
    }

    /// `Ana, Torstraße 1, 10119, Berlin, DE`
    pub fn as_str(&self) -> &str {
        &self.line
    }

    /// Two letters.
    pub fn country(&self) -> &str {
        &self.country
    }
}

/// A stored line taken apart for a form: its parts a line each, and the country if it ends with one.
pub fn lines_and_country(line: &str) -> (String, String) {
    let is_country = |part: &&str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_uppercase());
    match line.rsplit_once(", ") {
        Some((rest, country)) if is_country(&country) => (rest.replace(", ", "\n"), country.to_owned()),
        _ => (line.replace(", ", "\n"), String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_typed_in_lines_is_the_line_that_the_till_makes() {
        let typed = PostalAddress::parse("  Ana  López \nTorstraße 1,\n\n10119 Berlin\n", " de ");
        let address = typed.map(|address| (address.line.clone(), address.country));
        assert_eq!(address, Ok(("Ana López, Torstraße 1, 10119 Berlin, DE".to_owned(), "DE".to_owned())));
        let (lines, country) = lines_and_country("Ana López, Torstraße 1, 10119 Berlin, DE");
        assert_eq!((lines.as_str(), country.as_str()), ("Ana López\nTorstraße 1\n10119 Berlin", "DE"));
        assert_eq!(lines_and_country("somewhere").1, "");
    }

    #[test]
    fn what_no_carrier_could_read_is_refused_at_its_field() {
        let wrong = |lines: &str, country: &str| PostalAddress::parse(lines, country).map_err(|e| (e, e.field()));
        assert_eq!(wrong(" \n ", "DE"), Err((PostalError::Missing, "address")));
        assert_eq!(wrong("Ana\nBerlin", "DE"), Err((PostalError::TooShort, "address")));
        assert_eq!(wrong("Ana\nTorstraße 1\nBerlin", "UK"), Err((PostalError::NotACountry, "country")));
        assert_eq!(wrong("Ana\nTor\0straße\nBerlin", "DE"), Err((PostalError::BadCharacters, "address")));
        assert_eq!(wrong(&format!("Ana\n{}\nBerlin", "x".repeat(500)), "DE"), Err((PostalError::TooLong, "address")));
        assert!(wrong("Ana, Torstraße 1, Berlin", "DE").is_ok());
    }

    proptest::proptest! {
        #[test]
        fn taking_apart_and_putting_together_changes_nothing(lines in "[A-Za-zß0-9 ]{1,12}(\n[A-Za-zß0-9 ]{1,12}){2,5}") {
            if let Ok(address) = PostalAddress::parse(&lines, "JP") {
                let (lines, country) = lines_and_country(address.as_str());
                proptest::prop_assert_eq!(PostalAddress::parse(&lines, &country), Ok(address));
            }
        }
    }
}
