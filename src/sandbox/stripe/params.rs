//! Which parameters each Stripe call takes. Stripe refuses what it does not know, and a stand-in that let a misspelt name
//! pass would hide the fault until the first real payment. Known parameters without effect here are accepted silently.

use super::error::Refusal;
use crate::sandbox::form::{Form, fits};

pub const LIST: &[&str] = &["created", "created[*]", "ending_before", "expand[#]", "limit", "starting_after"];
pub const FETCH: &[&str] = &["expand[#]", "client_secret"];

pub const SESSION_LIST: &[&str] =
    &["customer", "customer_details[email]", "payment_intent", "payment_link", "status", "subscription"];
pub const CUSTOMER_LIST: &[&str] = &["email", "test_clock"];
pub const PRODUCT_LIST: &[&str] = &["active", "ids[#]", "shippable", "url"];
pub const PRICE_LIST: &[&str] = &["active", "currency", "lookup_keys[#]", "product", "recurring[*]", "type"];
pub const INTENT_LIST: &[&str] = &["customer", "customer_account"];
pub const REFUND_LIST: &[&str] = &["charge", "payment_intent"];
pub const CHARGE_LIST: &[&str] = &["customer", "payment_intent", "transfer_group"];
pub const EVENT_LIST: &[&str] = &["delivery_success", "type", "types[#]"];

pub const CUSTOMER: &[&str] = &[
    "address[*]",
    "balance",
    "business_name",
    "description",
    "email",
    "expand[#]",
    "individual_name",
    "invoice_prefix",
    "invoice_settings[**]",
    "metadata[*]",
    "name",
    "payment_method",
    "phone",
    "preferred_locales[#]",
    "shipping[**]",
    "source",
    "tax[**]",
    "tax_exempt",
    "test_clock",
];
pub const PRODUCT: &[&str] = &[
    "active",
    "default_price_data[**]",
    "description",
    "expand[#]",
    "id",
    "images[#]",
    "marketing_features[#][name]",
    "metadata[*]",
    "name",
    "package_dimensions[*]",
    "shippable",
    "statement_descriptor",
    "tax_code",
    "type",
    "unit_label",
    "url",
];
pub const PRICE: &[&str] = &[
    "active",
    "billing_scheme",
    "currency",
    "currency_options[**]",
    "expand[#]",
    "lookup_key",
    "metadata[*]",
    "nickname",
    "product",
    "product_data[active]",
    "product_data[id]",
    "product_data[metadata][*]",
    "product_data[name]",
    "product_data[statement_descriptor]",
    "product_data[tax_code]",
    "product_data[unit_label]",
    "tax_behavior",
    "transfer_lookup_key",
    "unit_amount",
    "unit_amount_decimal",
];
pub const REFUND: &[&str] = &[
    "amount",
    "charge",
    "currency",
    "customer",
    "expand[#]",
    "instructions_email",
    "metadata[*]",
    "origin",
    "payment_intent",
    "reason",
    "refund_application_fee",
    "reverse_transfer",
];
pub const RECEIVER: &[&str] =
    &["api_version", "connect", "description", "enabled_events[#]", "expand[#]", "metadata[*]", "url"];

pub const SESSION: &[&str] = &[
    "adaptive_pricing[enabled]",
    "after_expiration[**]",
    "allow_promotion_codes",
    "allowed_payment_method_types[#]",
    "automatic_tax[**]",
    "billing_address_collection",
    "branding_settings[**]",
    "cancel_url",
    "client_reference_id",
    "consent_collection[**]",
    "currency",
    "custom_fields[#][**]",
    "custom_text[**]",
    "customer",
    "customer_creation",
    "customer_email",
    "customer_update[*]",
    "discounts[#][*]",
    "excluded_payment_method_types[#]",
    "expand[#]",
    "expires_at",
    "integration_identifier",
    "invoice_creation[**]",
    "line_items[#][adjustable_quantity][*]",
    "line_items[#][dynamic_tax_rates][#]",
    "line_items[#][metadata][*]",
    "line_items[#][price]",
    "line_items[#][price_data][currency]",
    "line_items[#][price_data][product]",
    "line_items[#][price_data][product_data][description]",
    "line_items[#][price_data][product_data][images][#]",
    "line_items[#][price_data][product_data][metadata][*]",
    "line_items[#][price_data][product_data][name]",
    "line_items[#][price_data][product_data][tax_code]",
    "line_items[#][price_data][product_data][tax_details][**]",
    "line_items[#][price_data][product_data][unit_label]",
    "line_items[#][price_data][recurring][*]",
    "line_items[#][price_data][tax_behavior]",
    "line_items[#][price_data][unit_amount]",
    "line_items[#][price_data][unit_amount_decimal]",
    "line_items[#][quantity]",
    "line_items[#][tax_rates][#]",
    "locale",
    "metadata[*]",
    "mode",
    "name_collection[**]",
    "optional_items[#][**]",
    "origin_context",
    "payment_intent_data[application_fee_amount]",
    "payment_intent_data[capture_method]",
    "payment_intent_data[description]",
    "payment_intent_data[metadata][*]",
    "payment_intent_data[on_behalf_of]",
    "payment_intent_data[receipt_email]",
    "payment_intent_data[setup_future_usage]",
    "payment_intent_data[shipping][**]",
    "payment_intent_data[statement_descriptor]",
    "payment_intent_data[statement_descriptor_suffix]",
    "payment_intent_data[transfer_data][*]",
    "payment_intent_data[transfer_group]",
    "payment_method_collection",
    "payment_method_configuration",
    "payment_method_data[allow_redisplay]",
    "payment_method_options[**]",
    "payment_method_types[#]",
    "permissions[**]",
    "phone_number_collection[enabled]",
    "redirect_on_completion",
    "return_url",
    "saved_payment_method_options[**]",
    "setup_intent_data[**]",
    "shipping_address_collection[allowed_countries][#]",
    "shipping_options[#][**]",
    "submit_type",
    "subscription_data[**]",
    "success_url",
    "tax_id_collection[*]",
    "ui_mode",
    "wallet_options[**]",
];

