//! `rolitt sandbox`: the stand-ins alone, for several instances or for tests that kill the shop.

use std::net::SocketAddr;
use std::path::PathBuf;

use tokio::net::TcpListener;

use super::{Outcome, SANDBOX_SECRET, asked_to_stop, default_base_url, told};
use crate::config::Settings;
use crate::sandbox::{Sandbox, SandboxOptions};

pub async fn run(settings: &Settings, addr: SocketAddr, webhook_url: String) -> Outcome {
    if settings.is_production() {
        return Err("ROLITT_ENV: the sandbox does not run in production".to_owned());
    }
    let listener = TcpListener::bind(addr).await.map_err(|e| format!("--addr {addr}: {e}"))?;
    let base = default_base_url(listener.local_addr().map_err(told)?);
    let sandbox = Sandbox::new(SandboxOptions {
        public_base: base.clone(),
        webhook_url: Some(webhook_url),
        webhook_secret: settings.webhook_secrets.first().cloned().unwrap_or_else(|| SANDBOX_SECRET.to_owned()),
        state_file: None::<PathBuf>,
    });
    println!("  Sandbox     {base}/sandbox");
    sandbox.serve(listener, asked_to_stop()).await.map_err(told)
}
