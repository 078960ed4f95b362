//! The outbox as a room: what waits, what was given up, what is held back; and one delivery with every try.

use std::time::Duration;

use super::typed_span::{self, Problem, cursor, cursor_text};
use super::{masked, require};
use crate::api::{ApiError, context, zone};
use crate::domain::access::Right;
use crate::domain::delivery::{Delivery, DeliveryKind, DeliveryState};
use crate::domain::ids::{DeliveryId, WebhookId};
use crate::domain::timestamp::Timestamp;
use crate::store::outbox::DeliveryAttempt;
use crate::store::outbox_acts;
use crate::store::outbox_board::{self, Count, MOST_COUNTED, MOST_FINISHED};
use crate::store::outbox_log::{self, LOOKED_THROUGH, Wanted};
use crate::workflows::dead_deliveries::EVERY_KIND;

pub use crate::store::outbox_acts::Pause;
pub use crate::store::outbox_log::{LoggedDelivery, Shelf};

const ROWS: usize = 50;
/// How far back the board looks for what has ended.
const LATELY: Duration = Duration::from_hours(24);

/// What stands in the room's address.
#[derive(Clone, Default)]
pub struct BackgroundQuery {
    pub state: String,
    pub kind: String,
    pub from: String,
    pub to: String,
    pub after: String,
}

pub struct Background {
    pub now: Timestamp,
    pub board: Vec<BoardRow>,
    /// Of a day with more, only so many of the latest are in the board's last columns.
    pub of_latest: Option<i64>,
    pub shelf: Shelf,
    pub kind: Option<DeliveryKind>,
    pub rows: Vec<LoggedDelivery>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// The search stopped here, after [`LOOKED_THROUGH`] rows.
    pub looked: Option<(i64, Timestamp)>,
    pub first_page: bool,
    pub problems: Vec<Problem>,
}

/// A kind's line on the board.
pub struct BoardRow {
    pub kind: DeliveryKind,
    pub pending: Counted,
    pub running: i64,
    pub dead: Counted,
    pub done: i64,
    /// Of those that ended lately, in whatever way: how many took more than one try.
    pub ended: i64,
    pub retried: i64,
    pub pause: Option<Pause>,
}

/// A number that may be "more than".
#[derive(Clone, Copy, Default)]
pub struct Counted {
    pub rows: i64,
    pub oldest: Option<Timestamp>,
}

impl Counted {
    fn of(counts: &[Count], kind: DeliveryKind) -> Self {
        let count = counts.iter().find(|count| count.kind == kind);
        count.map_or_else(Self::default, |count| Self { rows: count.rows, oldest: count.oldest })
    }
}

impl std::fmt::Display for Counted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.rows > MOST_COUNTED { write!(f, "{MOST_COUNTED}+") } else { write!(f, "{}", self.rows) }
    }
}

/// A kind in words.
pub fn kind_label(kind: DeliveryKind) -> String {
    let spell = |(n, word): (usize, &str)| match word {
        "sms" => "SMS".to_owned(),
        "firebase" => "Firebase".to_owned(),
        "klaviyo" => "Klaviyo".to_owned(),
        "stripe" => "Stripe".to_owned(),
        word if n == 0 => {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
        }
        word => word.to_owned(),
    };
    kind.as_str().split('_').enumerate().map(spell).collect::<Vec<_>>().join(" ")
}

pub async fn background(asked: &BackgroundQuery) -> Result<Background, ApiError> {
    let login = require(Right::See)?;
    let ctx = context()?;
    let now = ctx.clock.now();
    let mut problems = Vec::new();
    let shelf = asked.state.parse().unwrap_or(Shelf::Dead);
    let kind = asked.kind.parse().ok();
    let after = cursor(&asked.after);
    let first_page = after.is_none();
    let limit = i64::try_from(ROWS).unwrap_or(50) + 1;
    let span = typed_span::read(&asked.from, &asked.to, &zone(), &mut problems);
    let found = outbox_log::list(&ctx.db, &Wanted { shelf, kind, span, after, limit }).await?;
    let mut rows = found.rows;
    let more = rows.len() > ROWS;
    rows.truncate(ROWS);
    let last = rows.last().filter(|_| more).map(|last| cursor_text(last.time(shelf), last.id.as_str()));
    let next = last.or_else(|| found.looked_to.map(|at| cursor_text(at, "")));
    if !login.admin.role.sees_addresses() {
        rows.iter_mut().for_each(mask);
    }
    let (board, of_latest) = board(&ctx, now).await?;
    let looked = found.looked_to.map(|at| (LOOKED_THROUGH, at));
    Ok(Background { now, board, of_latest, shelf, kind, rows, next, looked, first_page, problems })
}

async fn board(ctx: &crate::context::Context, now: Timestamp) -> Result<(Vec<BoardRow>, Option<i64>), ApiError> {
    let pending = outbox_board::pending(&ctx.db).await?;
    let running = outbox_board::running(&ctx.db).await?;
    let dead = outbox_board::dead(&ctx.db).await?;
    let ended = outbox_board::ended_since(&ctx.db, now - LATELY).await?;
    let pauses = outbox_acts::pauses(&ctx.db).await?;
    let row = |&kind: &DeliveryKind| {
        let of_kind = || ended.iter().filter(move |ended| ended.kind == kind);
        BoardRow {
            kind,
            pending: Counted::of(&pending, kind),
            running: Counted::of(&running, kind).rows,
            dead: Counted::of(&dead, kind),
            done: of_kind().filter(|ended| ended.state == DeliveryState::Done).map(|ended| ended.rows).sum(),
            ended: of_kind().map(|ended| ended.rows).sum(),
            retried: of_kind().map(|ended| ended.retried).sum(),
            pause: pauses.iter().find(|pause| pause.kind == kind).cloned(),
        }
    };
    let all: i64 = ended.iter().map(|ended| ended.rows).sum();
    Ok((DeliveryKind::ALL.iter().map(row).collect(), (all >= MOST_FINISHED).then_some(MOST_FINISHED)))
}

