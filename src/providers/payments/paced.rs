//! A provider that is asked no faster than it allows. Whoever comes when it is busy waits for their turn; when the queue
//! is longer than is honest to wait in, they are told so.

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Listed, ListedPrice, Made, NewRefund, NewSession, OrderAtStripe, Page, PaymentProvider, Seen, Session};
use crate::domain::payment::PaymentFact;
use crate::domain::refund::RefundFact;
use crate::domain::stripe_endpoints::Endpoint;
use crate::domain::timestamp::Timestamp;
use crate::providers::ProviderError;
use crate::telemetry::{Waiting, metric};

/// The longest that a call waits for its turn.
const LONGEST_QUEUE: Duration = Duration::from_secs(8);

tokio::task_local! {
    static PATIENCE: Duration;
}

/// Asks, and waits for a turn no longer than this. A turn that somebody takes and is not there for is lost to others.
pub async fn waiting_at_most<T>(patience: Duration, asking: impl Future<Output = T>) -> T {
    PATIENCE.scope(patience, asking).await
}

/// Whose turn it is, endpoint by endpoint.
pub trait Pace: Send + Sync {
    /// How long to wait before the call. `Err`: the queue is longer than `most`, and no turn was taken.
    fn turn<'a>(&'a self, endpoint: &'static str, most: Duration) -> BoxFuture<'a, Result<Duration, Duration>>;
}

pub struct Paced {
    inner: Box<dyn PaymentProvider>,
    pace: Box<dyn Pace>,
}

impl Paced {
    pub fn new(inner: Box<dyn PaymentProvider>, pace: Box<dyn Pace>) -> Self {
        Self { inner, pace }
    }

    async fn turn(&self, endpoint: Endpoint) -> Result<(), ProviderError> {
        let endpoint = endpoint.as_str();
        let most = PATIENCE.try_with(|patience| *patience).unwrap_or(LONGEST_QUEUE);
        match self.pace.turn(endpoint, most).await {
            Ok(wait) if wait.is_zero() => Ok(()),
            Ok(wait) => {
                metrics::histogram!(metric::QUEUE_WAIT, "endpoint" => endpoint).record(wait.as_secs_f64());
                let _waiting = Waiting::at(metrics::gauge!(metric::QUEUE, "endpoint" => endpoint));
                tokio::time::sleep(wait).await;
                Ok(())
            }
            Err(wait) => {
                metrics::counter!(metric::QUEUE_REFUSED, "endpoint" => endpoint).increment(1);
                let message = format!("{} is busy with others before us", self.inner.name());
                Err(ProviderError::NotAsked { message, after: wait })
            }
        }
    }
}

impl PaymentProvider for Paced {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn create_session<'a>(&'a self, new: &'a NewSession) -> BoxFuture<'a, Result<Session, ProviderError>> {
        async move {
            self.turn(Endpoint::CreateSession).await?;
            self.inner.create_session(new).await
        }
        .boxed()
    }

    fn fetch_session<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Session, ProviderError>> {
        async move {
            self.turn(Endpoint::FetchSession).await?;
            self.inner.fetch_session(id).await
        }
        .boxed()
    }

    fn fetch_order<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<OrderAtStripe>, ProviderError>> {
        async move {
            self.turn(Endpoint::FetchSession).await?;
            self.inner.fetch_order(id).await
        }
        .boxed()
    }

    fn expire_session<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Session, ProviderError>> {
        async move {
            self.turn(Endpoint::ExpireSession).await?;
            self.inner.expire_session(id).await
        }
        .boxed()
    }

    fn fetch_payment_intent<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<PaymentFact, ProviderError>> {
        async move {
            self.turn(Endpoint::FetchPaymentIntent).await?;
            self.inner.fetch_payment_intent(id).await
        }
        .boxed()
    }

    fn create_refund<'a>(&'a self, new: &'a NewRefund) -> BoxFuture<'a, Result<RefundFact, ProviderError>> {
        async move {
            self.turn(Endpoint::CreateRefund).await?;
            self.inner.create_refund(new).await
        }
        .boxed()
    }

    fn list_refunds<'a>(&'a self, payment_intent: &'a str) -> BoxFuture<'a, Result<Vec<RefundFact>, ProviderError>> {
        async move {
            self.turn(Endpoint::List).await?;
            self.inner.list_refunds(payment_intent).await
        }
        .boxed()
    }

    fn list<'a>(
        &'a self,
        what: Listed,
        made: Made,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Page, ProviderError>> {
        async move {
            self.turn(Endpoint::List).await?;
            self.inner.list(what, made, after).await
        }
        .boxed()
    }

    fn look_up<'a>(&'a self, what: Listed, id: &'a str) -> BoxFuture<'a, Result<Seen, ProviderError>> {
        async move {
            self.turn(Endpoint::LookUp).await?;
            self.inner.look_up(what, id).await
        }
        .boxed()
    }

    fn listed_price<'a>(&'a self, color: &'a str) -> BoxFuture<'a, Result<Option<ListedPrice>, ProviderError>> {
        async move {
            self.turn(Endpoint::FetchPrice).await?;
            self.inner.listed_price(color).await
        }
        .boxed()
    }

    fn time(&self) -> BoxFuture<'_, Result<Option<Timestamp>, ProviderError>> {
        self.inner.time()
    }

    fn check(&self) -> BoxFuture<'_, Result<(), ProviderError>> {
        async move {
            // It asks for a session.
            self.turn(Endpoint::FetchSession).await?;
            self.inner.check().await
        }
        .boxed()
    }
}
