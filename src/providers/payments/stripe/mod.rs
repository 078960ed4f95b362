//! Stripe, in the words of async-stripe: its requests and objects, sent by a client of ours, once and with a timeout.

pub mod event;
mod field;
mod map;
mod returned;
pub mod signature;
mod walk;
mod wire;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionLineItems, CreateCheckoutSessionLineItemsPriceData,
    CreateCheckoutSessionPaymentIntentData, CreateCheckoutSessionShippingAddressCollection,
    CreateCheckoutSessionShippingAddressCollectionAllowedCountries as Country, ExpireCheckoutSession, ProductData,
    RetrieveCheckoutSession,
};
use stripe_client_core::{IdempotencyKey, RequestStrategy, StripeRequest};
use stripe_core::payment_intent::RetrievePaymentIntent;
use stripe_core::refund::{CreateRefund, CreateRefundReason, ListRefund};
use stripe_product::price::RetrievePrice;

use super::{Listed, ListedPrice, Made, NewRefund, NewSession, OrderAtStripe, Page, PaymentProvider, Seen, Session};
use crate::clock::Clock;
use crate::config::StripeSettings;
use crate::domain::payment::PaymentFact;
use crate::domain::refund::{RefundFact, RefundReason};
use crate::domain::timestamp::Timestamp;
use crate::providers::ProviderError;

pub const NAME: &str = "stripe";

/// What a session must bring with it for us to see who paid, and with what.
const EXPAND: &[&str] = &["payment_intent", "payment_intent.latest_charge"];

/// Where we ship.
const SHIPS_TO: &[Country] = &[
    Country::At,
    Country::Au,
    Country::Be,
    Country::Ca,
    Country::Ch,
    Country::Cn,
    Country::De,
    Country::Dk,
    Country::Es,
    Country::Fi,
    Country::Fr,
    Country::Gb,
    Country::Hk,
    Country::Ie,
    Country::It,
    Country::Jp,
    Country::Kr,
    Country::Nl,
    Country::No,
    Country::Nz,
    Country::Pl,
    Country::Pt,
    Country::Se,
    Country::Sg,
    Country::Tw,
    Country::Us,
];

pub struct Stripe {
    client: wire::Wire,
    product_id: Option<String>,
    /// Colour id → price id.
    prices: BTreeMap<String, String>,
    /// The currency that `prices` are in.
    prices_currency: String,
    /// What is read from an object that bears no time of its own is said now.
    clock: Clock,
}

impl Stripe {
    pub fn new(
        settings: &StripeSettings,
        product_id: Option<String>,
        prices: BTreeMap<String, String>,
        prices_currency: String,
        timeout: Duration,
        clock: Clock,
    ) -> Result<Self, ProviderError> {
        Ok(Self { client: wire::Wire::new(settings, timeout)?, product_id, prices, prices_currency, clock })
    }

    fn line_item(&self, new: &NewSession) -> Result<CreateCheckoutSessionLineItems, ProviderError> {
        let mut item = CreateCheckoutSessionLineItems::new();
        item.quantity = Some(1);
        let in_list_currency = self.prices_currency == new.price.currency.as_str();
        let listed = self.prices.get(&new.color).filter(|_| in_list_currency && new.at_list_price);
        if let Some(price) = listed {
            item.price = Some(price.clone());
            return Ok(item);
        }
        let currency: stripe_types::Currency = new
            .price
            .currency
            .as_str()
            .parse()
            .map_err(|_| ProviderError::Permanent(format!("Stripe does not know {}", new.price.currency)))?;
        let mut data = CreateCheckoutSessionLineItemsPriceData::new(currency);
        data.unit_amount = Some(new.price.minor);
        match &self.product_id {
            Some(product) => data.product = Some(product.clone()),
            None => data.product_data = Some(ProductData::new(format!("{} — {}", new.product_name, new.color_name))),
        }
        item.price_data = Some(data);
        Ok(item)
    }

    async fn create(&self, new: &NewSession) -> Result<Session, ProviderError> {
        let metadata: HashMap<String, String> = HashMap::from([
            ("preorder_id".into(), new.preorder_id.clone()),
            ("preorder_number".into(), new.preorder_number.clone()),
            ("attempt_id".into(), new.attempt_id.clone()),
            ("color".into(), new.color.clone()),
            ("trace_id".into(), new.trace_id.clone()),
            ("locale".into(), new.locale.clone()),
        ]);
        let mut intent = CreateCheckoutSessionPaymentIntentData::new();
        intent.metadata = Some(metadata.clone());
        intent.description = Some(format!("Preorder {}", new.preorder_number));
        let key = IdempotencyKey::new(&new.idempotency_key).map_err(|e| ProviderError::Permanent(e.to_string()))?;
        let mut request = CreateCheckoutSession::new();
        if new.email.is_ascii() {
            request = request.customer_email(&new.email);
        } // Else Stripe, which refuses such addresses, asks for one on its page.
        let made = request
            .mode(stripe_checkout::CheckoutSessionMode::Payment)
            .line_items(vec![self.line_item(new)?])
            .client_reference_id(&new.preorder_id)
            .metadata(metadata)
            .payment_intent_data(intent)
            .locale(map::locale(&new.locale))
            .shipping_address_collection(CreateCheckoutSessionShippingAddressCollection::new(SHIPS_TO))
            .success_url(&new.success_url)
            .cancel_url(&new.cancel_url)
            .customize()
            .request_strategy(RequestStrategy::Idempotent(key))
            .send(&self.client)
            .await?;
        Ok(map::session(&made, self.clock.now()))
    }
}

