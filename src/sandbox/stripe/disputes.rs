//! Disputes: a card holder takes a payment back through the bank, and the bank decides.

use super::error::Refusal;
use super::ledger::{ChargeStatus, Dispute, Ledger, Metadata};
use super::render_payment;
use crate::sandbox::ids;

/// Opens a dispute over the whole payment and returns its identifier.
pub fn open(ledger: &mut Ledger, intent_id: &str, reason: &str) -> Result<String, Refusal> {
    let intent = ledger.intents.get(intent_id).ok_or_else(|| Refusal::not_found("payment_intent", intent_id))?;
    let charge_id = intent.latest_charge.clone().unwrap_or_default();
    let charge = ledger
        .charges
        .get_mut(&charge_id)
        .filter(|charge| charge.status == ChargeStatus::Succeeded)
        .ok_or_else(|| Refusal::invalid(format!("{intent_id} has no successful charge to dispute.")))?;
    if charge.disputed {
        return Err(Refusal::invalid(format!("{charge_id} is disputed already.")).code("charge_disputed"));
    }
    charge.disputed = true;
    let dispute = Dispute {
        id: ids::stripe_id("du_"),
        created: ids::now_seconds(),
        intent: intent_id.to_owned(),
        charge: charge_id,
        amount: charge.amount - charge.amount_refunded,
        currency: charge.currency.clone(),
        reason: reason.to_owned(),
        status: "needs_response".to_owned(),
        metadata: Metadata::new(),
    };
    let (id, shown) = (dispute.id.clone(), render_payment::dispute(&dispute));
    ledger.disputes.put(dispute);
    ledger.announce("charge.dispute.created", shown.clone());
    ledger.announce("charge.dispute.funds_withdrawn", shown);
    Ok(id)
}

/// The bank decides.
pub fn close(ledger: &mut Ledger, id: &str, won: bool) -> Result<(), Refusal> {
    let dispute = ledger.disputes.get_mut(id).ok_or_else(|| Refusal::not_found("dispute", id))?;
    if matches!(dispute.status.as_str(), "won" | "lost") {
        return Err(Refusal::invalid(format!("{id} is {} already.", dispute.status)));
    }
    if won { "won" } else { "lost" }.clone_into(&mut dispute.status);
    let shown = render_payment::dispute(dispute);
    if won {
        ledger.announce("charge.dispute.funds_reinstated", shown.clone());
    }
    ledger.announce("charge.dispute.updated", shown.clone());
    ledger.announce("charge.dispute.closed", shown);
    Ok(())
}
