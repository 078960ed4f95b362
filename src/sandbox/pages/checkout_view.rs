//! The checkout page as HTML. The button that pays stands first in the form, so that Enter presses it; everything below it
//! is for trying things out.

use axum::response::Response;

use super::layout::{each, esc, page};
use super::purchase::{Errors, cancel_address, example_shipping, home};
use crate::sandbox::form::Form;
use crate::sandbox::stripe::cards::OFFERED;
use crate::sandbox::stripe::currency::written;
use crate::sandbox::stripe::ledger::Session;

const COUNTRIES: &[(&str, &str)] = &[
    ("AU", "Australia"),
    ("AT", "Austria"),
    ("BE", "Belgium"),
    ("BR", "Brazil"),
    ("CA", "Canada"),
    ("CN", "China"),
    ("DK", "Denmark"),
    ("FI", "Finland"),
    ("FR", "France"),
    ("DE", "Germany"),
    ("HK", "Hong Kong"),
    ("IN", "India"),
    ("IE", "Ireland"),
    ("IT", "Italy"),
    ("JP", "Japan"),
    ("KR", "Korea"),
    ("MX", "Mexico"),
    ("NL", "Netherlands"),
    ("NZ", "New Zealand"),
    ("NO", "Norway"),
    ("SG", "Singapore"),
    ("ES", "Spain"),
    ("SE", "Sweden"),
    ("CH", "Switzerland"),
    ("TW", "Taiwan"),
    ("GB", "United Kingdom"),
    ("US", "United States"),
];

/// All the page shows.
pub struct Shown<'a> {
    pub session: &'a Session,
    pub typed: &'a Form,
    pub errors: &'a Errors,
    /// Why the last attempt failed.
    pub alert: Option<String>,
}

pub fn view(status: u16, shown: &Shown) -> Response {
    let session = shown.session;
    let amount = written(session.amount_total, &session.currency);
    let lines = each(&session.lines, |line| {
        let total = written(line.price.unit_amount.saturating_mul(line.quantity), &line.price.currency);
        let times = if line.quantity > 1 { format!(" × {}", line.quantity) } else { String::new() };
        let about = line.description.as_ref().map(|text| format!("<br><span class=\"soft\">{}</span>", esc(text)));
        format!("<li><span>{}{times}{}</span><span>{total}</span></li>", esc(&line.name), about.unwrap_or_default())
    });
    let back = cancel_address(session)
        .map(|address| format!("<p><a href=\"{}\">Back to the shop</a></p>", esc(&address)))
        .unwrap_or_default();
    let alert = match (&shown.alert, shown.errors.len()) {
        (Some(text), _) => format!(
            "<div class=\"alert\" role=\"alert\"><strong>{}</strong> Nothing was charged. Try another card, or the same one again.</div>",
            esc(text)
        ),
        (None, 0) => String::new(),
        (None, _) => "<div class=\"alert\" role=\"alert\">Please look at the marked fields again.</div>".to_owned(),
    };
    let body = format!(
        "<main class=\"till\"><section class=\"sum\" aria-labelledby=\"what\"><p class=\"tag\">Sandbox · no money moves</p>\
         <h1 id=\"what\">{name}</h1><p class=\"price\">{amount}</p><ul class=\"lines\">{lines}</ul>{back}</section>\
         <section class=\"card\" aria-labelledby=\"how\"><h2 id=\"how\">Pay by card</h2>{alert}{form}</section></main>",
        name = esc(session.lines.first().map_or("Checkout", |line| line.name.as_str())),
        form = form(shown, &amount),
    );
    page(status, &format!("Pay {amount}"), &body)
}

fn form(shown: &Shown, amount: &str) -> String {
    let email = shown.session.customer_email.as_deref().unwrap_or_default();
    let fields = [
        input(shown, "email", "Email", "type=\"email\" autocomplete=\"off\"", email),
        input(
            shown,
            "card",
            "Card number",
            "inputmode=\"numeric\" autocomplete=\"off\" placeholder=\"4242 4242 4242 4242\"",
            "",
        ),
        format!(
            "<div class=\"pair\"><div>{}</div><div>{}</div></div>",
            input(shown, "expiry", "Expiry", "inputmode=\"numeric\" autocomplete=\"off\" placeholder=\"MM / YY\"", ""),
            input(shown, "cvc", "CVC", "inputmode=\"numeric\" autocomplete=\"off\" placeholder=\"123\"", "")
        ),
        input(shown, "name", "Name on card", "autocomplete=\"off\"", ""),
        select(shown, "country", "Country", COUNTRIES, "US"),
        shipping(shown),
    ]
    .concat();
    let picks = each(OFFERED, |(number, what)| {
        let spaced: Vec<&str> =
            (0..number.len()).step_by(4).map(|at| &number[at..(at + 4).min(number.len())]).collect();
        format!(
            "<button name=\"act\" value=\"fill:{number}\" formnovalidate><code>{}</code>\
             <span class=\"soft\">{what}</span></button>",
            spaced.join(" ")
        )
    });
    let debit =
        shown.session.payment_method_types.iter().any(|kind| kind.ends_with("_debit") || kind == "us_bank_account");
    let bank = if debit { BANK } else { "" };
    format!(
        "<form method=\"post\" action=\"/sandbox/checkout/{id}\" novalidate>{fields}\
         <button class=\"main\" name=\"act\" value=\"pay\">Pay {amount}</button>\
         <fieldset><legend>Test cards</legend><p class=\"soft\">Fills the form; any later date and any code will do.</p>\
         <div class=\"picks\">{picks}</div></fieldset>{bank}\
         <fieldset><legend>Leave it</legend><div class=\"row\"><button name=\"act\" value=\"expire\" formnovalidate>Let it expire</button></div>\
         </fieldset></form>",
        id = esc(&shown.session.id),
    )
}