impl Stripe {
    async fn refund(&self, new: &NewRefund) -> Result<RefundFact, ProviderError> {
        let key = IdempotencyKey::new(&new.idempotency_key).map_err(|e| ProviderError::Permanent(e.to_string()))?;
        let metadata: HashMap<String, String> = HashMap::from([
            ("preorder_id".into(), new.preorder_id.clone()),
            ("refund_id".into(), new.refund_id.clone()),
        ]);
        let mut request =
            CreateRefund::new().payment_intent(&new.payment_intent_id).amount(new.amount.minor).metadata(metadata);
        if let Some(reason) = new.reason {
            request = request.reason(match reason {
                RefundReason::RequestedByCustomer => CreateRefundReason::RequestedByCustomer,
                RefundReason::Duplicate => CreateRefundReason::Duplicate,
                RefundReason::Fraudulent => CreateRefundReason::Fraudulent,
            });
        }
        let idempotent = RequestStrategy::Idempotent(key);
        let made = request.customize().request_strategy(idempotent).send(&self.client).await?;
        returned::of_object(&made, self.clock.now())
            .ok_or_else(|| ProviderError::NoAnswer("Stripe answered in another currency".into()))
    }
}

impl PaymentProvider for Stripe {
    fn name(&self) -> &'static str {
        NAME
    }

    fn create_session<'a>(&'a self, new: &'a NewSession) -> BoxFuture<'a, Result<Session, ProviderError>> {
        self.create(new).boxed()
    }

    fn fetch_session<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Session, ProviderError>> {
        let expand: Vec<String> = EXPAND.iter().map(ToString::to_string).collect();
        async move {
            let session = RetrieveCheckoutSession::new(id).expand(expand).send(&self.client).await?;
            Ok(map::session(&session, self.clock.now()))
        }
        .boxed()
    }

    fn fetch_order<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<OrderAtStripe>, ProviderError>> {
        async move {
            let session = RetrieveCheckoutSession::new(id).send(&self.client).await?;
            Ok(map::order(&session))
        }
        .boxed()
    }

    fn expire_session<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Session, ProviderError>> {
        async move {
            let session = ExpireCheckoutSession::new(id).send(&self.client).await?;
            Ok(map::session(&session, self.clock.now()))
        }
        .boxed()
    }

    fn fetch_payment_intent<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<PaymentFact, ProviderError>> {
        async move {
            let expand = vec!["latest_charge".to_owned()];
            let intent = RetrievePaymentIntent::new(id).expand(expand).send(&self.client).await?;
            Ok(map::intent(&intent, self.clock.now()))
        }
        .boxed()
    }

    fn create_refund<'a>(&'a self, new: &'a NewRefund) -> BoxFuture<'a, Result<RefundFact, ProviderError>> {
        self.refund(new).boxed()
    }

    fn list_refunds<'a>(&'a self, payment_intent: &'a str) -> BoxFuture<'a, Result<Vec<RefundFact>, ProviderError>> {
        async move {
            // A payment has a few; a hundred is a page.
            let list = ListRefund::new().payment_intent(payment_intent).limit(100);
            let list = match list.send(&self.client).await {
                Err(wire::Failed(ProviderError::Gone(_))) => return Ok(Vec::new()),
                list => list?,
            };
            let now = self.clock.now();
            Ok(list.data.iter().filter_map(|refund| returned::of_object(refund, now)).collect())
        }
        .boxed()
    }

    fn list<'a>(
        &'a self,
        what: Listed,
        made: Made,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Page, ProviderError>> {
        walk::page(&self.client, what, made, after, self.clock.now()).boxed()
    }

    fn look_up<'a>(&'a self, what: Listed, id: &'a str) -> BoxFuture<'a, Result<Seen, ProviderError>> {
        walk::one(&self.client, what, id, self.clock.now()).boxed()
    }

    fn listed_price<'a>(&'a self, color: &'a str) -> BoxFuture<'a, Result<Option<ListedPrice>, ProviderError>> {
        async move {
            let Some(id) = self.prices.get(color) else { return Ok(None) };
            let price = RetrievePrice::new(id.as_str()).send(&self.client).await?;
            Ok(Some(ListedPrice {
                id: id.clone(),
                minor: price.unit_amount,
                currency: price.currency.to_string(),
                active: price.active,
            }))
        }
        .boxed()
    }

    fn time(&self) -> BoxFuture<'_, Result<Option<Timestamp>, ProviderError>> {
        self.client.time().boxed()
    }

    fn check(&self) -> BoxFuture<'_, Result<(), ProviderError>> {
        async move {
            // A session that can't exist: "no such session" says that we were let in.
            match RetrieveCheckoutSession::new("cs_test_rolitt_doctor").send(&self.client).await {
                Ok(_) | Err(wire::Failed(ProviderError::Permanent(_) | ProviderError::Gone(_))) => Ok(()),
                Err(error) => Err(error.into()),
            }
        }
        .boxed()
    }
}
