//! What a person does to all that is dead at once: start it again, or give it up for good.

use serde_json::json;

use super::WorkflowError;
use super::audit::{self, Act};
use super::deliveries::{allowed, confirmed_if_sms, discard, stated};
use crate::context::Context;
use crate::domain::access::Actor;
use crate::domain::audit::AuditAction;
use crate::domain::delivery::{DeliveryKind, Lane};
use crate::domain::timestamp::Timestamp;
use crate::store::{Tx, outbox_acts, webhooks};

/// Rows that one transaction of a bulk act moves: SQLite's one writer is away for some milliseconds.
const BATCH: i64 = 500;
/// One press goes so far; the next goes on.
const MOST_BATCHES: usize = 100;
/// Whoever pressed waits for so many questions at Stripe.
const MOST_REFUNDS: i64 = 50;
/// In the audit log, in the place of a kind.
pub const EVERY_KIND: &str = "every_kind";

/// Starts again what was given up, of a kind or of all kinds. Says how many. SMS are not among all kinds: each of them
/// wants an answer of its own.
pub async fn retry_dead(
    ctx: &Context,
    actor: &Actor,
    kind: Option<DeliveryKind>,
    confirmed: bool,
) -> Result<u64, WorkflowError> {
    allowed(actor)?;
    if let Some(kind) = kind {
        confirmed_if_sms(kind, confirmed)?;
    }
    let kinds: Vec<DeliveryKind> = match kind {
        Some(kind) => vec![kind],
        None => DeliveryKind::ALL.iter().copied().filter(|kind| *kind != DeliveryKind::SendSms).collect(),
    };
    let restarted = in_batches(ctx, actor, kind, &Bulk::Retry(kinds)).await?;
    for &lane in Lane::ALL {
        ctx.bell.ring_lane(lane);
    }
    Ok(restarted)
}

/// Gives up for good what is dead of a kind. Says how many. Refunds one by one: Stripe is asked about each.
pub async fn discard_dead(
    ctx: &Context,
    actor: &Actor,
    kind: DeliveryKind,
    reason: &str,
) -> Result<u64, WorkflowError> {
    allowed(actor)?;
    let reason = stated(reason)?;
    if kind != DeliveryKind::RequestRefund {
        return in_batches(ctx, actor, Some(kind), &Bulk::Discard(kind, reason)).await;
    }
    let mut total = 0;
    for id in outbox_acts::dead(&ctx.db, kind, ctx.shared_now().await?, MOST_REFUNDS).await? {
        total += u64::from(discard(ctx, actor, &id, reason).await?);
    }
    Ok(total)
}

enum Bulk<'a> {
    Retry(Vec<DeliveryKind>),
    Discard(DeliveryKind, &'a str),
}

/// Batch by batch, so that buyers' writes come in between; each with its line in the audit log, in its transaction.
/// What dies again meanwhile is left alone, and so is what another admin has in hand.
async fn in_batches(
    ctx: &Context,
    actor: &Actor,
    kind: Option<DeliveryKind>,
    bulk: &Bulk<'_>,
) -> Result<u64, WorkflowError> {
    let pressed_at = ctx.shared_now().await?;
    let mut total = 0;
    for _ in 0..MOST_BATCHES {
        let mut tx = ctx.db.begin().await?;
        let moved = batch(ctx, &mut tx, pressed_at, bulk).await?;
        if moved > 0 {
            let (action, detail) = match bulk {
                Bulk::Retry(_) => (AuditAction::DeliveryRetried, json!({ "count": moved })),
                Bulk::Discard(_, reason) => {
                    (AuditAction::DeliveryDiscarded, json!({ "count": moved, "reason": reason }))
                }
            };
            let subject = kind.map_or(EVERY_KIND, DeliveryKind::as_str);
            audit::record(ctx, &mut tx, actor, Act::on(action, subject, detail)).await?;
        }
        tx.commit().await?;
        total += moved;
        if moved < BATCH.unsigned_abs() {
            break;
        }
    }
    Ok(total)
}

async fn batch(ctx: &Context, tx: &mut Tx, pressed_at: Timestamp, bulk: &Bulk<'_>) -> Result<u64, WorkflowError> {
    let now = ctx.clock.now();
    match bulk {
        Bulk::Retry(kinds) => {
            let mut moved = 0;
            for &kind in kinds {
                let room = BATCH - i64::try_from(moved).unwrap_or(BATCH);
                moved += outbox_acts::restart_dead(tx, kind, pressed_at, room, now).await?;
            }
            Ok(moved)
        }
        Bulk::Discard(kind, reason) => {
            let moved = outbox_acts::discard_dead(tx, *kind, pressed_at, BATCH, reason, now).await?;
            webhooks::set_aside(tx, now).await?;
            Ok(moved)
        }
    }
}
