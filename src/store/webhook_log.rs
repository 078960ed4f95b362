//! Events as a person looks for them: newest first, filtered, page by page, and one with what it led to. The table is
//! large and its intake is the hot path, so there is an index for what is asked for often (receipt, failed, preorder,
//! Stripe's id) and a walk along the latest [`LOOKED_THROUGH`] for what is not.

use std::time::Duration;

use sqlx::{AssertSqlSafe, FromRow};

use super::webhooks::WebhookStatus;
use super::{Db, StoreResult, on_read};
use crate::domain::delivery::{DeliveryKind, DeliveryState};
use crate::domain::ids::{DeliveryId, PreorderId, WebhookId};
use crate::domain::money::Currency;
use crate::domain::timestamp::Timestamp;

/// Events that a search by state or type walks along before it asks whether to go on.
pub const LOOKED_THROUGH: i64 = 10_000;

pub struct Wanted<'a> {
    pub status: Option<WebhookStatus>,
    pub event: Option<&'a str>,
    pub preorder: Option<&'a PreorderId>,
    pub stripe_event_id: Option<&'a str>,
    /// From, inclusive, and to, exclusive.
    pub span: (Timestamp, Timestamp),
    /// The last row of the page before.
    pub after: Option<(Timestamp, String)>,
    pub limit: i64,
}

/// An event without its body.
#[derive(Debug, Clone, FromRow)]
pub struct LoggedWebhook {
    pub id: WebhookId,
    pub event: String,
    pub stripe_event_id: String,
    pub status: WebhookStatus,
    pub preorder_id: Option<PreorderId>,
    pub preorder_number: Option<String>,
    pub email: Option<String>,
    pub attempts: i64,
    pub error: Option<String>,
    pub klaviyo_event_sent_at: Option<Timestamp>,
    pub received_at: Timestamp,
    pub processed_at: Option<Timestamp>,
    /// Of the delivery that applies it.
    pub delivery_state: Option<DeliveryState>,
    pub discard_reason: Option<String>,
}

macro_rules! columns {
    () => {
        "w.id, w.event, w.stripe_event_id, w.status, w.preorder_id, p.preorder_number, w.email, w.attempts, w.error, \
         w.klaviyo_event_sent_at, w.received_at, w.processed_at, o.state AS delivery_state, o.discard_reason"
    };
}

macro_rules! joins {
    () => {
        " LEFT JOIN preorders p ON p.id = w.preorder_id \
         LEFT JOIN outbox o ON o.dedupe_key = 'apply_stripe_event:' || w.id "
    };
}

pub struct Found {
    pub rows: Vec<LoggedWebhook>,
    /// The search ended here: older ones were not looked at.
    pub looked_to: Option<Timestamp>,
}

pub async fn list(db: &Db, wanted: &Wanted<'_>) -> StoreResult<Found> {
    let (mut from, to) = wanted.span;
    let (at, id) = wanted.after.clone().unwrap_or_else(|| (super::outbox_log::END, "~".to_owned()));
    // The page begins where the one before ended: said as a bound, so that the index is entered there.
    let to = to.min(at + Duration::from_millis(1));
    let mut looked_to = None;
    if wanted.needs_a_walk()
        && let Some(floor) = floor(db, from, to).await?
    {
        looked_to = (floor > from).then_some(floor);
        from = from.max(floor);
    }
    let sql = AssertSqlSafe(wanted.sql());
    // $6 and $7 are compared with nothing where they are not asked for: empty then.
    let named = wanted.stripe_event_id.or_else(|| wanted.preorder.map(PreorderId::as_str)).unwrap_or_default();
    let event = wanted.event.unwrap_or_default();
    let rows: Vec<LoggedWebhook> = on_read!(db, c => {
        sqlx::query_as(sql)
            .bind(from)
            .bind(to)
            .bind(at)
            .bind(&id)
            .bind(wanted.limit)
            .bind(named)
            .bind(event)
            .fetch_all(c)
            .await
    })?;
    let full = i64::try_from(rows.len()).unwrap_or(i64::MAX) >= wanted.limit;
    Ok(Found { rows, looked_to: looked_to.filter(|_| !full) })
}

