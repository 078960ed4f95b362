//! Entering what moved in the ledger: once a fact, whoever brings it and however often.

use super::super::WorkflowError;
use crate::context::Context;
use crate::domain::ids::{AttemptId, LedgerId};
use crate::domain::money::Money;
use crate::domain::refund::LedgerKind;
use crate::domain::timestamp::Timestamp;
use crate::store::Tx;
use crate::store::ledger::{self, Entry};
use crate::store::preorders::Preorder;

/// Money that came in or went out.
pub(super) struct Movement {
    pub kind: LedgerKind,
    pub attempt_id: Option<AttemptId>,
    /// Without a sign: the kind says which way.
    pub amount: Money,
    /// The provider's id of it.
    pub reference: String,
    /// With the kind, what makes it one fact.
    pub key: String,
    pub occurred_at: Timestamp,
}

pub(super) async fn enter(
    ctx: &Context,
    tx: &mut Tx,
    preorder: &Preorder,
    movements: Vec<Movement>,
    now: Timestamp,
) -> Result<(), WorkflowError> {
    for movement in movements {
        let amount_minor = if is_to_us(movement.kind) { movement.amount.minor } else { -movement.amount.minor };
        let entry = Entry {
            id: LedgerId::from_unique(&ctx.unique()),
            preorder_id: preorder.id.clone(),
            attempt_id: movement.attempt_id.map(|id| id.to_string()),
            kind: movement.kind,
            amount_minor,
            currency: movement.amount.currency,
            reference: movement.reference,
            dedupe_key: format!("{}:{}", movement.kind, movement.key),
            occurred_at: movement.occurred_at,
            recorded_at: now,
        };
        ledger::enter(tx, &entry).await?;
    }
    Ok(())
}

pub(super) const fn is_to_us(kind: LedgerKind) -> bool {
    matches!(kind, LedgerKind::Capture | LedgerKind::RefundReturned | LedgerKind::DisputeReturned)
}
