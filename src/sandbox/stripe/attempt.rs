//! A buyer tries to pay an open session: by card, with 3-D Secure where the bank asks; bank debits are in `debit`. Each step moves session, payment
//! intent and charge together and announces what Stripe would, in Stripe's order. A session is paid once, whatever is tried.

use super::cards::{Card, Fate, decline};
use super::ledger::{
    Buyer, Charge, ChargeStatus, Customer, Decline, Instrument, Intent, IntentStatus, Ledger, Session, SessionStatus,
};
use super::{disputes, expiry, render, render_payment};
use crate::sandbox::ids;

/// How an attempt ended.
#[derive(Debug, Clone)]
pub enum Answer {
    Paid,
    /// A bank debit under way.
    Pending,
    /// 3-D Secure has to be answered first.
    Challenge,
    Declined(Decline),
}

/// Why no attempt can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    Unknown,
    Complete,
    Expired,
    /// No 3-D Secure question is open.
    NothingAsked,
}

/// The session, if it can be paid now.
pub(super) fn payable(ledger: &mut Ledger, session_id: &str) -> Result<Session, Closed> {
    expiry::expire_if_due(ledger, session_id, ids::now_seconds());
    let session = ledger.sessions.get(session_id).ok_or(Closed::Unknown)?;
    match session.status {
        SessionStatus::Open => Ok(session.clone()),
        SessionStatus::Complete => Err(Closed::Complete),
        SessionStatus::Expired => Err(Closed::Expired),
    }
}

/// Pays by card. `fate` has been read from the card, or forced by the fault controls.
pub fn by_card(ledger: &mut Ledger, session_id: &str, card: &Card, fate: Fate, buyer: Buyer) -> Result<Answer, Closed> {
    let session = payable(ledger, session_id)?;
    let instrument = card.instrument();
    let mut intent = intent_of(ledger, &session, &buyer);
    intent.instrument = Some(instrument.clone());
    match fate {
        Fate::Challenge => {
            intent.status = IntentStatus::RequiresAction;
            announce_intent(ledger, intent, "payment_intent.requires_action");
            if let Some(session) = ledger.sessions.get_mut(session_id) {
                session.challenge = Some((instrument, buyer));
            }
            Ok(Answer::Challenge)
        }
        Fate::Declines(why) => Ok(refuse(ledger, intent, instrument, buyer, why)),
        Fate::Pays => Ok(take(ledger, session, intent, instrument, buyer)),
        Fate::PaysThenDisputed => {
            let intent_id = intent.id.clone();
            let answer = take(ledger, session, intent, instrument, buyer);
            disputes::open(ledger, &intent_id, &disputes::Opening::default()).ok();
            Ok(answer)
        }
    }
}

/// Answers the 3-D Secure question of the card tried last.
pub fn answer_challenge(ledger: &mut Ledger, session_id: &str, confirmed: bool) -> Result<Answer, Closed> {
    let mut session = payable(ledger, session_id)?;
    let (instrument, buyer) = session.challenge.take().ok_or(Closed::NothingAsked)?;
    let intent = intent_of(ledger, &session, &buyer);
    ledger.sessions.put(session.clone());
    if confirmed {
        return Ok(take(ledger, session, intent, instrument, buyer));
    }
    let why = decline(
        "payment_intent_authentication_failure",
        None,
        "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
    );
    Ok(fail(ledger, intent, instrument, why))
}

/// The session's payment intent, made at the first attempt and announced then, as Stripe does.
pub(super) fn intent_of(ledger: &mut Ledger, session: &Session, buyer: &Buyer) -> Intent {
    if let Some(known) = session.intent.as_deref().and_then(|id| ledger.intents.get(id)) {
        let mut intent = known.clone();
        intent.shipping = buyer.shipping.clone().or(intent.shipping);
        return intent;
    }
    let intent = Intent {
        id: ids::stripe_id("pi_"),
        created: ids::now_seconds(),
        session: session.id.clone(),
        amount: session.amount_total,
        currency: session.currency.clone(),
        status: IntentStatus::RequiresPaymentMethod,
        description: session.intent_description.clone(),
        receipt_email: session.intent_receipt_email.clone(),
        customer: session.customer.clone(),
        metadata: session.intent_metadata.clone(),
        payment_method_types: session.payment_method_types.clone(),
        shipping: buyer.shipping.clone(),
        instrument: None,
        latest_charge: None,
        last_error: None,
        settles: None,
    };
    if let Some(session) = ledger.sessions.get_mut(&session.id) {
        session.intent = Some(intent.id.clone());
    }
    announce_intent(ledger, intent.clone(), "payment_intent.created");
    intent
}

