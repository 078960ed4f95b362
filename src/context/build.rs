//! Building the context from settings: which providers there are, and who stands in for those that are missing.

use super::pace::SharedPace;
use super::{Bell, Context, Parts, asked, breaker, kept, shop, strangers};
use crate::clock::Clock;
use crate::config::{FirebaseAccess, FirebaseSettings, KlaviyoSettings, Settings, StripeSettings, TwilioSettings};
use crate::domain::money::Currency;
use crate::providers::ProviderError;
use crate::providers::firebase::Firebase;
use crate::providers::klaviyo::Klaviyo;
use crate::providers::payments::paced::Paced;
use crate::providers::payments::watched::Watched;
use crate::providers::payments::{PaymentProvider, Registry, stripe::Stripe};
use crate::providers::twilio::Twilio;
use crate::store::{Db, StoreError};
use std::sync::Arc;

#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Provider(#[from] ProviderError),
    #[error("HTTP client: {0}")]
    Http(#[from] reqwest::Error),
    #[error("no payment provider: STRIPE_SECRET_KEY is missing and no sandbox runs")]
    NoPayments,
}

impl Context {
    /// `sandbox` is where the stand-ins answer, `http://host:port`, if they run; they take every place that is empty.
    pub fn build(
        settings: Settings,
        db: Db,
        clock: Clock,
        public_base_url: String,
        sandbox: Option<&str>,
        sandbox_secret: &str,
    ) -> Result<Self, BuildError> {
        let mut webhook_secrets = settings.webhook_secrets.clone();
        if settings.stripe.is_none() && webhook_secrets.is_empty() {
            webhook_secrets.push(sandbox_secret.to_owned());
        }
        let stripe = settings.stripe.clone().or_else(|| sandbox.map(stand_in_stripe)).ok_or(BuildError::NoPayments)?;
        let klaviyo = settings.klaviyo.clone().or_else(|| sandbox.map(stand_in_klaviyo));
        let firebase = settings.firebase.clone().or_else(|| sandbox.map(stand_in_firebase));
        let twilio = settings.twilio.clone().or_else(|| sandbox.map(stand_in_twilio));
        for (name, missing) in
            [("Klaviyo", klaviyo.is_none()), ("Firebase", firebase.is_none()), ("Twilio", twilio.is_none())]
        {
            if missing {
                tracing::warn!(provider = name, "not configured: switched off");
            }
        }
        // The first currency of the seeded catalogue.
        let prices_currency = Currency::Usd.as_str().to_owned();
        let per_second = stripe.requests_per_second;
        let timeout = settings.provider_timeout;
        let (product_id, prices) = (settings.stripe_product_id.clone(), settings.color_prices.clone());
        let stripe = Stripe::new(&stripe, product_id, prices, prices_currency, timeout, clock.clone())?;
        let stripe: Box<dyn PaymentProvider> = Box::new(Watched::new(Box::new(stripe)));
        let stripe: Box<dyn PaymentProvider> = match per_second {
            Some(per_second) => Box::new(Paced::new(stripe, Box::new(SharedPace::new(db.clone(), per_second)))),
            None => stripe,
        };
        Ok(Self(Arc::new(Parts {
            db,
            began_at: clock.now(),
            instance: instance_name(),
            clock,
            payments: Registry::new(stripe),
            klaviyo: klaviyo.map(|klaviyo| Klaviyo::new(klaviyo, timeout)).transpose()?,
            firebase: firebase.map(|firebase| Firebase::new(firebase, timeout)).transpose()?,
            sms: twilio.map(|twilio| Twilio::new(twilio, timeout)).transpose()?,
            bell: Bell::default(),
            breakers: breaker::Breakers::default(),
            public_base_url,
            webhook_secrets,
            asked: asked::Asked::default(),
            strangers: strangers::Strangers::default(),
            measured: kept::Kept::default(),
            looking: Arc::default(),
            shop: shop::Cache::default(),
            settings,
        })))
    }
}

/// Machine, process, and a few letters: containers may share the first two.
fn instance_name() -> String {
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let machine = if machine.trim().is_empty() { "rolitt" } else { machine.trim() };
    format!("{machine}.{}.{:04x}", std::process::id(), rand::random::<u16>())
}

fn stand_in_stripe(base: &str) -> StripeSettings {
    StripeSettings {
        secret_key: "sk_test_sandbox".to_owned(),
        api_base: Some(base.to_owned()),
        requests_per_second: None,
    }
}

fn stand_in_klaviyo(base: &str) -> KlaviyoSettings {
    KlaviyoSettings { api_key: "pk_sandbox".to_owned(), api_base: base.to_owned() }
}

fn stand_in_firebase(base: &str) -> FirebaseSettings {
    let host = base.trim_start_matches("http://").to_owned();
    FirebaseSettings { project_id: "rolitt-sandbox".to_owned(), access: FirebaseAccess::Emulator(host) }
}

fn stand_in_twilio(base: &str) -> TwilioSettings {
    TwilioSettings {
        account_sid: "ACsandbox".to_owned(),
        auth_token: "sandbox".to_owned(),
        from: "+15005550006".to_owned(),
        api_base: base.to_owned(),
    }
}
