//! `rolitt serve`: migrate, listen, work, until told to stop; then finish what is under way.

use std::net::SocketAddr;
use std::path::PathBuf;

use axum::Router;
use tokio::net::TcpListener;

use super::stop::{asked_to_stop, close};
use super::{Outcome, SANDBOX_API, SANDBOX_SECRET, base_url, database, metrics_alone, sandbox_api, site, told};
use crate::clock::Clock;
use crate::config::Settings;
use crate::context::Context;
use crate::domain::contact::Email;
use crate::http::server::{self, Limits};
use crate::http::{AppState, router};
use crate::sandbox::{Sandbox, SandboxOptions};
use crate::store::admins::any_exists;
use crate::workflows::admins::{generated_password, put_first_admin};

const FIRST_ADMIN: &str = "admin@rolitt.test";

pub async fn run(settings: Settings, with_workers: bool) -> Outcome {
    let stop = asked_to_stop();
    let metrics = crate::telemetry::start_metrics();
    let Some(db) = database::open(&settings.database_url, &stop).await? else { return Ok(()) };
    let listener = TcpListener::bind(settings.site_addr).await;
    let listener =
        listener.map_err(|e| format!("LEPTOS_SITE_ADDR: {} can't be listened on: {e}", settings.site_addr))?;
    let addr = listener.local_addr().map_err(told)?;
    let base = base_url(&settings, addr);
    let sandbox = settings.needs_sandbox().then(|| embedded_sandbox(&settings, addr, &base));
    let api = sandbox.is_some().then(|| sandbox_api(addr));
    let ctx = Context::build(settings, db, Clock::default(), base.clone(), api.as_deref(), SANDBOX_SECRET);
    let ctx = ctx.map_err(told)?;
    let login = first_admin(&ctx).await?;
    metrics_alone(&ctx, metrics.as_ref(), &stop).await?;
    let state = AppState::new(ctx.clone(), site::options(addr), metrics).until(stop.clone());
    let app = router(state, sandbox.as_ref().map(sandbox_router));
    if base.starts_with("https://") && ctx.settings.trusted_proxies.is_empty() {
        tracing::warn!("TRUSTED_PROXIES is empty: behind a proxy all buyers would share one address and its limit");
    }
    announce(&base, sandbox.is_some(), login.as_ref());

    tokio::spawn(ctx.db.clone().keep_log_short());
    // Without workers of its own it still wakes those of others.
    let background = if with_workers {
        tokio::spawn(crate::outbox::run(ctx.clone(), stop.clone()))
    } else {
        tokio::spawn(crate::outbox::tell_others(ctx.clone(), stop.clone()))
    };
    // Both end when they are told to, side by side; the workers' database is closed after them.
    server::serve(listener, app, Limits::default(), stop.clone()).await;
    if let Err(error) = background.await {
        tracing::error!(%error, "the workers did not end well");
    }
    if let Some(sandbox) = sandbox {
        sandbox.save_now();
    }
    close(&ctx.db).await;
    Ok(())
}

fn embedded_sandbox(settings: &Settings, addr: SocketAddr, base: &str) -> Sandbox {
    Sandbox::new(SandboxOptions {
        public_base: base.to_owned(),
        webhook_url: Some(format!("{}/api/webhooks/stripe", super::default_base_url(addr))),
        webhook_secret: settings.webhook_secrets.first().cloned().unwrap_or_else(|| SANDBOX_SECRET.to_owned()),
        state_file: state_file(&settings.database_url),
    })
}

/// What the stand-ins remember lies beside the database that speaks of it.
fn state_file(database_url: &str) -> Option<PathBuf> {
    let path = database_url.strip_prefix("sqlite://")?.split('?').next()?;
    (!path.is_empty() && !path.contains(":memory:")).then(|| PathBuf::from(format!("{path}.sandbox.json")))
}

fn sandbox_router(sandbox: &Sandbox) -> Router {
    sandbox.pages_router().nest(SANDBOX_API, sandbox.api_router())
}

/// The first admin: from the settings, else (in development) made up and told once.
async fn first_admin(ctx: &Context) -> Result<Option<(String, String)>, String> {
    if any_exists(&ctx.db).await.map_err(told)? {
        return Ok(None);
    }
    if let Some((email, password)) = ctx.settings.first_admin.clone() {
        put_first_admin(ctx, &email, &password).await.map_err(told)?;
        return Ok(None);
    }
    if ctx.settings.is_production() {
        tracing::warn!("no admin exists: make one with `rolitt admin create --email you@example.com`");
        return Ok(None);
    }
    let email = Email::parse(FIRST_ADMIN).map_err(told)?;
    let password = generated_password();
    // Another instance that starts at this moment may have made it, and told its own password.
    let is_new = put_first_admin(ctx, &email, &password).await.map_err(told)?;
    Ok(is_new.then(|| (FIRST_ADMIN.to_owned(), password)))
}

fn announce(base: &str, with_sandbox: bool, login: Option<&(String, String)>) {
    println!("  Storefront  {base}/");
    println!("  Admin       {base}/admin");
    if with_sandbox {
        println!("  Sandbox     {base}/sandbox");
    }
    if let Some((email, password)) = login {
        println!("\n  The first admin, told only now:\n  {email}\n  {password}");
    }
    println!();
}
