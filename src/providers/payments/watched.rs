//! A provider whose calls are measured, each by its endpoint and by what came of it. It stands next to the wire: what a
//! call waited for its turn is not in its time.

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Listed, ListedPrice, Made, NewRefund, NewSession, OrderAtStripe, Page, PaymentProvider, Seen, Session};
use crate::domain::payment::PaymentFact;
use crate::domain::refund::RefundFact;
use crate::domain::timestamp::Timestamp;
use crate::providers::{ProviderError, watched};

pub struct Watched {
    inner: Box<dyn PaymentProvider>,
}

type Called<'a, T> = BoxFuture<'a, Result<T, ProviderError>>;

impl Watched {
    pub fn new(inner: Box<dyn PaymentProvider>) -> Self {
        Self { inner }
    }

    fn call<'a, T: Send + 'a>(&self, call: &'static str, work: Called<'a, T>) -> Called<'a, T> {
        watched(self.inner.name(), call, work).boxed()
    }
}

impl PaymentProvider for Watched {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn create_session<'a>(&'a self, new: &'a NewSession) -> Called<'a, Session> {
        self.call("create_session", self.inner.create_session(new))
    }

    fn fetch_session<'a>(&'a self, id: &'a str) -> Called<'a, Session> {
        self.call("fetch_session", self.inner.fetch_session(id))
    }

    fn fetch_order<'a>(&'a self, id: &'a str) -> Called<'a, Option<OrderAtStripe>> {
        self.call("fetch_order", self.inner.fetch_order(id))
    }

    fn expire_session<'a>(&'a self, id: &'a str) -> Called<'a, Session> {
        self.call("expire_session", self.inner.expire_session(id))
    }

    fn fetch_payment_intent<'a>(&'a self, id: &'a str) -> Called<'a, PaymentFact> {
        self.call("fetch_payment_intent", self.inner.fetch_payment_intent(id))
    }

    fn create_refund<'a>(&'a self, new: &'a NewRefund) -> Called<'a, RefundFact> {
        self.call("create_refund", self.inner.create_refund(new))
    }

    fn list_refunds<'a>(&'a self, payment_intent: &'a str) -> Called<'a, Vec<RefundFact>> {
        self.call("list_refunds", self.inner.list_refunds(payment_intent))
    }

    fn list<'a>(&'a self, what: Listed, made: Made, after: Option<&'a str>) -> Called<'a, Page> {
        self.call("list", self.inner.list(what, made, after))
    }

    fn look_up<'a>(&'a self, what: Listed, id: &'a str) -> Called<'a, Seen> {
        self.call("look_up", self.inner.look_up(what, id))
    }

    fn time(&self) -> Called<'_, Option<Timestamp>> {
        self.call("time", self.inner.time())
    }

    fn listed_price<'a>(&'a self, color: &'a str) -> Called<'a, Option<ListedPrice>> {
        self.call("listed_price", self.inner.listed_price(color))
    }

    fn check(&self) -> Called<'_, ()> {
        self.call("check", self.inner.check())
    }
}
