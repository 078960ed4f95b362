//! The doctor's checks: settings, database, migrations, providers, prices, and whether records agree with each other.
//! Each says what was found and, if it is bad, what to do about it.

use serde::Serialize;

use crate::context::Context;
use crate::domain::delivery::DeliveryState;
use crate::providers::ProviderError;
use crate::store::{doctor, outbox};

#[derive(Debug, Clone, Serialize)]
pub struct Check {
    pub name: String,
    pub ok: bool,
    pub found: String,
    /// What to do about it, if it is bad.
    pub remedy: Option<String>,
}

impl Check {
    pub fn good(name: &str, found: impl Into<String>) -> Self {
        Self { name: name.to_owned(), ok: true, found: found.into(), remedy: None }
    }

    pub fn bad(name: &str, found: impl Into<String>, remedy: &str) -> Self {
        Self { name: name.to_owned(), ok: false, found: found.into(), remedy: Some(remedy.to_owned()) }
    }
}

pub async fn check_health(ctx: &Context) -> Vec<Check> {
    let mut checks = vec![settings(ctx)];
    let database = database(ctx).await;
    let usable = database.iter().all(|check| check.ok);
    checks.extend(database);
    checks.extend(providers(ctx).await);
    if usable {
        checks.extend(prices(ctx).await);
        checks.extend(records(ctx).await);
    }
    checks
}

fn settings(ctx: &Context) -> Check {
    let environment = if ctx.settings.is_production() { "production" } else { "development" };
    Check::good("settings", format!("{environment}, {}", ctx.public_base_url))
}

async fn database(ctx: &Context) -> Vec<Check> {
    let name = ctx.db.name();
    if let Err(error) = doctor::ping(&ctx.db).await {
        return vec![Check::bad("database", format!("{name}: {error}"), "Start it, or put DATABASE_URL right.")];
    }
    let migrations = match ctx.db.missing_migrations().await {
        Ok(missing) if missing.is_empty() => Check::good("migrations", "all applied"),
        Ok(missing) => Check::bad("migrations", format!("missing: {}", missing.join(", ")), "Run `rolitt migrate`."),
        Err(error) => Check::bad("migrations", error.to_string(), "Run `rolitt migrate`."),
    };
    vec![Check::good("database", format!("{name} answers")), migrations]
}

async fn providers(ctx: &Context) -> Vec<Check> {
    let settings = &ctx.settings;
    let mut checks = vec![reachable("stripe", settings.stripe.is_none(), ctx.payments.default().check().await)];
    match &ctx.klaviyo {
        Some(klaviyo) => checks.push(reachable("klaviyo", settings.klaviyo.is_none(), klaviyo.check().await)),
        None => checks.push(Check::good("klaviyo", "switched off")),
    }
    match &ctx.firebase {
        Some(firebase) => checks.push(reachable("firebase", settings.firebase.is_none(), firebase.check().await)),
        None => checks.push(Check::good("firebase", "switched off")),
    }
    // Twilio has no call that costs nothing and proves something.
    checks.push(Check::good("sms", if ctx.sms.is_some() { "configured" } else { "switched off" }));
    checks
}

fn reachable(name: &str, stood_in: bool, answer: Result<(), ProviderError>) -> Check {
    match answer {
        Ok(()) if stood_in => Check::good(name, "the sandbox stands in"),
        Ok(()) => Check::good(name, "answers, and knows us"),
        // The sandbox lives in `rolitt serve`: that it is not running is no fault of the set-up.
        Err(ProviderError::Retry { .. } | ProviderError::NoAnswer(_)) if stood_in => {
            Check::good(name, "the sandbox stands in, and is not running")
        }
        Err(error @ ProviderError::Configuration(_)) => {
            Check::bad(name, error.to_string(), "Put its key right: see the settings in the README.")
        }
        Err(error) => Check::bad(
            name,
            error.to_string(),
            "Wait if it is theirs; the outbox keeps what is due. Else check the network.",
        ),
    }
}

