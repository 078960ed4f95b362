//! Reading single fields of Stripe's JSON. What is of another type or out of all proportion counts as absent, so that
//! nothing odd gets past here into a sum, a column or an index.

use serde_json::Value;

use crate::domain::timestamp::Timestamp;

/// Stripe's ids have some tens of characters, and may grow to this many.
const LONGEST_ID: usize = 255;
/// Characters that are kept of a text.
const LONGEST_TEXT: usize = 1000;
/// Stripe's own limit for an amount has twelve digits; sums of such never overflow.
const LARGEST_AMOUNT: i64 = 999_999_999_999;
/// 9999-12-31: no database's calendar goes further.
const LAST_SECOND: i64 = 253_402_300_799;

/// `None` for what is no JSON. PostgreSQL's text can't hold a NUL, which JSON can: it is dropped from every text.
pub(super) fn parse(body: &str) -> Option<Value> {
    let mut value = serde_json::from_str(body).ok()?;
    if body.contains("\\u0000") {
        drop_nul(&mut value);
    }
    Some(value)
}

fn drop_nul(value: &mut Value) {
    match value {
        Value::String(text) => text.retain(|c| c != '\0'),
        Value::Array(items) => items.iter_mut().for_each(drop_nul),
        Value::Object(fields) => fields.values_mut().for_each(drop_nul),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    let text = value.pointer(pointer)?.as_str().filter(|text| !text.is_empty())?;
    Some(text.char_indices().nth(LONGEST_TEXT).map_or(text, |(end, _)| &text[..end]))
}

/// Of an id a part is none. It may become a part of an address: letters, digits and what stands between them.
pub(super) fn id<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    let fine = |id: &&str| id.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    short(value, pointer).filter(fine)
}

/// A text that may be looked for.
pub(super) fn short<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str().filter(|text| (1..=LONGEST_ID).contains(&text.len()))
}

/// An id, or the object that it was expanded to.
pub(super) fn reference(object: &Value, key: &str) -> Option<String> {
    id(object, &format!("/{key}")).or_else(|| id(object, &format!("/{key}/id"))).map(str::to_owned)
}

/// Minor units.
pub(super) fn amount(object: &Value, key: &str) -> Option<i64> {
    object.get(key).and_then(Value::as_i64).filter(|minor| is_amount(*minor))
}

pub(super) fn is_amount(minor: i64) -> bool {
    (0..=LARGEST_AMOUNT).contains(&minor)
}

/// Stripe counts whole seconds.
pub(super) fn time(value: &Value, pointer: &str) -> Option<Timestamp> {
    let seconds = value.pointer(pointer)?.as_i64().filter(|seconds| (0..=LAST_SECOND).contains(seconds))?;
    Some(Timestamp::from_seconds(seconds))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_out_of_all_proportion_counts_as_absent() {
        let long = "é".repeat(2000);
        let object =
            json!({ "id": long, "name": long, "amount": i64::MAX, "less": -1, "created": i64::MAX, "fine": 5 });
        assert_eq!((id(&object, "/id"), reference(&object, "id")), (None, None));
        assert_eq!(text(&object, "/name").map(|text| text.chars().count()), Some(LONGEST_TEXT));
        assert_eq!(
            (amount(&object, "amount"), amount(&object, "less"), amount(&object, "fine")),
            (None, None, Some(5))
        );
        assert_eq!((time(&object, "/created"), time(&object, "/fine")), (None, Some(Timestamp::from_seconds(5))));
    }

    #[test]
    fn a_nul_is_dropped_wherever_it_stands() {
        let value = parse(r#"{"a":["x\u0000y",{"b":"\u0000"}],"c":"\\u0000"}"#).unwrap();
        assert_eq!(value, json!({ "a": ["xy", { "b": "" }], "c": "\\u0000" }));
    }
}
