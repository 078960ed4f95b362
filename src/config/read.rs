//! From text to settings. All faults are collected before any is told: nobody likes to be told them one by one.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use ipnet::IpNet;

use super::{
    Environment, Fault, FirebaseAccess, FirebaseSettings, KlaviyoSettings, Settings, StripeSettings, TwilioSettings,
};
use crate::domain::contact::Email;

/// Passwords that stand in every list. Production refuses them.
const WELL_KNOWN_PASSWORDS: &[&str] =
    &["admin", "password", "changeme", "change-me", "rolitt", "rolitt-admin", "12345678", "letmein", "secret"];
const SHORTEST_PASSWORD: usize = 10;
/// Milliseconds. A delivery makes two calls at most, and ends well within its lease of a minute.
const TIMEOUTS: RangeInclusive<u64> = 100..=20_000;

/// Reads all settings through `variable`, which answers with a variable's text.
pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Settings, Vec<Fault>> {
    let mut reader = Reader { variable: &variable, faults: Vec::new() };
    let settings = reader.settings();
    if reader.faults.is_empty() { Ok(settings) } else { Err(reader.faults) }
}

struct Reader<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
    faults: Vec<Fault>,
}

/// However it is written.
fn is_stripes_own(base: &str) -> bool {
    url::Url::parse(base).is_ok_and(|url| url.host_str() == Some("api.stripe.com"))
}

