//! The last net under everything that is written for machines and strangers to read: what looks like an address, a
//! number to call, a card or a key is left out. What has no look of its own (a name, a street) must not be written in
//! the first place; nothing here would find it.

use std::borrow::Cow;

const LEFT_OUT: &str = "…";
/// How secrets begin that may stand in a text.
const SECRETS: &[&str] = &["sk_", "rk_", "pk_", "whsec_"];

/// The text without them. It is copied only if there is something to leave out.
pub fn mask(text: &str) -> Cow<'_, str> {
    let suspicious = |b: u8| matches!(b, b'@' | b'%' | b'+') || b.is_ascii_digit();
    if !text.bytes().any(suspicious) && !SECRETS.iter().any(|secret| text.contains(secret)) {
        return Cow::Borrowed(text);
    }
    let words = words(text);
    let numbers = numbers(&words);
    match numbers {
        Cow::Borrowed(_) => words,
        Cow::Owned(masked) => Cow::Owned(masked),
    }
}

/// What ends a word.
fn ends_word(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(
            c,
            '"' | '\'' | '`' | '<' | '>' | '(' | ')' | '{' | '}' | '[' | ']' | ',' | ';' | '|' | '=' | '&' | '\\'
        )
}

/// Addresses and secrets: words by themselves.
fn words(text: &str) -> Cow<'_, str> {
    let mut masked = String::new();
    let mut copied = 0;
    let mut start = 0;
    let ends = text.char_indices().filter(|(_, c)| ends_word(*c)).map(|(at, c)| (at, at + c.len_utf8()));
    for (end, next) in ends.chain([(text.len(), text.len())]) {
        if is_telling(&text[start..end]) {
            masked.push_str(&text[copied..start]);
            masked.push_str(LEFT_OUT);
            copied = end;
        }
        start = next;
    }
    if copied == 0 && masked.is_empty() {
        return Cow::Borrowed(text);
    }
    masked.push_str(&text[copied..]);
    Cow::Owned(masked)
}

fn is_telling(word: &str) -> bool {
    let address = |at: &str| word.split_once(at).is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    let secret = |prefix: &str| {
        let mut before = word.match_indices(prefix).map(|(at, _)| word[..at].chars().next_back());
        before.any(|before| before.is_none_or(|c| !c.is_alphanumeric() && c != '_')) && word.len() > prefix.len() + 3
    };
    address("@") || address("%40") || SECRETS.iter().any(|prefix| secret(prefix))
}

/// Numbers to call (they begin with a plus) and cards (by their check digit), however they are set out.
fn numbers(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut masked = String::new();
    let mut copied = 0;
    let mut at = 0;
    while at < bytes.len() {
        let plus = if bytes[at] == b'+' {
            1
        } else if bytes[at..].starts_with(b"%2B") {
            3
        } else {
            0
        };
        let in_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
        if plus == 0 && (!bytes[at].is_ascii_digit() || in_word) {
            at += 1;
            continue;
        }
        let (end, digits) = number(bytes, at + plus);
        let goes_on = bytes.get(end).is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_');
        let telling = if plus > 0 { digits.len() >= 7 } else { !goes_on && is_card(&digits) };
        if telling {
            masked.push_str(&text[copied..at]);
            masked.push_str(LEFT_OUT);
            copied = end;
        }
        at = end.max(at + 1);
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    masked.push_str(&text[copied..]);
    Cow::Owned(masked)
}

/// Where the number that begins here ends, and its digits. Between two of them may stand one or two separators.
fn number(bytes: &[u8], start: usize) -> (usize, Vec<u8>) {
    let mut digits = Vec::new();
    let (mut at, mut end) = (start, start);
    while at < bytes.len() && at - end <= 2 {
        match bytes[at] {
            digit if digit.is_ascii_digit() => {
                digits.push(digit - b'0');
                end = at + 1;
            }
            b' ' | b'-' | b'.' | b'(' | b')' | b'/' => {}
            _ => break,
        }
        at += 1;
    }
    (end, digits)
}

fn is_card(digits: &[u8]) -> bool {
    let sum = digits.iter().rev().enumerate().map(|(n, &digit)| {
        let doubled = u32::from(digit) * if n % 2 == 1 { 2 } else { 1 };
        if doubled > 9 { doubled - 9 } else { doubled }
    });
    (13..=19).contains(&digits.len()) && sum.sum::<u32>() % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_of_a_person_is_left_out() {
        for (text, told) in [
            ("mail ana.b+x@example.com bounced", "mail … bounced"),
            (r#"{"email":"ana@example.com","n":1}"#, r#"{"email":"…","n":1}"#),
            ("email=ana%40example.com&color=x", "email=…&color=x"),
            ("to '+49 151 2345678' failed", "to '…' failed"),
            ("Phone=%2B4915112345678&x", "Phone=…&x"),
            ("card 4242 4242 4242 4242 declined", "card … declined"),
            ("card 4242424242424242.", "card …."),
            ("key sk_test_abcdef1 is wrong", "key … is wrong"),
            ("Klaviyo-API-Key pk_0123456789", "Klaviyo-API-Key …"),
            ("postgres://me:secret@db/rolitt is away", "… is away"),
            ("Ünï@exämple.com", "…"),
        ] {
            assert_eq!(mask(text), told);
        }
    }

    #[test]
    fn what_we_need_to_find_our_way_stays() {
        for text in [
            "delivery=dlv_0199a1b2c3d4e5f60718293a4b5c6d7e attempts=3",
            "2026-11-20T17:54:16.123456Z  WARN rolitt: a delivery failed",
            "pi_3QabcdEFGH chk_0199 took 1234 ms, 49900 of 10000000",
            "trace_id=01980000000070008000000000000001 +1 -1 @ home",
            "127.0.0.1:55432 + 2",
        ] {
            assert!(matches!(mask(text), Cow::Borrowed(same) if same == text), "{}", mask(text));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_whatever_makes_it_panic_and_no_address_gets_through(before: String, after: String) {
            let masked = mask(&format!("{before} ana@example.com {after}")).into_owned();
            proptest::prop_assert!(!masked.contains("ana@example.com"));
        }
    }
}
