//! What the storefront's pages read.

use leptos::prelude::use_context;

pub use crate::context::Shop;

pub use super::Flash;
use super::{ApiError, context};

/// The catalogue and the next place in line.
pub async fn shop() -> Result<Shop, ApiError> {
    let ctx = context()?;
    Ok(ctx.shop().await?)
}

/// What a form that failed left behind: shown once, at its fields.
pub fn flash() -> Option<Flash> {
    use_context::<Flash>()
}
