//! Stripe's signature over the raw bytes: `Stripe-Signature: t=…,v1=…`, an HMAC-SHA256 of `{t}.{body}`.
//! Tolerance: five minutes into the past, as Stripe's own libraries have it, and as much into the future.

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::domain::timestamp::Timestamp;

pub const TOLERANCE_SECONDS: i64 = 300;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("the Stripe-Signature header is missing")]
    Missing,
    #[error("the Stripe-Signature header can't be read")]
    Malformed,
    #[error("the signature is older or newer than the tolerance of five minutes")]
    OutOfTolerance,
    #[error("no signature matches any of our secrets")]
    NoMatch,
}

impl SignatureError {
    /// For metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::OutOfTolerance => "out_of_tolerance",
            Self::NoMatch => "no_match",
        }
    }
}

/// Several secrets may be valid while one is rotated; several `v1` may stand in the header for the same reason.
pub fn verify(header: Option<&str>, body: &[u8], secrets: &[String], now: Timestamp) -> Result<(), SignatureError> {
    let header = header.ok_or(SignatureError::Missing)?;
    let mut signed_at = None;
    let mut signatures = Vec::new();
    for part in header.split(',') {
        match part.trim().split_once('=') {
            Some(("t", text)) => signed_at = Some(text),
            // One that can't be read is no reason against another that matches.
            Some(("v1", text)) => signatures.extend(decode_hex(text)),
            // Stripe may add schemes; `v0` is for its own tests.
            Some(_) => {}
            None => return Err(SignatureError::Malformed),
        }
    }
    let signed_at = signed_at.ok_or(SignatureError::Malformed)?;
    let seconds: i64 = signed_at.parse().map_err(|_| SignatureError::Malformed)?;
    if signatures.is_empty() {
        return Err(SignatureError::Malformed);
    }
    // Which is checked first tells a forger nothing: both answer 400.
    let matches = secrets.iter().any(|secret| {
        signatures
            .iter()
            .any(|signature| hmac(secret, signed_at, body).is_some_and(|mac| mac.verify_slice(signature).is_ok()))
    });
    if !matches {
        return Err(SignatureError::NoMatch);
    }
    if now.seconds().abs_diff(seconds) > TOLERANCE_SECONDS.unsigned_abs() {
        return Err(SignatureError::OutOfTolerance);
    }
    Ok(())
}

fn hmac(secret: &str, signed_at: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(signed_at.as_bytes());
    mac.update(b".");
    mac.update(body);
    Some(mac)
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    // Digits alone: Rust's numbers may bear a sign.
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

/// A header as Stripe would write it, for tests that speak as Stripe.
#[cfg(test)]
pub fn sign(secret: &str, body: &[u8], at: Timestamp) -> String {
    use std::fmt::Write;
    let signed_at = at.seconds().to_string();
    let mac = hmac(secret, &signed_at, body).unwrap().finalize().into_bytes();
    let hex = mac.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    });
    format!("t={signed_at},v1={hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"id":"evt_1"}"#;

    fn now() -> Timestamp {
        Timestamp::from_seconds(1_700_000_000)
    }

    fn secrets() -> Vec<String> {
        vec!["whsec_old".to_owned(), "whsec_new".to_owned()]
    }

    fn check(header: &str) -> Result<(), SignatureError> {
        verify(Some(header), BODY, &secrets(), now())
    }

    #[test]
    fn either_secret_opens_while_one_is_rotated() {
        assert_eq!(check(&sign("whsec_old", BODY, now())), Ok(()));
        assert_eq!(check(&sign("whsec_new", BODY, now())), Ok(()));
        assert_eq!(check(&sign("whsec_other", BODY, now())), Err(SignatureError::NoMatch));
        let two = format!("{},v1={}", sign("whsec_new", BODY, now()), "0".repeat(64));
        assert_eq!(check(&two), Ok(()));
        let odd = format!("{},v1=tomorrow", sign("whsec_new", BODY, now()));
        assert_eq!(check(&odd), Ok(()));
    }

    #[test]
    fn a_signature_holds_for_five_minutes_either_way() {
        let at = |seconds: i64| check(&sign("whsec_old", BODY, Timestamp::from_seconds(1_700_000_000 + seconds)));
        assert_eq!((at(-300), at(300)), (Ok(()), Ok(())));
        assert_eq!((at(-301), at(301)), (Err(SignatureError::OutOfTolerance), Err(SignatureError::OutOfTolerance)));
    }

    #[test]
    fn one_changed_byte_breaks_it() {
        let header = sign("whsec_old", BODY, now());
        assert_eq!(verify(Some(&header), br#"{"id":"evt_2"}"#, &secrets(), now()), Err(SignatureError::NoMatch));
        let moved = header.replacen("t=1700000000", "t=1700000001", 1);
        assert_eq!(check(&moved), Err(SignatureError::NoMatch));
    }

    #[test]
    fn a_header_that_can_not_be_read_is_refused() {
        assert_eq!(verify(None, BODY, &secrets(), now()), Err(SignatureError::Missing));
        for odd in ["", "t=", "t=1", "v1=00", "t=x,v1=00", "t=1,v1=zz", "nonsense", "t=1,,v1=", "t=1,v1=é"] {
            assert_eq!(check(odd), Err(SignatureError::Malformed), "{odd}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_header_whatever_opens_or_panics(header: String, body: Vec<u8>) {
            proptest::prop_assert!(verify(Some(&header), &body, &secrets(), now()).is_err());
        }
    }
}
