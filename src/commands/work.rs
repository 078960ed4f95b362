//! `rolitt work`: background workers alone, beside any number of `rolitt serve --no-workers`.

use tokio_util::sync::CancellationToken;

use super::{Outcome, SANDBOX_SECRET, asked_to_stop, base_url, sandbox_api, told};
use crate::clock::Clock;
use crate::config::Settings;
use crate::context::Context;
use crate::store::Db;

pub async fn run(settings: Settings) -> Outcome {
    let db = Db::open(&settings.database_url).await.map_err(told)?;
    db.migrate().await.map_err(told)?;
    let addr = settings.site_addr;
    let base = base_url(&settings, addr);
    // The sandbox lives in `rolitt serve`, at the same settings' address.
    let api = settings.needs_sandbox().then(|| sandbox_api(addr));
    let ctx = Context::build(settings, db, Clock::default(), base, api.as_deref(), SANDBOX_SECRET).map_err(told)?;
    tokio::spawn(ctx.db.clone().keep_log_short());
    let stop = CancellationToken::new();
    let workers = tokio::spawn(crate::outbox::run(ctx.clone(), stop.clone()));
    tracing::info!("working");
    asked_to_stop().await;
    stop.cancel();
    let ended = workers.await.map_err(told);
    ctx.db.close().await;
    ended
}
