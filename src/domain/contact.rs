//! How to reach a buyer. A value of these types has been read and put into one form; what could not be read is an
//! error that says what is wrong, for the field it was typed into.

/// Why a typed text is no contact. The words people read for these are in `ui/text`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContactError {
    #[error("is missing")]
    Missing,
    #[error("is too long")]
    TooLong,
    #[error("is not an e-mail address")]
    NotAnEmail,
    #[error("is not a phone number in international form, such as +49 151 23456789")]
    NotAPhone,
    #[error("contains characters that cannot be kept")]
    BadCharacters,
}

/// An address in the form that we compare and store: trimmed, the domain and the local part in lower case. (RFC 5321
/// lets a server tell `Ana@` from `ana@`; no provider that people use does, and two leads for one person cost more.)
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// The longest address that can be a path of SMTP.
    const MAX: usize = 254;

    pub fn parse(typed: &str) -> Result<Self, ContactError> {
        let trimmed = typed.trim();
        if trimmed.is_empty() {
            return Err(ContactError::Missing);
        }
        if trimmed.len() > Self::MAX {
            return Err(ContactError::TooLong);
        }
        let (local, domain) = trimmed.rsplit_once('@').ok_or(ContactError::NotAnEmail)?;
        if !is_local_part(local) || !is_domain(domain) {
            return Err(ContactError::NotAnEmail);
        }
        Ok(Self(trimmed.to_lowercase()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The dot-atom of RFC 5322 plus letters beyond ASCII (RFC 6531). Quoted local parts exist on paper only.
fn is_local_part(local: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~-.".contains(c);
    (1..=64).contains(&local.len())
        && local.chars().all(allowed)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
}

fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last_is_a_word = domain.rsplit('.').next().is_some_and(|l| l.len() > 1 && l.chars().any(char::is_alphabetic));
    domain.len() <= 253 && domain.contains('.') && domain.split('.').all(is_label) && last_is_a_word
}

/// A phone number in E.164: `+` and 8 to 15 digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Phone(String);

impl Phone {
    /// Spaces, dots, dashes and brackets are how people group digits; `00` is how they dial `+`.
    pub fn parse(typed: &str) -> Result<Self, ContactError> {
        let dialled: String = typed.trim().chars().filter(|c| !" .-()/\u{a0}".contains(*c)).collect();
        if dialled.is_empty() {
            return Err(ContactError::Missing);
        }
        let digits = dialled.strip_prefix('+').or_else(|| dialled.strip_prefix("00")).ok_or(ContactError::NotAPhone)?;
        let fine =
            (8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
        if fine { Ok(Self(format!("+{digits}"))) } else { Err(ContactError::NotAPhone) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A person's name, as they write it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct PersonName(String);

impl PersonName {
    const MAX_CHARS: usize = 200;

    pub fn parse(typed: &str) -> Result<Self, ContactError> {
        let name = typed.split_whitespace().collect::<Vec<_>>().join(" ");
        if name.is_empty() {
            return Err(ContactError::Missing);
        }
        if name.chars().count() > Self::MAX_CHARS {
            return Err(ContactError::TooLong);
        }
        if name.chars().any(char::is_control) {
            return Err(ContactError::BadCharacters);
        }
        Ok(Self(name))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_in_one_form() {
        assert_eq!(
            Email::parse(" Ana.Lopez+rolitt@Example.COM ").map(|e| e.0),
            Ok("ana.lopez+rolitt@example.com".into())
        );
        assert!(Email::parse("李伟@例子.中国").is_ok());
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for wrong in [
            "ana",
            "ana@",
            "@example.com",
            "ana@example",
            "ana@@example.com",
            "ana@exa mple.com",
            "a na@example.com",
            "ana@-example.com",
            "ana@example..com",
            ".ana@example.com",
            "ana.@example.com",
            "ana@example.c",
            "ana@127.0.0.1",
            "<ana@example.com>",
            "ana@example.com\r\nBcc: x@y.zz",
            "ana\0@example.com",
        ] {
            assert_eq!(Email::parse(wrong), Err(ContactError::NotAnEmail), "{wrong:?}");
        }
        assert_eq!(Email::parse("  "), Err(ContactError::Missing));
        assert_eq!(Email::parse(&format!("{}@example.com", "a".repeat(250))), Err(ContactError::TooLong));
        assert_eq!(Email::parse(&format!("{}@example.com", "a".repeat(65))), Err(ContactError::NotAnEmail));
    }

    #[test]
    fn a_phone_number_is_read_however_it_is_grouped() {
        for typed in ["+49 151 2345-6789", "0049 (151) 23456789", "+4915123456789"] {
            assert_eq!(Phone::parse(typed).map(|p| p.0), Ok("+4915123456789".into()), "{typed}");
        }
        for wrong in ["0151 23456789", "+49", "+0123456789", "+49151234567890123", "call me"] {
            assert_eq!(Phone::parse(wrong), Err(ContactError::NotAPhone), "{wrong}");
        }
    }

    #[test]
    fn a_name_keeps_its_letters_and_loses_its_extra_spaces() {
        assert_eq!(PersonName::parse("  Ana   María ").map(|n| n.0), Ok("Ana María".into()));
        assert_eq!(PersonName::parse("李\u{7}伟"), Err(ContactError::BadCharacters));
        assert_eq!(PersonName::parse(&"a".repeat(201)), Err(ContactError::TooLong));
    }

    proptest::proptest! {
        #[test]
        fn parsing_never_panics_and_is_idempotent(typed: String) {
            if let Ok(email) = Email::parse(&typed) {
                proptest::prop_assert_eq!(Email::parse(email.as_str()), Ok(email.clone()));
            }
            if let Ok(phone) = Phone::parse(&typed) {
                proptest::prop_assert_eq!(Phone::parse(phone.as_str()), Ok(phone.clone()));
            }
        }

        #[test]
        fn an_ordinary_address_is_accepted(local in "[a-z0-9]{1,20}(\\.[a-z0-9]{1,10})?", domain in "[a-z0-9]{1,20}\\.[a-z]{2,6}") {
            let address = format!("{local}@{domain}");
            proptest::prop_assert_eq!(Email::parse(&address.to_uppercase()).map(|e| e.0), Ok(address));
        }
    }
}
