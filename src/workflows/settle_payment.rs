//! Settlement: what Stripe says about a payment becomes what we know about a preorder. Webhooks, the success page, the
//! question before paying again and the answer to a refund all come here, in any order and any number of times, and end
//! in the same state:
//!
//! 1. the preorder is locked, so facts about it are taken one after the other;
//! 2. the attempt, refund or dispute that the fact speaks of climbs to the higher of two states (their `join`);
//! 3. the preorder's badges are computed from all of them (`Progress::after`);
//! 4. money that moved is entered in the ledger, each fact once;
//! 5. the first time that money is there, what follows from it is enqueued, under keys that allow it once;
//! 6. money that is less than the price puts the goods on hold, for a person to look at;
//! 7. all of it commits at once, or nothing.

mod attempt;
mod books;
mod dispute;
mod late_text;
mod news;
mod refund;

pub use attempt::blank_attempt;
pub use dispute::climb as dispute_after;
pub use late_text::SMS_PARKED;

use news::{Known, News};

use super::WorkflowError;
use super::cancel_preorder::have_pages_closed;
use super::initiate_preorder::OPEN;
use crate::context::Context;
use crate::domain::delivery::Delivery;
use crate::domain::ids::PreorderId;
use crate::domain::payment::{AttemptState, Fact, Names};
use crate::domain::preorder::PreorderStatus;
use crate::domain::refund::Returned;
use crate::domain::timestamp::Timestamp;
use crate::fail_points::{Point, reach};
use crate::store::attempts::{self, Attempt};
use crate::store::disputes::{self, Dispute};
use crate::store::outbox::{self, Enqueued};
use crate::store::preorders::{self, Preorder, Settled};
use crate::store::refunds::{self, Refund};
use crate::store::{Db, Tx, order_acts};

/// Everything about a preorder's money, read under its lock.
struct Money {
    attempts: Vec<Attempt>,
    refunds: Vec<Refund>,
    disputes: Vec<Dispute>,
}

/// What settling a fact came to.
pub struct Settlement {
    pub preorder: Preorder,
    deliveries: Vec<Enqueued>,
    news: News,
}

impl Settlement {
    /// Once it is committed: wakes the workers, counts the sale.
    pub fn announce(&self, ctx: &Context) {
        ctx.bell.ring(&self.deliveries);
        self.news.count();
    }
}

/// Settles a fact. `None`: it speaks of no preorder of ours.
pub async fn settle(ctx: &Context, fact: &Fact) -> Result<Option<Preorder>, WorkflowError> {
    let Some(id) = whose(&ctx.db, fact).await? else { return Ok(None) };
    let mut tx = ctx.db.begin().await?;
    let settlement = settle_in(ctx, &mut tx, &id, fact).await?;
    tx.commit().await?;
    reach(Point::SettleCommitted);
    settlement.announce(ctx);
    Ok(Some(settlement.preorder))
}

/// Which preorder a fact speaks of.
pub async fn whose(db: &Db, fact: &Fact) -> Result<Option<PreorderId>, WorkflowError> {
    named(db, &fact.names()).await
}

/// The preorder that the metadata names, else the one whose page, payment, refund or dispute it is.
pub async fn named(db: &Db, names: &Names) -> Result<Option<PreorderId>, WorkflowError> {
    if let Some(named) = names.preorder_id.as_deref().and_then(|id| id.parse::<PreorderId>().ok()) {
        return Ok(Some(named));
    }
    if let Some(session) = &names.session_id
        && let Some(attempt) = attempts::find_by_session(db, session).await?
    {
        return Ok(Some(attempt.preorder_id));
    }
    if let Some(refund) = &names.provider_refund_id
        && let Some(refund) = refunds::find_by_provider_id(db, refund).await?
    {
        return Ok(Some(refund.preorder_id));
    }
    if let Some(dispute) = &names.provider_dispute_id
        && let Some(dispute) = disputes::find_by_provider_id(db, dispute).await?
    {
        return Ok(Some(dispute.preorder_id));
    }
    match &names.payment_intent_id {
        Some(intent) => Ok(attempts::find_by_payment_intent(db, intent).await?.map(|attempt| attempt.preorder_id)),
        None => Ok(None),
    }
}

