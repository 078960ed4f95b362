//! Sessions and catalogue records as the JSON Stripe would answer with, at API version 2026-09-30.endive: every field a
//! strict client insists on, null where nothing is known. Money and people moved by a payment are in `render_payment`.

use serde_json::{Map, Value, json};

use super::ledger::{Customer, Ledger, Line, Price, Product, Receiver, Session, SessionStatus, Shipping};

/// Absolute address of a session's hosted page.
pub fn hosted_url(ledger: &Ledger, id: &str) -> String {
    format!("{}/sandbox/checkout/{id}", ledger.public_base.trim_end_matches('/'))
}

pub fn address(shipping: &Shipping) -> Value {
    json!({
        "city": shipping.city, "country": shipping.country, "line1": shipping.line1, "line2": shipping.line2,
        "postal_code": shipping.postal_code, "state": shipping.state,
    })
}

pub fn empty_address(country: Option<&str>) -> Value {
    json!({ "city": null, "country": country, "line1": null, "line2": null, "postal_code": null, "state": null })
}

pub fn session(ledger: &Ledger, session: &Session) -> Value {
    let open = session.status == SessionStatus::Open;
    let shipping = session.buyer.as_ref().and_then(|buyer| buyer.shipping.as_ref());
    let customer_details = match (&session.buyer, &session.customer_email) {
        (Some(buyer), _) => json!({
            "address": shipping.map_or_else(|| empty_address(buyer.country.as_deref()), address),
            "business_name": null, "email": buyer.email, "individual_name": null, "name": buyer.name,
            "phone": buyer.phone, "tax_exempt": "none", "tax_ids": [],
        }),
        (None, Some(email)) => json!({
            "address": null, "business_name": null, "email": email, "individual_name": null, "name": null,
            "phone": null, "tax_exempt": "none", "tax_ids": null,
        }),
        (None, None) => Value::Null,
    };
    let collected = shipping.map(|to| json!({
        "business_name": null, "individual_name": null, "shipping_details": { "address": address(to), "name": to.name },
    }));
    let countries =
        (!session.shipping_countries.is_empty()).then(|| json!({ "allowed_countries": session.shipping_countries }));
    let mut fields = into_map(json!({
        "id": session.id,
        "object": "checkout.session",
        "adaptive_pricing": { "enabled": false },
        "after_expiration": null,
        "allow_promotion_codes": null,
        "amount_subtotal": session.amount_total,
        "amount_total": session.amount_total,
        "automatic_tax": { "enabled": false, "liability": null, "provider": null, "status": null },
        "billing_address_collection": session.billing_address_required.then_some("required"),
        "cancel_url": session.cancel_url,
        "client_reference_id": session.client_reference_id,
        "client_secret": null,
        "collected_information": collected,
        "consent": null,
        "consent_collection": null,
        "created": session.created,
        "currency": session.currency,
        "currency_conversion": null,
        "custom_fields": [],
        "custom_text": { "after_submit": null, "shipping_address": null, "submit": null,
                         "terms_of_service_acceptance": null },
        "customer": session.customer,
        "customer_account": null,
        "customer_creation": if session.customer_creation_always { "always" } else { "if_required" },
        "customer_details": customer_details,
        "customer_email": session.customer_email,
        "discounts": [],
        "expires_at": session.expires_at,
        "invoice": null,
        "invoice_creation": null,
        "livemode": false,
    }));
    fields.extend(into_map(json!({
        "locale": session.locale,
        "metadata": session.metadata,
        "mode": "payment",
        "origin_context": null,
        "payment_intent": session.intent,
        "payment_link": null,
        "payment_method_collection": "if_required",
        "payment_method_configuration_details": null,
        "payment_method_options": {},
        "payment_method_types": session.payment_method_types,
        "payment_status": if session.paid { "paid" } else { "unpaid" },
        "permissions": null,
        "phone_number_collection": { "enabled": session.phone_collection },
        "recovered_from": null,
        "saved_payment_method_options": null,
        "setup_intent": null,
        "shipping_address_collection": countries,
        "shipping_cost": null,
        "shipping_options": [],
        "status": session.status,
        "submit_type": session.submit_type,
        "subscription": null,
        "success_url": session.success_url,
        "total_details": { "amount_discount": 0, "amount_shipping": 0, "amount_tax": 0 },
        "ui_mode": "hosted_page",
        "url": open.then(|| hosted_url(ledger, &session.id)),
        "wallet_options": null,
    })));
    Value::Object(fields)
}

fn into_map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

pub fn line(line: &Line) -> Value {
    let total = line.price.unit_amount.saturating_mul(line.quantity);
    json!({
        "id": line.id, "object": "item", "amount_discount": 0, "amount_subtotal": total, "amount_tax": 0,
        "amount_total": total, "currency": line.price.currency, "description": line.name, "price": price(&line.price),
        "quantity": line.quantity, "adjustable_quantity": null, "metadata": {},
    })
}

pub fn lines(session: &Session) -> Value {
    json!({
        "object": "list",
        "data": session.lines.iter().map(line).collect::<Vec<_>>(),
        "has_more": false,
        "url": format!("/v1/checkout/sessions/{}/line_items", session.id),
    })
}

pub fn price(price: &Price) -> Value {
    json!({
        "id": price.id, "object": "price", "active": price.active, "billing_scheme": "per_unit",
        "created": price.created, "currency": price.currency, "custom_unit_amount": null, "livemode": false,
        "lookup_key": price.lookup_key, "metadata": price.metadata, "nickname": price.nickname,
        "product": price.product, "recurring": null, "tax_behavior": "unspecified", "tiers_mode": null,
        "transform_quantity": null, "type": "one_time", "unit_amount": price.unit_amount,
        "unit_amount_decimal": price.unit_amount.to_string(),
    })
}

pub fn product(product: &Product) -> Value {
    json!({
        "id": product.id, "object": "product", "active": product.active, "created": product.created,
        "default_price": product.default_price, "description": product.description, "images": product.images,
        "livemode": false, "marketing_features": [], "metadata": product.metadata, "name": product.name,
        "package_dimensions": null, "shippable": null, "statement_descriptor": null, "tax_code": null,
        "type": "service", "unit_label": null, "updated": product.created, "url": null,
    })
}

pub fn customer(customer: &Customer) -> Value {
    json!({
        "id": customer.id, "object": "customer", "address": null, "balance": 0, "created": customer.created,
        "currency": null, "default_source": null, "delinquent": false, "description": customer.description,
        "email": customer.email, "invoice_prefix": null,
        "invoice_settings": { "custom_fields": null, "default_payment_method": null, "footer": null,
                              "rendering_options": null },
        "livemode": false, "metadata": customer.metadata, "name": customer.name, "phone": customer.phone,
        "preferred_locales": [], "shipping": null, "tax_exempt": "none", "test_clock": null,
    })
}

/// `with_secret` only in the answer that makes it, as Stripe does.
pub fn receiver(receiver: &Receiver, with_secret: bool) -> Value {
    let mut shown = json!({
        "id": receiver.id, "object": "webhook_endpoint", "api_version": super::API_VERSION, "application": null,
        "created": receiver.created, "description": receiver.description, "enabled_events": receiver.enabled_events,
        "livemode": false, "metadata": receiver.metadata, "status": "enabled", "url": receiver.url,
    });
    if with_secret {
        shown["secret"] = json!(receiver.secret);
    }
    shown
}
