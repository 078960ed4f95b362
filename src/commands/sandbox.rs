//! `rolitt sandbox`: the stand-ins alone, for several instances or for tests that kill the shop.

use std::net::SocketAddr;
use std::path::PathBuf;

use tokio::net::TcpListener;

use super::stop::asked_to_stop;
use super::{Outcome, SANDBOX_SECRET, base_url, default_base_url, told};
use crate::config::Settings;
use crate::sandbox::{Sandbox, SandboxOptions};

pub async fn run(settings: &Settings, addr: SocketAddr, webhook_url: Option<String>) -> Outcome {
    if settings.is_production() {
        return Err("ROLITT_ENV: the sandbox does not run in production".to_owned());
    }
    let stop = asked_to_stop();
    let listener = TcpListener::bind(addr).await.map_err(|e| format!("--addr {addr}: {e}"))?;
    let base = default_base_url(listener.local_addr().map_err(told)?);
    let shop = base_url(settings, settings.site_addr);
    let webhook_url = webhook_url.unwrap_or_else(|| format!("{shop}/api/webhooks/stripe"));
    println!("  Sandbox     {base}/sandbox");
    println!("  Events to   {webhook_url}");
    let sandbox = Sandbox::new(SandboxOptions {
        public_base: base.clone(),
        webhook_url: Some(webhook_url),
        webhook_secret: settings.webhook_secrets.first().cloned().unwrap_or_else(|| SANDBOX_SECRET.to_owned()),
        state_file: None::<PathBuf>,
    });
    sandbox.serve(listener, stop.cancelled_owned()).await.map_err(told)
}
