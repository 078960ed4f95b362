//! Settlement: what Stripe says about a payment becomes what we know about a preorder. Webhooks, the success page and
//! the question before paying again all come here, in any order and any number of times, and end in the same state:
//!
//! 1. the preorder is locked, so facts about it are taken one after the other;
//! 2. the attempt that the fact speaks of climbs to the higher of the two states (`AttemptState::join`);
//! 3. the preorder's badges are computed from all its attempts (`Progress::after_attempts`);
//! 4. the first time that money is there, what follows from it is enqueued, under keys that allow it once;
//! 5. all of it commits at once, or nothing.

use super::WorkflowError;
use super::initiate_preorder::OPEN;
use crate::context::Context;
use crate::domain::delivery::Delivery;
use crate::domain::ids::{AttemptId, PreorderId};
use crate::domain::money::Currency;
use crate::domain::payment::{AttemptState, PaymentFact};
use crate::domain::timestamp::Timestamp;
use crate::store::Tx;
use crate::store::attempts::{self, Attempt};
use crate::store::outbox::{self, Enqueued};
use crate::store::preorders::{self, Preorder, Settled};

/// Settles a fact. `None`: it speaks of no preorder of ours.
pub async fn settle(ctx: &Context, fact: &PaymentFact) -> Result<Option<Preorder>, WorkflowError> {
    let Some(id) = whose(ctx, fact).await? else { return Ok(None) };
    let mut tx = ctx.db.begin().await?;
    let (preorder, deliveries) = settle_in(ctx, &mut tx, &id, fact).await?;
    tx.commit().await?;
    ctx.bell.ring(&deliveries);
    Ok(Some(preorder))
}

/// Which preorder a fact speaks of: the one that its metadata names, else the one whose page or payment it is.
pub async fn whose(ctx: &Context, fact: &PaymentFact) -> Result<Option<PreorderId>, WorkflowError> {
    if let Some(named) = fact.preorder_id.as_deref().and_then(|id| id.parse::<PreorderId>().ok()) {
        return Ok(Some(named));
    }
    if let Some(session) = &fact.session_id
        && let Some(attempt) = attempts::find_by_session(&ctx.db, session).await?
    {
        return Ok(Some(attempt.preorder_id));
    }
    if let Some(intent) = &fact.payment_intent_id
        && let Some(attempt) = attempts::find_by_payment_intent(&ctx.db, intent).await?
    {
        return Ok(Some(attempt.preorder_id));
    }
    Ok(None)
}

/// The same inside a transaction of the caller, who commits it and then rings for the deliveries.
pub async fn settle_in(
    ctx: &Context,
    tx: &mut Tx,
    id: &PreorderId,
    fact: &PaymentFact,
) -> Result<(Preorder, Vec<Enqueued>), WorkflowError> {
    let now = ctx.clock.now();
    let before = preorders::lock(tx, id).await?.ok_or(WorkflowError::NoSuchPreorder)?;
    let mut attempts = attempts::of_preorder(tx, id).await?;
    let index = match position(&attempts, fact) {
        Some(index) => index,
        None => adopt(ctx, tx, &before, &mut attempts, fact, now).await?,
    };
    let mut climbed = climb(&attempts[index], fact);
    if climbed.state == AttemptState::Paid {
        climbed.settled_at = climbed.settled_at.or(Some(now));
    }
    if climbed != attempts[index] {
        attempts::save(tx, &climbed, now).await?;
        attempts[index] = climbed;
    }
    let after = badges(&before, &attempts, fact);
    let mut deliveries = Vec::new();
    if before.paid_at.is_none() && after.paid_at.is_some() {
        deliveries = what_follows(ctx, &after, &attempts, index);
        outbox::enqueue(tx, &deliveries, now).await?;
        metrics::counter!("rolitt_preorders_paid_total").increment(1);
    }
    if after != before {
        let settled = Settled {
            progress: after.progress(),
            idempotency_key: &after.idempotency_key,
            session_id: after.session_id.as_deref(),
            payment_intent_id: after.payment_intent_id.as_deref(),
            shipping_address: after.shipping_address.as_deref(),
        };
        preorders::save_settled(tx, id, &settled, now).await?;
    }
    Ok((after, deliveries))
}

/// The attempt that a fact speaks of: by its name in the metadata, by the page, by the payment; or the newest that has
/// no payment yet, for a payment that bears no names (made by hand in Stripe's dashboard).
fn position(attempts: &[Attempt], fact: &PaymentFact) -> Option<usize> {
    let named = |attempt: &Attempt| fact.attempt_id.as_deref() == Some(attempt.id.as_str());
    let page = |attempt: &Attempt| fact.session_id.is_some() && attempt.session_id == fact.session_id;
    let payment =
        |attempt: &Attempt| fact.payment_intent_id.is_some() && attempt.payment_intent_id == fact.payment_intent_id;
    let nameless = fact.attempt_id.is_none() && fact.session_id.is_none();
    attempts
        .iter()
        .position(named)
        .or_else(|| attempts.iter().position(page))
        .or_else(|| attempts.iter().position(payment))
        .or_else(|| attempts.iter().rposition(|a| nameless && a.payment_intent_id.is_none()))
}

