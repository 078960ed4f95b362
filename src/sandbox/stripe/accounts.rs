//! What belongs to the account as a whole: who it is, its balance, and the webhook endpoints made through the API.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::error::Refusal;
use super::ledger::{ChargeStatus, Ledger, Receiver};
use super::{known, params, render};
use crate::sandbox::form::Form;
use crate::sandbox::ids;

pub fn create_receiver(ledger: &mut Ledger, form: &Form) -> Result<Value, Refusal> {
    params::check(form, &[known::RECEIVER])?;
    let url = params::required(form, "url")?.to_owned();
    if !url::Url::parse(&url).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
        return Err(Refusal::invalid("Invalid URL: An explicit scheme (such as https) must be provided.")
            .code("url_invalid")
            .param("url"));
    }
    let enabled_events = form.list("enabled_events");
    if enabled_events.is_empty() {
        return Err(Refusal::missing("enabled_events"));
    }
    let receiver = Receiver {
        id: ids::stripe_id("we_"),
        created: ids::now_seconds(),
        url,
        secret: ids::stripe_id("whsec_"),
        enabled_events,
        description: form.filled("description").map(str::to_owned),
        metadata: params::metadata(form, "metadata")?,
    };
    let shown = render::receiver(&receiver, true);
    ledger.receivers.put(receiver);
    Ok(shown)
}

pub fn account() -> Value {
    json!({
        "id": "acct_1RolittSandbox00", "object": "account", "business_type": "company", "charges_enabled": true,
        "country": "US", "created": 1_700_000_000, "default_currency": "usd", "details_submitted": true,
        "email": "sandbox@rolitt.example", "payouts_enabled": true, "type": "standard",
        "settings": null, "metadata": {},
    })
}

/// What came in less what was given back, by currency.
pub fn balance(ledger: &Ledger) -> Value {
    let mut sums = BTreeMap::<&str, i64>::new();
    for charge in ledger.charges.iter().filter(|charge| charge.status == ChargeStatus::Succeeded) {
        *sums.entry(&charge.currency).or_default() += charge.amount - charge.amount_refunded;
    }
    sums.entry("usd").or_default();
    let amounts: Vec<Value> = sums
        .into_iter()
        .map(|(currency, amount)| json!({ "amount": amount, "currency": currency, "source_types": { "card": amount } }))
        .collect();
    json!({ "object": "balance", "available": amounts, "livemode": false, "pending": [] })
}