impl Wanted<'_> {
    /// Whether no index leads to what is asked for.
    const fn needs_a_walk(&self) -> bool {
        let named = self.stripe_event_id.is_some() || self.preorder.is_some();
        let failed = matches!(self.status, Some(WebhookStatus::Failed));
        !named && !failed && (self.status.is_some() || self.event.is_some())
    }

    fn sql(&self) -> String {
        let named = match (self.stripe_event_id, self.preorder) {
            (Some(_), _) => "stripe_event_id = $6",
            (None, Some(_)) => "preorder_id = $6",
            (None, None) => "$6 = ''",
        };
        let event = if self.event.is_some() { "event = $7" } else { "$7 = ''" };
        // A word of our own, and written out: a partial index is found by it.
        let status = self.status.map_or_else(String::new, |status| format!(" AND status = '{status}'"));
        format!(
            "SELECT {} FROM (SELECT id FROM webhook_logs WHERE {named} AND {event}{status} AND received_at >= $1 \
             AND received_at < $2 AND (received_at, id) < ($3, $4) ORDER BY received_at DESC, id DESC LIMIT $5) AS page \
             JOIN webhook_logs w ON w.id = page.id {} ORDER BY w.received_at DESC, w.id DESC",
            columns!(),
            joins!()
        )
    }
}

/// How far back a walk of [`LOOKED_THROUGH`] steps comes; `None` if it comes to the end.
async fn floor(db: &Db, from: Timestamp, to: Timestamp) -> StoreResult<Option<Timestamp>> {
    const SQL: &str = "SELECT COUNT(*), MIN(received_at) FROM (SELECT received_at FROM webhook_logs \
         WHERE received_at >= $1 AND received_at < $2 ORDER BY received_at DESC LIMIT $3) AS latest";
    let (rows, floor): (i64, Option<Timestamp>) =
        on_read!(db, c => sqlx::query_as(SQL).bind(from).bind(to).bind(LOOKED_THROUGH).fetch_one(c).await)?;
    Ok(floor.filter(|_| rows >= LOOKED_THROUGH))
}

pub async fn find(db: &Db, id: &WebhookId) -> StoreResult<Option<LoggedWebhook>> {
    const SQL: &str = concat!("SELECT ", columns!(), " FROM webhook_logs w", joins!(), "WHERE w.id = $1");
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await)?)
}

/// The body as it came.
pub async fn raw_data(db: &Db, id: &WebhookId) -> StoreResult<Option<String>> {
    const SQL: &str = "SELECT raw_data FROM webhook_logs WHERE id = $1";
    Ok(on_read!(db, c => sqlx::query_scalar(SQL).bind(id).fetch_optional(c).await)?)
}

/// A delivery that applying an event made.
#[derive(Debug, Clone, FromRow)]
pub struct LedTo {
    pub id: DeliveryId,
    pub kind: DeliveryKind,
    pub state: DeliveryState,
}

/// What a preorder's deliveries owe to what this trace names: a try of an event's delivery.
pub async fn led_to(db: &Db, preorder: &PreorderId, trace_id: &str) -> StoreResult<Vec<LedTo>> {
    const SQL: &str =
        "SELECT id, kind, state FROM outbox WHERE preorder_id = $1 AND trace_id = $2 ORDER BY created_at, id";
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(preorder).bind(trace_id).fetch_all(c).await)?)
}

/// What was entered in the ledger while the event was applied.
#[derive(Debug, Clone, FromRow)]
pub struct Entered {
    pub kind: String,
    pub amount_minor: i64,
    pub currency: Currency,
    pub recorded_at: Timestamp,
}

pub async fn entered(db: &Db, preorder: &PreorderId, (from, to): (Timestamp, Timestamp)) -> StoreResult<Vec<Entered>> {
    const SQL: &str = "SELECT kind, amount_minor, currency, recorded_at FROM payments_ledger WHERE preorder_id = $1 \
         AND recorded_at >= $2 AND recorded_at <= $3 ORDER BY recorded_at, id";
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(preorder).bind(from).bind(to).fetch_all(c).await)?)
}