/// Refuses the first parameter that none of the patterns knows.
pub fn check(form: &Form, known: &[&[&str]]) -> Result<(), Refusal> {
    for name in form.names() {
        if !known.iter().flat_map(|patterns| patterns.iter()).any(|pattern| fits(pattern, name)) {
            return Err(Refusal::unknown_parameter(name));
        }
    }
    Ok(())
}

/// A required parameter; blank counts as missing nothing but as empty, which Stripe tells apart.
pub fn required<'a>(form: &'a Form, name: &str) -> Result<&'a str, Refusal> {
    match form.get(name) {
        None => Err(Refusal::missing(name)),
        Some(value) if value.trim().is_empty() => Err(Refusal::invalid(format!(
            "You passed an empty string for '{name}'. We assume empty values are an attempt to unset a parameter; \
             however '{name}' cannot be unset."
        ))
        .code("parameter_invalid_empty")
        .param(name)),
        Some(value) => Ok(value),
    }
}

pub fn integer(form: &Form, name: &str) -> Result<Option<i64>, Refusal> {
    form.filled(name).map(|value| value.parse().map_err(|_| Refusal::not_an_integer(name, value))).transpose()
}

pub fn boolean(form: &Form, name: &str) -> Result<Option<bool>, Refusal> {
    match form.filled(name) {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(other) => Err(Refusal::invalid(format!("Invalid boolean: {other}")).param(name)),
    }
}

/// Metadata within Stripe's limits: 50 keys of 40 characters, values of 500.
pub fn metadata(form: &Form, name: &str) -> Result<super::ledger::Metadata, Refusal> {
    let map = form.map(name);
    if map.len() > 50 {
        return Err(Refusal::invalid("You can only have 50 metadata keys.").param(name));
    }
    for (key, value) in &map {
        let full = format!("{name}[{key}]");
        if key.chars().count() > 40 {
            return Err(
                Refusal::invalid(format!("Metadata keys can be up to 40 characters, '{key}' is longer.")).param(full)
            );
        }
        if value.chars().count() > 500 {
            return Err(Refusal::invalid("Metadata values must have up to 500 characters.").param(full));
        }
    }
    // An empty value unsets a key.
    Ok(map.into_iter().filter(|(_, value)| !value.is_empty()).collect())
}

/// One of a fixed set of words.
pub fn choice<'a>(form: &'a Form, name: &str, allowed: &[&str]) -> Result<Option<&'a str>, Refusal> {
    match form.filled(name) {
        None => Ok(None),
        Some(value) if allowed.contains(&value) => Ok(Some(value)),
        Some(value) => {
            Err(Refusal::invalid(format!("Invalid {name}: must be one of {}. You gave: {value}", allowed.join(", ")))
                .param(name))
        }
    }
}

/// An e-mail address as far as Stripe looks at one: something, an at sign, a domain with a dot.
pub fn email(value: &str, name: &str) -> Result<String, Refusal> {
    let well = value.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && domain.contains('.')
            && !domain.starts_with('.')
            && !domain.ends_with('.')
            && !domain.contains('@')
            && !value.chars().any(|c| c.is_whitespace() || c.is_control())
    });
    if well && value.len() <= 512 {
        Ok(value.to_owned())
    } else {
        Err(Refusal::invalid(format!("Invalid email address: {value}")).code("email_invalid").param(name))
    }
}
