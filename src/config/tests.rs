//! What is read, what is refused, and that a fault names its variable and no secret.

use super::read;

fn faults(pairs: &[(&str, &str)]) -> Vec<&'static str> {
    let lookup = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    read(lookup).err().unwrap_or_default().into_iter().map(|fault| fault.variable).collect()
}

#[test]
fn nothing_set_is_a_laptop_with_the_sandbox() {
    let settings = read(|_| None).ok().unwrap();
    assert_eq!(settings.database_url, "sqlite://data/rolitt.db");
    assert_eq!(settings.site_addr.to_string(), "127.0.0.1:3000");
    assert_eq!(settings.rate_limit_per_minute, 60);
    assert!(settings.needs_sandbox());
}

#[test]
fn every_wrong_setting_is_named_at_once() {
    let wrong = faults(&[
        ("ROLITT_ENV", "staging"),
        ("DATABASE_URL", "mysql://x"),
        ("LEPTOS_SITE_ADDR", "3000"),
        ("STRIPE_SECRET_KEY", "pk_live_1"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_a,b"),
        ("COLOR_PRICE_MAP_JSON", "{"),
        ("KLAVIYO_API_BASE", "http://127.0.0.1:1"),
        ("FIREBASE_PROJECT_ID", "p"),
        ("TWILIO_FROM", "+1"),
        ("ADMIN_PASSWORD", "x"),
        ("RATE_LIMIT_PER_MINUTE", "-1"),
        ("TRUSTED_PROXIES", "nobody"),
        ("PROVIDER_TIMEOUT_MS", "60000"),
    ]);
    for name in [
        "ROLITT_ENV",
        "DATABASE_URL",
        "LEPTOS_SITE_ADDR",
        "STRIPE_SECRET_KEY",
        "STRIPE_WEBHOOK_SECRET",
        "COLOR_PRICE_MAP_JSON",
        "KLAVIYO_API_KEY",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "TWILIO_ACCOUNT_SID",
        "TWILIO_AUTH_TOKEN",
        "ADMIN_EMAIL",
        "RATE_LIMIT_PER_MINUTE",
        "TRUSTED_PROXIES",
        "PROVIDER_TIMEOUT_MS",
    ] {
        assert!(wrong.contains(&name), "{name} is not among {wrong:?}");
    }
}

#[test]
fn production_refuses_what_is_for_a_laptop() {
    assert_eq!(faults(&[("ROLITT_ENV", "production")]), ["PUBLIC_BASE_URL", "STRIPE_SECRET_KEY"]);
    let wrong = faults(&[
        ("ROLITT_ENV", "production"),
        ("PUBLIC_BASE_URL", "http://shop.example"),
        ("STRIPE_SECRET_KEY", "sk_live_1"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_1"),
        ("ADMIN_EMAIL", "a@example.com"),
        ("ADMIN_PASSWORD", "changeme"),
    ]);
    assert_eq!(wrong, ["PUBLIC_BASE_URL", "ADMIN_PASSWORD"]);
}

#[test]
fn a_fault_never_repeats_what_may_be_a_secret() {
    let lookup = |name: &str| (name == "STRIPE_SECRET_KEY").then(|| "whsec_canary".to_owned());
    let told: Vec<String> = read(lookup).err().unwrap().iter().map(ToString::to_string).collect();
    assert!(!told.join("\n").contains("canary"), "{told:?}");
}

#[test]
fn two_webhook_secrets_may_stand_side_by_side() {
    let lookup = |name: &str| match name {
        "STRIPE_SECRET_KEY" => Some("sk_test_1".to_owned()),
        "STRIPE_WEBHOOK_SECRET" => Some("whsec_old, whsec_new".to_owned()),
        _ => None,
    };
    assert_eq!(read(lookup).ok().unwrap().webhook_secrets, ["whsec_old", "whsec_new"]);
}

#[test]
fn stripes_limit_is_kept_at_stripe_however_its_address_came_here() {
    let limit = |base: Option<&'static str>| {
        let settings = read(|name| match name {
            "STRIPE_SECRET_KEY" => Some("sk_test_1".to_owned()),
            "STRIPE_WEBHOOK_SECRET" => Some("whsec_1".to_owned()),
            "STRIPE_API_BASE" => base.map(str::to_owned),
            _ => None,
        });
        settings.ok().unwrap().stripe.unwrap().requests_per_second
    };
    assert_eq!(limit(None), Some(25));
    for written in ["https://api.stripe.com", "https://API.stripe.com:443/"] {
        assert_eq!(limit(Some(written)), Some(25), "{written}");
    }
    assert_eq!(limit(Some("http://127.0.0.1:1")), None);
}
