//! The signature's header: whatever stands in it, nothing panics, and what is let in is exactly what a second verifier,
//! written here and as simply as can be, lets in.

use proptest::prelude::*;
use proptest::sample::select;
use sha2::{Digest, Sha256};

use super::holds;
use crate::domain::timestamp::Timestamp;
use crate::providers::payments::stripe::signature::{sign, verify};

const NOW: i64 = 1_700_000_000;
const BODY: &[u8] = br#"{"id":"evt_1","type":"charge.refunded"}"#;
const SECRETS: [&str; 2] = ["whsec_old", "whsec_new"];

/// RFC 2104, by hand.
fn hmac_hex(key: &str, message: &[u8]) -> String {
    let mut block = [0_u8; 64];
    block[..key.len()].copy_from_slice(key.as_bytes());
    let digest = |pad: u8, rest: &[u8]| {
        let start: Vec<u8> = block.iter().map(|byte| byte ^ pad).collect();
        Sha256::digest([start.as_slice(), rest].concat())
    };
    let mac = digest(0x5c, &digest(0x36, message));
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    mac.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// A header is a list of `name=value`. The last `t` counts, a whole number of seconds within five minutes of now; one `v1`
/// is the signature by one of our secrets, in hexadecimal digits. Other names, and other signatures, are not ours.
fn lets_in(header: &str, body: &[u8]) -> bool {
    let fields: Vec<&str> = header.split(',').map(str::trim).collect();
    if fields.iter().any(|field| !field.contains('=')) {
        return false;
    }
    let values = |name: &str| -> Vec<&str> {
        fields.iter().filter_map(|field| field.split_once('=')).filter(|f| f.0 == name).map(|f| f.1).collect()
    };
    let (times, signatures) = (values("t"), values("v1"));
    let Some(time) = times.last() else { return false };
    let Ok(seconds) = time.parse::<i128>() else { return false };
    let message = [time.as_bytes(), b".", body].concat();
    (seconds - i128::from(NOW)).abs() <= 300
        && SECRETS
            .iter()
            .any(|secret| signatures.iter().any(|given| given.to_ascii_lowercase() == hmac_hex(secret, &message)))
}

#[derive(Debug, Clone)]
enum Change {
    None,
    Case,
    /// At a byte, modulo the length.
    Drop(usize),
    Insert(usize, char),
    Swap(usize, usize),
    Repeat(usize),
    /// Of a `0` in the digits, which Rust's numbers would read on as one.
    Sign,
    Field(String),
    FieldFirst(String),
    Space,
}

fn change() -> impl Strategy<Value = Change> {
    let odd = select(vec!['0', 'f', 'g', '=', ',', ' ', '+', '-', '\t', '\0', 'é', '　', '１', 'v', 't']);
    let field = prop_oneof![
        Just("v0=00".to_owned()),
        Just("t=99999999999999999999999999".to_owned()),
        Just(format!("t={NOW}")),
        Just(format!("t=+{NOW}")),
        Just(format!("v1={}", "0".repeat(64))),
        Just(format!("v1={}", "é".repeat(32))),
        Just("v1=".to_owned()),
        Just("=".to_owned()),
        Just(String::new()),
        "[a-z0-9]{0,4}=?[ -~]{0,70}",
        any::<String>(),
    ];
    prop_oneof![
        Just(Change::None),
        Just(Change::Case),
        any::<usize>().prop_map(Change::Drop),
        (any::<usize>(), odd).prop_map(|(at, c)| Change::Insert(at, c)),
        (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Change::Swap(a, b)),
        (1..30_usize).prop_map(Change::Repeat),
        Just(Change::Sign),
        field.clone().prop_map(Change::Field),
        field.prop_map(Change::FieldFirst),
        Just(Change::Space),
    ]
}

fn changed(header: String, change: &Change) -> String {
    let letters: Vec<char> = header.chars().collect();
    let at = |index: usize| index % letters.len().max(1);
    match change {
        Change::None => header,
        Change::Case => header.to_ascii_uppercase().replace("T=", "t=").replace("V1=", "v1="),
        Change::Drop(index) => letters.iter().enumerate().filter(|(i, _)| *i != at(*index)).map(|(_, c)| *c).collect(),
        Change::Insert(index, odd) => {
            let (before, after) = letters.split_at(at(*index));
            before.iter().chain([odd]).chain(after).collect()
        }
        Change::Swap(a, b) => {
            let mut letters = letters.clone();
            if !letters.is_empty() {
                letters.swap(at(*a), at(*b));
            }
            letters.into_iter().collect()
        }
        Change::Repeat(times) => vec![header; *times].join(","),
        Change::Sign => header
            .split_once("v1=")
            .map_or(header.clone(), |(before, digits)| format!("{before}v1={}", digits.replacen('0', "+", 1))),
        Change::Field(field) => format!("{header},{field}"),
        Change::FieldFirst(field) => format!("{field},{header}"),
        Change::Space => header.replace(',', " ,  "),
    }
}

#[test]
fn a_header_is_let_in_exactly_if_a_second_verifier_lets_it_in() {
    let secrets: Vec<String> = SECRETS.iter().map(|secret| (*secret).to_owned()).collect();
    let secret = select(vec![SECRETS[0], SECRETS[1], "whsec_other"]);
    let ago = prop_oneof![-3..3_i64, 298..303_i64, -303..-298_i64, any::<i64>()];
    let near = (secret, ago, proptest::collection::vec(change(), 0..4)).prop_map(|(secret, ago, changes)| {
        let header = sign(secret, BODY, Timestamp::from_seconds(NOW.saturating_add(ago)));
        changes.iter().fold(header, changed)
    });
    let any_header = prop_oneof![6 => near, 1 => any::<String>(), 1 => "(t=[0-9]{1,30}|v1=[0-9a-f]{0,70}|,| |=){0,9}"];
    let let_in = std::cell::Cell::new(0);
    holds("signature", 1000, true, &any_header, |header| {
        let ours = verify(Some(&header), BODY, &secrets, Timestamp::from_seconds(NOW)).is_ok();
        prop_assert_eq!(ours, lets_in(&header, BODY), "{:?}", header);
        let_in.set(let_in.get() + usize::from(ours));
        Ok(())
    });
    assert!(let_in.get() > 0, "no header was good: nothing was tried");
}

#[test]
fn a_body_that_was_changed_by_one_bit_is_not_let_in() {
    let secrets = vec![SECRETS[0].to_owned()];
    let now = Timestamp::from_seconds(NOW);
    let header = sign(SECRETS[0], BODY, now);
    holds("changed bodies", 300, true, &(0..BODY.len(), 0..8_u32), |(at, bit)| {
        let mut body = BODY.to_vec();
        body[at] ^= 1 << bit;
        prop_assert!(verify(Some(&header), &body, &secrets, now).is_err());
        Ok(())
    });
}
