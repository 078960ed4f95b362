//! Saving the lead, before anything else: the preorder and its deliveries in one transaction, and no HTTP. Whoever got
//! an answer is in the database, even if the process dies in the next microsecond.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::WorkflowError;
use crate::context::Context;
use crate::domain::delivery::Delivery;
use crate::domain::ids::{PreorderId, PreorderNumber};
use crate::domain::preorder::{NewPreorder, PaymentStatus};
use crate::fail_points::{Point, reach};
use crate::store::outbox;
use crate::store::preorders::{self, Preorder};
use crate::store::{StoreError, StoreResult};
use crate::telemetry::{self, Kind, Span, TraceId, metric};

/// Numbers are drawn from six hundred billion; three draws in a row that are taken are a broken random source.
const DRAWS: usize = 3;

/// The preorder of this form: a new one, or the one that the same form made before. `own` is the preorder that this
/// browser went to pay for, if it says so.
pub async fn initiate_preorder(
    ctx: &Context,
    new: &NewPreorder,
    own: Option<&PreorderId>,
) -> Result<Preorder, WorkflowError> {
    let mut span = Span::within("initiate_preorder", Kind::Internal);
    let saved = span.around(draw_and_save(ctx, new, own)).await;
    let result = match &saved {
        Ok((_, true)) => "started",
        Ok((_, false)) => "found",
        Err(_) => "refused",
    };
    metrics::counter!(metric::PREORDERS, "result" => result).increment(1);
    span.set("rolitt.result", result);
    saved.map(|(preorder, _)| preorder)
}

async fn draw_and_save(
    ctx: &Context,
    new: &NewPreorder,
    own: Option<&PreorderId>,
) -> Result<(Preorder, bool), WorkflowError> {
    let mut draws = 0;
    loop {
        draws += 1;
        match save(ctx, new, own).await {
            Err(WorkflowError::Store(StoreError::Duplicate)) if draws < DRAWS => {}
            other => return other,
        }
    }
}

/// Says whether it is new.
async fn save(ctx: &Context, new: &NewPreorder, own: Option<&PreorderId>) -> Result<(Preorder, bool), WorkflowError> {
    let id = PreorderId::from_unique(&ctx.unique());
    let number = PreorderNumber::from_random(rand::random());
    let now = ctx.clock.now();
    reach(Point::InitiateBegun);
    telemetry::join(TraceId::of_preorder(&id));
    let deliveries = deliveries(ctx, &id);
    let owes = preorders::owed(&deliveries);
    let mut tx = ctx.db.begin().await?;
    let preorder = preorders::insert_or_find(&mut tx, &id, &number, &key(new), new, own, &owes, now).await?;
    if preorder.id != id && !is_same_order(&preorder, new) {
        tx.rollback().await?;
        return Err(WorkflowError::KeyReused);
    }
    reach(Point::InitiateInserted);
    telemetry::join(TraceId::of_preorder(&preorder.id));
    if preorder.id == id {
        outbox::enqueue(&mut tx, &deliveries, now).await?;
    }
    reach(Point::InitiateEnqueued);
    commit(tx).await?;
    reach(Point::InitiateCommitted);
    let is_new = preorder.id == id;
    if is_new {
        ctx.bell.ring(&deliveries);
    }
    Ok((preorder, is_new))
}

async fn commit(tx: crate::store::Tx) -> StoreResult<()> {
    tx.commit().await
}

/// The client's key if it sent one. Without one, what was ordered is the key for as long as the preorder is open: a
/// double click, a reload or the back button finds the same row. Settlement closes the key, so that a person can buy
/// the same thing again. The key holds no address: it is hashed.
fn key(new: &NewPreorder) -> String {
    if let Some(key) = &new.idempotency_key {
        return format!("key:{key}");
    }
    let what = format!("{}\n{}\n{}\n{}", new.email.as_str(), new.color.as_str(), new.price.currency, new.price.minor);
    format!("{OPEN}{}", BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(what.as_bytes())))
}

/// How keys begin that hold only while the preorder is open.
pub const OPEN: &str = "open:";

/// After paying, a buyer who comes back by the back button and presses again wants to know what became of the payment,
/// not to pay for a second one. Later the same form is a new wish.
const PRESSED_AGAIN: Duration = Duration::from_mins(10);

/// The preorder `id`, if it is what this form orders, and was paid just now or is being paid. `id` must come from the
/// buyer's own browser: whoever knows an address alone learns nothing of its orders.
pub async fn paid_just_now(
    ctx: &Context,
    id: &PreorderId,
    new: &NewPreorder,
) -> Result<Option<Preorder>, WorkflowError> {
    let now = ctx.shared_now().await?;
    let found = preorders::find(&ctx.db, id).await?;
    Ok(found.filter(|preorder| {
        is_same_order(preorder, new)
            && match preorder.payment_status {
                PaymentStatus::Pending => true,
                PaymentStatus::Paid => preorder.paid_at.is_some_and(|at| now.since(at) < PRESSED_AGAIN),
                _ => false,
            }
    }))
}

fn is_same_order(preorder: &Preorder, new: &NewPreorder) -> bool {
    preorder.email == new.email.as_str()
        && preorder.color == new.color.as_str()
        && preorder.currency == new.price.currency
}

pub(super) fn deliveries(ctx: &Context, preorder_id: &PreorderId) -> Vec<outbox::Enqueued> {
    let preorder_id = preorder_id.clone();
    [
        Delivery::CreateFirebaseUser { preorder_id: preorder_id.clone() },
        Delivery::KlaviyoPreorderStarted { preorder_id },
    ]
    .into_iter()
    .filter(|delivery| ctx.delivers(delivery.kind()))
    .map(|delivery| ctx.enqueued(delivery))
    .collect()
}