pub struct DeliveryDetail {
    pub delivery: LoggedDelivery,
    pub tries: Vec<DeliveryAttempt>,
    pub acts: Vec<ActLine>,
    /// The event that it applies.
    pub webhook_id: Option<WebhookId>,
    pub pause: Option<Pause>,
}

/// What a person did about it.
pub struct ActLine {
    pub at: Timestamp,
    pub words: String,
}

pub async fn delivery(id: &str) -> Result<Option<DeliveryDetail>, ApiError> {
    let login = require(Right::See)?;
    let ctx = context()?;
    let Ok(id) = id.parse::<DeliveryId>() else { return Ok(None) };
    let Some(found) = outbox_log::find(&ctx.db, &id).await? else { return Ok(None) };
    Ok(Some(detail_of(&ctx, found, login.admin.role.sees_addresses()).await?))
}

/// The event that a delivery applies.
pub fn event_of(delivery: &LoggedDelivery) -> Option<WebhookId> {
    match serde_json::from_str(&delivery.payload) {
        Ok(Delivery::ApplyStripeEvent { webhook_id }) => Some(webhook_id),
        _ => None,
    }
}

/// The delivery that applies an event, with all of it.
pub async fn delivery_of_event(
    ctx: &crate::context::Context,
    id: &WebhookId,
    sees_addresses: bool,
) -> Result<Option<DeliveryDetail>, ApiError> {
    let key = Delivery::ApplyStripeEvent { webhook_id: id.clone() }.dedupe_key();
    match outbox_log::find_by_key(&ctx.db, &key).await? {
        Some(found) => Ok(Some(detail_of(ctx, found, sees_addresses).await?)),
        None => Ok(None),
    }
}

async fn detail_of(
    ctx: &crate::context::Context,
    mut delivery: LoggedDelivery,
    sees_addresses: bool,
) -> Result<DeliveryDetail, ApiError> {
    let tries = outbox_log::tries(&ctx.db, &delivery.id).await?;
    let webhook_id = event_of(&delivery);
    let subject = webhook_id.as_ref().map_or(delivery.kind.as_str(), WebhookId::as_str);
    let mut acts = outbox_log::acts(&ctx.db, [delivery.id.as_str(), subject, EVERY_KIND], delivery.created_at).await?;
    if webhook_id.is_some() {
        let of_kind = [delivery.kind.as_str(), delivery.kind.as_str(), delivery.kind.as_str()];
        acts.extend(outbox_log::acts(&ctx.db, of_kind, delivery.created_at).await?);
        acts.sort_by_key(|act| act.at);
    }
    let acts = acts.iter().filter_map(|act| act_line(act, &delivery)).collect();
    let pauses = outbox_acts::pauses(&ctx.db).await?;
    let pause = pauses.into_iter().find(|pause| pause.kind == delivery.kind);
    if sees_addresses {
        delivery.payload = masked::legible(&delivery.payload);
    } else {
        mask(&mut delivery);
    }
    Ok(DeliveryDetail { delivery, tries, acts, webhook_id, pause })
}

/// An act in words. One on many deliveries at once is this one's only if this one bears its mark.
fn act_line(act: &outbox_log::Act, delivery: &LoggedDelivery) -> Option<ActLine> {
    let detail: serde_json::Value = serde_json::from_str(&act.detail).unwrap_or_default();
    let reason = detail.get("reason").and_then(serde_json::Value::as_str);
    let reason = reason.map_or_else(String::new, |reason| format!(": {}", masked::text(reason)));
    let words = match detail.get("count").and_then(serde_json::Value::as_i64) {
        None => format!("{} {}{reason}", act.actor, act.action.phrase()),
        Some(count) => {
            let discards = act.action == crate::domain::audit::AuditAction::DeliveryDiscarded;
            let mine = if discards { delivery.discarded_at.is_some() } else { delivery.earlier_attempts > 0 };
            if !mine {
                return None;
            }
            let what = if discards { "discarded" } else { "retried" };
            format!("{} {what} {count} at once{reason}", act.actor)
        }
    };
    Some(ActLine { at: act.at, words })
}

fn mask(delivery: &mut LoggedDelivery) {
    delivery.payload = masked::body(&delivery.payload);
    delivery.last_error = delivery.last_error.as_deref().map(masked::text);
    delivery.discard_reason = delivery.discard_reason.as_deref().map(masked::text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_named_as_people_write_it() {
        assert_eq!(kind_label(DeliveryKind::SendSms), "Send SMS");
        assert_eq!(kind_label(DeliveryKind::ApplyStripeEvent), "Apply Stripe event");
        assert_eq!(kind_label(DeliveryKind::KlaviyoPreorderStarted), "Klaviyo preorder started");
    }
}
