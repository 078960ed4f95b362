//! Customers, products and prices: create, change, fetch, list. Enough of each for a shop to keep its catalogue at Stripe.

use serde_json::Value;

use super::currency;
use super::error::Refusal;
use super::known;
use super::ledger::{Customer, Ledger, Price, Product};
use super::params::{self, boolean, integer, metadata, required};
use super::render;
use crate::sandbox::form::Form;
use crate::sandbox::ids;

fn text(form: &Form, name: &str) -> Option<String> {
    form.filled(name).map(str::to_owned)
}

pub fn create_customer(ledger: &mut Ledger, form: &Form) -> Result<Value, Refusal> {
    params::check(form, &[known::CUSTOMER])?;
    let customer = Customer {
        id: ids::stripe_id("cus_"),
        created: ids::now_seconds(),
        email: form.filled("email").map(|email| params::email(email, "email")).transpose()?,
        name: text(form, "name"),
        phone: text(form, "phone"),
        description: text(form, "description"),
        metadata: metadata(form, "metadata")?,
    };
    let shown = render::customer(&customer);
    ledger.customers.put(customer);
    ledger.announce("customer.created", shown.clone());
    Ok(shown)
}

pub fn change_customer(ledger: &mut Ledger, id: &str, form: &Form) -> Result<Value, Refusal> {
    params::check(form, &[known::CUSTOMER])?;
    let email = form.filled("email").map(|email| params::email(email, "email")).transpose()?;
    let added = metadata(form, "metadata")?;
    let customer = ledger.customers.get_mut(id).ok_or_else(|| Refusal::not_found("customer", id))?;
    customer.email = email.or(customer.email.take());
    customer.name = text(form, "name").or(customer.name.take());
    customer.phone = text(form, "phone").or(customer.phone.take());
    customer.description = text(form, "description").or(customer.description.take());
    customer.metadata.extend(added);
    let shown = render::customer(customer);
    ledger.announce("customer.updated", shown.clone());
    Ok(shown)
}

pub fn create_product(ledger: &mut Ledger, form: &Form) -> Result<Value, Refusal> {
    params::check(form, &[known::PRODUCT])?;
    let name = required(form, "name")?.to_owned();
    let id = text(form, "id").unwrap_or_else(|| ids::stripe_id("prod_"));
    if ledger.products.get(&id).is_some() {
        return Err(Refusal::invalid("Product already exists.").code("resource_already_exists").param("id"));
    }
    let mut product = Product {
        id,
        created: ids::now_seconds(),
        name,
        description: text(form, "description"),
        active: boolean(form, "active")?.unwrap_or(true),
        images: form.list("images"),
        default_price: None,
        metadata: metadata(form, "metadata")?,
    };
    if form.has("default_price_data") {
        let price = price_from(form, "default_price_data[currency]", "default_price_data[unit_amount]", &product.id)?;
        product.default_price = Some(price.id.clone());
        ledger.prices.put(price);
    }
    let shown = render::product(&product);
    ledger.products.put(product);
    ledger.announce("product.created", shown.clone());
    Ok(shown)
}

pub fn change_product(ledger: &mut Ledger, id: &str, form: &Form) -> Result<Value, Refusal> {
    params::check(form, &[known::PRODUCT, &["default_price"]])?;
    let active = boolean(form, "active")?;
    let added = metadata(form, "metadata")?;
    let product = ledger.products.get_mut(id).ok_or_else(|| Refusal::not_found("product", id))?;
    product.active = active.unwrap_or(product.active);
    product.name = text(form, "name").unwrap_or_else(|| product.name.clone());
    product.description = text(form, "description").or(product.description.take());
    product.default_price = text(form, "default_price").or(product.default_price.take());
    product.metadata.extend(added);
    let shown = render::product(product);
    ledger.announce("product.updated", shown.clone());
    Ok(shown)
}

pub fn create_price(ledger: &mut Ledger, form: &Form) -> Result<Value, Refusal> {
    params::check(form, &[known::PRICE])?;
    let mut made = None;
    let product = match (text(form, "product"), form.has("product_data")) {
        (Some(id), false) if ledger.products.get(&id).is_some() => id,
        (Some(id), false) => return Err(Refusal::no_such("product", &id, "product")),
        (None, true) => {
            let product = Product {
                id: text(form, "product_data[id]").unwrap_or_else(|| ids::stripe_id("prod_")),
                created: ids::now_seconds(),
                name: required(form, "product_data[name]")?.to_owned(),
                description: None,
                active: true,
                images: Vec::new(),
                default_price: None,
                metadata: metadata(form, "product_data[metadata]")?,
            };
            made.insert(product).id.clone()
        }
        (Some(_), true) => {
            return Err(Refusal::invalid("You may only specify one of these parameters: product, product_data.")
                .code("parameters_exclusive")
                .param("product_data"));
        }
        (None, false) => return Err(Refusal::missing("product")),
    };
    let price = Price {
        active: boolean(form, "active")?.unwrap_or(true),
        nickname: text(form, "nickname"),
        lookup_key: text(form, "lookup_key"),
        metadata: metadata(form, "metadata")?,
        ..price_from(form, "currency", "unit_amount", &product)?
    };
    if let Some(product) = made {
        ledger.products.put(product);
    }
    let shown = render::price(&price);
    ledger.prices.put(price);
    ledger.announce("price.created", shown.clone());
    Ok(shown)
}

pub fn change_price(ledger: &mut Ledger, id: &str, form: &Form) -> Result<Value, Refusal> {
    params::check(
        form,
        &[&["active", "expand[#]", "lookup_key", "metadata[*]", "nickname", "tax_behavior", "transfer_lookup_key"]],
    )?;
    let active = boolean(form, "active")?;
    let added = metadata(form, "metadata")?;
    let price = ledger.prices.get_mut(id).ok_or_else(|| Refusal::not_found("price", id))?;
    price.active = active.unwrap_or(price.active);
    price.nickname = text(form, "nickname").or(price.nickname.take());
    price.lookup_key = text(form, "lookup_key").or(price.lookup_key.take());
    price.metadata.extend(added);
    let shown = render::price(price);
    ledger.announce("price.updated", shown.clone());
    Ok(shown)
}

fn price_from(form: &Form, currency_name: &str, amount_name: &str, product: &str) -> Result<Price, Refusal> {
    let currency = currency::parse(required(form, currency_name)?, currency_name)?;
    let unit_amount = integer(form, amount_name)?.ok_or_else(|| Refusal::missing(amount_name))?;
    if unit_amount < 0 {
        return Err(Refusal::invalid("This value must be greater than or equal to 0.")
            .code("parameter_invalid_integer")
            .param(amount_name));
    }
    Ok(Price {
        id: ids::stripe_id("price_"),
        created: ids::now_seconds(),
        product: product.to_owned(),
        currency,
        unit_amount,
        active: true,
        nickname: None,
        lookup_key: None,
        metadata: super::ledger::Metadata::new(),
    })
}