pub(super) fn announce_intent(ledger: &mut Ledger, intent: Intent, kind: &'static str) {
    let shown = render_payment::intent(&intent);
    ledger.intents.put(intent);
    ledger.announce(kind, shown);
}

pub(super) fn charge_for(
    intent: &Intent,
    instrument: &Instrument,
    buyer: &Buyer,
    status: ChargeStatus,
    failure: Option<Decline>,
) -> Charge {
    Charge {
        id: ids::stripe_id("ch_"),
        created: ids::now_seconds(),
        intent: intent.id.clone(),
        amount: intent.amount,
        amount_refunded: 0,
        currency: intent.currency.clone(),
        status,
        disputed: false,
        customer: intent.customer.clone(),
        description: intent.description.clone(),
        receipt_email: intent.receipt_email.clone(),
        metadata: intent.metadata.clone(),
        buyer: buyer.clone(),
        instrument: instrument.clone(),
        failure,
        balance_transaction: ids::stripe_id("txn_"),
    }
}

/// A card that pays: intent, charge, session, in that order.
fn take(ledger: &mut Ledger, mut session: Session, mut intent: Intent, instrument: Instrument, buyer: Buyer) -> Answer {
    if session.customer_creation_always && session.customer.is_none() {
        let customer = Customer {
            id: ids::stripe_id("cus_"),
            created: ids::now_seconds(),
            email: buyer.email.clone(),
            name: buyer.name.clone(),
            phone: buyer.phone.clone(),
            description: None,
            metadata: super::ledger::Metadata::new(),
        };
        let shown = render::customer(&customer);
        session.customer = Some(customer.id.clone());
        intent.customer.clone_from(&session.customer);
        ledger.customers.put(customer);
        ledger.announce("customer.created", shown);
    }
    let charge = charge_for(&intent, &instrument, &buyer, ChargeStatus::Succeeded, None);
    session.intent = Some(intent.id.clone());
    intent.instrument = Some(instrument);
    intent.status = IntentStatus::Succeeded;
    intent.last_error = None;
    intent.latest_charge = Some(charge.id.clone());
    announce_intent(ledger, intent, "payment_intent.succeeded");
    let shown = render_payment::charge(&charge);
    ledger.charges.put(charge);
    ledger.announce("charge.succeeded", shown);
    complete(ledger, &mut session, buyer, true);
    Answer::Paid
}

pub(super) fn complete(ledger: &mut Ledger, session: &mut Session, buyer: Buyer, paid: bool) {
    // The intent was noted on the shelf's copy when it was made.
    session.intent = session.intent.take().or_else(|| ledger.sessions.get(&session.id)?.intent.clone());
    session.status = SessionStatus::Complete;
    session.paid = paid;
    session.challenge = None;
    session.buyer = Some(Buyer { email: buyer.email.or_else(|| session.customer_email.clone()), ..buyer });
    ledger.sessions.put(session.clone());
    let shown = render::session(ledger, session);
    ledger.announce("checkout.session.completed", shown);
}

/// The bank says no: a failed charge remains, the session stays open.
fn refuse(ledger: &mut Ledger, mut intent: Intent, instrument: Instrument, buyer: Buyer, why: Decline) -> Answer {
    let charge = charge_for(&intent, &instrument, &buyer, ChargeStatus::Failed, Some(why.clone()));
    intent.latest_charge = Some(charge.id.clone());
    let shown = render_payment::charge(&charge);
    ledger.charges.put(charge);
    ledger.announce("charge.failed", shown);
    fail(ledger, intent, instrument, why)
}

fn fail(ledger: &mut Ledger, mut intent: Intent, instrument: Instrument, why: Decline) -> Answer {
    intent.status = IntentStatus::RequiresPaymentMethod;
    intent.last_error = Some((why.clone(), instrument));
    announce_intent(ledger, intent, "payment_intent.payment_failed");
    Answer::Declined(why)
}
