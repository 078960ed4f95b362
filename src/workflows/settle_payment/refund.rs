//! A fact about a refund: one that was asked for here, or one made in Stripe's dashboard.

use super::super::WorkflowError;
use super::Money;
use super::books::Movement;
use crate::context::Context;
use crate::domain::ids::RefundId;
use crate::domain::refund::{LedgerKind, RefundFact, RefundState};
use crate::domain::timestamp::Timestamp;
use crate::store::Tx;
use crate::store::attempts::Attempt;
use crate::store::preorders::Preorder;
use crate::store::refunds::{self, Refund};

pub(super) async fn settle(
    ctx: &Context,
    tx: &mut Tx,
    preorder: &Preorder,
    money: &mut Money,
    fact: &RefundFact,
    now: Timestamp,
) -> Result<Vec<Movement>, WorkflowError> {
    let known = position(&money.refunds, fact);
    let before = known.map_or_else(|| made_at_stripe(ctx, preorder, fact), |index| money.refunds[index].clone());
    let mut after = climb(&before, fact);
    if after.attempt_id.is_none() {
        after.attempt_id = attempt_of(&money.attempts, &after);
    }
    if known.is_some() && after == before {
        return Ok(Vec::new());
    }
    after.updated_at = now;
    refunds::save(tx, &after).await?;
    let movements = movements(&after, fact);
    match known {
        Some(index) => money.refunds[index] = after,
        None => money.refunds.push(after),
    }
    Ok(movements)
}

/// By our own name for it in the metadata, else by Stripe's.
fn position(refunds: &[Refund], fact: &RefundFact) -> Option<usize> {
    let by_provider = |refund: &Refund| refund.provider_refund_id.as_deref() == Some(&fact.provider_refund_id);
    let by_us =
        |refund: &Refund| refund.provider_refund_id.is_none() && fact.refund_id.as_deref() == Some(refund.id.as_str());
    refunds.iter().position(by_provider).or_else(|| refunds.iter().position(by_us))
}

fn made_at_stripe(ctx: &Context, preorder: &Preorder, fact: &RefundFact) -> Refund {
    Refund {
        id: RefundId::from_unique(&ctx.unique()),
        preorder_id: preorder.id.clone(),
        attempt_id: None,
        provider: ctx.payments.default().name().to_owned(),
        idempotency_key: format!("made-there-{}", fact.provider_refund_id),
        provider_refund_id: Some(fact.provider_refund_id.clone()),
        payment_intent_id: fact.payment_intent_id.clone(),
        amount_minor: fact.amount.minor,
        currency: fact.amount.currency,
        reason: fact.reason.clone(),
        state: fact.state,
        failure_reason: None,
        requested_by: None,
        created_at: fact.created_at,
        updated_at: fact.created_at,
    }
}

fn climb(refund: &Refund, fact: &RefundFact) -> Refund {
    let mut after = refund.clone();
    // Without Stripe's name for it we only had our own guess: a call that seemed to be refused.
    let told_before = refund.provider_refund_id.is_some();
    after.state = if told_before { refund.state.join(fact.state) } else { fact.state };
    after.provider_refund_id = Some(fact.provider_refund_id.clone());
    after.payment_intent_id = after.payment_intent_id.or_else(|| fact.payment_intent_id.clone());
    // Stripe's word on the amount is the money's, and the first one is in the ledger.
    if !told_before {
        after.amount_minor = fact.amount.minor;
        after.currency = fact.amount.currency;
    }
    after.reason = after.reason.or_else(|| fact.reason.clone());
    after.failure_reason = after.failure_reason.or_else(|| fact.failure_reason.clone());
    after
}

/// Refunds that were told of before the payment that they speak of.
pub(super) async fn link(tx: &mut Tx, money: &mut Money, now: Timestamp) -> Result<(), WorkflowError> {
    for refund in money.refunds.iter_mut().filter(|refund| refund.attempt_id.is_none()) {
        refund.attempt_id = attempt_of(&money.attempts, refund);
        if refund.attempt_id.is_some() {
            refund.updated_at = now;
            refunds::save(tx, refund).await?;
        }
    }
    Ok(())
}

fn attempt_of(attempts: &[Attempt], refund: &Refund) -> Option<crate::domain::ids::AttemptId> {
    let intent = refund.payment_intent_id.as_deref()?;
    attempts.iter().find(|attempt| attempt.payment_intent_id.as_deref() == Some(intent)).map(|a| a.id.clone())
}

/// One that failed was taken first and came back: both are entered, whichever of the two was told.
fn movements(refund: &Refund, fact: &RefundFact) -> Vec<Movement> {
    if refund.state == RefundState::Requested {
        return Vec::new();
    }
    let movement = |kind, occurred_at| Movement {
        kind,
        attempt_id: refund.attempt_id.clone(),
        amount: refund.amount(),
        reference: fact.provider_refund_id.clone(),
        key: fact.provider_refund_id.clone(),
        occurred_at,
    };
    let mut moved = vec![movement(LedgerKind::Refund, fact.created_at)];
    if !refund.state.holds_money() {
        moved.push(movement(LedgerKind::RefundReturned, fact.occurred_at));
    }
    moved
}