/// The same inside a transaction of the caller, who commits it and then announces it.
pub async fn settle_in(ctx: &Context, tx: &mut Tx, id: &PreorderId, fact: &Fact) -> Result<Settlement, WorkflowError> {
    let now = ctx.clock.now();
    let before = preorders::lock(tx, id).await?.ok_or(WorkflowError::NoSuchPreorder)?;
    reach(Point::SettleLocked);
    let mut money = Money {
        attempts: attempts::of_preorder(tx, id).await?,
        refunds: refunds::of_preorder(tx, id).await?,
        disputes: disputes::of_preorder(tx, id).await?,
    };
    fail::fail_point!("guard.money_read");
    let known = Known::of(&money);
    let (short_before, pages_before) = (money.short(), pages_to_close(&before, &money, now));
    let entries = match fact {
        Fact::Payment(fact) => {
            let entries = attempt::settle(ctx, tx, &before, &mut money.attempts, fact, now).await?;
            refund::link(tx, &mut money, now).await?;
            dispute::link(tx, &mut money, now).await?;
            entries
        }
        Fact::Refund(fact) => {
            let entries = refund::settle(ctx, tx, &before, &mut money, fact, now).await?;
            reach(Point::SettleRefundSaved);
            entries
        }
        Fact::Dispute(fact) => {
            let entries = dispute::settle(ctx, tx, &before, &mut money, fact, now).await?;
            reach(Point::SettleDisputeSaved);
            entries
        }
    };
    reach(Point::SettleAttemptSaved);
    books::enter(ctx, tx, &before, entries, now).await?;
    reach(Point::SettleEntered);
    let news = known.news(&money);
    let mut after = badges(&before, &money);
    let paid_now = before.paid_at.is_none() && after.paid_at.is_some();
    let mut deliveries = Vec::new();
    if paid_now {
        deliveries = what_follows(ctx, &after, &money.attempts, now);
        outbox::enqueue(tx, &deliveries, now).await?;
        late_text::park(tx, &after, now).await?;
        reach(Point::SettleEnqueued);
    }
    let pages_now = pages_to_close(&after, &money, now);
    if pages_now > pages_before || (paid_now && pages_now > 0) {
        have_pages_closed(ctx, tx, id, now).await?;
    }
    if after != before {
        let settled = Settled {
            progress: after.progress(),
            idempotency_key: &after.idempotency_key,
            session_id: after.session_id.as_deref(),
            payment_intent_id: after.payment_intent_id.as_deref(),
            shipping_address: after.shipping_address.as_deref(),
            country: after.country.as_deref(),
            owes: &preorders::owed(&deliveries),
        };
        preorders::save_settled(tx, id, &settled, now).await?;
    }
    // Once for each such payment: a person who has looked may take it off hold.
    if money.short() > short_before
        && let Ok(held) = after.fulfilment().hold()
        && held != after.fulfilment_status
    {
        tracing::warn!(preorder = %id, "less came in than the price, or another currency: the goods are on hold");
        order_acts::save_unfulfilled(tx, id, held, now).await?;
        after.fulfilment_status = held;
    }
    reach(Point::SettleSaved);
    Ok(Settlement { preorder: after, deliveries, news })
}

impl Money {
    /// How many payments are less than what was asked for.
    fn short(&self) -> usize {
        self.attempts.iter().filter(|attempt| attempt.falls_short()).count()
    }

