//! What admins see and do. Every function begins by asking who is calling and what for: `require(Right::…)`. All
//! arguments have defaults, so that the question comes before any complaint about them.

pub(crate) mod answer;
pub mod bulk;
mod frame;
pub mod fulfil;
mod list;
pub(crate) mod login;
pub mod orders;
mod timeline;

use leptos::prelude::use_context;

pub use frame::{Frame, Waiting, frame};
pub use list::{PreorderPage, PreorderRow, list_preorders};
pub use login::{login, logout};
pub use timeline::{
    AttemptLine, ColorChoice, DisputeLine, LedgerCheck, Message, MoneyCard, NoteLine, Possible, PreorderDetail,
    RefundLine, Timeline, TimelineEntry, Tone, preorder,
};

use super::{ApiError, Login};
use crate::domain::access::{Actor, Right};

/// The guard of every admin function: 401 for nobody, 403 for somebody whose role does not reach.
pub fn require(right: Right) -> Result<Login, ApiError> {
    let login = use_context::<Login>().ok_or_else(|| ApiError::unauthorized().answered())?;
    if login.admin.role.may(right) { Ok(login) } else { Err(ApiError::forbidden().answered()) }
}

impl Login {
    /// For the audit log.
    pub fn actor(&self) -> Actor {
        Actor {
            id: Some(self.admin.id.clone()),
            name: self.admin.email.clone(),
            role: self.admin.role,
            request_id: crate::telemetry::trace_id(),
            address: self.address.clone(),
        }
    }
}
