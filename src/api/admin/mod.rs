//! What admins see and do. Every function begins by asking who is calling and what for: `require(Right::…)`. All
//! arguments have defaults, so that the question comes before any complaint about them.

pub mod account;
pub(crate) mod answer;
pub mod audit;
pub mod background;
pub mod background_acts;
pub mod bulk;
mod customers;
mod dashboard;
mod frame;
pub mod fulfil;
pub(crate) mod health;
pub mod invitations;
pub(crate) mod login;
mod masked;
pub mod orders;
pub(crate) mod overview;
pub(crate) mod payments;
pub mod people;
pub mod preorders;
pub(crate) mod reconcile;
pub(crate) mod span;
mod timeline;
pub(crate) mod typed_span;
pub mod webhooks;

use leptos::prelude::use_context;

pub use customers::{Customer, CustomerPreorder, CustomerRow, Customers, customer, list_customers};
pub use frame::{Frame, Waiting, frame};
pub use health::{Check, Health, health};
pub use login::{awaits_code, enter_code, login, logout};
pub use overview::{Latest, Need, Overview, choose_zone, instants, overview};
pub use payments::payments;
pub use span::Preset;
pub use timeline::{
    AttemptLine, ColorChoice, DisputeLine, LedgerCheck, Message, MoneyCard, NoteLine, Possible, PreorderDetail,
    RefundLine, Timeline, TimelineEntry, Tone, preorder,
};

use super::{ApiError, Login};
use crate::domain::access::{Actor, Right};
use crate::workflows::admins::Visitor;

/// The guard of every admin function: 401 for nobody, 403 for somebody whose role does not reach.
pub fn require(right: Right) -> Result<Login, ApiError> {
    let login = use_context::<Login>().ok_or_else(|| ApiError::unauthorized().answered())?;
    if login.admin.role.may(right) { Ok(login) } else { Err(ApiError::forbidden().answered()) }
}

/// Who calls, before it is known who.
fn visitor() -> Visitor {
    let parts = use_context::<http::request::Parts>();
    let visitor = parts.and_then(|parts| parts.extensions.get::<Visitor>().cloned()).unwrap_or_default();
    Visitor { request_id: crate::telemetry::request_id(), ..visitor }
}

impl Login {
    /// For the audit log.
    pub fn actor(&self) -> Actor {
        Actor {
            id: Some(self.admin.id.clone()),
            name: self.admin.email.clone(),
            role: self.admin.role,
            request_id: crate::telemetry::request_id(),
            address: self.address.clone(),
        }
    }
}
