//! The `webhook_logs` table: every signed event, kept as it came.

use sqlx::FromRow;

use super::{Db, StoreResult, Tx, on_read, on_tx};
use crate::domain::delivery::Delivery;
use crate::domain::ids::{PreorderId, WebhookId};
use crate::domain::text_enum::text_enum;
use crate::domain::timestamp::Timestamp;

text_enum! {
    pub enum WebhookStatus {
        Received => "received",
        Processing => "processing",
        Success => "success",
        Failed => "failed",
        Ignored => "ignored",
    }
}

#[derive(Debug, Clone, FromRow)]
pub struct Webhook {
    pub id: WebhookId,
    pub event: String,
    pub stripe_event_id: String,
    pub status: WebhookStatus,
    pub preorder_id: Option<String>,
    pub attempts: i64,
    pub error: Option<String>,
    pub raw_data: String,
    pub received_at: Timestamp,
    pub processed_at: Option<Timestamp>,
}

/// Says whether the event is new. A repeat changes nothing.
pub async fn insert(
    tx: &mut Tx,
    id: &WebhookId,
    event: &str,
    stripe_event_id: &str,
    raw: &str,
    now: Timestamp,
) -> StoreResult<bool> {
    const UNGUARDED: &str = "INSERT INTO webhook_logs (id, provider, event, stripe_event_id, status, raw_data, \
         received_at) VALUES ($1, 'stripe', $2, $3, 'received', $4, $5)";
    const SQL: &str = "INSERT INTO webhook_logs (id, provider, event, stripe_event_id, status, raw_data, received_at) \
         VALUES ($1, 'stripe', $2, $3, 'received', $4, $5) ON CONFLICT (stripe_event_id) DO NOTHING";
    let sql = if super::guard_is_off("guard.unique_event") { UNGUARDED } else { SQL };
    let rows = on_tx!(tx, c => {
        sqlx::query(sql)
            .bind(id)
            .bind(event)
            .bind(stripe_event_id)
            .bind(raw)
            .bind(now)
            .execute(c)
            .await
            .map(|done| done.rows_affected())
    })?;
    Ok(rows == 1)
}

pub async fn find(db: &Db, id: &WebhookId) -> StoreResult<Option<Webhook>> {
    const SQL: &str = "SELECT id, event, stripe_event_id, status, preorder_id, attempts, error, raw_data, received_at, \
         processed_at FROM webhook_logs WHERE id = $1";
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await)?)
}

pub async fn find_by_event(db: &Db, stripe_event_id: &str) -> StoreResult<Option<WebhookId>> {
    const SQL: &str = "SELECT id FROM webhook_logs WHERE stripe_event_id = $1";
    Ok(on_read!(db, c => sqlx::query_scalar(SQL).bind(stripe_event_id).fetch_optional(c).await)?)
}

/// How a stored event stands.
#[derive(Debug, FromRow)]
pub struct Standing {
    /// It was kept, and nobody is going to apply it until a person says so.
    pub is_given_up: bool,
    pub error: Option<String>,
}

pub async fn standing(db: &Db, stripe_event_id: &str) -> StoreResult<Option<Standing>> {
    // What a person has discarded is marked as ignored: see `set_aside`.
    const SQL: &str = "SELECT w.status NOT IN ('success', 'ignored') AND EXISTS (SELECT 1 FROM outbox o \
         WHERE o.dedupe_key = 'apply_stripe_event:' || w.id AND o.state = 'dead') AS is_given_up, w.error \
         FROM webhook_logs w WHERE w.stripe_event_id = $1";
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(stripe_event_id).fetch_optional(c).await)?)
}

/// Events that could not be applied, counted no further than `most`.
pub async fn failed(db: &Db, most: i64) -> StoreResult<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM webhook_logs WHERE status = 'failed' LIMIT $1) AS failed";
    Ok(on_read!(db, c => sqlx::query_scalar(SQL).bind(most).fetch_one(c).await)?)
}

/// What came of applying an event, once more.
pub struct Applied<'a> {
    pub status: WebhookStatus,
    pub preorder_id: Option<&'a PreorderId>,
    pub email: Option<&'a str>,
    pub error: Option<&'a str>,
}

