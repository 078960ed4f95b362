//! One invented buyer. Number five of a seed is always the same person, so one who comes back is simply drawn again.

use super::dice::{Dice, scrambled};
use super::places::{HOSTS, PLACES, Place};
use crate::domain::money::Currency;

pub struct Person {
    pub email: String,
    pub name: String,
    /// Typed into the form by some.
    pub gives_name: bool,
    pub phone: Option<String>,
    pub place: &'static Place,
    pub currency: Currency,
    pub consents: bool,
    /// On one line, as the product keeps it; it ends with the country.
    pub address: String,
    pub card_brand: &'static str,
    pub card_last4: String,
}

/// So many have an address of their own.
pub const MOST_PEOPLE: u64 = 10_000_000;
const PERSON: u64 = 0x0050_6572_736f_6e00;
const BRANDS: &[(&str, u32)] = &[("visa", 52), ("mastercard", 32), ("amex", 9), ("unionpay", 5), ("jcb", 2)];

impl Person {
    pub fn new(seed: u64, number: u64) -> Self {
        let mut dice = Dice::new(seed ^ PERSON, number);
        let all: u32 = PLACES.iter().map(|place| place.weight).sum();
        let mut left = dice.between(0, i64::from(all) - 1) as u32;
        let place = PLACES.iter().find(|place| {
            let here = left < place.weight;
            left = left.saturating_sub(place.weight);
            here
        });
        let place = place.unwrap_or(&PLACES[0]);
        let (given, family) = (dice.pick(place.given), dice.pick(place.family));
        let name = match (place.family_first, given.is_ascii()) {
            (true, false) => format!("{family}{given}"),
            (true, true) => format!("{family} {given}"),
            _ => format!("{given} {family}"),
        };
        Self {
            email: email(&mut dice, given, family, seed, number),
            gives_name: dice.chance(640),
            phone: dice.chance(190).then(|| format!("{}{}", place.dial, dice.digits(6))),
            // Some pay in dollars wherever they are.
            currency: if dice.chance(60) { Currency::Usd } else { place.currency },
            consents: dice.chance(440),
            address: address(&mut dice, &name, place),
            card_brand: dice.weighted(BRANDS),
            card_last4: dice.digits(4),
            name,
            place,
        }
    }
}

/// Nobody else has it: the number in it is the person's own, in disguise.
fn email(dice: &mut Dice, given: &str, family: &str, seed: u64, number: u64) -> String {
    let plain = |name: &str| -> String { name.chars().filter_map(plain_letter).collect::<String>().to_lowercase() };
    let (given, family) = (plain(given), plain(family));
    let (given, family) = match (given.is_empty(), family.is_empty()) {
        (true, _) | (_, true) => {
            (dice.pick(&["sunny", "quiet", "little", "lucky", "blue"]).to_owned(), "panda".to_owned())
        }
        _ => (given, family),
    };
    let local = match dice.between(0, 3) {
        0 => format!("{given}.{family}"),
        1 => format!("{given}{family}"),
        2 => format!("{}{family}", &given[..1]),
        _ => format!("{family}.{given}"),
    };
    // Steps through all numbers of seven digits, from a place that the seed gives; no two meet.
    let own = (number.wrapping_mul(7_368_787) + scrambled(seed) % 9_000_000) % MOST_PEOPLE;
    format!("{local}{own}@{}", dice.weighted(HOSTS))
}

/// Without what stands above it; nothing for a letter of another script.
const fn plain_letter(letter: char) -> Option<char> {
    Some(match letter {
        'a'..='z' | 'A'..='Z' => letter,
        'á' | 'à' | 'ã' | 'ä' | 'å' | 'ą' | 'Á' | 'Å' | 'Ä' => 'a',
        'é' | 'è' | 'ë' | 'ę' => 'e',
        'í' | 'ì' => 'i',
        'ó' | 'ò' | 'ö' | 'Ö' => 'o',
        'ú' | 'ü' => 'u',
        'ñ' => 'n',
        'ß' => 's',
        'ł' => 'l',
        _ => return None,
    })
}

fn address(dice: &mut Dice, name: &str, place: &Place) -> String {
    let (street, number) = (dice.pick(place.streets), dice.between(1, 180));
    let line = if place.number_first { format!("{number} {street}") } else { format!("{street} {number}") };
    let flat = if dice.chance(180) { format!(", Apt {}", dice.between(1, 48)) } else { String::new() };
    let postal: String = place
        .postal
        .chars()
        .map(|c| match c {
            '#' => char::from(b'0' + dice.between(1, 9) as u8),
            '@' => dice.letter(),
            other => other,
        })
        .collect();
    let (city, state) = dice.pick(place.cities);
    let state = state.map_or_else(String::new, |state| format!(", {state}"));
    format!("{name}, {line}{flat}, {postal}, {city}{state}, {}", place.country)
}
