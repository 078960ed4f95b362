//! Money given back: through the API, or as if by hand in Stripe's dashboard; and a refund that the bank later refuses.

use super::currency::written;
use super::error::Refusal;
use super::known;
use super::ledger::{ChargeStatus, Dispute, Ledger, Metadata, Refund};
use super::params::{self, choice, integer, metadata};
use super::render_payment;
use crate::sandbox::form::Form;
use crate::sandbox::ids;

/// `POST /v1/refunds`.
pub fn create(ledger: &mut Ledger, form: &Form) -> Result<String, Refusal> {
    params::check(form, &[known::REFUND])?;
    let reason = choice(form, "reason", &["duplicate", "fraudulent", "requested_by_customer"])?.map(str::to_owned);
    let (charge, param) = match (form.filled("payment_intent"), form.filled("charge")) {
        (Some(id), _) => {
            let intent =
                ledger.intents.get(id).ok_or_else(|| Refusal::no_such("payment_intent", id, "payment_intent"))?;
            let charge = intent.latest_charge.clone().ok_or_else(|| {
                Refusal::invalid(format!("This PaymentIntent ({id}) does not have a successful charge to refund."))
                    .param("payment_intent")
            })?;
            (charge, "payment_intent")
        }
        (None, Some(id)) => (id.to_owned(), "charge"),
        (None, None) => {
            return Err(Refusal::invalid(
                "One of the following params should be provided for this request: payment_intent or charge.",
            )
            .code("parameter_missing"));
        }
    };
    refund(ledger, &charge, param, integer(form, "amount")?, reason, metadata(form, "metadata")?)
}

/// Refunds a payment intent, all that is left of it when no amount is given.
pub fn of_intent(ledger: &mut Ledger, intent_id: &str, amount: Option<i64>) -> Result<String, Refusal> {
    let intent = ledger.intents.get(intent_id).ok_or_else(|| Refusal::not_found("payment_intent", intent_id))?;
    let charge = intent.latest_charge.clone().ok_or_else(|| {
        Refusal::invalid(format!("This PaymentIntent ({intent_id}) does not have a successful charge to refund."))
    })?;
    refund(ledger, &charge, "payment_intent", amount, Some("requested_by_customer".to_owned()), Metadata::new())
}

fn refund(
    ledger: &mut Ledger,
    charge_id: &str,
    param: &str,
    amount: Option<i64>,
    reason: Option<String>,
    metadata: Metadata,
) -> Result<String, Refusal> {
    let taken_back = ledger.disputes.iter().any(|it| it.charge == charge_id && !may_still_be_refunded(it));
    let charge = ledger.charges.get_mut(charge_id).ok_or_else(|| Refusal::no_such("charge", charge_id, param))?;
    if charge.status != ChargeStatus::Succeeded {
        return Err(Refusal::invalid(format!("The charge {charge_id} has not been captured and cannot be refunded."))
            .code("charge_not_refundable")
            .param(param));
    }
    let left = charge.amount - charge.amount_refunded;
    if left <= 0 {
        return Err(
            Refusal::invalid(format!("Charge {charge_id} has already been refunded.")).code("charge_already_refunded")
        );
    }
    if taken_back {
        return Err(Refusal::invalid(format!("Charge {charge_id} has been charged back; cannot issue a refund."))
            .code("charge_disputed"));
    }
    let amount = amount.unwrap_or(left);
    if amount < 1 {
        return Err(Refusal::invalid("Invalid positive integer").code("parameter_invalid_integer").param("amount"));
    }
    if amount > left {
        return Err(Refusal::invalid(format!(
            "Refund amount ({}) is greater than unrefunded amount on charge ({})",
            written(amount, &charge.currency),
            written(left, &charge.currency)
        ))
        .param("amount"));
    }
    charge.amount_refunded += amount;
    let refund = Refund {
        id: ids::stripe_id("re_"),
        created: ids::now_seconds(),
        intent: charge.intent.clone(),
        charge: charge.id.clone(),
        amount,
        currency: charge.currency.clone(),
        reason,
        status: "succeeded".to_owned(),
        failure_reason: None,
        metadata,
        balance_transaction: ids::stripe_id("txn_"),
    };
    let (shown_charge, shown_refund) = (render_payment::charge(charge), render_payment::refund(&refund));
    let id = refund.id.clone();
    ledger.refunds.put(refund);
    ledger.announce("refund.created", shown_refund);
    ledger.announce("charge.refunded", shown_charge);
    Ok(id)
}

/// Won, kept from becoming one, or an inquiry: the money is here.
pub fn may_still_be_refunded(dispute: &Dispute) -> bool {
    matches!(dispute.status.as_str(), "won" | "prevented") || dispute.status.starts_with("warning_")
}

/// `POST /v1/refunds/{id}`: only metadata can change.
pub fn annotate(ledger: &mut Ledger, id: &str, form: &Form) -> Result<(), Refusal> {
    params::check(form, &[&["expand[#]", "metadata[*]"]])?;
    let added = metadata(form, "metadata")?;
    let refund = ledger.refunds.get_mut(id).ok_or_else(|| Refusal::not_found("refund", id))?;
    refund.metadata.extend(added);
    let shown = render_payment::refund(refund);
    ledger.announce("refund.updated", shown);
    Ok(())
}

/// The buyer's bank sends a refund back: the money is ours again.
pub fn bounce(ledger: &mut Ledger, id: &str) -> Result<(), Refusal> {
    let refund = ledger.refunds.get_mut(id).ok_or_else(|| Refusal::not_found("refund", id))?;
    if refund.status != "succeeded" {
        return Err(Refusal::invalid(format!("Refund {id} is {} already.", refund.status)));
    }
    "failed".clone_into(&mut refund.status);
    refund.failure_reason = Some("lost_or_stolen_card".to_owned());
    let (charge_id, amount) = (refund.charge.clone(), refund.amount);
    let shown = render_payment::refund(refund);
    if let Some(charge) = ledger.charges.get_mut(&charge_id) {
        charge.amount_refunded -= amount;
    }
    ledger.announce("refund.updated", shown.clone());
    ledger.announce("refund.failed", shown);
    Ok(())
}