pub async fn save_applied(tx: &mut Tx, id: &WebhookId, to: &Applied<'_>, now: Timestamp) -> StoreResult<()> {
    const SQL: &str = "UPDATE webhook_logs SET status = $2, preorder_id = COALESCE($3, preorder_id), \
         email = COALESCE($4, email), error = $5, processed_at = $6, attempts = attempts + 1, \
         klaviyo_event_sent_at = COALESCE(klaviyo_event_sent_at, \
         (SELECT finished_at FROM outbox WHERE dedupe_key = $7 AND state = 'done')) WHERE id = $1";
    // Two events tell of one payment; the second may be applied when the buyer's success event is out already.
    let success = to.preorder_id.map(|id| Delivery::KlaviyoPreorderSuccess { preorder_id: id.clone() }.dedupe_key());
    Ok(on_tx!(tx, c => {
        sqlx::query(SQL)
            .bind(id)
            .bind(to.status)
            .bind(to.preorder_id)
            .bind(to.email)
            .bind(to.error)
            .bind(now)
            .bind(success)
            .execute(c)
            .await
            .map(|_| ())
    })?)
}

/// A try at applying an event that came to nothing.
pub struct FailedTry<'a> {
    pub error: &'a str,
    /// It will not be tried again by itself.
    pub is_given_up: bool,
    /// Whether the row may say so already: one that is marked as failed is then left as it is.
    pub may_be_noted: bool,
}

/// Notes it in a row that was not applied. The event's type if it is given up by this.
pub async fn save_failed_try(
    tx: &mut Tx,
    id: &WebhookId,
    failed: &FailedTry<'_>,
    now: Timestamp,
) -> StoreResult<Option<String>> {
    const SQL: &str = "UPDATE webhook_logs SET attempts = attempts + 1, error = $2, \
         status = CASE WHEN $3 THEN 'failed' ELSE status END, \
         processed_at = CASE WHEN $3 THEN $4 ELSE processed_at END \
         WHERE id = $1 AND (status IN ('received', 'processing') OR (status = 'failed' AND NOT $5)) RETURNING event";
    let noted: Option<String> = on_tx!(tx, c => {
        sqlx::query_scalar(SQL)
            .bind(id)
            .bind(failed.error)
            .bind(failed.is_given_up)
            .bind(now)
            .bind(failed.may_be_noted)
            .fetch_optional(c)
            .await
    })?;
    Ok(noted.filter(|_| failed.is_given_up))
}

/// The mark that the buyer's success event went out, on every webhook that spoke of the preorder.
pub async fn save_klaviyo_sent(tx: &mut Tx, id: &PreorderId, at: Timestamp) -> StoreResult<()> {
    const SQL: &str = "UPDATE webhook_logs SET klaviyo_event_sent_at = $2 \
         WHERE preorder_id = $1 AND klaviyo_event_sent_at IS NULL";
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(id).bind(at).execute(c).await.map(|_| ()))?)
}

/// Events whose deliveries were discarded at this time: nobody is going to apply them, and nobody needs to look again.
pub async fn set_aside(tx: &mut Tx, discarded_at: Timestamp) -> StoreResult<()> {
    // After `apply_stripe_event:` stands the event's id.
    const SQL: &str = "UPDATE webhook_logs SET status = 'ignored' WHERE status IN ('failed', 'received') AND id IN \
         (SELECT substr(dedupe_key, 20) FROM outbox WHERE state = 'dead' AND discarded_at = $1 \
         AND kind = 'apply_stripe_event')";
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(discarded_at).execute(c).await.map(|_| ()))?)
}

/// What a person acts on when an event is to be applied again.
#[derive(Debug, Clone, FromRow)]
pub struct Named {
    pub id: WebhookId,
    pub event: String,
    pub stripe_event_id: String,
    pub status: WebhookStatus,
    pub preorder_id: Option<PreorderId>,
}

pub async fn named(tx: &mut Tx, id: &WebhookId) -> StoreResult<Option<Named>> {
    const SQL: &str = "SELECT id, event, stripe_event_id, status, preorder_id FROM webhook_logs WHERE id = $1";
    Ok(on_tx!(tx, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await)?)
}

pub async fn of_preorder(db: &Db, id: &PreorderId) -> StoreResult<Vec<Webhook>> {
    const SQL: &str = "SELECT id, event, stripe_event_id, status, preorder_id, attempts, error, raw_data, received_at, \
         processed_at FROM webhook_logs WHERE preorder_id = $1 ORDER BY received_at, id LIMIT 200";
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(id).fetch_all(c).await)?)
}
