//! Changes to JSON that know its shape: a field is taken away, renamed, given another type, another's id, a far date, a
//! foreign currency, a number that overflows, or a hundred levels of nesting.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

#[derive(Debug, Clone)]
pub struct Mutation {
    /// Which of the document's places, modulo their number; or one of those that matter.
    place: Place,
    act: Act,
}

#[derive(Debug, Clone)]
enum Place {
    Any(usize),
    Named(&'static str),
}

#[derive(Debug, Clone)]
enum Act {
    Delete,
    Rename(String),
    Replace(Value),
    /// Another text of the same document, or of one of the others.
    Swap(usize),
    Nest(usize),
    Grow(usize),
}

const THAT_MATTER: &[&str] = &[
    "/type",
    "/created",
    "/data/object",
    "/data/object/id",
    "/data/object/amount",
    "/data/object/amount_total",
    "/data/object/amount_received",
    "/data/object/currency",
    "/data/object/created",
    "/data/object/status",
    "/data/object/payment_status",
    "/data/object/payment_intent",
    "/data/object/client_reference_id",
    "/data/object/metadata",
    "/data/object/metadata/preorder_id",
    "/data/object/metadata/attempt_id",
    "/data/object/metadata/refund_id",
    "/data/object/last_payment_error",
    "/data/object/evidence_details/due_by",
    "/data/object/collected_information/shipping_details/address/country",
    "/data/object/reason",
];

fn odd_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        select(vec![
            json!(null),
            json!(true),
            json!([]),
            json!({}),
            json!(0),
            json!(-1),
            json!(1),
            json!(49_900),
            json!(-49_900),
            json!(499.0),
            json!(1e300),
            json!(i64::MAX),
            json!(i64::MIN),
            json!(u64::MAX),
            json!(999_999_999_999_i64),
            json!(253_402_300_800_i64),
            json!(""),
            json!(" "),
            json!("usd"),
            json!("jpy"),
            json!("xau"),
            json!("USD"),
            json!("paid"),
            json!("unpaid"),
            json!("no_payment_required"),
            json!("succeeded"),
            json!("failed"),
            json!("canceled"),
            json!("won"),
            json!("lost"),
            json!("prevented"),
            json!("needs_response"),
            json!("warning_closed"),
            json!("checkout.session.completed"),
            json!("checkout.session.expired"),
            json!("checkout.session.async_payment_failed"),
            json!("payment_intent.succeeded"),
            json!("refund.updated"),
            json!("charge.refunded"),
            json!("charge.dispute.closed"),
            json!("pre_nobody"),
            json!("a\u{0}b"),
            json!("\u{202e}💸\u{7f}"),
            json!({ "id": "pi_expanded", "object": "payment_intent" }),
        ]),
        any::<i64>().prop_map(|number| json!(number)),
        any::<String>().prop_map(Value::from),
    ]
}

pub fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let place = prop_oneof![2 => select(THAT_MATTER).prop_map(Place::Named), 1 => any::<usize>().prop_map(Place::Any)];
    let act = prop_oneof![
        2 => Just(Act::Delete),
        1 => any::<String>().prop_map(Act::Rename),
        6 => odd_value().prop_map(Act::Replace),
        3 => any::<usize>().prop_map(Act::Swap),
        1 => (1..200_usize).prop_map(Act::Nest),
        1 => (1..9000_usize).prop_map(Act::Grow),
    ];
    proptest::collection::vec((place, act).prop_map(|(place, act)| Mutation { place, act }), 1..5)
}

/// JSON pointers of all places in a document.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let step = |key: &str| format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields {
                places(inner, &step(key), found);
            }
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                places(inner, &step(&index.to_string()), found);
            }
        }
        _ => {}
    }
    found.push(at.to_owned());
}

/// The texts of a document, which among others are its ids.
pub fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

impl Mutation {
    /// `others`: texts of other documents.
    pub fn apply(&self, document: &mut Value, others: &[String]) {
        let place = match &self.place {
            Place::Named(pointer) => (*pointer).to_owned(),
            Place::Any(index) => {
                let mut all = Vec::new();
                places(document, "", &mut all);
                all.swap_remove(index % all.len())
            }
        };
        let (parent, key) = place.rsplit_once('/').unwrap_or_default();
        let key = key.replace("~1", "/").replace("~0", "~");
        match &self.act {
            Act::Delete => {
                if let Some(fields) = document.pointer_mut(parent).and_then(Value::as_object_mut) {
                    fields.remove(&key);
                }
            }
            Act::Rename(name) => {
                if let Some(fields) = document.pointer_mut(parent).and_then(Value::as_object_mut)
                    && let Some(value) = fields.remove(&key)
                {
                    fields.insert(name.clone(), value);
                }
            }
            Act::Replace(value) => put(document, parent, &key, &place, value.clone()),
            Act::Swap(index) => {
                let other = others.get(index % others.len().max(1)).cloned().unwrap_or_default();
                put(document, parent, &key, &place, Value::from(other));
            }
            Act::Nest(levels) => {
                if let Some(value) = document.pointer_mut(&place) {
                    let nested = (0..*levels).fold(value.take(), |inner, _| json!({ "x": inner }));
                    *value = nested;
                }
            }
            Act::Grow(times) => {
                if let Some(Value::String(text)) = document.pointer_mut(&place) {
                    *text = text.repeat(*times / text.len().max(1) + 1);
                }
            }
        }
    }
}

/// Where it stands, or anew in its parent.
fn put(document: &mut Value, parent: &str, key: &str, place: &str, new: Value) {
    if let Some(value) = document.pointer_mut(place) {
        *value = new;
    } else if let Some(fields) = document.pointer_mut(parent).and_then(Value::as_object_mut) {
        fields.insert(key.to_owned(), new);
    } else if let Some(object) = document.as_object_mut() {
        object.insert(key.to_owned(), Value::Object(Map::from_iter([("x".to_owned(), new)])));
    }
}
