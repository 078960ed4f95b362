//! Acts on one preorder: refund, cancel, fulfil, hold, edit, note. Each asks who is calling first, reads what was
//! typed, and calls its workflow.

use leptos::prelude::*;

use super::answer::done;
use super::require;
use crate::api::{ApiError, context};
use crate::domain::access::{Actor, Right};
use crate::domain::fulfilment::TrackingNumber;
use crate::domain::ids::PreorderId;
use crate::domain::money::Money;
use crate::domain::postal::PostalAddress;
use crate::domain::refund::RefundReason;
use crate::domain::timestamp::Timestamp;
use crate::workflows::cancel_preorder::cancel_preorder as cancel;
use crate::workflows::fulfil_preorder::{Move, fulfil_preorder as fulfil, move_fulfilment};
use crate::workflows::refunds::{self, RefundWish};
use crate::workflows::{edit_preorder, write_note};

/// Whose act, and on what.
fn target(id: &str) -> Result<(Actor, PreorderId, String), ApiError> {
    let login = require(Right::Act)?;
    let id: PreorderId = id.parse().map_err(|_| ApiError::not_found("We know no such preorder.").answered())?;
    let page = format!("/admin/preorders/{id}");
    Ok((login.actor(), id, page))
}

/// `hold`: the buyer wants nothing any more, so nothing is to leave either.
#[server(endpoint = "admin/refund", prefix = "/api")]
pub async fn refund(
    #[server(default)] id: String,
    #[server(default)] amount: String,
    #[server(default)] reason: String,
    #[server(default)] form_key: String,
    #[server(default)] hold: String,
    #[server(default)] back: Option<String>,
) -> Result<(), ApiError> {
    let (actor, id, page) = target(&id)?;
    let asked = async {
        let ctx = context()?;
        let amount = read_amount(&amount, refunds::refundable(&ctx, &id).await?)?;
        let reason: RefundReason =
            reason.parse().map_err(|_| ApiError::field("reason", "reason_missing", "Choose a reason."))?;
        let wish = RefundWish { preorder_id: id.clone(), amount, reason, form_key };
        let refund = refunds::request(&ctx, &actor, &wish).await?;
        let held = !hold.is_empty() && move_fulfilment(&ctx, &actor, &id, Move::Hold).await?;
        Ok::<_, ApiError>((refund.amount(), held))
    };
    let (amount, held) = asked.await.map_err(ApiError::answered)?;
    let hold = if held { " It is on hold." } else { "" };
    done(back.as_deref(), &page, format!("Refund of {amount} asked for.{hold} Its state follows Stripe."));
    Ok(())
}

/// In the currency that was paid: what a person types has none.
fn read_amount(typed: &str, left: Money) -> Result<Money, ApiError> {
    let wrong = |message: String| ApiError::field("amount", "amount_invalid", message);
    let amount = Money::from_decimal(typed, left.currency);
    let amount = amount.ok_or_else(|| wrong(format!("Write the amount as {}.", left.decimal())))?;
    if amount.minor > 0 { Ok(amount) } else { Err(wrong("Refund more than nothing.".to_owned())) }
}

/// The row's `updated_at` as the form carries it. What can't be read was never seen.
fn seen(millis: &str) -> Timestamp {
    Timestamp::from_millis(millis.parse().unwrap_or_default())
}

#[server(endpoint = "admin/cancel_preorder", prefix = "/api")]
pub async fn cancel_preorder(
    #[server(default)] id: String,
    #[server(default)] back: Option<String>,
) -> Result<(), ApiError> {
    let (actor, id, page) = target(&id)?;
    let cancelled = async { Ok::<_, ApiError>(cancel(&context()?, &actor, &id).await?) };
    let moved = cancelled.await.map_err(ApiError::answered)?;
    let notice =
        if moved { "Cancelled. Its open payment pages are being closed." } else { "It was cancelled already." };
    done(back.as_deref(), &page, notice);
    Ok(())
}