    fn returned(&self, preorder: &Preorder) -> Returned {
        let paid = || self.attempts.iter().filter(|attempt| attempt.state == AttemptState::Paid);
        Returned {
            // What was paid without our being told how much counts as the price.
            captured_minor: paid().map(|a| a.received_minor.unwrap_or(preorder.amount_minor)).sum(),
            refunded_minor: self.refunds.iter().filter(|r| r.state.took_money()).map(|r| r.amount_minor).sum(),
            disputed: self.disputes.iter().any(|dispute| dispute.state.is_against_us()),
        }
    }
}

fn badges(before: &Preorder, money: &Money) -> Preorder {
    let attempts = &money.attempts;
    let outcomes: Vec<_> = attempts.iter().map(Attempt::outcome).collect();
    let progress = before.progress().after(&outcomes, money.returned(before));
    // Paid twice: the first payment is the preorder's, whichever was told first.
    let paid = attempts.iter().filter(|attempt| attempt.state == AttemptState::Paid);
    let telling = paid.min_by_key(|attempt| (attempt.paid_at, attempt.number)).or_else(|| {
        attempts.iter().rev().find(|attempt| attempt.state == AttemptState::Pending).or_else(|| attempts.last())
    });
    let mut after = Preorder {
        status: progress.status,
        payment_status: progress.payment_status,
        paid_at: progress.paid_at,
        session_id: telling.and_then(|a| a.session_id.clone()).or_else(|| before.session_id.clone()),
        payment_intent_id: telling
            .and_then(|a| a.payment_intent_id.clone())
            .or_else(|| before.payment_intent_id.clone()),
        ..before.clone()
    };
    if let Some(page) = ships_to(before, telling, attempts) {
        after.shipping_address.clone_from(&page.shipping_address);
        after.country = page.shipping_country.clone().or(after.country);
    }
    if !progress.is_open() && after.idempotency_key.starts_with(OPEN) {
        after.idempotency_key = format!("closed:{}", after.id);
    }
    after
}

/// The try whose address the goods go to: the one that paid, else the last one that named an address. `None`: what stands
/// there was put right by a person since (it is of no page), and is not overwritten by what was typed at the till.
fn ships_to<'a>(before: &Preorder, telling: Option<&'a Attempt>, attempts: &'a [Attempt]) -> Option<&'a Attempt> {
    let named = |attempt: &&Attempt| attempt.shipping_address.is_some();
    let of_a_page = before.shipping_address.is_none()
        || attempts.iter().any(|attempt| attempt.shipping_address == before.shipping_address);
    let page = telling.filter(named).or_else(|| attempts.iter().rev().find(named))?;
    of_a_page.then_some(page)
}

/// Open pages on which nobody is to pay any more.
fn pages_to_close(preorder: &Preorder, money: &Money, now: Timestamp) -> usize {
    if preorder.paid_at.is_none() && preorder.status != PreorderStatus::Cancelled {
        return 0;
    }
    let is_open = |attempt: &&Attempt| attempt.may_be_open(now) && attempt.session_id.is_some();
    money.attempts.iter().filter(is_open).count()
}

fn what_follows(ctx: &Context, preorder: &Preorder, attempts: &[Attempt], now: Timestamp) -> Vec<Enqueued> {
    let preorder_id = preorder.id.clone();
    let mut follows = vec![Delivery::KlaviyoPreorderSuccess { preorder_id: preorder_id.clone() }];
    if attempts.iter().any(|attempt| attempt.may_be_open(now) && attempt.session_id.is_some()) {
        follows.push(Delivery::CloseOpenPages { preorder_id: preorder_id.clone() });
    }
    if attempts.iter().any(|attempt| attempt.state == AttemptState::Paid && attempt.card_last4.is_none()) {
        follows.push(Delivery::FetchPaymentDetails { preorder_id: preorder_id.clone() });
    }
    if preorder.phone.is_some() {
        follows.push(Delivery::SendSms { preorder_id });
    }
    follows.into_iter().filter(|d| ctx.delivers(d.kind())).map(|d| ctx.enqueued(d)).collect()
}
