//! A fact about a dispute: opened, moved on, won or lost. What it did to the money is what Stripe lists as withdrawn
//! and reinstated; only of objects without such a list the state must say it.

use super::super::WorkflowError;
use super::Money;
use super::books::{Movement, is_to_us};
use crate::context::Context;
use crate::domain::ids::{AttemptId, DisputeId};
use crate::domain::money;
use crate::domain::moved::Moved;
use crate::domain::refund::{DisputeFact, LedgerKind};
use crate::domain::timestamp::Timestamp;
use crate::store::Tx;
use crate::store::attempts::Attempt;
use crate::store::disputes::{self, Dispute};
use crate::store::ledger;
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
    if after.attempt_id.is_none() {
        after.attempt_id = attempt_of(&money.attempts, &after);
    }
    if known.is_some() && after == before {
        return Ok(Vec::new());
    }
    // That the same was said again, later, is no news to anybody who reads the row.
    if known.is_none() || (Dispute { amount_said_at: before.amount_said_at, ..after.clone() }) != before {
        after.updated_at = now;
    }
    disputes::save(tx, &after).await?;
    let entered = ledger::of_disputes(tx, &preorder.id).await?;
    let movements = movements(&after, fact, &entered);
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
        amount_said_at: Some(fact.occurred_at),
        taken_minor: None,
        moved: None,
        reason: fact.reason.clone(),
        state: fact.state,
        due_at: fact.due_at,
        opened_at: fact.opened_at,
        updated_at: fact.opened_at,
    }
}

/// The dispute after the fact. Whatever the order of facts, the result is the same: states join, lists are united, and
/// of several amounts the one stands that was said from the highest rung, and on it last, and of the same second the
/// larger. (The row's own rung is that of its amount: whatever raises the one sets the other.) A dispute is in its
/// payment's currency, and stays in it: an amount in another is not taken for one in this.
pub fn climb(dispute: &Dispute, fact: &DisputeFact) -> Dispute {
    let mut after = dispute.clone();
    after.state = dispute.state.join(fact.state);
    let in_currency = fact.amount.currency == dispute.currency;
    let known = (dispute.state.rung(), dispute.amount_said_at, dispute.amount_minor);
    let said = (fact.state.rung(), Some(fact.occurred_at), fact.amount.minor);
    if in_currency && said > known {
        after.amount_minor = fact.amount.minor;
        after.amount_said_at = Some(fact.occurred_at);
        after.reason = fact.reason.clone().or(after.reason);
    }
    after.reason = after.reason.or_else(|| fact.reason.clone());
    after.payment_intent_id = after.payment_intent_id.or_else(|| fact.payment_intent_id.clone());
    // A later date is a later word: banks extend, they do not shorten.
    after.due_at = after.due_at.max(fact.due_at);
    after.moved = match (&dispute.moved, fact.moved.as_ref().filter(|_| in_currency)) {
        (Some(known), Some(told)) => Some(known.join(told)),
        (known, told) => known.clone().or_else(|| told.cloned()),
    };
    after.taken_minor = Some(match &after.moved {
        Some(moved) => moved.taken_minor(),
        None if after.state.holds_money() => after.amount_minor,
        None => 0,
    });
    after
}

/// What is not in the ledger yet. Its entries for a dispute always come to what the dispute holds:
///
/// * each balance transaction is one entry. The first each way has the dispute's own key, which is also that of what
///   was entered by the state alone: told first without a list and then with one, the same money is entered once;
/// * without a list, what the state says was taken is entered, and then what it says came back;
/// * what the ledger says otherwise than that (an amount that was put right, a dispute that was prevented and then lost
///   all the same, states entered before the list that corrects them) is made up for by one more entry, for no row can
///   be changed. Lists alone never need it, for a later list begins with the earlier one.
fn movements(dispute: &Dispute, fact: &DisputeFact, entered: &[(String, i64)]) -> Vec<Movement> {
    let name = &dispute.provider_dispute_id;
    let entered: Vec<_> = entered.iter().filter(|(key, _)| is_of(key, name)).collect();
    let is_free = |kind: LedgerKind, key: &str| {
        let whole = format!("{kind}:{key}");
        entered.iter().all(|(known, _)| *known != whole)
    };
    let movement = |kind, minor: i64, key: String, occurred_at| Movement {
        kind,
        attempt_id: dispute.attempt_id.clone(),
        amount: money::Money::new(minor.abs(), dispute.currency),
        reference: key.clone(),
        key,
        occurred_at,
    };
    let mut moved: Vec<Movement> = Vec::new();
    match &dispute.moved {
        Some(listed) => {
            let listed = listed_entries(listed, name).into_iter().filter(|(kind, _, key, _)| is_free(*kind, key));
            moved.extend(listed.map(|(kind, minor, key, at)| movement(kind, minor, key, at)));
        }
        None if dispute.state.withdrew_money() && entered.is_empty() => {
            moved.push(movement(LedgerKind::Dispute, dispute.amount_minor, name.clone(), dispute.opened_at));
        }
        None => {}
    }
    let signed = |one: &Movement| if is_to_us(one.kind) { one.amount.minor } else { -one.amount.minor };
    let books: i64 = entered.iter().map(|(_, minor)| minor).sum::<i64>() + moved.iter().map(signed).sum::<i64>();
    let missing = -dispute.taken().minor - books;
    if missing != 0 {
        let kind = if missing > 0 { LedgerKind::DisputeReturned } else { LedgerKind::Dispute };
        let is_first = is_free(kind, name) && moved.iter().all(|one| one.kind != kind || one.key != *name);
        let key = if is_first { name.clone() } else { format!("{name}:more:{}", entered.len() + moved.len() + 1) };
        moved.push(movement(kind, missing, key, fact.occurred_at));
    }
    moved
}

type Listed = (LedgerKind, i64, String, Timestamp);

fn listed_entries(listed: &Moved, name: &str) -> Vec<Listed> {
    let mut entries: Vec<Listed> = Vec::new();
    for one in listed.moves().filter(|one| one.minor != 0) {
        let kind = if one.minor > 0 { LedgerKind::DisputeReturned } else { LedgerKind::Dispute };
        let is_first = entries.iter().all(|(earlier, ..)| *earlier != kind);
        let key = if is_first { name.to_owned() } else { format!("{name}:{}", one.id) };
        entries.push((kind, one.minor, key, one.at));
    }
    entries
}

/// Whether an entry's key (`kind:dispute` or `kind:dispute:more`; ids bear no colon) is of this dispute.
fn is_of(key: &str, name: &str) -> bool {
    key.split(':').nth(1) == Some(name)
}
