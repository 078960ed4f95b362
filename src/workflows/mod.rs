//! What the product does, one use case a file. Each owns its transaction, talks to providers outside of it, and takes
//! everything it needs from the context.

pub mod admins;
pub mod apply_stripe_event;
pub mod audit;
pub mod bulk;
pub mod cancel_preorder;
pub mod check_health;
pub mod check_overdue;
pub mod check_promises;
pub mod dead_deliveries;
pub mod deliveries;
pub mod edit_preorder;
pub mod export_preorders;
pub mod find_order;
pub mod fulfil_preorder;
pub mod initiate_preorder;
pub mod keep_order_list;
pub mod measure;
pub mod receive_webhook;
pub mod reconcile;
pub mod refresh_payment;
pub mod refunds;
pub mod replay_webhook;
pub mod saved_views;
pub mod settings;
pub mod settle_difference;
pub mod settle_payment;
pub mod start_checkout;
pub mod walk_stripe;
pub mod write_note;

use crate::providers::ProviderError;
use crate::store::StoreError;

/// Who handles it: `api` turns it into words for the buyer, `outbox` into another try or a dead delivery.
#[derive(Debug, thiserror::Error)]
pub enum WorkflowError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Provider(#[from] ProviderError),
    #[error("there is no such preorder")]
    NoSuchPreorder,
    #[error("this idempotency key was used with other details")]
    KeyReused,
    #[error("this colour is sold out")]
    SoldOut,
    #[error("e-mail address or password is wrong")]
    WrongPassword,
    /// Too many wrong passwords or codes: no other is heard for so long.
    #[error("too many attempts")]
    Locked { rest: std::time::Duration },
    /// Somebody without the right to do it.
    #[error("this needs another role")]
    Forbidden,
    /// Somebody may do it, but not to this extent.
    #[error("{0}")]
    NeedsOwner(String),
    /// What was asked for can't be done, in words for whoever asked; `field` names the form's field.
    #[error("{message}")]
    Refused { field: &'static str, code: &'static str, message: String },
    #[error("{0}")]
    Odd(String),
}

impl WorkflowError {
    pub fn refused(field: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self::Refused { field, code, message: message.into() }
    }
}
