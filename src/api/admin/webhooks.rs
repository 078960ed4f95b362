//! The log of Stripe's events: a list that is found by what people know of an event, and one event with its body, what
//! became of it, and what a replay would change.

use leptos::prelude::*;

use super::answer::done;
use super::background::{DeliveryDetail, delivery_of_event};
use super::typed_span::{self, Problem, cursor, cursor_text};
use super::{masked, require};
use crate::api::{ApiError, context, zone};
use crate::context::Context;
use crate::domain::access::Right;
use crate::domain::ids::{PreorderId, PreorderNumber, WebhookId};
use crate::domain::masking;
use crate::store::preorders;
use crate::store::webhook_log::{self, Entered, LOOKED_THROUGH, LedTo, Wanted};
use crate::telemetry::{SpanId, Trace, TraceId};
use crate::workflows::replay_webhook;

pub use crate::domain::timestamp::Timestamp;
pub use crate::store::snapshot::Value;
pub use crate::store::webhook_log::LoggedWebhook;
pub use crate::store::webhooks::WebhookStatus;
pub use crate::workflows::replay_webhook::{Change, ChangedCell, DryRun};

const ROWS: usize = 50;

/// What stands in the room's address.
#[derive(Clone, Default)]
pub struct WebhookQuery {
    pub status: String,
    pub event: String,
    pub from: String,
    pub to: String,
    pub preorder: String,
    pub stripe_event: String,
    pub after: String,
}

pub struct WebhookPage {
    pub rows: Vec<LoggedWebhook>,
    pub next: Option<String>,
    /// The search stopped here, after [`LOOKED_THROUGH`] events.
    pub looked: Option<(i64, Timestamp)>,
    pub first_page: bool,
    pub status: Option<WebhookStatus>,
    pub problems: Vec<Problem>,
}

pub async fn webhooks(asked: &WebhookQuery) -> Result<WebhookPage, ApiError> {
    let login = require(Right::See)?;
    let ctx = context()?;
    let mut problems = Vec::new();
    // PostgreSQL takes no NUL, and nothing that is looked for has one.
    let typed = |text: &str| text.trim().replace(char::is_control, "");
    let (event, stripe_event) = (typed(&asked.event), typed(&asked.stripe_event));
    let named = |text: &str| if text.is_empty() { None } else { Some(text.to_owned()) };
    let (event, stripe_event) = (named(&event), named(&stripe_event));
    let span = typed_span::read(&asked.from, &asked.to, &zone(), &mut problems);
    let preorder = preorder_of(&ctx, &typed(&asked.preorder), &mut problems).await?;
    let after = cursor(&asked.after);
    let first_page = after.is_none();
    let status = asked.status.parse().ok();
    let wanted = Wanted {
        status,
        event: event.as_deref(),
        preorder: preorder.as_ref(),
        stripe_event_id: stripe_event.as_deref(),
        span,
        after,
        limit: i64::try_from(ROWS).unwrap_or(50) + 1,
    };
    let unknown_preorder = problems.iter().any(|(field, _)| *field == "preorder");
    let found = if unknown_preorder {
        webhook_log::Found { rows: Vec::new(), looked_to: None }
    } else {
        webhook_log::list(&ctx.db, &wanted).await?
    };
    let mut rows = found.rows;
    let more = rows.len() > ROWS;
    rows.truncate(ROWS);
    let last = rows.last().filter(|_| more).map(|last| cursor_text(last.received_at, last.id.as_str()));
    let next = last.or_else(|| found.looked_to.map(|at| cursor_text(at, "")));
    if !login.admin.role.sees_addresses() {
        rows.iter_mut().for_each(mask);
    }
    let looked = found.looked_to.map(|at| (LOOKED_THROUGH, at));
    Ok(WebhookPage { rows, next, looked, first_page, status, problems })
}

/// A preorder by its number in any typing, or by its id.
async fn preorder_of(ctx: &Context, typed: &str, problems: &mut Vec<Problem>) -> Result<Option<PreorderId>, ApiError> {
    if typed.is_empty() {
        return Ok(None);
    }
    if let Ok(id) = typed.parse() {
        return Ok(Some(id));
    }
    let found = match PreorderNumber::parse(typed) {
        Some(number) => preorders::find_by_number(&ctx.db, &number).await?,
        None => None,
    };
    if found.is_none() {
        problems.push(("preorder", "No preorder has this number.".to_owned()));
    }
    Ok(found.map(|preorder| preorder.id))
}

