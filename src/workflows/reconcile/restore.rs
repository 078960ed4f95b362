//! After a database was lost and an older copy of it restored. The copy does not know what was done since:
//!
//! * payments, refunds and disputes since then are at Stripe, and `reconcile` settles them;
//! * preorders made since then are gone; those that came as far as a payment page are made again from what Stripe was
//!   told of them, under the id and number that their buyers know, and go on by the same workflows;
//! * events sent since then are dropped at Klaviyo by their key, and Firebase finds the user;
//! * sessions in the admin that were ended since then are open again, and are ended with all others;
//! * an SMS has no key: what the lost database may have sent is left for a person, and a refund is looked for first.
//!
//! A preorder is ours if its page leads back to our own address: a test shop on the same Stripe account has another.

use serde_json::json;

use super::super::apply_stripe_event::NOT_HERE;
use super::super::audit::{self, Act};
use super::super::settle_payment::{self, SMS_PARKED};
use super::super::{WorkflowError, initiate_preorder};
use super::patience::patiently;
use super::{Report, reconcile_into};
use crate::context::Context;
use crate::domain::access::{Actor, Role};
use crate::domain::audit::AuditAction;
use crate::domain::delivery::{DeliveryKind, Lane};
use crate::domain::ids::PreorderId;
use crate::domain::payment::Fact;
use crate::domain::preorder::{FulfilmentStatus, Progress};
use crate::domain::timestamp::Timestamp;
use crate::providers::payments::{Listed, Made, OrderAtStripe, Seen};
use crate::store::preorders::{self, Preorder};
use crate::store::{outbox, restores};

#[derive(Debug, Default)]
pub struct Restored {
    /// Preorders that were made again.
    pub preorders: Vec<PreorderId>,
    /// Text messages that a person must look at, of those that the copy still had to send.
    pub parked: u64,
    pub report: Report,
}

/// Makes a restored copy the database again: before the shop and its workers are started on it. It may be repeated: what
/// is there is left alone. What was done before it broke off stands in `restored`.
pub async fn restore(ctx: &Context, since: Timestamp, restored: &mut Restored) -> Result<(), WorkflowError> {
    restored.parked += hold_back(ctx).await?;
    let mut after: Option<String> = None;
    loop {
        let page = patiently(async || {
            Ok(ctx.payments.default().list(Listed::Sessions, Made::since(since), after.as_deref()).await?)
        });
        let page = page.await?;
        for seen in page.seen {
            restored.preorders.extend(patiently(async || make_again(ctx, &seen).await).await?);
        }
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    reconcile_into(ctx, since, true, &mut restored.report).await?;
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    restores::retry_events(&mut tx, NOT_HERE, now).await?;
    restores::resume(&mut tx).await?;
    tx.commit().await?;
    ctx.bell.ring_lane(Lane::Settlement);
    Ok(())
}

async fn hold_back(ctx: &Context) -> Result<u64, WorkflowError> {
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    restores::record(&mut tx, now).await?;
    restores::may_have_been_made(&mut tx).await?;
    let parked = restores::park(&mut tx, DeliveryKind::SendSms, SMS_PARKED, now).await?;
    restores::let_go(&mut tx).await?;
    restores::end_sessions(&mut tx).await?;
    tx.commit().await?;
    Ok(parked)
}

async fn make_again(ctx: &Context, seen: &Seen) -> Result<Option<PreorderId>, WorkflowError> {
    let Seen::Fact { id: session_id, fact } = seen else { return Ok(None) };
    let Some(id) = fact.preorder_id().and_then(|id| id.parse::<PreorderId>().ok()) else { return Ok(None) };
    if preorders::find(&ctx.db, &id).await?.is_some() {
        return Ok(None);
    }
    let Some(order) = ctx.payments.default().fetch_order(session_id).await? else { return Ok(None) };
    if !is_ours(ctx, &order) {
        return Ok(None);
    }
    let preorder = preorder(ctx, &id, session_id, order);
    let deliveries = initiate_preorder::deliveries(ctx, &id);
    let detail = json!({ "session_id": session_id, "reason": "restored_from_stripe" });
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    restores::insert(&mut tx, &preorder, &preorders::owed(&deliveries)).await?;
    outbox::enqueue(&mut tx, &deliveries, now).await?;
    audit::record(ctx, &mut tx, &reconciler(), Act::on_preorder(AuditAction::PreorderRestored, &id, detail)).await?;
    if let Fact::Payment(_) = fact {
        // With what became of its page, so that no preorder is ever seen without it.
        settle_payment::settle_in(ctx, &mut tx, &id, fact).await?;
    }
    tx.commit().await?;
    tracing::warn!(preorder = %id, session_id, "made a lost preorder again from what Stripe knows of it");
    Ok(Some(id))
}

fn is_ours(ctx: &Context, order: &OrderAtStripe) -> bool {
    let home = ctx.public_base_url.trim_end_matches('/');
    order.success_url.strip_prefix(home).is_some_and(|rest| rest.starts_with('/'))
}

/// As it was when its buyer went to pay; what happened since is settled. Consent that we can't prove was not given.
fn preorder(ctx: &Context, id: &PreorderId, session_id: &str, order: OrderAtStripe) -> Preorder {
    Preorder {
        id: id.clone(),
        preorder_number: order.preorder_number,
        // Of its own: a buyer who orders the same meanwhile has made another.
        idempotency_key: format!("restored:{id}"),
        email: order.email,
        name: order.name,
        phone: None,
        color: order.color,
        locale: order.locale,
        marketing_consent: false,
        status: Progress::NEW.status,
        payment_status: Progress::NEW.payment_status,
        fulfilment_status: FulfilmentStatus::Unfulfilled,
        amount_minor: order.price.minor,
        currency: order.price.currency,
        user_id: None,
        session_id: Some(session_id.to_owned()),
        payment_intent_id: None,
        shipping_address: None,
        country: None,
        tracking_number: None,
        fulfilled_at: None,
        cancelled_at: None,
        klaviyo_event_sent_at: None,
        paid_at: None,
        created_at: order.created_at,
        updated_at: ctx.clock.now(),
    }
}

fn reconciler() -> Actor {
    Actor { id: None, name: "rolitt reconcile".to_owned(), role: Role::Owner, request_id: None, address: None }
}
