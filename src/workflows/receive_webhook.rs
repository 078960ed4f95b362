//! Taking in an event whose signature was good: stored with its delivery in one transaction, then answered. What it
//! means is found out later, by the outbox; an event that we fail to understand is kept, not lost.

use super::WorkflowError;
use crate::context::Context;
use crate::domain::delivery::Delivery;
use crate::domain::ids::WebhookId;
use crate::fail_points::{Point, reach};
use crate::providers::payments::stripe::event::Envelope;
use crate::store::{outbox, webhooks};

/// Says whether the event is new; a repeat changes nothing, and is as durable as the first.
pub async fn receive_webhook(ctx: &Context, envelope: &Envelope, raw: &str) -> Result<bool, WorkflowError> {
    let now = ctx.clock.now();
    let id = WebhookId::from_unique(&ctx.unique());
    // PostgreSQL's text can't hold a NUL; in JSON it is `\u0000`, so a raw one is garbage that nobody will miss.
    let raw = raw.replace('\0', "");
    reach(Point::IntakeVerified);
    let mut tx = ctx.db.begin().await?;
    if !webhooks::insert(&mut tx, &id, &envelope.kind, &envelope.id, &raw, now).await? {
        tx.rollback().await?;
        metrics::counter!("rolitt_webhooks_repeated_total").increment(1);
        return Ok(false);
    }
    reach(Point::IntakeInserted);
    let deliveries = [ctx.enqueued(Delivery::ApplyStripeEvent { webhook_id: id })];
    outbox::enqueue(&mut tx, &deliveries, now).await?;
    reach(Point::IntakeEnqueued);
    tx.commit().await?;
    reach(Point::IntakeCommitted);
    metrics::counter!("rolitt_webhooks_received_total").increment(1);
    ctx.bell.ring(&deliveries);
    Ok(true)
}
