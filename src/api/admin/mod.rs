//! What admins see and do. Every function begins by asking who is calling.

mod list;
pub(crate) mod login;
mod timeline;

use leptos::prelude::use_context;

pub use list::{PreorderPage, PreorderRow, list_preorders};
pub use login::{login, logout};
pub use timeline::{PreorderDetail, TimelineEntry, Tone, preorder};

use super::{ApiError, Login};

#[derive(Clone)]
pub struct Admin {
    pub email: String,
    pub role: String,
}

/// Who is logged in.
pub fn current() -> Option<Admin> {
    let login = use_context::<Login>()?;
    Some(Admin { email: login.admin.email, role: login.admin.role.to_string() })
}

/// The guard of every admin function.
fn require() -> Result<Login, ApiError> {
    use_context::<Login>().ok_or_else(ApiError::unauthorized)
}
