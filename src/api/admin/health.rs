//! What the doctor found just now, and what this program and its database are.

use std::time::Duration;

use super::require;
use crate::api::{ApiError, context};
use crate::domain::access::Right;
use crate::domain::timestamp::Timestamp;
use crate::store::doctor;
pub use crate::workflows::check_health::Check;
use crate::workflows::check_health::check_health;

/// A page is not waited for longer; a provider that takes more is as good as away.
const PATIENCE: Duration = Duration::from_secs(4);

pub struct Health {
    pub checks: Vec<Check>,
    pub checked_at: Timestamp,
    /// What it took to find out.
    pub took: Duration,
    pub version: &'static str,
    /// When this process began.
    pub began_at: Timestamp,
    pub database: &'static str,
    /// Bytes; `None` when the database would not say.
    pub size: Option<i64>,
    /// The last migration that was applied, and how many there are.
    pub migrations: Option<(i64, i64)>,
    pub is_production: bool,
}

pub async fn health() -> Result<Health, ApiError> {
    require(Right::See)?;
    let ctx = context()?;
    let checked_at = ctx.clock.now();
    let began = std::time::Instant::now();
    let (checks, size, migrations) =
        futures::join!(check_health(&ctx, PATIENCE), doctor::size(&ctx.db), doctor::migrations(&ctx.db));
    Ok(Health {
        checks,
        checked_at,
        took: began.elapsed(),
        version: env!("CARGO_PKG_VERSION"),
        began_at: ctx.began_at,
        database: ctx.db.name(),
        size: size.ok(),
        migrations: migrations.ok(),
        is_production: ctx.settings.is_production(),
    })
}
