//! Taking money: the trait that a payment provider fulfils, and the registry of those there are. Stripe is one file
//! family; another is another, and a line in [`Registry::new`]'s caller.

pub mod paced;
pub mod stripe;
pub mod watched;

use std::collections::BTreeMap;

use futures::future::BoxFuture;

use super::ProviderError;
use crate::domain::locale::Locale;
use crate::domain::money::Money;
use crate::domain::payment::{Fact, Names, PaymentFact};
use crate::domain::refund::{RefundFact, RefundReason};
use crate::domain::timestamp::Timestamp;

/// What a payment page is made of. The same attempt must always give the same values: providers compare a repeated
/// idempotency key's parameters with the first ones.
#[derive(Debug, Clone)]
pub struct NewSession {
    pub preorder_id: String,
    pub preorder_number: String,
    pub attempt_id: String,
    /// The preorder's, so that whoever looks at the payment finds what we did for it.
    pub trace_id: String,
    /// Stored before the call; at most 255 characters.
    pub idempotency_key: String,
    pub price: Money,
    /// Whether `price` is what our catalogue asks today: only then may the provider's own price stand for it.
    pub at_list_price: bool,
    pub color: String,
    pub product_name: String,
    pub color_name: String,
    pub email: String,
    /// A language tag.
    pub locale: String,
    pub success_url: String,
    pub cancel_url: String,
}

/// A payment page, and what it says about the payment.
#[derive(Debug, Clone)]
pub struct Session {
    pub id: String,
    /// Where the buyer pays; `None` once nobody can.
    pub url: Option<String>,
    pub expires_at: Option<Timestamp>,
    /// What the page asks for.
    pub amount: Option<Money>,
    pub fact: PaymentFact,
}

/// What a provider was told of an order when its page was made: enough to make the order again.
#[derive(Debug, Clone)]
pub struct OrderAtStripe {
    pub preorder_number: String,
    pub email: String,
    pub name: Option<String>,
    pub color: String,
    pub locale: Locale,
    pub price: Money,
    /// Where the page leads back to: whose order it is.
    pub success_url: String,
    pub created_at: Timestamp,
}

/// Money that is to go back.
#[derive(Debug, Clone)]
pub struct NewRefund {
    pub refund_id: String,
    pub preorder_id: String,
    pub payment_intent_id: String,
    pub amount: Money,
    pub reason: Option<RefundReason>,
    /// Stored before the call.
    pub idempotency_key: String,
}

/// What a provider can be asked to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    Sessions,
    Payments,
    Refunds,
    Disputes,
    Events,
}

/// One thing on a list.
#[derive(Debug, Clone)]
pub enum Seen {
    /// With the provider's id of what it speaks of.
    Fact { id: String, fact: Fact },
    /// Something that can't be read; why, and what it may be known by.
    Odd { id: String, problem: String, names: Option<Names> },
    /// An event as it would have been sent.
    Event { id: String, kind: String, body: String },
}

impl Seen {
    /// The provider's.
    pub fn id(&self) -> &str {
        match self {
            Self::Fact { id, .. } | Self::Odd { id, .. } | Self::Event { id, .. } => id,
        }
    }
}

/// When what is listed was made, by the provider's clock: both ends are among it.
#[derive(Debug, Clone, Copy)]
pub struct Made {
    pub since: Timestamp,
    pub until: Option<Timestamp>,
}

impl Made {
    pub const fn since(since: Timestamp) -> Self {
        Self { since, until: None }
    }

    pub const fn between(since: Timestamp, until: Timestamp) -> Self {
        Self { since, until: Some(until) }
    }
}

#[derive(Debug, Clone)]
pub struct Page {
    pub seen: Vec<Seen>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
    /// When the first and the last one on it were made.
    pub newest: Option<Timestamp>,
    pub oldest: Option<Timestamp>,
}

/// Every call is bounded in time (10 s) and made once: whether to repeat it is the workflow's to say.
pub trait PaymentProvider: Send + Sync {
    fn name(&self) -> &'static str;
    /// Makes a page, or gives the one that this idempotency key made before.
    fn create_session<'a>(&'a self, new: &'a NewSession) -> BoxFuture<'a, Result<Session, ProviderError>>;
    fn fetch_session<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Session, ProviderError>>;
    /// The order that a page was made for; `None` if it bears none that we can read.
    fn fetch_order<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<OrderAtStripe>, ProviderError>>;
    /// Closes an open page, so that nobody can pay on it any more.
    fn expire_session<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Session, ProviderError>>;
    fn fetch_payment_intent<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<PaymentFact, ProviderError>>;
    /// Gives money back, or gives the refund that this idempotency key made before.
    fn create_refund<'a>(&'a self, new: &'a NewRefund) -> BoxFuture<'a, Result<RefundFact, ProviderError>>;
    /// All refunds of a payment.
    fn list_refunds<'a>(&'a self, payment_intent: &'a str) -> BoxFuture<'a, Result<Vec<RefundFact>, ProviderError>>;
    /// A page of what the provider made in a time, newest first; `after` is the `next` of the page before. Of events, those
    /// that we understand.
    fn list<'a>(
        &'a self,
        what: Listed,
        made: Made,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Page, ProviderError>>;
    /// One of them, by the provider's id.
    fn look_up<'a>(&'a self, what: Listed, id: &'a str) -> BoxFuture<'a, Result<Seen, ProviderError>>;
    /// What the provider's own catalogue asks for a colour, if the colour has a price there.
    fn listed_price<'a>(&'a self, color: &'a str) -> BoxFuture<'a, Result<Option<ListedPrice>, ProviderError>>;
    /// What time it is there, to the second, if it says.
    fn time(&self) -> BoxFuture<'_, Result<Option<Timestamp>, ProviderError>>;
    /// Whether the provider lets us in.
    fn check(&self) -> BoxFuture<'_, Result<(), ProviderError>>;
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPrice {
    pub id: String,
    /// `None` for a price without a fixed amount.
    pub minor: Option<i64>,
    /// As the provider spells it.
    pub currency: String,
    pub active: bool,
}

/// The providers there are, by the name that stands in `checkout_attempts.provider`.
pub struct Registry {
    providers: BTreeMap<&'static str, Box<dyn PaymentProvider>>,
    default: &'static str,
}

impl Registry {
    pub fn new(default: Box<dyn PaymentProvider>) -> Self {
        let name = default.name();
        Self { providers: BTreeMap::from([(name, default)]), default: name }
    }

    /// The one that new payments go to.
    pub fn default(&self) -> &dyn PaymentProvider {
        self.providers[self.default].as_ref()
    }

    /// The one that an older attempt was made with.
    pub fn named(&self, name: &str) -> Option<&dyn PaymentProvider> {
        self.providers.get(name).map(AsRef::as_ref)
    }
}
