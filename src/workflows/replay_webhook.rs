//! Applying a stored event once more, and saying beforehand what that would change. Settling twice is harmless by
//! construction; a dry run is the very same settlement, in a transaction that is never committed.

use serde_json::json;

use super::apply_stripe_event::{of_another_mode, refunds_of};
use super::audit::{self, Act};
use super::{WorkflowError, settle_payment};
use crate::context::Context;
use crate::domain::access::{Actor, Right};
use crate::domain::audit::AuditAction;
use crate::domain::delivery::{Delivery, DeliveryKind};
use crate::domain::ids::{PreorderId, WebhookId};
use crate::domain::payment::Fact;
use crate::providers::payments::stripe::event::{self, Reading};
use crate::store::snapshot::{self, Row, Value};
use crate::store::{Tx, outbox, outbox_acts, webhooks};

const OF_NOBODY_WE_KNOW: &str = "speaks of no preorder of ours, as far as we know; a replay would ask Stripe";

/// How many events one press may replay: what a page of the log shows, and some.
pub const MOST: usize = 100;

/// Has these events applied again, also those that were ignored or failed. Says how many were started: one that is
/// being applied right now is not started again.
pub async fn replay(ctx: &Context, actor: &Actor, ids: &[WebhookId]) -> Result<usize, WorkflowError> {
    if !actor.may(Right::Act) {
        return Err(WorkflowError::Forbidden);
    }
    if ids.is_empty() {
        return Err(WorkflowError::refused("ids", "nothing_chosen", "Choose at least one event."));
    }
    if ids.len() > MOST {
        return Err(WorkflowError::refused("ids", "too_many", format!("Choose at most {MOST} events at once.")));
    }
    let mut started = 0;
    for id in ids {
        let mut tx = ctx.db.begin().await?;
        if replay_in(ctx, &mut tx, actor, id).await? {
            tx.commit().await?;
            started += 1;
        } else {
            tx.rollback().await?;
        }
    }
    ctx.bell.ring_lane(DeliveryKind::ApplyStripeEvent.lane());
    Ok(started)
}

async fn replay_in(ctx: &Context, tx: &mut Tx, actor: &Actor, id: &WebhookId) -> Result<bool, WorkflowError> {
    let Some(webhook) = webhooks::named(tx, id).await? else {
        return Err(WorkflowError::refused("ids", "webhook_unknown", "There is no such event."));
    };
    let now = ctx.clock.now();
    let delivery = Delivery::ApplyStripeEvent { webhook_id: id.clone() };
    match outbox_acts::lock_by_key(tx, &delivery.dedupe_key()).await? {
        Some(target) if target.is_under_way(now) => return Ok(false),
        Some(target) => {
            outbox_acts::restart(tx, &target.id, now).await?;
        }
        None => outbox::enqueue(tx, &[ctx.enqueued(delivery)], now).await?,
    }
    let detail = json!({ "event": webhook.event, "stripe_event_id": webhook.stripe_event_id, "was": webhook.status });
    let act =
        Act { preorder_id: webhook.preorder_id.as_ref(), ..Act::on(AuditAction::WebhookReplayed, id.as_str(), detail) };
    audit::record(ctx, tx, actor, act).await?;
    Ok(true)
}

/// What a replay would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DryRun {
    /// It would be settled; without changes, it is settled already.
    Settles {
        preorder_id: PreorderId,
        changes: Vec<Change>,
    },
    Ignored(&'static str),
    Fails(String),
}

/// A row that would change, or appear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub table: &'static str,
    /// Of a row that is there; one that would appear has none that would stay.
    pub id: Option<String>,
    pub cells: Vec<ChangedCell>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedCell {
    pub column: &'static str,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// Settles the event in a transaction that is dropped, and says what was different at its end. Nothing is kept,
/// enqueued, rung or counted. `None`: there is no such event.
pub async fn dry_run(ctx: &Context, id: &WebhookId) -> Result<Option<DryRun>, WorkflowError> {
    let Some(webhook) = webhooks::find(&ctx.db, id).await? else { return Ok(None) };
    if let Some(why) = of_another_mode(ctx, &webhook.raw_data) {
        return Ok(Some(DryRun::Ignored(why)));
    }
    let facts = match event::read(&webhook.raw_data) {
        Reading::Ignored => return Ok(Some(DryRun::Ignored("of no consequence"))),
        Reading::Odd(problem) => {
            let known = match event::names(&webhook.raw_data) {
                Some(names) => settle_payment::named(&ctx.db, &names).await?.is_some(),
                None => true,
            };
            return Ok(Some(if known { DryRun::Fails(problem) } else { DryRun::Ignored(OF_NOBODY_WE_KNOW) }));
        }
        Reading::Fact(fact) => vec![fact],
        Reading::RefundsOf { payment_intent_id, preorder_id } => {
            refunds_of(ctx, &payment_intent_id, preorder_id.as_deref()).await?
        }
    };
    for fact in &facts {
        if let Some(owner) = settle_payment::whose(&ctx.db, fact).await? {
            return Ok(Some(dry_settle(ctx, owner, &facts).await?));
        }
    }
    Ok(Some(DryRun::Ignored(OF_NOBODY_WE_KNOW)))
}

async fn dry_settle(ctx: &Context, preorder_id: PreorderId, facts: &[Fact]) -> Result<DryRun, WorkflowError> {
    let mut tx = ctx.db.begin().await?;
    let before = snapshot::of_preorder(&mut tx, &preorder_id).await?;
    for fact in facts {
        // Not announced: it did not happen.
        match settle_payment::settle_in(ctx, &mut tx, &preorder_id, fact).await {
            Ok(_) => {}
            Err(WorkflowError::NoSuchPreorder) => {
                return Ok(DryRun::Fails("names a preorder that is not in this database".to_owned()));
            }
            Err(WorkflowError::Odd(problem)) => return Ok(DryRun::Fails(problem)),
            Err(error) => return Err(error),
        }
    }
    let after = snapshot::of_preorder(&mut tx, &preorder_id).await?;
    tx.rollback().await?;
    Ok(DryRun::Settles { changes: changes(&before, &after), preorder_id })
}

fn changes(before: &[Row], after: &[Row]) -> Vec<Change> {
    let changed = |row: &Row| {
        let old = before.iter().find(|old| old.table == row.table && old.id == row.id);
        let cells = row.cells.iter().enumerate().filter_map(|(n, (column, value))| {
            let was = old.and_then(|old| old.cells[n].1.clone());
            (was != *value).then(|| ChangedCell { column, before: was, after: value.clone() })
        });
        let cells: Vec<ChangedCell> = cells.collect();
        (!cells.is_empty()).then(|| Change { table: row.table, id: old.map(|old| old.id.clone()), cells })
    };
    after.iter().filter_map(changed).collect()
}
