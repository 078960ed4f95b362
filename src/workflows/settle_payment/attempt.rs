//! A fact about a try to pay: which one it speaks of, and how it climbs.

use std::time::Duration;

use super::super::WorkflowError;
use super::books::Movement;
use crate::context::Context;
use crate::domain::ids::{AttemptId, PreorderId};
use crate::domain::money::Currency;
use crate::domain::payment::{AttemptState, PaymentFact};
use crate::domain::refund::LedgerKind;
use crate::domain::timestamp::Timestamp;
use crate::store::Tx;
use crate::store::attempts::{self, Attempt};
use crate::store::preorders::Preorder;

/// Stripe keeps no payment page open for longer.
const PAGE_LASTS: Duration = Duration::from_hours(24);

pub(super) async fn settle(
    ctx: &Context,
    tx: &mut Tx,
    preorder: &Preorder,
    attempts: &mut Vec<Attempt>,
    fact: &PaymentFact,
    now: Timestamp,
) -> Result<Vec<Movement>, WorkflowError> {
    let index = match position(attempts, fact) {
        Some(index) => index,
        None => adopt(ctx, tx, preorder, attempts, fact, now).await?,
    };
    let mut climbed = climb(&attempts[index], fact);
    if climbed.state == AttemptState::Paid {
        climbed.settled_at = climbed.settled_at.or(Some(now));
    }
    if climbed == attempts[index] {
        return Ok(Vec::new());
    }
    attempts::save(tx, &climbed, now).await?;
    let movement = capture(&climbed);
    attempts[index] = climbed;
    Ok(movement.into_iter().collect())
}

fn capture(attempt: &Attempt) -> Option<Movement> {
    if attempt.state != AttemptState::Paid {
        return None;
    }
    Some(Movement {
        kind: LedgerKind::Capture,
        attempt_id: Some(attempt.id.clone()),
        amount: attempt.received()?,
        reference: attempt.payment_intent_id.clone().or_else(|| attempt.session_id.clone()).unwrap_or_default(),
        // By our own id: the provider's may be learnt later.
        key: attempt.id.to_string(),
        // The time of whoever tells first: the payment's event, the page's and the charge differ by seconds. One that
        // is told later and is earlier still becomes the attempt's `paid_at`; this row can't be changed any more.
        occurred_at: attempt.paid_at?,
    })
}

/// The attempt that a fact speaks of: by its name in the metadata, by the page, by the payment. One that bears none of
/// these names (made by hand in Stripe's dashboard) is nobody's but its own: a page that is open stands beside it, and is
/// closed.
fn position(attempts: &[Attempt], fact: &PaymentFact) -> Option<usize> {
    let named = |attempt: &Attempt| fact.attempt_id.as_deref() == Some(attempt.id.as_str());
    let page = |attempt: &Attempt| fact.session_id.is_some() && attempt.session_id == fact.session_id;
    let payment =
        |attempt: &Attempt| fact.payment_intent_id.is_some() && attempt.payment_intent_id == fact.payment_intent_id;
    attempts
        .iter()
        .position(named)
        .or_else(|| attempts.iter().position(page))
        .or_else(|| attempts.iter().position(payment))
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
    // By the name that it bears, if it bears one: a copy of the database may be older than the attempt.
    let named = fact.attempt_id.as_deref().and_then(|id| id.parse().ok());
    let attempt = Attempt {
        id: named.unwrap_or_else(|| AttemptId::from_unique(&ctx.unique())),
        preorder_id: preorder.id.clone(),
        number: attempts.last().map_or(1, |last| last.number + 1),
        provider: ctx.payments.default().name().to_owned(),
        idempotency_key: format!("adopted-{known_as}"),
        amount_minor: preorder.amount_minor,
        currency: preorder.currency,
        // One that stays open is asked about when it must be over.
        expires_at: fact.outcome.is_payable().then(|| fact.occurred_at + PAGE_LASTS),
        // It is no younger than what is said of it: an order made again days later has its tries where they were.
        ..blank_attempt(fact.occurred_at.min(now))
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
    if attempt.shipping_address.is_none() {
        after.shipping_address.clone_from(&fact.shipping_address);
        after.shipping_country.clone_from(&fact.shipping_country);
    }
    // The card that paid: one that was refused before is not shown for it.
    if let (Some(card), AttemptState::Paid, None) = (&fact.card, fact.outcome, &attempt.card_last4) {
        after.card_brand = Some(card.brand.clone());
        after.card_last4 = Some(card.last4.clone());
    }
    if fact.outcome == AttemptState::Paid {
        after.paid_at = Some(attempt.paid_at.map_or(fact.occurred_at, |known| known.min(fact.occurred_at)));
        // The first word on the amount is in the ledger by now, and stands; `reconcile` shows that another was said.
        if let (Some(received), None) = (fact.received, attempt.received()) {
            after.received_minor = Some(received.minor);
            after.received_currency = Some(received.currency);
        }
    }
    let known = (attempt.declined_at, attempt.decline_code.as_deref(), attempt.decline_message.as_deref());
    // Of two in the same second one is chosen, whichever was told first.
    if let Some(decline) = &fact.decline
        && known <= (Some(fact.occurred_at), Some(&decline.code), Some(&decline.message))
    {
        after.decline_code = Some(decline.code.clone());
        after.decline_message = Some(decline.message.clone());
        after.declined_at = Some(fact.occurred_at);
    }
    after
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
        shipping_address: None,
        shipping_country: None,
        created_at: now,
        opened_at: None,
        expires_at: None,
        declined_at: None,
        paid_at: None,
        settled_at: None,
        updated_at: now,
    }
}
