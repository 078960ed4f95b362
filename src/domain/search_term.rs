//! What somebody typed to find a preorder: a number in any typing or its beginning, a part of an address, a name or a
//! phone number, or an id of ours or of a provider's. One typing may be several of these; it is then all of them.

use super::ids::PreorderNumber;

/// Characters that are looked at; more is no search.
const LONGEST: usize = 254;
/// From here on a text is looked for anywhere; a shorter one only where words begin.
const ANYWHERE: usize = 3;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SearchTerm {
    /// As it was typed, without the spaces around it.
    pub typed: String,
    /// Texts of which one is to be found in address, name or phone number, in small letters.
    pub texts: Vec<String>,
    /// One character: how the address begins.
    pub address_begins: Option<String>,
    /// The first and the last number that begin as typed.
    pub numbers: Option<(String, String)>,
    /// An id, if it looks like one.
    pub id: Option<String>,
}

impl SearchTerm {
    /// `None` for nothing but spaces.
    pub fn parse(typed: &str) -> Option<Self> {
        let typed: String = typed.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect();
        let typed = typed.split_whitespace().collect::<Vec<_>>().join(" ");
        if typed.is_empty() {
            return None;
        }
        let text = typed.to_lowercase();
        let mut texts = Vec::new();
        let mut address_begins = None;
        match text.chars().count() {
            // No letter and no digit: an index of words has nothing to look up.
            _ if !text.chars().any(char::is_alphanumeric) => {}
            1 => address_begins = Some(text),
            length if length < ANYWHERE => texts.push(format!(" {text}")),
            _ => {
                let phone = phone_digits(&text).filter(|digits| *digits != text);
                texts.push(text);
                texts.extend(phone);
            }
        }
        Some(Self { texts, address_begins, numbers: numbers(&typed), id: id(&typed), typed })
    }
}

/// The numbers that begin with what was typed, if it may be a number or the beginning of one.
fn numbers(typed: &str) -> Option<(String, String)> {
    if !typed.chars().all(|c| c.is_ascii_alphanumeric() || " -".contains(c)) {
        return None;
    }
    let letters: String = typed.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    let code = letters.strip_prefix("ROL").unwrap_or(&letters);
    PreorderNumber::beginning_with(code)
}

/// `0151 234 56` and `+49 (0) 151`: digits as people group them, without what one dials at home.
fn phone_digits(text: &str) -> Option<String> {
    if !text.chars().all(|c| c.is_ascii_digit() || "+ -()./\u{a0}".contains(c)) {
        return None;
    }
    let text = text.replace("(0)", "");
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0');
    (digits.len() >= ANYWHERE).then(|| digits.to_owned())
}

/// `pre_…`, `cs_test_…`: letters, an underscore, and what makes it one of its kind.
fn id(typed: &str) -> Option<String> {
    let (prefix, rest) = typed.split_once('_')?;
    let known = ["pre", "chk", "dlv", "wh", "ref", "cs", "pi", "re", "du", "dp", "evt"].contains(&prefix);
    let fine = !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    (known && fine).then(|| typed.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(typed: &str) -> SearchTerm {
        SearchTerm::parse(typed).unwrap_or_default()
    }

    #[test]
    fn a_number_is_understood_in_any_typing_and_by_its_beginning() {
        let whole = Some(("ROL-7KQ2M9XA".to_owned(), "ROL-7KQ2M9XA".to_owned()));
        for typed in ["ROL-7KQ2M9XA", "rol 7kq2 m9xa", "7kq2m9xa"] {
            assert_eq!(term(typed).numbers, whole, "{typed}");
        }
        let begun = Some(("ROL-7K".to_owned(), "ROL-7KZZZZZZ".to_owned()));
        for typed in ["7k", "rol-7k", "ROL 7K"] {
            assert_eq!(term(typed).numbers, begun, "{typed}");
        }
        for none in ["ana@example.com", "7kq2m9xa2", "lou", "山本"] {
            assert_eq!(term(none).numbers, None, "{none}");
        }
    }

    #[test]
    fn a_phone_number_is_found_as_it_is_dialled() {
        for typed in ["0151 234-5678", "(0151) 2345678", "00151 2345678"] {
            assert!(term(typed).texts.contains(&"1512345678".to_owned()), "{typed}");
        }
        assert!(term("+49 (0) 151 2345678").texts.contains(&"491512345678".to_owned()));
        assert_eq!(term("2345").texts, ["2345"]);
    }

    #[test]
    fn short_terms_are_looked_for_where_words_begin() {
        assert_eq!(term("An").texts, [" an"]);
        assert_eq!(term("李伟").texts, [" 李伟"]);
        assert_eq!(term("a").address_begins.as_deref(), Some("a"));
        assert_eq!((term("%_\\").texts, term("").texts), (vec![], vec![]));
    }

    #[test]
    fn an_id_is_one_by_its_prefix_and_a_nul_is_a_space() {
        assert_eq!(term("cs_test_a1").id.as_deref(), Some("cs_test_a1"));
        assert_eq!(term("re_nate@example.com").id, None);
        assert_eq!(term("half_life").id, None);
        assert_eq!(term("ana\0b").texts, ["ana b"]);
    }
}
