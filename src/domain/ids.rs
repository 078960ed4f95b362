//! Ids are prefixed text (`pre_…`, `dlv_…`): a log line says what it speaks of, and an id of one thing is never
//! taken for another's. The preorder number is what people read aloud.

use super::text_enum::UnknownWord;

macro_rules! prefixed_id {
    ($($(#[$meta:meta])* $name:ident => $prefix:literal),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub const PREFIX: &'static str = $prefix;

            /// `unique` is what makes it one of its kind; the prefix is put before it.
            pub fn from_unique(unique: &str) -> Self {
                Self(format!("{}{unique}", Self::PREFIX))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                let wrong = || UnknownWord { what: stringify!($name), given: text.chars().take(64).collect() };
                let rest = text.strip_prefix(Self::PREFIX).ok_or_else(wrong)?;
                let fine = (1..=64).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_alphanumeric());
                fine.then(|| Self(text.to_owned())).ok_or_else(wrong)
            }
        }
    )+};
}

prefixed_id! {
    PreorderId => "pre_",
    /// One try to pay a preorder: one Checkout Session.
    AttemptId => "chk_",
    DeliveryId => "dlv_",
    WebhookId => "wh_",
    AdminId => "adm_",
    /// A session of an admin's, for people to end it by.
    SessionId => "ses_",
    InvitationId => "inv_",
    AuditId => "aud_",
    RefundId => "ref_",
    DisputeId => "dis_",
    LedgerId => "led_",
    NoteId => "note_",
    ViewId => "view_",
    /// A list of preorders between its preview and the act.
    OrderListId => "lst_",
    /// A walk through Stripe's records.
    WalkId => "wlk_",
    /// Something that Stripe says otherwise.
    DifferenceId => "dif_",
}

/// `ROL-` and eight characters without look-alikes: what a buyer reads to support over the phone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct PreorderNumber(String);

impl PreorderNumber {
    const ALPHABET: &'static [u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";
    const LENGTH: usize = 8;

    /// Takes its eight characters from `random`, which must be evenly spread: 30⁸ numbers, six hundred billion.
    pub fn from_random(mut random: u64) -> Self {
        let base = Self::ALPHABET.len() as u64;
        let mut number = String::from("ROL-");
        for _ in 0..Self::LENGTH {
            number.push(char::from(Self::ALPHABET[(random % base) as usize]));
            random /= base;
        }
        Self(number)
    }

    /// Reads any typing: lower case, spaces, with or without `ROL-`.
    pub fn parse(typed: &str) -> Option<Self> {
        let letters: String =
            typed.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
        let code = letters.strip_prefix("ROL").filter(|c| c.len() == Self::LENGTH).unwrap_or(&letters);
        let fine = code.len() == Self::LENGTH && code.bytes().all(|b| Self::ALPHABET.contains(&b));
        fine.then(|| Self(format!("ROL-{code}")))
    }

    /// The first and the last number whose eight characters begin with `code`, which is in capitals.
    pub fn beginning_with(code: &str) -> Option<(String, String)> {
        let fine = (1..=Self::LENGTH).contains(&code.len()) && code.bytes().all(|b| Self::ALPHABET.contains(&b));
        fine.then(|| (format!("ROL-{code}"), format!("ROL-{code:Z<width$}", width = Self::LENGTH)))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for PreorderNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_understood_however_it_is_typed() {
        let number = PreorderNumber::parse("ROL-7KQ2M9XA");
        assert!(number.is_some());
        for typed in ["rol-7kq2m9xa", " ROL 7KQ2 M9XA ", "7kq2m9xa", "rol7kq2m9xa"] {
            assert_eq!(PreorderNumber::parse(typed), number, "{typed}");
        }
        for wrong in ["", "ROL-", "ROL-7KQ2M9X", "ROL-7KQ2M9XAA", "ROL-0KQ2M9XA", "ROL-IKQ2M9XA", "ana@example.com"] {
            assert_eq!(PreorderNumber::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_id_of_one_kind_is_not_taken_for_another() {
        assert!("pre_01".parse::<PreorderId>().is_ok());
        assert!("dlv_01".parse::<PreorderId>().is_err());
        assert!("pre_".parse::<PreorderId>().is_err());
        assert!("pre_a' or 1=1".parse::<PreorderId>().is_err());
    }

    proptest::proptest! {
        #[test]
        fn every_number_made_is_a_number_read(random: u64) {
            let number = PreorderNumber::from_random(random);
            proptest::prop_assert_eq!(PreorderNumber::parse(number.as_str()), Some(number.clone()));
            proptest::prop_assert!(!number.as_str()[4..].contains(['0', 'O', '1', 'I', 'L', 'U']));
        }
    }
}
