//! Disputes: a card holder takes a payment back through the bank, in whole or in part, and the bank decides. An inquiry
//! (`warning_…`) only asks; it is closed, or becomes a dispute.

use super::error::Refusal;
use super::ledger::{ChargeStatus, Dispute, Ledger, Metadata, Moved};
use super::render_payment;
use crate::sandbox::ids;

/// What a dispute is opened as.
#[derive(Debug, Default)]
pub struct Opening<'a> {
    /// `fraudulent` if none is given.
    pub reason: Option<&'a str>,
    /// All that was not refunded, if none is given.
    pub amount: Option<i64>,
    pub inquiry: bool,
}

/// Opens a dispute and returns its identifier.
pub fn open(ledger: &mut Ledger, intent_id: &str, opening: &Opening<'_>) -> Result<String, Refusal> {
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
    let left = charge.amount - charge.amount_refunded;
    let amount = opening.amount.unwrap_or(left);
    if !(1..=left).contains(&amount) {
        return Err(Refusal::invalid(format!("Of {charge_id} between 1 and {left} can be disputed.")).param("amount"));
    }
    charge.disputed = true;
    let mut dispute = Dispute {
        id: ids::stripe_id("du_"),
        created: ids::now_seconds(),
        intent: intent_id.to_owned(),
        charge: charge_id,
        amount,
        currency: charge.currency.clone(),
        reason: opening.reason.unwrap_or("fraudulent").to_owned(),
        status: if opening.inquiry { "warning_needs_response" } else { "needs_response" }.to_owned(),
        moved: Vec::new(),
        metadata: Metadata::new(),
    };
    if !opening.inquiry {
        shift(&mut dispute, -amount);
    }
    let (id, shown) = (dispute.id.clone(), render_payment::dispute(&dispute));
    ledger.disputes.put(dispute);
    ledger.announce("charge.dispute.created", shown.clone());
    if !opening.inquiry {
        ledger.announce("charge.dispute.funds_withdrawn", shown);
    }
    Ok(id)
}

fn shift(dispute: &mut Dispute, amount: i64) {
    dispute.moved.push(Moved { id: ids::stripe_id("txn_"), created: ids::now_seconds(), amount });
}

/// What may follow on what.
fn follows(status: &str, next: &str) -> bool {
    match status {
        "warning_needs_response" | "warning_under_review" => matches!(next, "warning_closed" | "needs_response"),
        "needs_response" | "under_review" => matches!(next, "won" | "lost" | "prevented"),
        // The bank thinks better of it.
        "lost" => next == "won",
        _ => false,
    }
}

/// The bank decides, or makes a dispute of its inquiry.
pub fn go_on(ledger: &mut Ledger, id: &str, next: &str) -> Result<(), Refusal> {
    let dispute = ledger.disputes.get_mut(id).ok_or_else(|| Refusal::not_found("dispute", id))?;
    if !follows(&dispute.status, next) {
        return Err(Refusal::invalid(format!("{id} is {} already.", dispute.status)));
    }
    next.clone_into(&mut dispute.status);
    let shifted = match next {
        "needs_response" => -dispute.amount,
        "won" | "prevented" => dispute.taken(),
        _ => 0,
    };
    if shifted != 0 {
        shift(dispute, shifted);
    }
    let shown = render_payment::dispute(dispute);
    match shifted {
        0 => {}
        1.. => ledger.announce("charge.dispute.funds_reinstated", shown.clone()),
        _ => ledger.announce("charge.dispute.funds_withdrawn", shown.clone()),
    }
    ledger.announce("charge.dispute.updated", shown.clone());
    if next != "needs_response" {
        ledger.announce("charge.dispute.closed", shown);
    }
    Ok(())
}
