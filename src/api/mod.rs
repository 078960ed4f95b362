//! Server functions and what pages read: parse, call a workflow, map the error. Each server function is a public
//! address; each admin one asks who is calling before anything else.

pub mod admin;
pub(crate) mod cookies;
mod error;
mod form;
mod noticed;
pub mod orders;
pub mod preorders;
mod request;
pub mod storefront;

pub use error::ApiError;
pub use noticed::notice;
pub use request::{Flash, Login, Notice, Zone};

use leptos::prelude::use_context;

use crate::context::Context;

/// The context that `http` put beside the request.
fn context() -> Result<Context, ApiError> {
    use_context::<Context>().ok_or_else(ApiError::internal)
}

/// Whether details for developers may be shown.
pub fn is_development() -> bool {
    use_context::<Context>().is_some_and(|ctx| !ctx.settings.is_production())
}

/// Where the viewer's clock stands.
pub fn zone() -> Zone {
    use_context::<Zone>().unwrap_or_else(Zone::utc)
}
