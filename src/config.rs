//! Every setting, read once at the start from the environment (or `.env`). A wrong one stops the start with a line of
//! its own that names the variable; the code behind only ever sees settings that are right.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use crate::domain::contact::Email;

mod read;
#[cfg(test)]
mod tests;

pub use read::read;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    Development,
    Production,
}

/// All settings. Secrets are in here: it has no `Debug`.
#[derive(Clone)]
pub struct Settings {
    /// `ROLITT_ENV`: `production` refuses the sandbox, default passwords and non-HTTPS base URLs.
    pub environment: Environment,
    /// `DATABASE_URL`: `sqlite://…` or `postgres://…`.
    pub database_url: String,
    /// `LEPTOS_SITE_ADDR`: listen address.
    pub site_addr: SocketAddr,
    /// `PUBLIC_BASE_URL`: what Stripe redirects back to, without a slash at the end. `None`: from the listen address.
    pub public_base_url: Option<String>,
    /// `None`: the sandbox stands in (in development).
    pub stripe: Option<StripeSettings>,
    /// `STRIPE_WEBHOOK_SECRET`: any of these may have signed an event, while one is rotated.
    pub webhook_secrets: Vec<String>,
    /// `STRIPE_PRODUCT_ID`: the product that prices made on the spot belong to.
    pub stripe_product_id: Option<String>,
    /// `COLOR_PRICE_MAP_JSON`: colour id → Stripe price id, for the first currency of the catalogue.
    pub color_prices: BTreeMap<String, String>,
    pub klaviyo: Option<KlaviyoSettings>,
    pub firebase: Option<FirebaseSettings>,
    pub twilio: Option<TwilioSettings>,
    /// `PROVIDER_TIMEOUT_MS`: the longest that a call to a provider may take.
    pub provider_timeout: Duration,
    /// `ADMIN_EMAIL`, `ADMIN_PASSWORD`: made when no admin exists.
    pub first_admin: Option<(Email, String)>,
    /// `RATE_LIMIT_PER_MINUTE`: calls an address may make to the login and the two preorder functions; 0: no limit.
    pub rate_limit_per_minute: u32,
    /// `TRUSTED_PROXIES`: whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// `RUST_LOG`: how much is logged. `None`: `info`.
    pub log_filter: Option<String>,
    /// `SENTRY_DSN`: where errors are told. `None`: nowhere but in the log.
    pub sentry_dsn: Option<sentry::types::Dsn>,
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`: an OpenTelemetry collector that speaks OTLP over HTTP, such as
    /// `http://127.0.0.1:4318`. `None`: no spans are kept.
    pub otlp_endpoint: Option<String>,
    /// `METRICS_ADDR`: where `/metrics` and `/healthz` are answered apart from the site; `rolitt work` has no other.
    pub metrics_addr: Option<SocketAddr>,
}

#[derive(Clone)]
pub struct StripeSettings {
    /// `STRIPE_SECRET_KEY`: `sk_…` or `rk_…`.
    pub secret_key: String,
    /// `STRIPE_API_BASE`: another server that speaks Stripe's API.
    pub api_base: Option<String>,
    /// `STRIPE_REQUESTS_PER_SECOND`: how often an endpoint may be asked, by all instances together. `None`: no limit.
    pub requests_per_second: Option<u32>,
}

#[derive(Clone)]
pub struct KlaviyoSettings {
    /// `KLAVIYO_API_KEY`: private key `pk_…`.
    pub api_key: String,
    /// `KLAVIYO_API_BASE`
    pub api_base: String,
}

#[derive(Clone)]
pub struct FirebaseSettings {
    /// `FIREBASE_PROJECT_ID`
    pub project_id: String,
    pub access: FirebaseAccess,
}

#[derive(Clone)]
pub enum FirebaseAccess {
    /// `FIREBASE_AUTH_EMULATOR_HOST`: `host:port`, as Firebase's own SDKs read it.
    Emulator(String),
    /// `GOOGLE_APPLICATION_CREDENTIALS`: a service account's file.
    ServiceAccount(PathBuf),
}

#[derive(Clone)]
pub struct TwilioSettings {
    /// `TWILIO_ACCOUNT_SID`
    pub account_sid: String,
    /// `TWILIO_AUTH_TOKEN`
    pub auth_token: String,
    /// `TWILIO_FROM`: a number or a sender id.
    pub from: String,
    /// `TWILIO_API_BASE`
    pub api_base: String,
}

impl StripeSettings {
    /// Whether it is real money that moves under this key; `None` if the key does not say.
    pub fn is_live(&self) -> Option<bool> {
        let kind = self.secret_key.split('_').nth(1)?;
        [("live", true), ("test", false)].into_iter().find(|(word, _)| *word == kind).map(|(_, live)| live)
    }
}

impl Settings {
    pub const fn is_production(&self) -> bool {
        matches!(self.environment, Environment::Production)
    }

    /// Whether something must be stood in for: only ever in development.
    pub const fn needs_sandbox(&self) -> bool {
        !self.is_production()
            && (self.stripe.is_none() || self.klaviyo.is_none() || self.firebase.is_none() || self.twilio.is_none())
    }
}

/// One wrong setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub variable: &'static str,
    pub problem: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.variable, self.problem)
    }
}