/// A payment that we have no attempt for is still a payment: it gets a row of its own.
async fn adopt(
    ctx: &Context,
    tx: &mut Tx,
    preorder: &Preorder,
    attempts: &mut Vec<Attempt>,
    fact: &PaymentFact,
    now: Timestamp,
) -> Result<usize, WorkflowError> {
    let known_as = fact.session_id.as_ref().or(fact.payment_intent_id.as_ref());
    let known_as = known_as.ok_or_else(|| WorkflowError::Odd("a payment without an id".to_owned()))?;
    let attempt = Attempt {
        id: AttemptId::from_unique(&ctx.unique()),
        preorder_id: preorder.id.clone(),
        number: attempts.last().map_or(1, |last| last.number + 1),
        provider: ctx.payments.default().name().to_owned(),
        idempotency_key: format!("adopted-{known_as}"),
        amount_minor: preorder.amount_minor,
        currency: preorder.currency,
        ..blank_attempt(now)
    };
    attempts::insert(tx, &attempt).await?;
    attempts.push(attempt);
    Ok(attempts.len() - 1)
}

/// The attempt after the fact. Whatever the order of facts, the result is the same: states join, the first payment's
/// time and the last refusal stand, and what was learnt is not forgotten.
fn climb(attempt: &Attempt, fact: &PaymentFact) -> Attempt {
    let mut after = attempt.clone();
    after.state = attempt.state.join(fact.outcome);
    after.session_id = attempt.session_id.clone().or_else(|| fact.session_id.clone());
    after.payment_intent_id = attempt.payment_intent_id.clone().or_else(|| fact.payment_intent_id.clone());
    if let Some(card) = &fact.card {
        after.card_brand = Some(card.brand.clone());
        after.card_last4 = Some(card.last4.clone());
    }
    if fact.outcome == AttemptState::Paid {
        after.paid_at = Some(attempt.paid_at.map_or(fact.occurred_at, |known| known.min(fact.occurred_at)));
        if let Some(received) = fact.received {
            after.received_minor = Some(received.minor);
            after.received_currency = Some(received.currency);
        }
    }
    if let Some(decline) = &fact.decline
        && attempt.declined_at.is_none_or(|known| known <= fact.occurred_at)
    {
        after.decline_code = Some(decline.code.clone());
        after.decline_message = Some(decline.message.clone());
        after.declined_at = Some(fact.occurred_at);
    }
    after
}

fn badges(before: &Preorder, attempts: &[Attempt], fact: &PaymentFact) -> Preorder {
    let outcomes: Vec<_> = attempts.iter().map(Attempt::outcome).collect();
    let progress = before.progress().after_attempts(&outcomes);
    let telling = attempts.iter().find(|attempt| attempt.state == AttemptState::Paid).or_else(|| {
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
        // What a person has corrected since is not overwritten by what the buyer typed at the till.
        shipping_address: before.shipping_address.clone().or_else(|| fact.shipping_address.clone()),
        ..before.clone()
    };
    if !progress.is_open() && after.idempotency_key.starts_with(OPEN) {
        after.idempotency_key = format!("closed:{}", after.id);
    }
    after
}

fn what_follows(ctx: &Context, preorder: &Preorder, attempts: &[Attempt], paid: usize) -> Vec<Enqueued> {
    let preorder_id = preorder.id.clone();
    let mut follows = vec![Delivery::KlaviyoPreorderSuccess { preorder_id: preorder_id.clone() }];
    if attempts.iter().any(|attempt| attempt.state.is_payable() && attempt.session_id.is_some()) {
        follows.push(Delivery::CloseOpenPages { preorder_id: preorder_id.clone() });
    }
    if attempts[paid].card_last4.is_none() {
        follows.push(Delivery::FetchPaymentDetails { preorder_id: preorder_id.clone() });
    }
    if preorder.phone.is_some() {
        follows.push(Delivery::SendSms { preorder_id });
    }
    follows.into_iter().filter(|d| ctx.delivers(d.kind())).map(|d| ctx.enqueued(d)).collect()
}

/// An attempt of which nothing is known yet; the caller says whose it is.
pub fn blank_attempt(now: Timestamp) -> Attempt {
    Attempt {
        id: AttemptId::from_unique("0"),
        preorder_id: PreorderId::from_unique("0"),
        number: 0,
        provider: String::new(),
        idempotency_key: String::new(),
        state: AttemptState::Creating,
        session_id: None,
        url: None,
        payment_intent_id: None,
        amount_minor: 0,
        currency: Currency::Usd,
        received_minor: None,
        received_currency: None,
        decline_code: None,
        decline_message: None,
        card_brand: None,
        card_last4: None,
        created_at: now,
        opened_at: None,
        expires_at: None,
        declined_at: None,
        paid_at: None,
        settled_at: None,
        updated_at: now,
    }
}
