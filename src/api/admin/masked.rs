//! Bodies and remarks for eyes that need not read buyers' addresses (`domain::masking` knows what is left of one).
//! JSON keeps its shape: it can still be seen what came, and not of whom.

use serde_json::Value;

use crate::domain::masking;

/// What stands under a key that ends so is about a person.
const PERSONAL: &[&str] = &[
    "email",
    "name",
    "phone",
    "line1",
    "line2",
    "city",
    "postal_code",
    "zip",
    "street",
    "address",
    "shipping_address",
    "ip",
    "ip_address",
    "phone_number",
];
const HIDDEN: &str = "•••";

/// A body as somebody without the right to addresses sees it. What is not JSON can't be masked, and is not shown.
pub fn body(raw: &str) -> String {
    match serde_json::from_str(raw) {
        Ok(value) => pretty(&masked(value, false)),
        Err(_) => "Not JSON: shown to those who may see buyers' addresses.".to_owned(),
    }
}

/// JSON set out to be read; anything else as it is.
pub fn legible(raw: &str) -> String {
    serde_json::from_str::<Value>(raw).map_or_else(|_| raw.to_owned(), |value| pretty(&value))
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn masked(value: Value, personal: bool) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(key, value)| {
                    // An object under a personal key is looked into: its parts have names of their own, or are hidden.
                    let about_a_person = personal || is_personal(&key);
                    (text(&key), masked(value, about_a_person))
                })
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(|item| masked(item, personal)).collect()),
        Value::String(words) if personal && !words.is_empty() => {
            Value::String(if words.contains('@') { text(&words) } else { HIDDEN.to_owned() })
        }
        Value::String(words) => Value::String(text(&words)),
        Value::Number(_) if personal => Value::String(HIDDEN.to_owned()),
        other => other,
    }
}

fn is_personal(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    PERSONAL.iter().any(|personal| {
        key.strip_suffix(personal).is_some_and(|before| before.is_empty() || before.ends_with(['_', '-', '.']))
    })
}

/// Words with whatever looks like an e-mail address masked.
pub fn text(words: &str) -> String {
    if !words.contains('@') {
        return words.to_owned();
    }
    let is_part = |c: char| c.is_alphanumeric() || "@.!#$%&'*+/=?^_`{|}~-".contains(c);
    let mut out = String::with_capacity(words.len());
    let mut rest = words;
    while let Some(start) = rest.find(is_part) {
        let token = &rest[start..];
        let end = token.find(|c| !is_part(c)).unwrap_or(token.len());
        out.push_str(&rest[..start]);
        let (token, after) = token.split_at(end);
        out.push_str(&if token.contains('@') { masking::email(token) } else { token.to_owned() });
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_body_keeps_its_shape_and_names_nobody() {
        let raw = r#"{"id":"evt_1","type":"checkout.session.completed","data":{"object":{"amount_total":49900,
            "customer_email":"ana@example.com","customer_details":{"email":"ana@example.com","name":"Ana Lovelace",
            "phone":491512345678,"address":{"line1":"Torstraße 1","postal_code":"10119","country":"DE"}},
            "metadata":{"note":"write to <ana@example.com>, please"},"receipts":["ana@example.com"]}}}"#;
        let shown = body(raw);
        for secret in ["ana@", "Lovelace", "4915", "Torstra", "10119"] {
            assert!(!shown.contains(secret), "{secret} is in {shown}");
        }
        for kept in ["evt_1", "49900", "a•••@example.com", "checkout.session.completed", "please"] {
            assert!(shown.contains(kept), "{kept} is not in {shown}");
        }
        assert!(!body("ana@example.com, no JSON").contains("ana"));
        assert!(legible(raw).contains("Torstraße 1"));
    }

    #[test]
    fn words_lose_addresses_and_nothing_else() {
        assert_eq!(text("spoke with ana@example.com (Ana), fine"), "spoke with a•••@example.com (Ana), fine");
        assert_eq!(text("nothing here"), "nothing here");
        assert_eq!(text("@"), "•••@");
    }

    proptest::proptest! {
        #[test]
        fn no_words_whatever_make_it_panic(words: String) {
            let _ = (text(&words), body(&words), legible(&words));
        }
    }
}
