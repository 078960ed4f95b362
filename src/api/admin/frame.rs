//! What stands around every page of the admin: who looks, what waits, and the line about what was just done.

use leptos::prelude::use_context;

use super::require;
use crate::api::{ApiError, Flash, Login, Notice, context, zone};
use crate::domain::access::{Right, Role};
use crate::store::waiting;

#[derive(Clone)]
pub struct Frame {
    pub email: String,
    pub role: Role,
    pub waiting: Waiting,
    /// This page's own address, to come back to.
    pub here: String,
    /// Where the viewer's clock stands.
    pub zone: String,
    /// What was done.
    pub notice: Option<String>,
    /// What could not be done, by a form that has no place on the page for it.
    pub flash: Option<Flash>,
}

pub use crate::store::waiting::Waiting;

impl Frame {
    pub fn may(&self, right: Right) -> bool {
        self.role.may(right)
    }
}

pub async fn frame() -> Result<Frame, ApiError> {
    let Login { admin, .. } = require(Right::See)?;
    let ctx = context()?;
    Ok(Frame {
        email: admin.email,
        role: admin.role,
        waiting: waiting::count(&ctx.db, ctx.clock.now()).await?,
        here: use_context::<http::request::Parts>()
            .and_then(|parts| parts.uri.path_and_query().map(ToString::to_string))
            .unwrap_or_default(),
        zone: zone().name().to_owned(),
        notice: use_context::<Notice>().map(|notice| notice.text),
        flash: use_context::<Flash>().filter(|flash| !flash.form.is_empty()),
    })
}
