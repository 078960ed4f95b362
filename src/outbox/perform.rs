//! The one `match` over deliveries. What a delivery did comes back as a value; writing it down is the lane's.

use crate::context::Context;
use crate::domain::delivery::Delivery;
use crate::domain::ids::PreorderId;
use crate::domain::timestamp::Timestamp;
use crate::providers::ProviderError;
use crate::store::outbox::Claimed;
use crate::store::preorders::{self, Preorder};
use crate::store::{StoreResult, Tx, webhooks};
use crate::workflows::WorkflowError;
use crate::workflows::apply_stripe_event::apply_stripe_event;
use crate::workflows::refresh_payment::{close_open_pages, learn_card};
use crate::workflows::{check_overdue, refunds, walk_stripe};

use super::{firebase, klaviyo, lane, sms};

pub enum Performed {
    Done { answer: String, effect: Effect },
    Failed(ProviderError),
}

/// What a done delivery leaves on our own records, written with the mark that it is done.
pub enum Effect {
    Nothing,
    FirebaseUser {
        id: String,
    },
    /// When Klaviyo took the success event.
    KlaviyoSuccess,
    KlaviyoStarted,
}

/// The token is the claim's.
pub async fn perform(ctx: &Context, row: &Claimed, token: &str) -> Performed {
    let delivery = match serde_json::from_str::<Delivery>(&row.payload) {
        Ok(delivery) => delivery,
        Err(error) => {
            return Performed::Failed(ProviderError::Permanent(format!("the payload can't be read: {error}")));
        }
    };
    let result = match &delivery {
        Delivery::CreateFirebaseUser { preorder_id } => match preorder(ctx, preorder_id).await {
            Ok(preorder) => firebase::create_user(ctx, &preorder).await,
            Err(error) => Err(error),
        },
        Delivery::KlaviyoPreorderStarted { preorder_id } => match preorder(ctx, preorder_id).await {
            Ok(preorder) => klaviyo::preorder_started(ctx, &preorder).await,
            Err(error) => Err(error),
        },
        Delivery::KlaviyoPreorderSuccess { preorder_id } => match preorder(ctx, preorder_id).await {
            Ok(preorder) => klaviyo::preorder_success(ctx, &preorder).await,
            Err(error) => Err(error),
        },
        Delivery::SendSms { preorder_id } => match preorder(ctx, preorder_id).await {
            Ok(preorder) => sms::preorder_paid(ctx, row, token, &preorder).await,
            Err(error) => Err(error),
        },
        Delivery::FetchPaymentDetails { preorder_id } => match learn_card(ctx, preorder_id).await {
            Ok(answer) => Ok((answer.to_owned(), Effect::Nothing)),
            Err(error) => Err(as_provider_error(error)),
        },
        Delivery::CloseOpenPages { preorder_id } => match close_open_pages(ctx, preorder_id).await {
            Ok(closed) => Ok((format!("{closed} closed"), Effect::Nothing)),
            Err(error) => Err(as_provider_error(error)),
        },
        Delivery::RequestRefund { refund_id, .. } => match refunds::make(ctx, refund_id).await {
            Ok(answer) => Ok((answer, Effect::Nothing)),
            Err(error) => Err(as_provider_error(error)),
        },
        Delivery::CheckOverduePayments { .. } => match Box::pin(check_overdue::check(ctx)).await {
            Ok(answer) => Ok((answer, Effect::Nothing)),
            Err(error) => Err(as_provider_error(error)),
        },
        Delivery::WalkStripe { walk_id, part } => match Box::pin(walk_stripe::walk(ctx, walk_id, *part)).await {
            Ok(answer) => Ok((answer, Effect::Nothing)),
            Err(error) => Err(as_provider_error(error)),
        },
        Delivery::ApplyStripeEvent { webhook_id } => match apply_stripe_event(ctx, webhook_id).await {
            Ok(answer) => Ok((answer, Effect::Nothing)),
            Err(error) => Err(as_provider_error(error)),
        },
    };
    match result {
        Ok((answer, effect)) => Performed::Done { answer, effect },
        Err(error) => Performed::Failed(error),
    }
}

/// Reads whom a delivery is for, and moves the preorder on: the background has begun.
async fn preorder(ctx: &Context, id: &PreorderId) -> Result<Preorder, ProviderError> {
    let found = preorders::find(&ctx.db, id).await.map_err(|e| as_provider_error(e.into()))?;
    let preorder = found.ok_or_else(|| ProviderError::Permanent("the preorder's row is gone".to_owned()))?;
    lane::begin(ctx, &preorder).await.map_err(|e| as_provider_error(e.into()))?;
    Ok(preorder)
}

/// Our own failures, in the same words: the database may come back, what is odd stays odd.
pub fn as_provider_error(error: WorkflowError) -> ProviderError {
    match error {
        WorkflowError::Provider(error) => error,
        WorkflowError::Store(error) => ProviderError::Retry { message: error.to_string(), after: None },
        other => ProviderError::Permanent(other.to_string()),
    }
}

impl Performed {
    /// As it is written down. Whatever a provider said, it can be: PostgreSQL's text holds no NUL.
    pub fn answer(&self) -> String {
        let said = match self {
            Self::Done { answer, .. } => answer.clone(),
            Self::Failed(error) => error.to_string(),
        };
        said.replace('\0', "")
    }

    pub const fn failure(&self) -> Option<&ProviderError> {
        match self {
            Self::Done { .. } => None,
            Self::Failed(error) => Some(error),
        }
    }

    pub fn error(&self) -> Option<String> {
        self.failure().map(|_| self.answer())
    }
}

impl Effect {
    pub async fn save(&self, tx: &mut Tx, row: &Claimed, now: Timestamp) -> StoreResult<()> {
        let Some(id) = &row.preorder_id else { return Ok(()) };
        match self {
            Self::Nothing => Ok(()),
            Self::FirebaseUser { id: user } => preorders::save_user(tx, id, user, now).await,
            Self::KlaviyoStarted => preorders::save_klaviyo_sent(tx, id, now).await,
            Self::KlaviyoSuccess => {
                preorders::save_klaviyo_sent(tx, id, now).await?;
                webhooks::save_klaviyo_sent(tx, id, now).await
            }
        }
    }
}
