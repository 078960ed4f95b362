//! Offline stand-ins that speak the same HTTP as Stripe, Klaviyo, Firebase's Identity Toolkit and Twilio, so that the real
//! clients are exercised without accounts. A server, not a mock: it keeps what it is told, sends signed webhooks, shows a
//! checkout page, and can be told to be slow, fail, repeat, reorder or lose. It imports nothing of the shop's.

mod asked;
mod chaos;
mod core;
mod courier;
mod faults;
mod form;
mod identity;
mod ids;
mod inbox;
mod klaviyo;
mod pages;
mod shelf;
mod snapshot;
mod stripe;
mod twilio;
mod users;
mod webhooks;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

use self::core::{Core, Hook, lock};

/// How long requests under way may take once the end has been asked for.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// How a sandbox is set up.
#[derive(Debug, Clone, Default)]
pub struct SandboxOptions {
    /// Where browsers reach the sandbox pages, `http://127.0.0.1:3000`: the hosted page of a session is
    /// `{public_base}/sandbox/checkout/{session_id}`.
    pub public_base: String,
    /// Where Stripe's events are sent; more receivers can be added through the API.
    pub webhook_url: Option<String>,
    /// Signs them, `whsec_…`.
    pub webhook_secret: String,
    /// JSON snapshot, read at start and replaced after changes.
    pub state_file: Option<PathBuf>,
}

/// The stand-ins. A clone is the same sandbox.
#[derive(Clone)]
pub struct Sandbox {
    core: Arc<Core>,
}

impl Sandbox {
    pub fn new(options: SandboxOptions) -> Self {
        let hook = Hook { url: options.webhook_url, secret: options.webhook_secret };
        let core = Core::new(options.public_base, hook, options.state_file);
        core.start();
        Self { core }
    }

    /// Lets time pass for the post: events are signed as later as that.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.core.ahead_ms.fetch_add(millis, std::sync::atomic::Ordering::Relaxed);
    }

    /// As many of each service's requests and of the webhooks sent are kept: a long test asks for all of them.
    pub fn remember(&self, count: usize) {
        lock(&self.core.inbox).keep = count;
        lock(&self.core.post).keep = count;
    }

    /// Events from here on go to this address.
    pub fn set_webhook_url(&self, url: String) {
        lock(&self.core.hook).url = Some(url);
    }

    /// Hosted pages are at this address from here on, also those of sessions that are open already.
    pub fn set_public_base(&self, base: String) {
        lock(&self.core.ledger).public_base = base;
    }

    /// The providers' APIs, under the providers' own paths.
    pub fn api_router(&self) -> Router {
        self.core.start();
        Router::new()
            .merge(stripe::router(self.core.clone()))
            .merge(klaviyo::router(self.core.clone()))
            .merge(identity::router(self.core.clone()))
            .merge(twilio::router(self.core.clone()))
    }

    /// The pages and JSON controls, all under `/sandbox`.
    pub fn pages_router(&self) -> Router {
        self.core.start();
        pages::router(self.core.clone())
    }

    /// Serves APIs and pages on one listener until `shutdown`, then saves.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let router = self.api_router().merge(self.pages_router());
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "sandbox: TCP_NODELAY not set");
            }
        });
        let (ending, mut ended) = tokio::sync::watch::channel(false);
        let server = axum::serve(listener, router).with_graceful_shutdown(async move {
            shutdown.await;
            ending.send(true).ok();
        });
        let result = tokio::select! {
            result = server.into_future() => result,
            // A request held back by a fault does not hold up the end.
            () = async { ended.wait_for(|over| *over).await.ok(); tokio::time::sleep(LAST_WORDS).await } => Ok(()),
        };
        self.save_now();
        result
    }

    /// Writes the snapshot, if there is a state file.
    pub fn save_now(&self) {
        if let Err(error) = snapshot::save(&self.core) {
            tracing::error!(%error, "sandbox: state not saved");
        }
    }
}
