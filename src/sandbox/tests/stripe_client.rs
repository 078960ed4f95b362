//! The real async-stripe crates against the sandbox: what they cannot deserialise, the shop cannot use.

use std::collections::HashMap;

use serde_json::json;
use stripe::{Client, ClientBuilder, IdempotencyKey, RequestStrategy, StripeError, StripeRequest};
use stripe_checkout::checkout_session as cs;
use stripe_checkout::{CheckoutSessionLocale, CheckoutSessionMode, CheckoutSessionStatus};
use stripe_core::payment_intent::{ListPaymentIntent, RetrievePaymentIntent};
use stripe_product::price::RetrievePrice;

use super::{Rig, text_of};

fn client(rig: &Rig) -> Client {
    ClientBuilder::new("sk_test_x").url(format!("{}/", rig.base)).timeout(super::PATIENCE).build().unwrap()
}

fn map(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn order(line: cs::CreateCheckoutSessionLineItems) -> cs::CreateCheckoutSession {
    let intent = cs::CreateCheckoutSessionPaymentIntentData {
        metadata: Some(map(&[("preorder_id", "pre_1")])),
        ..cs::CreateCheckoutSessionPaymentIntentData::new()
    };
    let soon = time::OffsetDateTime::now_utc().unix_timestamp() + 3_600;
    cs::CreateCheckoutSession::new()
        .mode(CheckoutSessionMode::Payment)
        .line_items(vec![line])
        .client_reference_id("pre_1")
        .customer_email("ada@example.com")
        .metadata(map(&[("preorder_id", "pre_1"), ("a & b", "c=d")]))
        .payment_intent_data(intent)
        .success_url("http://shop.test/preorder/success?session_id={CHECKOUT_SESSION_ID}")
        .cancel_url("http://shop.test/preorder/cancel")
        .locale(CheckoutSessionLocale::Zh)
        .expires_at(soon)
        .phone_number_collection(cs::CreateCheckoutSessionPhoneNumberCollection::new(true))
        .shipping_address_collection(cs::CreateCheckoutSessionShippingAddressCollection::new(vec![
            cs::CreateCheckoutSessionShippingAddressCollectionAllowedCountries::Us,
            cs::CreateCheckoutSessionShippingAddressCollectionAllowedCountries::De,
        ]))
        .allowed_payment_method_types(vec![cs::CreateCheckoutSessionAllowedPaymentMethodTypes::Card])
}

fn by_data() -> cs::CreateCheckoutSessionLineItems {
    // The type of the currency lives in a crate of its own; a parsed text needs no name for it.
    let price = cs::CreateCheckoutSessionLineItemsPriceData {
        currency: "usd".parse().unwrap(),
        product: None,
        product_data: Some(cs::ProductData::new("Rolitt in Sakura Pink")),
        recurring: None,
        tax_behavior: None,
        unit_amount: Some(49_900),
        unit_amount_decimal: None,
    };
    cs::CreateCheckoutSessionLineItems {
        price_data: Some(price),
        quantity: Some(1),
        ..cs::CreateCheckoutSessionLineItems::new()
    }
}

#[tokio::test]
async fn the_real_client_opens_fetches_lists_and_expires_a_session() {
    let rig = Rig::new().await;
    let client = client(&rig);
    let key = IdempotencyKey::new("stored-before-the-call").unwrap();
    // Made once: the same key goes with the same words, and one of them is a time.
    let ordered = order(by_data());
    let call = || ordered.clone().customize().request_strategy(RequestStrategy::Idempotent(key.clone()));
    let session = call().send(&client).await.unwrap();
    let again = call().send(&client).await.unwrap();
    assert_eq!(session.id, again.id);
    assert!(session.id.as_str().starts_with("cs_test_"));
    assert_eq!(session.url.as_deref().unwrap(), format!("{}/sandbox/checkout/{}", rig.base, session.id));
    assert_eq!(session.metadata.as_ref().unwrap()["a & b"], "c=d");
    assert_eq!((session.amount_total, session.currency.as_ref().unwrap().to_string().as_str()), (Some(49_900), "usd"));

    let found = cs::RetrieveCheckoutSession::new(session.id.clone()).send(&client).await.unwrap();
    assert_eq!(found.client_reference_id.as_deref(), Some("pre_1"));
    assert_eq!(found.locale, Some(CheckoutSessionLocale::Zh));

    let page = cs::ListCheckoutSession::new().limit(1).send(&client).await.unwrap();
    assert_eq!(page.data.len(), 1);
    let gone = cs::ExpireCheckoutSession::new(session.id.clone()).send(&client).await.unwrap();
    assert_eq!(gone.status, Some(CheckoutSessionStatus::Expired));
    assert_eq!(gone.url, None);
}

#[tokio::test]
async fn the_real_client_sees_a_payment_through_the_expanded_intent() {
    let rig = Rig::new().await;
    let client = client(&rig);
    let session = order(by_data()).send(&client).await.unwrap();
    rig.pay(&json!({ "id": session.id.as_str() }), json!({ "card": "4242424242424242" })).await;

    let expand = vec![
        "payment_intent.latest_charge".to_owned(),
        "line_items".to_owned(),
        "payment_intent.latest_charge.payment_intent".to_owned(),
    ];
    let paid = cs::RetrieveCheckoutSession::new(session.id.clone()).expand(expand).send(&client).await.unwrap();
    assert_eq!(paid.payment_status.as_str(), "paid");
    let shipping = paid.collected_information.as_ref().unwrap().shipping_details.as_ref().unwrap();
    assert_eq!(shipping.address.country.as_deref(), Some("US"));
    assert_eq!(paid.customer_details.as_ref().unwrap().phone.as_deref(), Some("+15555550100"));
    assert_eq!(paid.line_items.as_ref().unwrap().data[0].description.as_deref(), Some("Rolitt in Sakura Pink"));
    let intent = paid.payment_intent.as_ref().unwrap().as_object().unwrap();
    assert_eq!(intent.metadata["preorder_id"], "pre_1");
    let charge = intent.latest_charge.as_ref().unwrap().as_object().unwrap();
    let card = charge.payment_method_details.as_ref().unwrap().card.as_ref().unwrap();
    assert_eq!((card.brand.as_deref(), card.last4.as_deref()), (Some("visa"), Some("4242")));

    let fetched = RetrievePaymentIntent::new(intent.id.clone()).send(&client).await.unwrap();
    assert_eq!((fetched.status.as_str(), fetched.amount_received), ("succeeded", 49_900));
    let listed = cs::ListCheckoutSession::new().payment_intent(intent.id.as_str()).send(&client).await.unwrap();
    assert_eq!(listed.data[0].id, session.id);
    assert_eq!(ListPaymentIntent::new().send(&client).await.unwrap().data.len(), 1);
}

#[tokio::test]
async fn the_real_client_reads_the_last_payment_error_of_a_decline() {
    let rig = Rig::new().await;
    let client = client(&rig);
    let session = order(by_data()).send(&client).await.unwrap();
    rig.pay(&json!({ "id": session.id.as_str() }), json!({ "card": "4000000000009995" })).await;
    let open = cs::RetrieveCheckoutSession::new(session.id.clone()).send(&client).await.unwrap();
    assert_eq!(open.status, Some(CheckoutSessionStatus::Open));
    let intent = RetrievePaymentIntent::new(open.payment_intent.unwrap().into_id()).send(&client).await.unwrap();
    let error = intent.last_payment_error.unwrap();
    assert_eq!(error.decline_code.as_deref(), Some("insufficient_funds"));
    assert_eq!(error.payment_method.unwrap().card.unwrap().last4, "9995");
}

#[tokio::test]
async fn the_real_client_buys_by_a_price_it_made_and_fetched() {
    let rig = Rig::new().await;
    let client = client(&rig);
    let (_, product) = rig.stripe("POST", "/v1/products", &[("name", "Rolitt")]).await;
    let fields = [("currency", "jpy"), ("unit_amount", "68000"), ("product", text_of(&product, "id"))];
    let (_, made) = rig.stripe("POST", "/v1/prices", &fields).await;
    let price =
        RetrievePrice::new(text_of(&made, "id")).expand(vec!["product".to_owned()]).send(&client).await.unwrap();
    assert_eq!((price.unit_amount, price.currency.to_string().as_str()), (Some(68_000), "jpy"));
    assert_eq!(price.product.as_object().unwrap().name, "Rolitt");
    let line = cs::CreateCheckoutSessionLineItems {
        price: Some(price.id.to_string()),
        quantity: Some(2),
        ..cs::CreateCheckoutSessionLineItems::new()
    };
    assert_eq!(order(line).send(&client).await.unwrap().amount_total, Some(136_000));
}

#[tokio::test]
async fn the_real_client_reads_stripes_errors() {
    let rig = Rig::new().await;
    let client = client(&rig);
    let error = cs::RetrieveCheckoutSession::new("cs_test_nobody").send(&client).await.unwrap_err();
    let StripeError::Stripe(said, status) = error else { panic!("{error}") };
    assert_eq!((status, said.code.unwrap().as_str()), (404, "resource_missing"));
    let error = order(by_data()).customer_email("nobody").send(&client).await.unwrap_err();
    let StripeError::Stripe(said, 400) = error else { panic!("{error}") };
    assert_eq!((said.code.unwrap().as_str(), said.param.as_deref()), ("email_invalid", Some("customer_email")));
}
