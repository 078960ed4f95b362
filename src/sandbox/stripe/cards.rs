//! Stripe's test cards and what becomes of each. Any other number is refused at the field: a stand-in must never be handed
//! a real card and seem to take it.

use super::ledger::{Decline, Instrument};
use crate::sandbox::ids;

/// What a card does when it is charged.
#[derive(Debug, Clone)]
pub enum Fate {
    Pays,
    /// Pays, and then the holder opens a dispute.
    PaysThenDisputed,
    /// The bank asks the holder to confirm.
    Challenge,
    Declines(Decline),
}

/// The cards offered on the hosted page: the number and what it does.
pub const OFFERED: [(&str, &str); 5] = [
    ("4242424242424242", "Succeeds"),
    ("4000000000000002", "Declined"),
    ("4000000000009995", "Insufficient funds"),
    ("4000002500003155", "Asks for 3-D Secure"),
    ("4000000000000259", "Succeeds, then disputed"),
];

/// A card as typed.
#[derive(Debug, Clone)]
pub struct Card {
    /// Digits only.
    pub number: String,
    pub exp_month: i64,
    /// Four digits.
    pub exp_year: i64,
}

impl Card {
    /// A card with a far expiry, for callers that only name a number.
    pub fn of(number: &str) -> Self {
        Self { number: digits(number), exp_month: 12, exp_year: 2034 }
    }

    /// What will happen, or the sentence to show at the number's field.
    pub fn fate(&self) -> Result<Fate, &'static str> {
        if !luhn(&self.number) {
            return Err("Your card number is invalid.");
        }
        Ok(match self.number.as_str() {
            "4242424242424242" | "4000056655665556" | "5555555555554444" | "378282246310005" => Fate::Pays,
            "4000000000000259" => Fate::PaysThenDisputed,
            "4000002500003155" | "4000002760003184" => Fate::Challenge,
            "4000000000000002" => {
                Fate::Declines(decline("card_declined", Some("generic_decline"), "Your card was declined."))
            }
            "4000000000009995" => Fate::Declines(decline(
                "card_declined",
                Some("insufficient_funds"),
                "Your card has insufficient funds.",
            )),
            "4000000000000069" => {
                Fate::Declines(decline("expired_card", Some("expired_card"), "Your card has expired."))
            }
            "4000000000000127" => Fate::Declines(decline(
                "incorrect_cvc",
                Some("incorrect_cvc"),
                "Your card's security code is incorrect.",
            )),
            "4000000000000119" => Fate::Declines(decline(
                "processing_error",
                Some("processing_error"),
                "An error occurred while processing your card. Try again in a little bit.",
            )),
            _ => return Err("This is not one of the test cards. Never type a real card here."),
        })
    }

    pub fn instrument(&self) -> Instrument {
        let brand = match self.number.as_bytes().first() {
            Some(b'5') => "mastercard",
            Some(b'3') => "amex",
            _ => "visa",
        };
        Instrument::Card {
            id: ids::stripe_id("pm_"),
            brand: brand.to_owned(),
            last4: self.number[self.number.len().saturating_sub(4)..].to_owned(),
            exp_month: self.exp_month,
            exp_year: self.exp_year,
            country: "US".to_owned(),
        }
    }
}

pub fn decline(code: &str, decline_code: Option<&str>, message: &str) -> Decline {
    Decline { code: code.to_owned(), decline_code: decline_code.map(str::to_owned), message: message.to_owned() }
}

/// The ASCII digits of what was typed.
pub fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn luhn(number: &str) -> bool {
    if !(12..=19).contains(&number.len()) {
        return false;
    }
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, byte)| {
            let digit = u32::from(byte.wrapping_sub(b'0'));
            match (at % 2 == 1, digit * 2) {
                (false, _) => digit,
                (true, doubled) if doubled > 9 => doubled - 9,
                (true, doubled) => doubled,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}
