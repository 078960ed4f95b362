//! `POST /v1/checkout/sessions`: reads the parameters, refuses what Stripe would refuse, and puts an open session on the
//! shelf. One-time payments only; `subscription` and `setup` are refused rather than half done.

use super::error::Refusal;
use super::known;
use super::ledger::{Ledger, Line, Session, SessionStatus};
use super::params::{self, boolean, choice, integer, metadata, required};
use super::{currency, line_items};
use crate::sandbox::form::Form;
use crate::sandbox::ids;

const DAY: i64 = 86_400;
const MOST: i64 = 99_999_999;
const LOCALES: &[&str] = &[
    "auto", "bg", "cs", "da", "de", "el", "en", "en-GB", "es", "es-419", "et", "fi", "fil", "fr", "fr-CA", "hr", "hu",
    "id", "it", "ja", "ko", "lt", "lv", "ms", "mt", "nb", "nl", "pl", "pt", "pt-BR", "ro", "ru", "sk", "sl", "sv",
    "th", "tr", "vi", "zh", "zh-HK", "zh-TW",
];
const METHODS: &[&str] = &[
    "acss_debit",
    "affirm",
    "afterpay_clearpay",
    "alipay",
    "amazon_pay",
    "au_becs_debit",
    "bacs_debit",
    "bancontact",
    "blik",
    "boleto",
    "card",
    "cashapp",
    "customer_balance",
    "eps",
    "fpx",
    "grabpay",
    "ideal",
    "klarna",
    "konbini",
    "link",
    "mobilepay",
    "multibanco",
    "oxxo",
    "p24",
    "paynow",
    "paypal",
    "pix",
    "promptpay",
    "revolut_pay",
    "sepa_debit",
    "swish",
    "twint",
    "us_bank_account",
    "wechat_pay",
    "zip",
];

/// Opens a session and returns its identifier.
pub fn open(ledger: &mut Ledger, form: &Form) -> Result<String, Refusal> {
    params::check(form, &[known::SESSION])?;
    required(form, "mode")?;
    let mode = choice(form, "mode", &["payment", "setup", "subscription"])?;
    if mode != Some("payment") {
        return Err(Refusal::invalid("The sandbox serves `mode=payment` only.").param("mode"));
    }
    if choice(form, "ui_mode", &["hosted_page", "hosted", "embedded_page", "embedded", "elements", "custom", "form"])?
        .is_some_and(|ui| !ui.starts_with("hosted"))
    {
        return Err(Refusal::invalid("The sandbox serves the hosted page only.").param("ui_mode"));
    }
    if !form.has("line_items") {
        return Err(Refusal::missing("line_items"));
    }
    let now = ids::now_seconds();
    let lines = form
        .indices("line_items")
        .into_iter()
        .map(|index| line_items::line(ledger, form, index, now))
        .collect::<Result<Vec<_>, _>>()?;
    let (currency, amount_total) = total(form, &lines)?;
    let success_url = address(form, "success_url")?.ok_or_else(|| Refusal::missing("success_url"))?;
    let customer = form.filled("customer").map(str::to_owned);
    if let Some(id) = &customer
        && ledger.customers.get(id).is_none()
    {
        return Err(Refusal::no_such("customer", id, "customer"));
    }
    if customer.is_some() && form.has("customer_email") {
        return Err(Refusal::invalid("You may only specify one of these parameters: customer, customer_email.")
            .code("parameters_exclusive")
            .param("customer_email"));
    }
    let customer_email = match form.get("customer_email") {
        Some(value) => Some(params::email(value, "customer_email")?),
        None => customer.as_deref().and_then(|id| ledger.customers.get(id)?.email.clone()),
    };
    if form.get("client_reference_id").is_some_and(|id| id.chars().count() > 200) {
        return Err(Refusal::invalid("Invalid string: must be at most 200 characters").param("client_reference_id"));
    }
    let session = Session {
        id: ids::session_id(),
        created: now,
        expires_at: expiry(form, now)?,
        status: SessionStatus::Open,
        paid: false,
        payment_method_types: methods(form, &currency)?,
        currency,
        amount_total,
        lines,
        success_url,
        cancel_url: address(form, "cancel_url")?,
        client_reference_id: form.filled("client_reference_id").map(str::to_owned),
        customer,
        customer_email,
        customer_creation_always: choice(form, "customer_creation", &["always", "if_required"])? == Some("always"),
        locale: choice(form, "locale", LOCALES)?.map(str::to_owned),
        metadata: metadata(form, "metadata")?,
        phone_collection: boolean(form, "phone_number_collection[enabled]")?.unwrap_or(false),
        shipping_countries: countries(form)?,
        billing_address_required: choice(form, "billing_address_collection", &["auto", "required"])?
            == Some("required"),
        submit_type: choice(form, "submit_type", &["auto", "book", "donate", "pay", "subscribe"])?.map(str::to_owned),
        intent_metadata: metadata(form, "payment_intent_data[metadata]")?,
        intent_description: form.filled("payment_intent_data[description]").map(str::to_owned),
        intent_receipt_email: form
            .filled("payment_intent_data[receipt_email]")
            .map(|value| params::email(value, "payment_intent_data[receipt_email]"))
            .transpose()?,
        intent: None,
        buyer: None,
        challenge: None,
    };
    let id = session.id.clone();
    ledger.sessions.put(session);
    Ok(id)
}