impl Reader<'_> {
    fn settings(&mut self) -> Settings {
        let environment = match self.text("ROLITT_ENV").as_deref() {
            None | Some("development") => Environment::Development,
            Some("production") => Environment::Production,
            Some(_) => self.fault("ROLITT_ENV", "must be development or production", Environment::Development),
        };
        let production = environment == Environment::Production;
        Settings {
            environment,
            database_url: self.database_url(),
            site_addr: self.parsed(
                "LEPTOS_SITE_ADDR",
                "127.0.0.1:3000",
                "must be an address and a port, such as 127.0.0.1:3000",
            ),
            public_base_url: self.public_base_url(production),
            stripe: self.stripe(production),
            webhook_secrets: self.webhook_secrets(),
            stripe_product_id: self.prefixed("STRIPE_PRODUCT_ID", &["prod_"]),
            color_prices: self.color_prices(),
            klaviyo: self.klaviyo(),
            firebase: self.firebase(),
            twilio: self.twilio(),
            provider_timeout: self.provider_timeout(),
            first_admin: self.first_admin(production),
            rate_limit_per_minute: self.parsed(
                "RATE_LIMIT_PER_MINUTE",
                "60",
                "must be a whole number; 0 means no limit",
            ),
            trusted_proxies: self.trusted_proxies(),
            log_filter: self.log_filter(),
            sentry_dsn: self.optional("SENTRY_DSN", "must be a DSN, as Sentry's project settings show it"),
            otlp_endpoint: self.url("OTEL_EXPORTER_OTLP_ENDPOINT"),
            metrics_addr: self.optional("METRICS_ADDR", "must be an address and a port, such as 127.0.0.1:9464"),
        }
    }

    fn text(&self, name: &str) -> Option<String> {
        (self.variable)(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn fault<T>(&mut self, variable: &'static str, problem: impl Into<String>, instead: T) -> T {
        self.faults.push(Fault { variable, problem: problem.into() });
        instead
    }

    fn parsed<T: std::str::FromStr>(&mut self, name: &'static str, default: &str, problem: &str) -> T
    where
        T::Err: std::fmt::Debug,
    {
        let text = self.text(name).unwrap_or_else(|| default.to_owned());
        text.parse().unwrap_or_else(|_| {
            self.faults.push(Fault { variable: name, problem: problem.to_owned() });
            #[expect(clippy::expect_used, reason = "the defaults are in this file and tested")]
            default.parse().expect("a default parses")
        })
    }

    /// The text is not repeated: a DSN holds a key.
    fn optional<T: std::str::FromStr>(&mut self, name: &'static str, problem: &str) -> Option<T> {
        let read = self.text(name)?.parse().ok();
        if read.is_none() { self.fault(name, problem, None) } else { read }
    }

    fn prefixed(&mut self, name: &'static str, prefixes: &[&str]) -> Option<String> {
        let text = self.text(name)?;
        if prefixes.iter().any(|prefix| text.starts_with(prefix) && text.len() > prefix.len()) {
            return Some(text);
        }
        // The text itself may be a secret put into the wrong variable: it is not repeated.
        let problem = format!("must begin with {}", prefixes.join(" or "));
        self.fault(name, problem, None)
    }

    fn url(&mut self, name: &'static str) -> Option<String> {
        let text = self.text(name)?;
        match url::Url::parse(&text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.host().is_some() => {
                Some(text.trim_end_matches('/').to_owned())
            }
            _ => self.fault(name, "must be a URL that begins with http:// or https://", None),
        }
    }

    /// One that can't be read would log less than somebody wanted, and nobody would know.
    fn log_filter(&mut self) -> Option<String> {
        let text = self.text("RUST_LOG")?;
        if tracing_subscriber::EnvFilter::builder().parse(&text).is_ok() {
            return Some(text);
        }
        let problem = "must be a level, or targets with their levels, such as info or info,rolitt=debug";
        self.fault("RUST_LOG", problem, None)
    }

    fn database_url(&mut self) -> String {
        const DEFAULT: &str = "sqlite://data/rolitt.db";
        let address = self.text("DATABASE_URL").unwrap_or_else(|| DEFAULT.to_owned());
        let known = ["sqlite://", "sqlite::memory:", "postgres://", "postgresql://"];
        if known.iter().any(|scheme| address.starts_with(scheme)) {
            return address;
        }
        self.fault("DATABASE_URL", "must begin with sqlite:// or postgres://", DEFAULT.to_owned())
    }

    fn public_base_url(&mut self, production: bool) -> Option<String> {
        let base = self.url("PUBLIC_BASE_URL");
        if !production {
            return base;
        }
        match &base {
            None if self.text("PUBLIC_BASE_URL").is_none() => {
                self.fault("PUBLIC_BASE_URL", "must be set in production, and begin with https://", base)
            }
            Some(url) if !url.starts_with("https://") => {
                self.fault("PUBLIC_BASE_URL", "must begin with https:// in production", base)
            }
            _ => base,
        }
    }

    fn stripe(&mut self, production: bool) -> Option<StripeSettings> {
        let secret_key = self.prefixed("STRIPE_SECRET_KEY", &["sk_", "rk_"]);
        let api_base = self.url("STRIPE_API_BASE");
        let no_key = self.text("STRIPE_SECRET_KEY").is_none();
        if production && no_key {
            return self.fault("STRIPE_SECRET_KEY", "must be set in production: the sandbox takes no money", None);
        }
        if no_key && api_base.is_some() {
            return self.fault("STRIPE_SECRET_KEY", "must be set where STRIPE_API_BASE is", None);
        }
        if !no_key && self.text("STRIPE_WEBHOOK_SECRET").is_none() {
            return self.fault("STRIPE_WEBHOOK_SECRET", "must be set where STRIPE_SECRET_KEY is", None);
        }
        // Stripe's own limit, where it is Stripe; another server says for itself.
        let default = if api_base.as_deref().is_none_or(is_stripes_own) { "25" } else { "0" };
        let most: u32 = self.parsed("STRIPE_REQUESTS_PER_SECOND", default, "must be a whole number; 0 means no limit");
        let requests_per_second = (most > 0).then_some(most);
        Some(StripeSettings { secret_key: secret_key?, api_base, requests_per_second })
    }

    fn webhook_secrets(&mut self) -> Vec<String> {
        let Some(text) = self.text("STRIPE_WEBHOOK_SECRET") else { return Vec::new() };
        let secrets: Vec<String> = text.split(',').map(|secret| secret.trim().to_owned()).collect();
        if secrets.iter().all(|secret| secret.starts_with("whsec_") && secret.len() > "whsec_".len()) {
            return secrets;
        }
        self.fault("STRIPE_WEBHOOK_SECRET", "must be whsec_…, several separated by commas", Vec::new())
    }

    fn color_prices(&mut self) -> BTreeMap<String, String> {
        let Some(text) = self.text("COLOR_PRICE_MAP_JSON") else { return BTreeMap::new() };
        match serde_json::from_str::<BTreeMap<String, String>>(&text) {
            Ok(map) if map.values().all(|price| price.starts_with("price_")) => map,
            Ok(_) => {
                self.fault("COLOR_PRICE_MAP_JSON", "every value must be a Stripe price id, price_…", BTreeMap::new())
            }
            Err(error) => {
                let problem = format!("must be JSON such as {{\"sakura-pink\":\"price_…\"}} ({error})");
                self.fault("COLOR_PRICE_MAP_JSON", problem, BTreeMap::new())
            }
        }
    }

    fn klaviyo(&mut self) -> Option<KlaviyoSettings> {
        let api_key = self.prefixed("KLAVIYO_API_KEY", &["pk_"]);
        let base = self.url("KLAVIYO_API_BASE");
        if base.is_some() && self.text("KLAVIYO_API_KEY").is_none() {
            return self.fault("KLAVIYO_API_KEY", "must be set where KLAVIYO_API_BASE is", None);
        }
        Some(KlaviyoSettings {
            api_key: api_key?,
            api_base: base.unwrap_or_else(|| "https://a.klaviyo.com".to_owned()),
        })
    }

    fn firebase(&mut self) -> Option<FirebaseSettings> {
        let emulator = self.text("FIREBASE_AUTH_EMULATOR_HOST");
        let file = self.text("GOOGLE_APPLICATION_CREDENTIALS");
        let Some(project_id) = self.text("FIREBASE_PROJECT_ID") else {
            if emulator.is_some() {
                return self.fault("FIREBASE_PROJECT_ID", "must be set where FIREBASE_AUTH_EMULATOR_HOST is", None);
            }
            return None;
        };
        let access = match (emulator, file) {
            (Some(host), _) if host.contains("://") || !host.contains(':') => {
                return self.fault("FIREBASE_AUTH_EMULATOR_HOST", "must be host:port, without http://", None);
            }
            (Some(host), _) => FirebaseAccess::Emulator(host),
            (None, Some(file)) if !std::path::Path::new(&file).is_file() => {
                return self.fault("GOOGLE_APPLICATION_CREDENTIALS", "is not a file that can be read", None);
            }
            (None, Some(file)) => FirebaseAccess::ServiceAccount(file.into()),
            (None, None) => {
                let problem = "must name a service account's file where FIREBASE_PROJECT_ID is set";
                return self.fault("GOOGLE_APPLICATION_CREDENTIALS", problem, None);
            }
        };
        Some(FirebaseSettings { project_id, access })
    }

    fn twilio(&mut self) -> Option<TwilioSettings> {
        const NAMES: [&str; 3] = ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM"];
        let api_base = self.url("TWILIO_API_BASE").unwrap_or_else(|| "https://api.twilio.com".to_owned());
        let given = NAMES.map(|name| self.text(name));
        if let [Some(account_sid), Some(auth_token), Some(from)] = given.clone() {
            return Some(TwilioSettings { account_sid, auth_token, from, api_base });
        }
        if given.iter().any(Option::is_some) {
            for (name, value) in NAMES.into_iter().zip(&given) {
                if value.is_none() {
                    self.fault(name, "must be set where the other TWILIO_… are", ());
                }
            }
        }
        None
    }

    fn provider_timeout(&mut self) -> Duration {
        let problem = format!("must be milliseconds between {} and {}", TIMEOUTS.start(), TIMEOUTS.end());
        let millis: u64 = self.parsed("PROVIDER_TIMEOUT_MS", "10000", &problem);
        if !TIMEOUTS.contains(&millis) {
            return self.fault("PROVIDER_TIMEOUT_MS", problem, Duration::ZERO);
        }
        Duration::from_millis(millis)
    }

    fn first_admin(&mut self, production: bool) -> Option<(Email, String)> {
        let password = self.text("ADMIN_PASSWORD");
        let Some(address) = self.text("ADMIN_EMAIL") else {
            if password.is_some() {
                return self.fault("ADMIN_EMAIL", "must be set where ADMIN_PASSWORD is", None);
            }
            return None;
        };
        let Ok(email) = Email::parse(&address) else {
            return self.fault("ADMIN_EMAIL", "must be an e-mail address", None);
        };
        let Some(password) = password else {
            return self.fault("ADMIN_PASSWORD", "must be set where ADMIN_EMAIL is", None);
        };
        let weak = password.chars().count() < SHORTEST_PASSWORD
            || WELL_KNOWN_PASSWORDS.contains(&password.to_lowercase().as_str());
        if production && weak {
            let problem =
                format!("must be {SHORTEST_PASSWORD} characters or more in production, and not a well-known one");
            return self.fault("ADMIN_PASSWORD", problem, None);
        }
        Some((email, password))
    }

    fn trusted_proxies(&mut self) -> Vec<IpNet> {
        let Some(text) = self.text("TRUSTED_PROXIES") else { return Vec::new() };
        let read = |one: &str| {
            let one = one.trim();
            one.parse::<IpNet>().ok().or_else(|| one.parse::<std::net::IpAddr>().ok().map(IpNet::from))
        };
        let proxies: Option<Vec<IpNet>> = text.split(',').map(read).collect();
        let problem = "must be addresses or networks separated by commas, such as 10.0.0.0/8";
        proxies.unwrap_or_else(|| self.fault("TRUSTED_PROXIES", problem, Vec::new()))
    }
}
