//! Sessions that end unpaid: asked to through the API, or when their time is up.

use super::error::Refusal;
use super::ledger::{IntentStatus, Ledger, SessionStatus};
use super::{render, render_payment};

/// Expires a session that is open, as `POST …/expire` does.
pub fn expire(ledger: &mut Ledger, id: &str) -> Result<(), Refusal> {
    let session = ledger.sessions.get_mut(id).ok_or_else(|| Refusal::not_found("checkout.session", id))?;
    if session.status != SessionStatus::Open {
        return Err(Refusal::invalid(format!(
            "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of {}.",
            match session.status {
                SessionStatus::Complete => "complete",
                _ => "expired",
            }
        )));
    }
    session.status = SessionStatus::Expired;
    session.challenge = None;
    let intent_id = session.intent.clone();
    // Nobody will finish an attempt that was begun.
    if let Some(intent) = intent_id.and_then(|id| ledger.intents.get_mut(&id))
        && matches!(intent.status, IntentStatus::RequiresPaymentMethod | IntentStatus::RequiresAction)
    {
        intent.status = IntentStatus::Canceled;
        let shown = render_payment::intent(intent);
        ledger.announce("payment_intent.canceled", shown);
    }
    if let Some(session) = ledger.sessions.get(id) {
        let shown = render::session(ledger, session);
        ledger.announce("checkout.session.expired", shown);
    }
    Ok(())
}

/// Expires the session if it is open past its time.
pub fn expire_if_due(ledger: &mut Ledger, id: &str, now: i64) {
    let due = ledger
        .sessions
        .get(id)
        .is_some_and(|session| session.status == SessionStatus::Open && session.expires_at <= now);
    if due {
        expire(ledger, id).ok();
    }
}

/// The open sessions whose time is up at `now`, in seconds.
pub fn due(ledger: &Ledger, now: i64) -> Vec<String> {
    ledger
        .sessions
        .iter()
        .filter(|session| session.status == SessionStatus::Open && session.expires_at <= now)
        .map(|session| session.id.clone())
        .collect()
}