/// Stripe's price and ours must be the same: the buyer sees ours and pays Stripe's.
async fn prices(ctx: &Context) -> Vec<Check> {
    const REMEDY: &str = "Change one of them: COLOR_PRICE_MAP_JSON names Stripe's, the table `prices` holds ours.";
    let shop = match ctx.shop().await {
        Ok(shop) => shop,
        Err(error) => return vec![Check::bad("prices", error.to_string(), "See the database's check.")],
    };
    let mut checks = Vec::new();
    for color in &shop.catalog.colors {
        let name = format!("price {}", color.id.as_str());
        let listed = match ctx.payments.default().listed_price(color.id.as_str()).await {
            Ok(None) => continue,
            Ok(Some(listed)) => listed,
            Err(error) => {
                checks.push(Check::bad(&name, error.to_string(), REMEDY));
                continue;
            }
        };
        // Listed prices stand for ours in the catalogue's first currency and in no other.
        let ours = shop.catalog.prices.first().filter(|price| price.currency.as_str() == listed.currency);
        let same = ours.is_some_and(|ours| Some(ours.minor) == listed.minor) && listed.active;
        let theirs = listed.minor.map_or_else(|| "no amount".to_owned(), |minor| minor.to_string());
        let ours = ours.map_or_else(|| "none".to_owned(), |ours| ours.minor.to_string());
        let state = if listed.active { "" } else { ", archived" };
        let found = format!("{}: Stripe {theirs} {}{state}, ours {ours}", listed.id, listed.currency);
        checks.push(if same { Check::good(&name, found) } else { Check::bad(&name, found, REMEDY) });
    }
    if let Some(unknown) = ctx.settings.color_prices.keys().find(|id| shop.catalog.color(id).is_none()) {
        checks.push(Check::bad(
            "prices",
            format!("COLOR_PRICE_MAP_JSON names {unknown}, which is no colour of ours"),
            REMEDY,
        ));
    }
    checks
}

async fn records(ctx: &Context) -> Vec<Check> {
    let mut checks = Vec::new();
    match doctor::payments_that_disagree(&ctx.db).await {
        Ok(0) => checks.push(Check::good("payments", "every paid preorder has its payment")),
        Ok(count) => checks.push(Check::bad(
            "payments",
            format!("{count} preorders and their payments disagree"),
            "Look at them in the admin, beside Stripe's dashboard.",
        )),
        Err(error) => checks.push(Check::bad("payments", error.to_string(), "See the database's check.")),
    }
    match doctor::payments_of_another_amount(&ctx.db).await {
        Ok(0) => checks.push(Check::good("amounts", "every payment is of its preorder's price, and none came twice")),
        Ok(count) => checks.push(Check::bad(
            "amounts",
            format!("{count} preorders were paid twice or with another amount"),
            "Compare them with Stripe's dashboard, and refund what is too much.",
        )),
        Err(error) => checks.push(Check::bad("amounts", error.to_string(), "See the database's check.")),
    }
    match doctor::ledgers_that_disagree(&ctx.db).await {
        Ok(0) => checks.push(Check::good("ledger", "captured − refunded − disputed is what the ledger says")),
        Ok(count) => checks.push(Check::bad(
            "ledger",
            format!("{count} preorders have another balance in the ledger"),
            "Look at their money in the admin, beside Stripe's dashboard; replay their webhooks.",
        )),
        Err(error) => checks.push(Check::bad("ledger", error.to_string(), "See the database's check.")),
    }
    match doctor::refunds_above_captures(&ctx.db).await {
        Ok(0) => checks.push(Check::good("refunds", "no refund exceeds what was captured")),
        Ok(count) => checks.push(Check::bad(
            "refunds",
            format!("{count} payments were refunded beyond what came in"),
            "Compare them with Stripe's dashboard: a refund made there may have come before its payment's event.",
        )),
        Err(error) => checks.push(Check::bad("refunds", error.to_string(), "See the database's check.")),
    }
    match outbox::backlog(&ctx.db).await {
        Ok(backlog) => {
            let dead: i64 = backlog.iter().filter(|row| row.1 == DeliveryState::Dead).map(|row| row.2).sum();
            let waiting: i64 = backlog.iter().filter(|row| row.1 != DeliveryState::Dead).map(|row| row.2).sum();
            checks.push(if dead == 0 {
                Check::good("deliveries", format!("{waiting} waiting, none given up"))
            } else {
                Check::bad(
                    "deliveries",
                    format!("{dead} given up, {waiting} waiting"),
                    "Read why in the admin's timelines.",
                )
            });
        }
        Err(error) => checks.push(Check::bad("deliveries", error.to_string(), "See the database's check.")),
    }
    checks
}