fn total(form: &Form, lines: &[Line]) -> Result<(String, i64), Refusal> {
    let currency = lines.first().map(|line| line.price.currency.clone()).unwrap_or_default();
    if lines.iter().any(|line| line.price.currency != currency) {
        return Err(Refusal::invalid("All line items must have the same currency.").param("line_items"));
    }
    if let Some(given) = form.filled("currency")
        && currency::parse(given, "currency")? != currency
    {
        return Err(Refusal::invalid(format!("The prices are not available in {given}.")).param("currency"));
    }
    let total =
        lines.iter().fold(0_i64, |sum, line| sum.saturating_add(line.price.unit_amount.saturating_mul(line.quantity)));
    let least = currency::minimum(&currency);
    if total < least {
        return Err(Refusal::invalid(format!(
            "The Checkout Session's total amount due must add up to at least {}",
            currency::written(least, &currency)
        ))
        .code("amount_too_small"));
    }
    if total > MOST {
        return Err(Refusal::invalid(format!(
            "The Checkout Session's total amount must be no more than {}",
            currency::written(MOST, &currency)
        ))
        .code("amount_too_large"));
    }
    Ok((currency, total))
}

fn address(form: &Form, name: &str) -> Result<Option<String>, Refusal> {
    let Some(value) = form.get(name) else { return Ok(None) };
    // The template is no legal part of every address; stand a word in for it while looking.
    let probe = value.replace("{CHECKOUT_SESSION_ID}", "id");
    let well = url::Url::parse(&probe).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if well && value.len() <= 5_000 {
        Ok(Some(value.to_owned()))
    } else {
        Err(Refusal::invalid("Not a valid URL").code("url_invalid").param(name))
    }
}

fn expiry(form: &Form, now: i64) -> Result<i64, Refusal> {
    let Some(at) = integer(form, "expires_at")? else { return Ok(now + DAY) };
    // A minute of grace either way: the caller's clock is not ours.
    if at < now + 30 * 60 - 60 {
        return Err(Refusal::invalid(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.",
        )
        .param("expires_at"));
    }
    if at > now + DAY + 60 {
        return Err(Refusal::invalid(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
        )
        .param("expires_at"));
    }
    Ok(at)
}

/// The methods shown: as asked, else what Stripe's dashboard would offer: cards and the bank debit of the currency.
fn methods(form: &Form, currency: &str) -> Result<Vec<String>, Refusal> {
    for name in ["payment_method_types", "allowed_payment_method_types"] {
        let given = form.list(name);
        if let Some((index, bad)) = given.iter().enumerate().find(|(_, kind)| !METHODS.contains(&kind.as_str())) {
            return Err(Refusal::invalid(format!(
                "Invalid {name}[{index}]: must be one of {}. You gave: {bad}",
                METHODS.join(", ")
            ))
            .param(format!("{name}[{index}]")));
        }
        if !given.is_empty() {
            return Ok(given);
        }
    }
    let debit = debit_kind(currency).map(str::to_owned);
    Ok(std::iter::once("card".to_owned()).chain(debit).collect())
}

/// Which bank debit goes with a currency, if any.
pub fn debit_kind(currency: &str) -> Option<&'static str> {
    match currency {
        "usd" => Some("us_bank_account"),
        "eur" => Some("sepa_debit"),
        "gbp" => Some("bacs_debit"),
        "aud" => Some("au_becs_debit"),
        "cad" => Some("acss_debit"),
        _ => None,
    }
}

fn countries(form: &Form) -> Result<Vec<String>, Refusal> {
    let name = "shipping_address_collection[allowed_countries]";
    let given = form.list(name);
    match given.iter().enumerate().find(|(_, code)| code.len() != 2 || !code.bytes().all(|b| b.is_ascii_uppercase())) {
        Some((index, bad)) => {
            Err(Refusal::invalid(format!("Invalid country: {bad}")).param(format!("{name}[{index}]")))
        }
        None => Ok(given),
    }
}
