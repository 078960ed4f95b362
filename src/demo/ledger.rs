//! The ledger's entries: what came in and went out, each fact once.

use super::story::Telling;
use crate::domain::ids::LedgerId;
use crate::domain::refund::LedgerKind;
use crate::domain::timestamp::Timestamp;
use crate::store::bulk_rows::{AttemptRow, LedgerRow};

impl Telling<'_> {
    /// Captures are known by their attempt, the rest by the provider's `reference`.
    pub fn enter(
        &mut self,
        attempt: &AttemptRow,
        kind: LedgerKind,
        amount_minor: i64,
        reference: String,
        occurred_at: Timestamp,
        recorded_at: Timestamp,
    ) {
        let capture = kind == LedgerKind::Capture;
        let subject = if capture { attempt.id.as_str() } else { reference.as_str() };
        self.batch.payments_ledger.push(LedgerRow {
            id: format!("{}{}", LedgerId::PREFIX, self.dice.unique(recorded_at)),
            preorder_id: self.preorder.id.clone(),
            attempt_id: Some(attempt.id.clone()),
            kind: kind.as_str(),
            amount_minor,
            currency: attempt.currency,
            dedupe_key: format!("{kind}:{subject}"),
            reference,
            occurred_at,
            recorded_at,
        });
    }
}
