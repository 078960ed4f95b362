//! Bank debits: the session is complete at once and unpaid, and the bank decides later. Undecided ones are noted in the
//! ledger, so that time can find them without a search.

use super::attempt::{Answer, Closed, announce_intent, charge_for, complete, intent_of, payable};
use super::cards::decline;
use super::ledger::{Buyer, ChargeStatus, Instrument, IntentStatus, Ledger};
use super::{open_session, render, render_payment};
use crate::sandbox::ids;

/// Pays by bank debit: the session is complete and unpaid at once, decided after `delay_ms`.
pub fn by_bank(
    ledger: &mut Ledger,
    session_id: &str,
    succeeds: bool,
    delay_ms: i64,
    buyer: Buyer,
) -> Result<Answer, Closed> {
    let mut session = payable(ledger, session_id)?;
    let mut intent = intent_of(ledger, &session, &buyer);
    let kind = open_session::debit_kind(&session.currency).unwrap_or("us_bank_account").to_owned();
    let instrument = Instrument::BankDebit { id: ids::stripe_id("pm_"), kind, last4: "6789".to_owned() };
    let charge = charge_for(&intent, &instrument, &buyer, ChargeStatus::Pending, None);
    intent.instrument = Some(instrument);
    intent.status = IntentStatus::Processing;
    intent.latest_charge = Some(charge.id.clone());
    intent.settles = Some((ids::now_millis() + delay_ms.max(0), succeeds));
    let intent_id = intent.id.clone();
    announce_intent(ledger, intent, "payment_intent.processing");
    let shown = render_payment::charge(&charge);
    ledger.charges.put(charge);
    ledger.announce("charge.pending", shown);
    complete(ledger, &mut session, buyer, false);
    ledger.debits.push(intent_id.clone());
    if delay_ms <= 0 {
        settle_debit(ledger, &intent_id);
    }
    Ok(Answer::Pending)
}

/// Decides a bank debit that is under way; anything else is left as it is.
pub fn settle_debit(ledger: &mut Ledger, intent_id: &str) {
    ledger.debits.retain(|id| id != intent_id);
    let Some(intent) = ledger.intents.get_mut(intent_id) else { return };
    let (Some((_, succeeds)), Some(charge_id)) = (intent.settles.take(), intent.latest_charge.clone()) else { return };
    let session_id = intent.session.clone();
    let why = decline(
        "payment_method_debit_not_authorized",
        None,
        "The customer's bank refused the debit: insufficient funds.",
    );
    intent.status = if succeeds { IntentStatus::Succeeded } else { IntentStatus::RequiresPaymentMethod };
    if let (false, Some(instrument)) = (succeeds, &intent.instrument) {
        intent.last_error = Some((why.clone(), instrument.clone()));
    }
    let shown_intent = render_payment::intent(intent);
    if let Some(charge) = ledger.charges.get_mut(&charge_id) {
        charge.status = if succeeds { ChargeStatus::Succeeded } else { ChargeStatus::Failed };
        charge.failure = (!succeeds).then_some(why);
        let shown = render_payment::charge(charge);
        ledger.announce(if succeeds { "charge.succeeded" } else { "charge.failed" }, shown);
    }
    ledger.announce(if succeeds { "payment_intent.succeeded" } else { "payment_intent.payment_failed" }, shown_intent);
    if let Some(session) = ledger.sessions.get_mut(&session_id) {
        session.paid = succeeds;
    }
    if let Some(session) = ledger.sessions.get(&session_id) {
        let shown = render::session(ledger, session);
        let kind =
            if succeeds { "checkout.session.async_payment_succeeded" } else { "checkout.session.async_payment_failed" };
        ledger.announce(kind, shown);
    }
}

/// Undecided bank debits are decided sooner by so much.
pub fn pass_time(ledger: &mut Ledger, by_ms: i64) {
    for id in &ledger.debits {
        if let Some((at, _)) = ledger.intents.get_mut(id).and_then(|intent| intent.settles.as_mut()) {
            *at = at.saturating_sub(by_ms);
        }
    }
}

/// The bank debits to be decided by now, in milliseconds.
pub fn due_debits(ledger: &Ledger, now_ms: i64) -> Vec<String> {
    let due =
        |id: &&String| ledger.intents.get(id).is_none_or(|intent| intent.settles.is_none_or(|(at, _)| at <= now_ms));
    ledger.debits.iter().filter(due).cloned().collect()
}
