//! Names and times the stand-ins hand out: random identifiers in each provider's own shape, the system clock in the units
//! their APIs use. Nothing here is a secret; uniqueness is all that is asked of an identifier.

use rand::Rng;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc2822;
use time::macros::format_description;

/// Three digits of the second, always: such times sort as text.
const MILLIS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

fn draw(alphabet: &[u8], count: usize) -> String {
    let mut rng = rand::rng();
    (0..count).map(|_| char::from(alphabet[rng.random_range(0..alphabet.len())])).collect()
}

/// A Stripe-shaped identifier: the prefix and 24 letters and digits, `pi_3Kd…`.
pub fn stripe_id(prefix: &str) -> String {
    format!("{prefix}{}", draw(LETTERS, 24))
}

/// A checkout session identifier; Stripe makes these longer than the rest.
pub fn session_id() -> String {
    format!("cs_test_{}", draw(LETTERS, 58))
}

/// A Twilio-shaped identifier: the prefix and 32 lower-case hexadecimal digits.
pub fn twilio_sid(prefix: &str) -> String {
    format!("{prefix}{}", uuid::Uuid::new_v4().simple())
}

/// An identifier for a thing only the sandbox itself names.
pub fn local_id(prefix: &str) -> String {
    format!("{prefix}{}", draw(LETTERS, 16))
}

/// Seconds since 1970.
pub fn now_seconds() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

/// Milliseconds since 1970.
pub fn now_millis() -> i64 {
    (OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000) as i64
}

/// Milliseconds since 1970 as RFC 3339 in UTC, with milliseconds; empty for a time no calendar has.
pub fn rfc3339(millis: i64) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000)
        .ok()
        .and_then(|at| at.format(MILLIS).ok())
        .unwrap_or_default()
}

/// The present moment as RFC 3339 in UTC.
pub fn now_rfc3339() -> String {
    rfc3339(now_millis())
}

/// The present moment as e-mail and Twilio write it.
pub fn now_rfc2822() -> String {
    OffsetDateTime::now_utc().format(&Rfc2822).unwrap_or_default()
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|half| char::from(DIGITS[usize::from(half)])).collect()
}
