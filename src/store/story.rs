//! What the page of one preorder reads about its deliveries and events: the newest of each, never more than asked for,
//! however long a story has become.

use sqlx::FromRow;

use super::outbox::DeliveryAttempt;
use super::webhooks::Webhook;
use super::{Db, StoreResult, on_read};
use crate::domain::delivery::{DeliveryKind, DeliveryState};
use crate::domain::ids::{DeliveryId, PreorderId};
use crate::domain::timestamp::Timestamp;

/// A delivery of the preorder's own. (Stripe's events have deliveries too; those are told by their webhooks.)
#[derive(Debug, Clone, FromRow)]
pub struct Told {
    pub id: DeliveryId,
    pub kind: DeliveryKind,
    pub payload: String,
    pub state: DeliveryState,
    pub attempts: i64,
    pub run_at: Timestamp,
    pub created_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    pub discarded_at: Option<Timestamp>,
}

pub async fn deliveries(db: &Db, id: &PreorderId, limit: i64) -> StoreResult<Vec<Told>> {
    const SQL: &str = "SELECT id, kind, payload, state, attempts, run_at, created_at, finished_at, discarded_at \
         FROM outbox WHERE preorder_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2";
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(id).bind(limit).fetch_all(c).await)?)
}

/// Tries of these deliveries.
pub async fn tries(db: &Db, id: &PreorderId, limit: i64) -> StoreResult<Vec<DeliveryAttempt>> {
    const SQL: &str = "SELECT a.delivery_id, a.number, a.started_at, a.duration_ms, a.outcome, a.answer, a.retry_at, \
         a.worker FROM outbox o JOIN delivery_attempts a ON a.delivery_id = o.id \
         WHERE o.preorder_id = $1 ORDER BY a.started_at DESC, a.number DESC LIMIT $2";
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(id).bind(limit).fetch_all(c).await)?)
}

pub async fn webhooks(db: &Db, id: &PreorderId, limit: i64) -> StoreResult<Vec<Webhook>> {
    const SQL: &str = "SELECT id, event, stripe_event_id, status, preorder_id, attempts, error, raw_data, received_at, \
         processed_at FROM webhook_logs WHERE preorder_id = $1 ORDER BY received_at DESC, id DESC LIMIT $2";
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(id).bind(limit).fetch_all(c).await)?)
}
