//! The overview's numbers: counted side by side for a span and the span before it, and kept in proportion to what that
//! cost.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::WorkflowError;
use crate::context::Context;
use crate::domain::metrics::{Measured, Numbers, Spans};
use crate::domain::period::Period;
use crate::store::{Db, StoreResult, metrics, metrics_machinery};

/// Queries of the overview that run at once: SQLite has four readers, and one is left to the buyers.
static AT_ONCE: Semaphore = Semaphore::const_new(3);

/// The numbers, and how long they will stay the same for whoever asks again with this key.
pub async fn measure(ctx: &Context, key: &str, spans: Spans) -> Result<(Arc<Measured>, Duration), WorkflowError> {
    Ok(ctx.measured.get(key, Box::pin(count(ctx, spans))).await?)
}

async fn count(ctx: &Context, spans: Spans) -> StoreResult<Arc<Measured>> {
    let (db, at) = (&ctx.db, ctx.clock.now());
    let now = numbers(db, spans.now, &spans.buckets);
    let before = numbers(db, spans.before, &spans.buckets_before);
    let (now, before, backlog) = futures::try_join!(now, before, one(metrics_machinery::backlog(db)))?;
    Ok(Arc::new(Measured { at, spans, now, before, backlog }))
}

async fn numbers(db: &Db, period: Period, buckets: &[Period]) -> StoreResult<Numbers> {
    let (buckets, funnel, money, payments, webhooks, (klaviyo, firebase)) = futures::try_join!(
        one(metrics::buckets(db, buckets)),
        one(metrics::funnel(db, period)),
        one(metrics::money(db, period)),
        one(metrics::payments(db, period)),
        one(metrics_machinery::webhooks(db, period)),
        one(metrics_machinery::deliveries(db, period)),
    )?;
    Ok(Numbers { buckets, funnel, money, payments, webhooks, klaviyo, firebase })
}

async fn one<T>(query: impl Future<Output = StoreResult<T>>) -> StoreResult<T> {
    // Never closed.
    let _place = AT_ONCE.acquire().await;
    query.await
}
