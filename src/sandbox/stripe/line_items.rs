//! The lines of a checkout session: by a price that stands on the shelf, or by a price given on the spot.

use super::currency;
use super::error::Refusal;
use super::ledger::{Ledger, Line, Price};
use super::params::{integer, required};
use crate::sandbox::form::Form;
use crate::sandbox::ids;

/// Reads one line of the order.
pub fn line(ledger: &Ledger, form: &Form, index: usize, now: i64) -> Result<Line, Refusal> {
    let base = format!("line_items[{index}]");
    let quantity_name = format!("{base}[quantity]");
    let quantity = integer(form, &quantity_name)?.ok_or_else(|| {
        Refusal::invalid("Quantity is required. Add `quantity` to your line items.")
            .code("parameter_missing")
            .param(&quantity_name)
    })?;
    if !(1..=999_999).contains(&quantity) {
        return Err(Refusal::invalid("This value must be greater than or equal to 1.")
            .code("parameter_invalid_integer")
            .param(quantity_name));
    }
    let (by_id, by_data) = (format!("{base}[price]"), format!("{base}[price_data]"));
    let (price, name, description) = match (form.filled(&by_id), form.has(&by_data)) {
        (Some(_), true) => {
            return Err(Refusal::invalid(format!("You may only specify one of these parameters: {by_id}, {by_data}."))
                .code("parameters_exclusive")
                .param(by_data));
        }
        (None, false) => return Err(Refusal::missing(&by_id)),
        (Some(id), false) => {
            let price = ledger.prices.get(id).cloned().ok_or_else(|| Refusal::no_such("price", id, &by_id))?;
            if !price.active {
                return Err(Refusal::invalid(format!(
                    "The price specified is inactive. This field only accepts active prices: {id}"
                ))
                .param(by_id));
            }
            let product = ledger.products.get(&price.product);
            let name = product.map_or_else(|| id.to_owned(), |product| product.name.clone());
            (price, name, product.and_then(|product| product.description.clone()))
        }
        (None, true) => inline_price(ledger, form, &by_data, now)?,
    };
    Ok(Line { id: ids::stripe_id("li_"), name, description, price, quantity })
}

/// A price given on the spot. Stripe makes a product and a price of it; ours live in the line alone.
fn inline_price(
    ledger: &Ledger,
    form: &Form,
    base: &str,
    now: i64,
) -> Result<(Price, String, Option<String>), Refusal> {
    let currency_name = format!("{base}[currency]");
    let currency = currency::parse(required(form, &currency_name)?, &currency_name)?;
    let amount_name = format!("{base}[unit_amount]");
    let unit_amount = integer(form, &amount_name)?.ok_or_else(|| Refusal::missing(&amount_name))?;
    if unit_amount < 0 {
        return Err(Refusal::invalid("This value must be greater than or equal to 0.")
            .code("parameter_invalid_integer")
            .param(amount_name));
    }
    if form.has(&format!("{base}[recurring]")) {
        return Err(Refusal::invalid("You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.").param(format!("{base}[recurring]")));
    }
    let product_name = format!("{base}[product]");
    let (product, name, description) = if let Some(id) = form.filled(&product_name) {
        let known = ledger.products.get(id).ok_or_else(|| Refusal::no_such("product", id, &product_name))?;
        (id.to_owned(), known.name.clone(), known.description.clone())
    } else {
        let name = required(form, &format!("{base}[product_data][name]"))?.to_owned();
        let description = form.filled(&format!("{base}[product_data][description]")).map(str::to_owned);
        (ids::stripe_id("prod_"), name, description)
    };
    let price = Price {
        id: ids::stripe_id("price_"),
        created: now,
        product,
        currency,
        unit_amount,
        active: false,
        nickname: None,
        lookup_key: None,
        metadata: super::ledger::Metadata::new(),
    };
    Ok((price, name, description))
}