const BANK: &str = "<fieldset><legend>Bank debit</legend><p class=\"soft\">Pending at first, decided by the bank later.</p>\
    <label for=\"delay_ms\">The bank decides</label><select id=\"delay_ms\" name=\"delay_ms\">\
    <option value=\"0\">at once</option><option value=\"5000\">after 5 seconds</option>\
    <option value=\"60000\">after a minute</option><option value=\"600000\">after 10 minutes</option></select><p></p>\
    <div class=\"row\"><button name=\"act\" value=\"bank_succeeds\">Use bank debit (succeeds)</button>\
    <button name=\"act\" value=\"bank_fails\">Use bank debit (fails)</button></div></fieldset>";

/// Asked for only when the shop collects them; filled with an example, since this is a place to try things.
fn shipping(shown: &Shown) -> String {
    let mut html = String::new();
    if shown.session.phone_collection {
        html += &input(shown, "phone", "Phone", "type=\"tel\" autocomplete=\"off\"", "+15555550100");
    }
    let Some(home) = home(&shown.session.shipping_countries) else { return html };
    let example = example_shipping();
    let named = |code: &str| {
        COUNTRIES
            .iter()
            .find(|(known, _)| *known == code)
            .map_or_else(|| code.to_owned(), |(_, name)| (*name).to_owned())
    };
    let countries: Vec<(String, String)> =
        shown.session.shipping_countries.iter().map(|code| (code.clone(), named(code))).collect();
    let choices: Vec<(&str, &str)> = countries.iter().map(|(code, name)| (code.as_str(), name.as_str())).collect();
    let field = |name: &str, label: &str, example: &str| input(shown, name, label, "autocomplete=\"off\"", example);
    html.push_str("<fieldset><legend>Shipping address</legend>");
    html.push_str(&field("ship_name", "Full name", &example.name));
    html.push_str(&field("ship_line1", "Street", &example.line1));
    html.push_str(&field("ship_city", "City", &example.city));
    html.push_str("<div class=\"pair\"><div>");
    html.push_str(&field("ship_state", "State", example.state.as_deref().unwrap_or_default()));
    html.push_str("</div><div>");
    html.push_str(&field("ship_postal", "Postal code", &example.postal_code));
    html.push_str("</div></div>");
    html.push_str(&select(shown, "ship_country", "Ship to", &choices, &home));
    html.push_str("</fieldset>");
    html
}

/// A labelled field with what was typed, and the message that belongs to it.
fn input(shown: &Shown, name: &str, label: &str, more: &str, default: &str) -> String {
    let value = esc(shown.typed.get(name).unwrap_or(default));
    let (marks, message) = error(shown, name);
    let kind = if more.contains("type=") { "" } else { "type=\"text\" " };
    format!(
        "<label for=\"{name}\">{label}</label><input id=\"{name}\" name=\"{name}\" {kind}{more} value=\"{value}\"{marks}>{message}"
    )
}

fn select(shown: &Shown, name: &str, label: &str, choices: &[(&str, &str)], default: &str) -> String {
    let chosen = shown.typed.get(name).unwrap_or(default);
    let options = each(choices, |(value, text)| {
        let mark = if *value == chosen { " selected" } else { "" };
        format!("<option value=\"{}\"{mark}>{}</option>", esc(value), esc(text))
    });
    let (marks, message) = error(shown, name);
    format!(
        "<label for=\"{name}\">{label}</label><select id=\"{name}\" name=\"{name}\"{marks}>{options}</select>{message}"
    )
}

fn error(shown: &Shown, name: &str) -> (String, String) {
    match shown.errors.get(name) {
        None => (String::new(), String::new()),
        Some(text) => (
            format!(" aria-invalid=\"true\" aria-describedby=\"{name}-error\""),
            format!("<p class=\"error\" id=\"{name}-error\">{}</p>", esc(text)),
        ),
    }
}
