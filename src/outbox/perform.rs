//! The one `match` over deliveries. What a delivery did comes back as a value; writing it down is the lane's.

use crate::context::Context;
use crate::domain::delivery::Delivery;
use crate::domain::ids::PreorderId;
use crate::domain::timestamp::Timestamp;
use crate::providers::ProviderError;
use crate::store::outbox::Claimed;
use crate::store::preorders::{self, Preorder};
use crate::store::{StoreError, StoreResult, Tx, webhooks};
use crate::workflows::WorkflowError;
use crate::workflows::apply_stripe_event::apply_stripe_event;
use crate::workflows::refresh_payment::{close_open_pages, learn_card};
use crate::workflows::{check_overdue, refunds, walk_stripe};

use super::{firebase, klaviyo, lane, sms};

pub enum Performed {
    Done {
        answer: String,
        effect: Effect,
    },
    /// The provider's doing, or its silence.
    Failed(ProviderError),
    /// Our own doing: it says nothing of the provider, who may not even have been asked.
    Hindered(ProviderError),
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

pub async fn perform(ctx: &Context, row: &Claimed) -> Performed {
    let delivery = match serde_json::from_str::<Delivery>(&row.payload) {
        Ok(delivery) => delivery,
        Err(error) => {
            return Performed::Hindered(ProviderError::Permanent(format!("the payload can't be read: {error}")));
        }
    };
    let result: Result<(String, Effect), Performed> = match &delivery {
        Delivery::CreateFirebaseUser { preorder_id } => match preorder(ctx, preorder_id).await {
            Ok(preorder) => firebase::create_user(ctx, &preorder).await.map_err(Performed::Failed),
            Err(hindered) => Err(hindered),
        },
        Delivery::KlaviyoPreorderStarted { preorder_id } => match preorder(ctx, preorder_id).await {
            Ok(preorder) => klaviyo::preorder_started(ctx, &preorder).await.map_err(Performed::Failed),
            Err(hindered) => Err(hindered),
        },
        Delivery::KlaviyoPreorderSuccess { preorder_id } => match preorder(ctx, preorder_id).await {
            Ok(preorder) => klaviyo::preorder_success(ctx, &preorder).await.map_err(Performed::Failed),
            Err(hindered) => Err(hindered),
        },
        Delivery::SendSms { preorder_id } => match preorder(ctx, preorder_id).await {
            Ok(preorder) => sms::preorder_paid(ctx, row, &preorder).await,
            Err(hindered) => Err(hindered),
        },
        Delivery::FetchPaymentDetails { preorder_id } => said(learn_card(ctx, preorder_id).await.map(str::to_owned)),
        Delivery::CloseOpenPages { preorder_id } => {
            said(close_open_pages(ctx, preorder_id).await.map(|closed| format!("{closed} closed")))
        }
        Delivery::RequestRefund { refund_id, .. } => said(refunds::make(ctx, refund_id, row.attempts > 1).await),
        Delivery::CheckOverduePayments { .. } => said(Box::pin(check_overdue::check(ctx)).await),
        Delivery::WalkStripe { walk_id, part } => said(Box::pin(walk_stripe::walk(ctx, walk_id, *part)).await),
        Delivery::ApplyStripeEvent { webhook_id } => said(apply_stripe_event(ctx, webhook_id).await),
    };
    match result {
        Ok((answer, effect)) => Performed::Done { answer, effect },
        Err(failure) => failure,
    }
}

/// What a workflow says that has written down its own effect.
fn said(result: Result<String, WorkflowError>) -> Result<(String, Effect), Performed> {
    Ok((result?, Effect::Nothing))
}

/// Reads whom a delivery is for, and moves the preorder on: the background has begun.
async fn preorder(ctx: &Context, id: &PreorderId) -> Result<Preorder, Performed> {
    let found = preorders::find(&ctx.db, id).await?;
    let gone = || Performed::Hindered(ProviderError::Permanent("the preorder's row is gone".to_owned()));
    let preorder = found.ok_or_else(gone)?;
    lane::begin(ctx, &preorder).await?;
    Ok(preorder)
}

impl From<WorkflowError> for Performed {
    fn from(error: WorkflowError) -> Self {
        match error {
            WorkflowError::Provider(error) => Self::Failed(error),
            WorkflowError::Store(error) => error.into(),
            // What is odd stays odd.
            other => Self::Hindered(ProviderError::Permanent(other.to_string())),
        }
    }
}

/// The database may come back.
impl From<StoreError> for Performed {
    fn from(error: StoreError) -> Self {
        Self::Hindered(ProviderError::Retry { message: error.to_string(), after: None })
    }
}

impl Performed {
    /// As it is written down. Whatever a provider said, it can be: PostgreSQL's text holds no NUL.
    pub fn answer(&self) -> String {
        let said = match self {
            Self::Done { answer, .. } => answer.clone(),
            Self::Failed(error) | Self::Hindered(error) => error.to_string(),
        };
        said.replace('\0', "")
    }

    pub const fn failure(&self) -> Option<&ProviderError> {
        match self {
            Self::Done { .. } => None,
            Self::Failed(error) | Self::Hindered(error) => Some(error),
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
