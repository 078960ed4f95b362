//! `rolitt work`: background workers alone, beside any number of `rolitt serve --no-workers`.

use super::stop::{asked_to_stop, close};
use super::{Outcome, SANDBOX_SECRET, base_url, database, metrics_alone, sandbox_api, told};
use crate::clock::Clock;
use crate::config::Settings;
use crate::context::Context;

pub async fn run(settings: Settings) -> Outcome {
    let stop = asked_to_stop();
    let metrics = crate::telemetry::start_metrics();
    let Some(db) = database::open(&settings.database_url, &stop).await? else { return Ok(()) };
    let addr = settings.site_addr;
    let base = base_url(&settings, addr);
    // The sandbox lives in `rolitt serve`, at the same settings' address.
    let api = settings.needs_sandbox().then(|| sandbox_api(addr));
    let ctx = Context::build(settings, db, Clock::default(), base, api.as_deref(), SANDBOX_SECRET).map_err(told)?;
    tokio::spawn(ctx.db.clone().keep_log_short());
    metrics_alone(&ctx, metrics.as_ref(), &stop).await?;
    tracing::info!("working");
    let ended = tokio::spawn(crate::outbox::run(ctx.clone(), stop)).await.map_err(told);
    close(&ctx.db).await;
    ended
}
