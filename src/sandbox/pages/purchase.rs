//! From what was typed to an attempt on the ledger, shared by the hosted page and the JSON control: reads card, expiry and
//! buyer, names the field that is wrong, and runs the attempt under the fault controls.

use std::collections::BTreeMap;

use crate::sandbox::core::{Core, Origin, lock};
use crate::sandbox::form::Form;
use crate::sandbox::ids;
use crate::sandbox::stripe::attempt::{self, Answer, Closed};
use crate::sandbox::stripe::cards::{Card, Fate, decline, digits};
use crate::sandbox::stripe::ledger::{Buyer, Session, Shipping};
use crate::sandbox::stripe::params;

/// Messages by the name of the field they belong to.
pub type Errors = BTreeMap<&'static str, String>;

/// A card payment, read and right.
pub struct CardPayment {
    pub card: Card,
    pub fate: Fate,
    pub buyer: Buyer,
}

/// Reads the hosted page's form.
pub fn read(form: &Form, session: &Session) -> Result<CardPayment, Errors> {
    let mut errors = Errors::new();
    let mut card = Card::of(form.get("card").unwrap_or_default());
    let fate = if card.number.is_empty() {
        errors.insert("card", "Your card number is incomplete.".to_owned());
        None
    } else {
        card.fate().map_err(|message| errors.insert("card", message.to_owned())).ok()
    };
    match expiry(form.get("expiry").unwrap_or_default()) {
        Ok((month, year)) => (card.exp_month, card.exp_year) = (month, year),
        Err(message) => {
            errors.insert("expiry", message.to_owned());
        }
    }
    if !(3..=4).contains(&digits(form.get("cvc").unwrap_or_default()).len()) {
        errors.insert("cvc", "Your card's security code is incomplete.".to_owned());
    }
    let buyer = buyer(form, session, &mut errors);
    match (errors.is_empty(), fate) {
        (true, Some(fate)) => Ok(CardPayment { card, fate, buyer }),
        _ => Err(errors),
    }
}

/// Reads who pays; a bank debit needs no more than this.
pub fn buyer(form: &Form, session: &Session, errors: &mut Errors) -> Buyer {
    let text = |name: &str| form.filled(name).map(|value| value.trim().to_owned());
    let email = text("email").or_else(|| session.customer_email.clone());
    match &email {
        None => {
            errors.insert("email", "Your email is needed for the receipt.".to_owned());
        }
        Some(email) => {
            if let Err(refusal) = params::email(email, "email") {
                errors.insert("email", refusal.message);
            }
        }
    }
    let shipping = (!session.shipping_countries.is_empty()).then(|| {
        let mut need = |name: &'static str, message: &str| {
            text(name).unwrap_or_else(|| {
                errors.insert(name, message.to_owned());
                String::new()
            })
        };
        Shipping {
            name: need("ship_name", "Who should it go to?"),
            line1: need("ship_line1", "The street is missing."),
            line2: None,
            city: need("ship_city", "The city is missing."),
            state: text("ship_state"),
            postal_code: need("ship_postal", "The postal code is missing."),
            country: need("ship_country", "The country is missing."),
        }
    });
    if let Some(to) = shipping.as_ref().filter(|to| !to.country.is_empty())
        && !session.shipping_countries.contains(&to.country)
    {
        errors.insert("ship_country", "The shop does not ship there.".to_owned());
    }
    let phone = session.phone_collection.then(|| text("phone")).flatten();
    if session.phone_collection && phone.is_none() {
        errors.insert("phone", "Your phone number is missing.".to_owned());
    }
    Buyer { email, name: text("name"), phone, country: text("country"), shipping }
}

/// A buyer for callers that type nothing, with all the session asks for.
pub fn example_buyer(session: &Session) -> Buyer {
    let country = home(&session.shipping_countries);
    Buyer {
        email: Some(session.customer_email.clone().unwrap_or_else(|| "buyer@example.com".to_owned())),
        name: Some("Test Buyer".to_owned()),
        phone: session.phone_collection.then(|| "+15555550100".to_owned()),
        country: Some("US".to_owned()),
        shipping: country.map(|country| Shipping { country, ..example_shipping() }),
    }
}

/// The example address is American: that country if the shop ships there, else its first.
pub fn home(countries: &[String]) -> Option<String> {
    countries.iter().find(|code| *code == "US").or_else(|| countries.first()).cloned()
}

pub fn example_shipping() -> Shipping {
    Shipping {
        name: "Test Buyer".to_owned(),
        line1: "510 Townsend St".to_owned(),
        line2: None,
        city: "San Francisco".to_owned(),
        state: Some("CA".to_owned()),
        postal_code: "94103".to_owned(),
        country: "US".to_owned(),
    }
}

/// Month and four-digit year of `12 / 34`, `1234` or `12/2034`.
fn expiry(text: &str) -> Result<(i64, i64), &'static str> {
    let digits = digits(text);
    let incomplete = "Your card's expiration date is incomplete.";
    let (month, year) = match digits.len() {
        3 => digits.split_at(1),
        4 | 6 => digits.split_at(2),
        _ => return Err(incomplete),
    };
    let month: i64 = month.parse().map_err(|_| incomplete)?;
    let year: i64 = year.parse().map_err(|_| incomplete)?;
    let year = if year < 100 { year + 2000 } else { year };
    if !(1..=12).contains(&month) {
        return Err("Your card's expiration date is invalid.");
    }
    let today = time::OffsetDateTime::from_unix_timestamp(ids::now_seconds()).map_err(|_| incomplete)?;
    if (year, month) < (i64::from(today.year()), i64::from(u8::from(today.month()))) {
        return Err("Your card's expiration year is in the past.");
    }
    Ok((month, year))
}

/// Runs a card payment; with `decline_all` every card is refused.
pub fn pay(core: &Core, session_id: &str, payment: CardPayment) -> Result<Answer, Closed> {
    let CardPayment { card, fate, buyer } = payment;
    let fate = if lock(&core.desk).faults().stripe.decline_all {
        Fate::Declines(decline("card_declined", Some("generic_decline"), "Your card was declined."))
    } else {
        fate
    };
    core.act(&Origin::default(), |ledger| attempt::by_card(ledger, session_id, &card, fate, buyer))
}

/// Where the buyer goes after a session is complete.
pub fn success_address(session: &Session) -> String {
    session.success_url.replace("{CHECKOUT_SESSION_ID}", &session.id)
}

/// Where the buyer goes who turns back, if the shop named a place.
pub fn cancel_address(session: &Session) -> Option<String> {
    session.cancel_url.as_ref().map(|address| address.replace("{CHECKOUT_SESSION_ID}", &session.id))
}
