//! What a buyer sees of an order: by the session that Stripe sends them back with, by its own id, or by its number
//! with the address it was made with.

use leptos::prelude::*;

use super::preorders::redirect;
use super::{ApiError, context};
use crate::context::Context;
use crate::domain::contact::Email;
use crate::domain::ids::{PreorderId, PreorderNumber};
use crate::domain::locale::Locale;
use crate::domain::money::Money;
use crate::domain::preorder::{PaymentStatus, PreorderStatus};
use crate::domain::text_enum::text_enum;
use crate::domain::timestamp::Timestamp;
use crate::store::attempts;
use crate::store::preorders::{self, Preorder};
use crate::workflows::refresh_payment::refresh_for_page;

text_enum! {
    /// An order in one word, for its buyer.
    pub enum OrderState {
        /// Stripe has not yet told us how it ended.
        Confirming => "confirming",
        /// Not paid, and can be.
        Open => "open",
        Pending => "pending",
        Paid => "paid",
        Failed => "failed",
        Expired => "expired",
        PartiallyRefunded => "partially_refunded",
        Refunded => "refunded",
        Disputed => "disputed",
        Cancelled => "cancelled",
    }
}

#[derive(Clone)]
pub struct OrderView {
    pub preorder_id: String,
    pub number: String,
    pub email: String,
    /// The colour's id.
    pub color: String,
    pub amount: Money,
    pub state: OrderState,
    pub locale: Locale,
    /// Stripe's word for why the last try was refused.
    pub decline: Option<String>,
    pub created_at: Timestamp,
}

/// For the success page. Asks Stripe if we do not know the end yet; `Confirming` if Stripe does not say in time.
pub async fn by_session(session_id: &str) -> Result<Option<OrderView>, ApiError> {
    let ctx = context()?;
    let Some((preorder, confirmed)) = Box::pin(refresh_for_page(&ctx, session_id)).await? else { return Ok(None) };
    let mut view = view(&ctx, preorder).await?;
    if !confirmed && matches!(view.state, OrderState::Open | OrderState::Failed) {
        view.state = OrderState::Confirming;
    }
    Ok(Some(view))
}

pub async fn by_preorder(preorder_id: &str) -> Result<Option<OrderView>, ApiError> {
    let ctx = context()?;
    let Ok(id) = preorder_id.parse::<PreorderId>() else { return Ok(None) };
    match preorders::find(&ctx.db, &id).await? {
        Some(preorder) => Ok(Some(view(&ctx, preorder).await?)),
        None => Ok(None),
    }
}

async fn view(ctx: &Context, preorder: Preorder) -> Result<OrderView, ApiError> {
    let attempts = attempts::list(&ctx.db, &preorder.id).await?;
    Ok(OrderView {
        state: state(&preorder),
        preorder_id: preorder.id.to_string(),
        number: preorder.preorder_number.clone(),
        amount: preorder.price(),
        email: preorder.email,
        color: preorder.color,
        locale: preorder.locale,
        decline: attempts.into_iter().rev().find_map(|attempt| attempt.decline_code),
        created_at: preorder.created_at,
    })
}

const fn state(preorder: &Preorder) -> OrderState {
    match (preorder.payment_status, preorder.status) {
        (PaymentStatus::Paid, _) => OrderState::Paid,
        (PaymentStatus::Pending, _) => OrderState::Pending,
        (PaymentStatus::PartiallyRefunded, _) => OrderState::PartiallyRefunded,
        (PaymentStatus::Refunded, _) => OrderState::Refunded,
        (PaymentStatus::Disputed, _) => OrderState::Disputed,
        (_, PreorderStatus::Cancelled) => OrderState::Cancelled,
        (_, PreorderStatus::Expired) => OrderState::Expired,
        (PaymentStatus::Failed, _) => OrderState::Failed,
        (PaymentStatus::Unpaid, _) => OrderState::Open,
    }
}

/// Redirects to the order's page, if number and address belong together. Nothing personal stands in the address.
#[server(endpoint = "find_order", prefix = "/api")]
pub async fn find_order(#[server(default)] number: String, #[server(default)] email: String) -> Result<(), ApiError> {
    let found = async {
        let number = PreorderNumber::parse(&number)
            .ok_or_else(|| ApiError::field("number", "number_invalid", "An order number looks like ROL-7KQ2M9XA."))?;
        let email = Email::parse(&email)
            .map_err(|_| ApiError::field("email", "email_invalid", "E-mail is not an e-mail address."))?;
        let found = crate::workflows::find_order::find_order(&context()?, &number, &email).await;
        found.map_err(|error| match error {
            crate::workflows::WorkflowError::NoSuchPreorder => {
                ApiError::field("number", "order_not_found", "We found no order with this number and address.")
            }
            other => other.into(),
        })
    };
    let preorder = found.await.map_err(ApiError::answered)?;
    redirect(&match preorder.session_id {
        Some(session) => format!("/preorder/success?session_id={session}"),
        None => format!("/preorder/cancel?preorder_id={}", preorder.id),
    });
    Ok(())
}