#[server(endpoint = "admin/fulfil_preorder", prefix = "/api")]
pub async fn fulfil_preorder(
    #[server(default)] id: String,
    #[server(default)] tracking_number: String,
    #[server(default)] back: Option<String>,
) -> Result<(), ApiError> {
    let (actor, id, page) = target(&id)?;
    let fulfilled = async {
        let tracking = TrackingNumber::parse(&tracking_number)
            .map_err(|error| ApiError::field("tracking_number", "tracking_invalid", error.to_string()))?;
        Ok::<_, ApiError>(fulfil(&context()?, &actor, &id, &tracking).await?)
    };
    let moved = fulfilled.await.map_err(ApiError::answered)?;
    done(
        back.as_deref(),
        &page,
        if moved { "Marked fulfilled." } else { "It was fulfilled with this number already." },
    );
    Ok(())
}

/// `act`: `hold`, `release`, or `undo` of a fulfilment that was a mistake.
#[server(endpoint = "admin/move_fulfilment", prefix = "/api")]
pub async fn change_fulfilment(
    #[server(default)] id: String,
    #[server(default)] act: String,
    #[server(default)] back: Option<String>,
) -> Result<(), ApiError> {
    let (actor, id, page) = target(&id)?;
    let (what, notice) = match act.as_str() {
        "hold" => (Move::Hold, "Put on hold. Nothing is sent until it is taken off."),
        "release" => (Move::Release, "Taken off hold."),
        "undo" => (Move::Undo, "Back to unfulfilled."),
        _ => return Err(ApiError::field("act", "act_unknown", "Hold, release or undo?").answered()),
    };
    let moved = async { Ok::<_, ApiError>(move_fulfilment(&context()?, &actor, &id, what).await?) };
    let moved = moved.await.map_err(ApiError::answered)?;
    done(back.as_deref(), &page, if moved { notice } else { "It was so already." });
    Ok(())
}

#[server(endpoint = "admin/edit_address", prefix = "/api")]
pub async fn edit_address(
    #[server(default)] id: String,
    #[server(default)] address: String,
    #[server(default)] country: String,
    #[server(default)] updated_at: String,
    #[server(default)] back: Option<String>,
) -> Result<(), ApiError> {
    let (actor, id, page) = target(&id)?;
    let edited = async {
        let address = PostalAddress::parse(&address, &country)
            .map_err(|error| ApiError::field(error.field(), "address_invalid", error.to_string()))?;
        let seen = seen(&updated_at);
        Ok::<_, ApiError>(edit_preorder::edit_address(&context()?, &actor, &id, &address, seen).await?)
    };
    let moved = edited.await.map_err(ApiError::answered)?;
    done(back.as_deref(), &page, if moved { "Address saved." } else { "It is this address already." });
    Ok(())
}

#[server(endpoint = "admin/edit_color", prefix = "/api")]
pub async fn edit_color(
    #[server(default)] id: String,
    #[server(default)] color: String,
    #[server(default)] updated_at: String,
    #[server(default)] back: Option<String>,
) -> Result<(), ApiError> {
    let (actor, id, page) = target(&id)?;
    let edited = async {
        let seen = seen(&updated_at);
        Ok::<_, ApiError>(edit_preorder::edit_color(&context()?, &actor, &id, &color, seen).await?)
    };
    let moved = edited.await.map_err(ApiError::answered)?;
    done(back.as_deref(), &page, if moved { "Colour saved." } else { "It is this colour already." });
    Ok(())
}

#[server(endpoint = "admin/write_note", prefix = "/api")]
pub async fn add_note(
    #[server(default)] id: String,
    #[server(default)] body: String,
    #[server(default)] form_key: String,
    #[server(default)] back: Option<String>,
) -> Result<(), ApiError> {
    let (actor, id, page) = target(&id)?;
    let written =
        async { Ok::<_, ApiError>(write_note::write_note(&context()?, &actor, &id, &body, &form_key).await?) };
    let is_new = written.await.map_err(ApiError::answered)?;
    done(back.as_deref(), &page, if is_new { "Note added." } else { "That note is there already." });
    Ok(())
}