fn mask(webhook: &mut LoggedWebhook) {
    webhook.email = webhook.email.as_deref().map(masking::email);
    webhook.error = webhook.error.as_deref().map(masked::text);
}

pub struct WebhookDetail {
    pub webhook: LoggedWebhook,
    /// As it came, set out to be read; masked for those who see no addresses.
    pub body: String,
    pub is_masked: bool,
    pub delivery: Option<DeliveryDetail>,
    /// What applying it made, besides what it says of itself.
    pub led_to: Vec<LedTo>,
    pub entered: Vec<Entered>,
    pub dry_run: Option<DryRun>,
}

/// `dry_run`: also what a replay would change, for those who may replay.
pub async fn webhook(id: &str, dry_run: bool) -> Result<Option<WebhookDetail>, ApiError> {
    let login = require(if dry_run { Right::Act } else { Right::See })?;
    let ctx = context()?;
    let Ok(id) = id.parse::<WebhookId>() else { return Ok(None) };
    let Some(mut webhook) = webhook_log::find(&ctx.db, &id).await? else { return Ok(None) };
    let raw = webhook_log::raw_data(&ctx.db, &id).await?.unwrap_or_default();
    let sees_addresses = login.admin.role.sees_addresses();
    let delivery = delivery_of_event(&ctx, &id, sees_addresses).await?;
    let (mut led_to, mut entered) = (Vec::new(), Vec::new());
    if let (Some(preorder), Some(delivery)) = (&webhook.preorder_id, &delivery) {
        for attempt in &delivery.tries {
            // What an event leads to bears the preorder's trace, and the try that it comes of.
            let cause = Some(SpanId::of_delivery(delivery.delivery.id.as_str(), attempt.number));
            let trace = Trace { id: TraceId::of_preorder(preorder), cause };
            led_to.extend(webhook_log::led_to(&ctx.db, preorder, &trace.to_string()).await?);
        }
        for attempt in delivery.tries.iter().filter(|attempt| attempt.outcome == "done") {
            let took = std::time::Duration::from_millis(attempt.duration_ms.unsigned_abs());
            let while_applied = (attempt.started_at, attempt.started_at + took);
            entered.extend(webhook_log::entered(&ctx.db, preorder, while_applied).await?);
        }
    }
    let dry_run = if dry_run { replay_webhook::dry_run(&ctx, &id).await? } else { None };
    let body = if sees_addresses { masked::legible(&raw) } else { masked::body(&raw) };
    if !sees_addresses {
        mask(&mut webhook);
    }
    Ok(Some(WebhookDetail { webhook, body, is_masked: !sees_addresses, delivery, led_to, entered, dry_run }))
}

/// Has the chosen events applied once more.
#[server(endpoint = "admin/replay_webhooks", prefix = "/api")]
pub async fn replay_webhooks(
    #[server(default)] ids: Vec<String>,
    #[server(default)] back: Option<String>,
) -> Result<(), ApiError> {
    let login = require(Right::Act)?;
    let acted = async {
        let ctx = context()?;
        let mut chosen = Vec::with_capacity(ids.len());
        for id in &ids {
            let id = id.parse::<WebhookId>();
            chosen.push(id.map_err(|_| ApiError::field("ids", "webhook_unknown", "There is no such event."))?);
        }
        let started = replay_webhook::replay(&ctx, &login.actor(), &chosen).await?;
        let busy = chosen.len() - started;
        let said = if started == 1 {
            "1 event is applied again.".to_owned()
        } else {
            format!("{started} events are applied again.")
        };
        Ok::<_, ApiError>(match busy {
            0 => said,
            1 => format!("{said} 1 is being applied right now and was left alone."),
            _ => format!("{said} {busy} are being applied right now and were left alone."),
        })
    };
    let notice = acted.await.map_err(ApiError::answered)?;
    done(back.as_deref(), "/admin/webhooks", notice);
    Ok(())
}
