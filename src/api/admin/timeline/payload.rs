//! Payloads for people: JSON in lines, not without end, and for eyes that need not read addresses without them.

use serde_json::Value;

use crate::domain::masking;

/// Characters of a payload that a page shows.
const MOST: usize = 6000;
/// What is personal wherever it stands in a payload.
const PERSONAL: &[&str] = &[
    "email",
    "receipt_email",
    "customer_email",
    "name",
    "phone",
    "phone_number",
    "line1",
    "line2",
    "city",
    "postal_code",
    "address",
    "shipping_address",
    "to",
    "body",
];

/// Pretty-printed; what is no JSON is shown as it is.
pub fn shown(raw: &str, masked: bool) -> String {
    let text = match serde_json::from_str::<Value>(raw) {
        Ok(mut value) => {
            if masked {
                mask(&mut value, false);
            }
            serde_json::to_string_pretty(&value).unwrap_or_default()
        }
        Err(_) if masked => mask_text(raw),
        Err(_) => raw.to_owned(),
    };
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}\n… cut here: {} more characters", &text[..end], text[end..].chars().count()),
        None => text,
    }
}

fn mask(value: &mut Value, personal: bool) {
    match value {
        Value::String(text) if personal && !text.is_empty() => {
            *text = if text.contains('@') { masking::email(text) } else { "•••".to_owned() };
        }
        Value::String(text) => *text = mask_text(text),
        Value::Array(items) => items.iter_mut().for_each(|item| mask(item, personal)),
        Value::Object(fields) => {
            for (key, field) in fields {
                // A country alone leads to nobody.
                let is_personal = PERSONAL.contains(&key.to_ascii_lowercase().as_str());
                mask(field, key != "country" && (personal || is_personal));
            }
        }
        _ => {}
    }
}

/// Masks what looks like an e-mail address or a phone number inside a text.
pub fn mask_text(text: &str) -> String {
    let between = |c: char| c.is_whitespace() || "\"'<>(),;:[]{}=".contains(c);
    text.split_inclusive(between)
        .map(|piece| {
            let word = piece.trim_end_matches(between);
            let rest = &piece[word.len()..];
            let is_phone = word
                .strip_prefix('+')
                .is_some_and(|digits| digits.len() >= 8 && digits.bytes().all(|b| b.is_ascii_digit()));
            if word.contains('@') && word.contains('.') {
                format!("{}{rest}", masking::email(word))
            } else if is_phone {
                format!("{}{rest}", masking::phone(word))
            } else {
                piece.to_owned()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_to_a_person_is_masked_wherever_it_stands() {
        let raw = r#"{"data":{"object":{"id":"cs_1","customer_details":{"email":"ana@example.com","name":"Ana López",
            "phone":"+4915123456789","address":{"line1":"Torstraße 1","city":"Berlin","country":"DE"}}},
            "note":"sent to ana@example.com (again), +4915123456789"}}"#;
        let masked = shown(raw, true);
        for told in ["cs_1", "DE", "a•••@example.com", "sent to", "•••• 89"] {
            assert!(masked.contains(told), "{told}: {masked}");
        }
        for secret in ["ana@", "López", "Torstraße", "Berlin", "4915123456789"] {
            assert!(!masked.contains(secret), "{secret}: {masked}");
        }
        assert!(shown(raw, false).contains("Torstraße 1"));
        assert_eq!(shown("no JSON of ana@example.com", true), "no JSON of a•••@example.com");
    }

    #[test]
    fn a_payload_is_in_lines_and_has_an_end() {
        assert_eq!(shown(r#"{"a":{"b":1}}"#, false), "{\n  \"a\": {\n    \"b\": 1\n  }\n}");
        let long = shown(&format!("\"{}\"", "é".repeat(9000)), false);
        assert!(long.chars().count() < MOST + 60 && long.contains("more characters"), "{}", long.len());
    }

    proptest::proptest! {
        #[test]
        fn masking_never_panics_and_leaves_no_address(text: String, name in "[a-z]{2,8}") {
            let _ = shown(&text, true);
            let address = format!("{name}@example.com");
            let masked = mask_text(&format!("x {address} y"));
            proptest::prop_assert!(!masked.contains(&address));
        }
    }
}
