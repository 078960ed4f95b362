//! A fact about a dispute: opened, moved on, won or lost.

use super::super::WorkflowError;
use super::Money;
use super::books::Movement;
use crate::context::Context;
use crate::domain::ids::{AttemptId, DisputeId};
use crate::domain::refund::{DisputeFact, DisputeState, LedgerKind};
use crate::domain::timestamp::Timestamp;
use crate::store::Tx;
use crate::store::attempts::Attempt;
use crate::store::disputes::{self, Dispute};
use crate::store::preorders::Preorder;

pub(super) async fn settle(
    ctx: &Context,
    tx: &mut Tx,
    preorder: &Preorder,
    money: &mut Money,
    fact: &DisputeFact,
    now: Timestamp,
) -> Result<Vec<Movement>, WorkflowError> {
    let known = money.disputes.iter().position(|dispute| dispute.provider_dispute_id == fact.provider_dispute_id);
    let before = known.map_or_else(|| opened(ctx, preorder, fact), |index| money.disputes[index].clone());
    let mut after = climb(&before, fact);
    after.payment_intent_id = after.payment_intent_id.or_else(|| fact.payment_intent_id.clone());
    if after.attempt_id.is_none() {
        after.attempt_id = attempt_of(&money.attempts, &after);
    }
    if known.is_some() && after == before {
        return Ok(Vec::new());
    }
    after.updated_at = now;
    disputes::save(tx, &after).await?;
    let movements = movements(before.state, &after, fact);
    match known {
        Some(index) => money.disputes[index] = after,
        None => money.disputes.push(after),
    }
    Ok(movements)
}

/// Disputes that were told of before the payment that they speak of.
pub(super) async fn link(tx: &mut Tx, money: &mut Money, now: Timestamp) -> Result<(), WorkflowError> {
    for dispute in money.disputes.iter_mut().filter(|dispute| dispute.attempt_id.is_none()) {
        dispute.attempt_id = attempt_of(&money.attempts, dispute);
        if dispute.attempt_id.is_some() {
            dispute.updated_at = now;
            disputes::save(tx, dispute).await?;
        }
    }
    Ok(())
}

fn attempt_of(attempts: &[Attempt], dispute: &Dispute) -> Option<AttemptId> {
    let intent = dispute.payment_intent_id.as_deref()?;
    attempts.iter().find(|attempt| attempt.payment_intent_id.as_deref() == Some(intent)).map(|a| a.id.clone())
}

fn opened(ctx: &Context, preorder: &Preorder, fact: &DisputeFact) -> Dispute {
    Dispute {
        id: DisputeId::from_unique(&ctx.unique()),
        preorder_id: preorder.id.clone(),
        attempt_id: None,
        provider: ctx.payments.default().name().to_owned(),
        provider_dispute_id: fact.provider_dispute_id.clone(),
        payment_intent_id: fact.payment_intent_id.clone(),
        amount_minor: fact.amount.minor,
        currency: fact.amount.currency,
        reason: fact.reason.clone(),
        state: fact.state,
        due_at: fact.due_at,
        opened_at: fact.opened_at,
        updated_at: fact.opened_at,
    }
}

fn climb(dispute: &Dispute, fact: &DisputeFact) -> Dispute {
    let mut after = dispute.clone();
    after.state = dispute.state.join(fact.state);
    after.reason = after.reason.or_else(|| fact.reason.clone());
    // A later date is a later word: banks extend, they do not shorten.
    after.due_at = after.due_at.max(fact.due_at);
    after
}

/// One that was won was taken first: both are entered, whichever of the two was told.
fn movements(before: DisputeState, dispute: &Dispute, fact: &DisputeFact) -> Vec<Movement> {
    let movement = |kind, occurred_at| Movement {
        kind,
        attempt_id: dispute.attempt_id.clone(),
        amount: dispute.amount(),
        reference: fact.provider_dispute_id.clone(),
        key: fact.provider_dispute_id.clone(),
        occurred_at,
    };
    let mut moved = Vec::new();
    if dispute.state.withdrew_money() {
        moved.push(movement(LedgerKind::Dispute, dispute.opened_at));
    }
    // Prevented after all: what was taken is ours again.
    if dispute.state.gave_money_back() || (before.withdrew_money() && !dispute.state.withdrew_money()) {
        moved.push(movement(LedgerKind::DisputeReturned, fact.occurred_at));
    }
    moved
}
