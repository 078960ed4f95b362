//! What is not a page: the router, the webhook intake, sessions, security headers, rate limits, health. The order of
//! the layers below is the order in which a request meets them, from the outside in.

mod away;
mod body_deadline;
mod client_address;
mod cross_site;
mod export;
mod form_posts;
mod health;
mod live;
mod page_cache;
mod pages;
mod patience;
mod rate_limit;
mod request_id;
mod request_metrics;
mod scrape;
mod security_headers;
pub mod server;
mod session;
mod stripe_webhook;
mod uploads;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use leptos::config::LeptosOptions;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;

use crate::context::Context;
use crate::telemetry::PrometheusHandle;

#[derive(Clone)]
pub struct AppState {
    pub ctx: Context,
    pub options: LeptosOptions,
    scrape: Option<Arc<scrape::Scrape>>,
    cache: Arc<page_cache::PageCache>,
    limiter: Arc<rate_limit::Limiter>,
    live: Arc<live::Live>,
    limits: server::Limits,
    /// Cancelled when the process is told to stop.
    stop: CancellationToken,
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.options.clone()
    }
}

impl AppState {
    pub fn new(ctx: Context, options: LeptosOptions, metrics: Option<PrometheusHandle>) -> Self {
        let limiter = Arc::new(rate_limit::Limiter::new(ctx.settings.rate_limit_per_minute));
        let stop = CancellationToken::new();
        let live = Arc::new(live::Live::new(stop.clone()));
        let limits = server::Limits::default();
        let scrape = metrics.map(|handle| Arc::new(scrape::Scrape::new(ctx.clone(), handle)));
        Self { ctx, options, scrape, cache: Arc::default(), limiter, live, limits, stop }
    }

    /// Once `stop` is cancelled this instance is not ready for new visitors, and answers that have no end are ended:
    /// nothing would ever be finished else.
    #[must_use]
    pub fn until(self, stop: CancellationToken) -> Self {
        Self { live: Arc::new(live::Live::new(stop.clone())), stop, ..self }
    }

    /// With other limits for slow clients than the usual.
    #[must_use]
    pub fn within(self, limits: server::Limits) -> Self {
        Self { limits, ..self }
    }
}

/// `/metrics` and `/healthz` without the site: for workers, and where the site's address is open to everybody.
pub fn metrics_alone(ctx: Context, handle: PrometheusHandle) -> Router {
    let scrape = Some(Arc::new(scrape::Scrape::new(ctx, handle)));
    let text = move || scrape::answer(scrape.clone());
    Router::new().route("/metrics", get(text)).route("/healthz", get(health::alive))
}

/// Everything that is answered on the site's port. `sandbox` is the stand-ins' own router, when they run.
pub fn router(state: AppState, sandbox: Option<Router>) -> Router {
    let larger = |functions: Router<AppState>, &(path, bytes): &(&'static str, usize)| {
        functions.route(path, post(form_posts::server_function).layer(DefaultBodyLimit::max(bytes)))
    };
    let functions = uploads::LARGER
        .iter()
        .fold(Router::new(), larger)
        .route("/api/{*function}", post(form_posts::server_function))
        .route_layer(from_fn_with_state(state.clone(), session::require_for_functions))
        .layer(DefaultBodyLimit::max(form_posts::LARGEST));
    let site = pages::router(&state)
        .merge(functions)
        .route("/api/order_state", get(pages::order_state))
        .route("/admin/live", get(live::listen))
        .method_not_allowed_fallback(request_id::wrong_method)
        .layer(from_fn_with_state(state.clone(), session::identify))
        .layer(from_fn_with_state(state.clone(), cross_site::refuse))
        .layer(from_fn(security_headers::add));
    let machines = Router::new()
        .route("/api/webhooks/stripe", post(stripe_webhook::receive))
        .layer(DefaultBodyLimit::max(stripe_webhook::LARGEST))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(scrape::metrics))
        .method_not_allowed_fallback(request_id::wrong_method);
    let limits = state.limits;
    let mut all = site.merge(machines).layer(from_fn(patience::bounded)).with_state(state);
    if let Some(sandbox) = sandbox {
        all = all.merge(sandbox);
    }
    all.layer(from_fn_with_state(limits, body_deadline::keep))
        .layer(CatchPanicLayer::custom(request_id::panicked))
        .layer(from_fn(request_id::trace))
}
