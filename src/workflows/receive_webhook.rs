//! Taking in an event whose signature was good: stored with its delivery in one transaction, then answered. What it
//! means is found out later, by the outbox; an event that we fail to understand is kept, not lost.

use super::WorkflowError;
use crate::context::Context;
use crate::domain::delivery::Delivery;
use crate::domain::ids::WebhookId;
use crate::fail_points::{Point, reach};
use crate::providers::payments::stripe::event::Envelope;
use crate::store::outbox::{self, Enqueued};
use crate::store::{Tx, webhooks};
use crate::telemetry::metric;

/// Says whether the event is new; a repeat changes nothing, and is as durable as the first.
pub async fn receive_webhook(ctx: &Context, envelope: &Envelope, raw: &str) -> Result<bool, WorkflowError> {
    reach(Point::IntakeVerified);
    let mut tx = ctx.db.begin().await?;
    let Some(deliveries) = receive_in(ctx, &mut tx, envelope, raw).await? else {
        tx.rollback().await?;
        counted(envelope, "repeated");
        return Ok(false);
    };
    tx.commit().await?;
    reach(Point::IntakeCommitted);
    counted(envelope, "received");
    if let Some(created) = envelope.created {
        metrics::histogram!(metric::WEBHOOK_ARRIVAL).record(ctx.clock.now().since(created).as_secs_f64());
    }
    ctx.bell.ring(&deliveries);
    Ok(true)
}

/// The same inside a transaction of the caller, who commits it and then rings. `None`: the event is known.
pub async fn receive_in(
    ctx: &Context,
    tx: &mut Tx,
    envelope: &Envelope,
    raw: &str,
) -> Result<Option<Vec<Enqueued>>, WorkflowError> {
    let now = ctx.clock.now();
    let id = WebhookId::from_unique(&ctx.unique());
    // PostgreSQL's text can't hold a NUL; in JSON it is `\u0000`, so a raw one is garbage that nobody will miss.
    let raw = raw.replace('\0', "");
    if !webhooks::insert(tx, &id, &envelope.kind, &envelope.id, &raw, now).await? {
        return Ok(None);
    }
    reach(Point::IntakeInserted);
    let deliveries = vec![ctx.enqueued(Delivery::ApplyStripeEvent { webhook_id: id })];
    outbox::enqueue(tx, &deliveries, now).await?;
    reach(Point::IntakeEnqueued);
    Ok(Some(deliveries))
}

fn counted(envelope: &Envelope, result: &'static str) {
    metrics::counter!(metric::WEBHOOKS, "event" => metric::event(&envelope.kind), "result" => result).increment(1);
}
