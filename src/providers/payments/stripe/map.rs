//! From async-stripe's objects to our facts. A status that is not known to us counts as "open": it promises nothing.

use stripe_checkout::{CheckoutSession, CheckoutSessionLocale, CheckoutSessionPaymentStatus, CheckoutSessionStatus};
use stripe_core::{PaymentIntent, PaymentIntentStatus};
use stripe_shared::{Address, Charge};
use stripe_types::Expandable;

use super::super::{OrderAtStripe, Session};
use crate::domain::contact::Email;
use crate::domain::ids::PreorderNumber;
use crate::domain::locale::Locale;
use crate::domain::money::Money;
use crate::domain::payment::{AttemptState, Card, Decline, PaymentFact};
use crate::domain::timestamp::Timestamp;

pub fn locale(tag: &str) -> CheckoutSessionLocale {
    match tag {
        "en" => CheckoutSessionLocale::En,
        "zh" => CheckoutSessionLocale::Zh,
        _ => CheckoutSessionLocale::Auto,
    }
}

/// `now`: when Stripe has answered.
pub fn session(session: &CheckoutSession, now: Timestamp) -> Session {
    let intent = session.payment_intent.as_ref().and_then(Expandable::as_object);
    let outcome = match (&session.status, &session.payment_status) {
        (
            Some(CheckoutSessionStatus::Complete),
            CheckoutSessionPaymentStatus::Paid | CheckoutSessionPaymentStatus::NoPaymentRequired,
        ) => AttemptState::Paid,
        // Confirmed and unpaid: on its way, unless the intent says that it did not arrive.
        (Some(CheckoutSessionStatus::Complete), _) => match intent.map(intent_outcome) {
            Some(AttemptState::Declined | AttemptState::Failed) => AttemptState::Failed,
            Some(AttemptState::Paid) => AttemptState::Paid,
            _ => AttemptState::Pending,
        },
        (Some(CheckoutSessionStatus::Expired), _) => AttemptState::Expired,
        _ => AttemptState::Open,
    };
    let currency = session.currency.as_ref().and_then(|c| c.to_string().parse().ok());
    let amount = session.amount_total.zip(currency).map(|(minor, currency)| Money::new(minor, currency));
    let metadata = |key: &str| session.metadata.as_ref()?.get(key).cloned();
    let shipping = session.collected_information.as_ref().and_then(|collected| collected.shipping_details.as_ref());
    Session {
        id: session.id.to_string(),
        url: session.url.clone(),
        expires_at: Some(Timestamp::from_seconds(session.expires_at)),
        amount,
        fact: PaymentFact {
            // Not by its `client_reference_id`, which a buyer may have typed: see `event`.
            preorder_id: metadata("preorder_id"),
            attempt_id: metadata("attempt_id"),
            session_id: Some(session.id.to_string()),
            payment_intent_id: session.payment_intent.as_ref().map(|intent| intent.id().to_string()),
            outcome,
            received: amount.filter(|_| outcome == AttemptState::Paid),
            decline: intent.and_then(decline),
            card: intent.and_then(card),
            shipping_address: shipping.map(|details| address(&details.address, &details.name)),
            shipping_country: shipping.and_then(|details| details.address.country.clone()),
            occurred_at: occurred_at(outcome, intent.and_then(charge), session.created, now),
        },
    }
}

/// From what we sent when the page was made, and the address that its buyer paid with.
pub fn order(session: &CheckoutSession) -> Option<OrderAtStripe> {
    let metadata = |key: &str| session.metadata.as_ref()?.get(key).cloned();
    let details = session.customer_details.as_ref();
    let email = session.customer_email.clone().or_else(|| details?.email.clone())?;
    let currency = session.currency.as_ref()?.to_string().parse().ok()?;
    Some(OrderAtStripe {
        preorder_number: PreorderNumber::parse(&metadata("preorder_number")?)?.to_string(),
        email: Email::parse(&email).ok()?.as_str().to_owned(),
        name: details.and_then(|details| details.name.clone()),
        color: metadata("color")?,
        locale: metadata("locale").and_then(|tag| Locale::from_tag(&tag)).unwrap_or(Locale::En),
        price: Money::new(session.amount_subtotal.or(session.amount_total)?, currency),
        success_url: session.success_url.clone()?,
        created_at: Timestamp::from_seconds(session.created),
    })
}

pub fn intent(intent: &PaymentIntent, now: Timestamp) -> PaymentFact {
    let outcome = intent_outcome(intent);
    let currency = intent.currency.to_string().parse().ok();
    let received =
        (outcome == AttemptState::Paid).then(|| Some(Money::new(intent.amount_received, currency?))).flatten();
    PaymentFact {
        preorder_id: intent.metadata.get("preorder_id").cloned(),
        attempt_id: intent.metadata.get("attempt_id").cloned(),
        session_id: None,
        payment_intent_id: Some(intent.id.to_string()),
        outcome,
        received,
        decline: decline(intent),
        card: card(intent),
        shipping_address: None,
        shipping_country: None,
        occurred_at: occurred_at(outcome, charge(intent), intent.created, now),
    }
}

fn intent_outcome(intent: &PaymentIntent) -> AttemptState {
    match &intent.status {
        PaymentIntentStatus::Succeeded => AttemptState::Paid,
        PaymentIntentStatus::Processing => AttemptState::Pending,
        PaymentIntentStatus::RequiresPaymentMethod if intent.last_payment_error.is_some() => AttemptState::Declined,
        _ => AttemptState::Open,
    }
}

fn charge(intent: &PaymentIntent) -> Option<&Charge> {
    intent.latest_charge.as_ref()?.as_object()
}

/// The charge's own time: a card's is made as it pays or is refused. (A bank debit's is made as it sets out, days
/// before its money comes in. Its events say when; where they were not heard, this is the latest time that is surely
/// not after a backup that knew of the payment.) What is paid without a charge is said now: the ledger is not dated
/// back.
fn occurred_at(outcome: AttemptState, charge: Option<&Charge>, created: i64, now: Timestamp) -> Timestamp {
    match charge {
        Some(charge) => Timestamp::from_seconds(charge.created),
        None if outcome == AttemptState::Paid => now,
        None => Timestamp::from_seconds(created),
    }
}

fn card(intent: &PaymentIntent) -> Option<Card> {
    let card = charge(intent)?.payment_method_details.as_ref()?.card.as_ref()?;
    Some(Card { brand: card.brand.clone()?, last4: card.last4.clone()? })
}

fn decline(intent: &PaymentIntent) -> Option<Decline> {
    let error = intent.last_payment_error.as_ref()?;
    let code = error.decline_code.clone().or_else(|| error.code.as_ref().map(ToString::to_string));
    Some(Decline {
        code: code.unwrap_or_else(|| "unknown".to_owned()),
        message: error.message.clone().unwrap_or_default(),
    })
}

/// One line, as it would stand on a parcel.
fn address(address: &Address, name: &str) -> String {
    super::event::one_line([
        Some(name),
        address.line1.as_deref(),
        address.line2.as_deref(),
        address.postal_code.as_deref(),
        address.city.as_deref(),
        address.state.as_deref(),
        address.country.as_deref(),
    ])
}
