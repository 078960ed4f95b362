//! The doctor's checks: settings, database, migrations, providers, prices, and whether records agree with each other.
//! Each says what was found and, if it is bad, what to do about it. They run side by side, and none is waited for longer
//! than the caller has patience.

mod clocks;
mod durability;
mod records;
mod stripe;

pub use stripe::{not_compared, stripe_agrees};

use std::time::Duration;

use futures::future::{join, join_all};
use serde::Serialize;

use crate::context::Context;
use crate::domain::catalog::Catalog;
use crate::providers::ProviderError;
use crate::store::doctor;

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

/// `patience` is for each check. For a page: that there are too many records to look through meanwhile is no fault.
pub async fn check_health(ctx: &Context, patience: Duration) -> Vec<Check> {
    check(ctx, patience, patience, records::unfinished()).await
}

/// The same with a patience of its own for looking through the records, which takes as long as there are many. Whoever
/// asks so wants to know: what could not be asked is not well.
pub async fn check_thoroughly(ctx: &Context, patience: Duration, for_records: Duration) -> Vec<Check> {
    check(ctx, patience, for_records, records::not_asked(for_records)).await
}

async fn check(ctx: &Context, patience: Duration, for_records: Duration, unfinished: Check) -> Vec<Check> {
    let of_database = async {
        let checks = database(ctx, patience).await;
        // That it is lax or takes nothing is no reason not to look further.
        if !checks.iter().all(|check| check.ok || ["durability", "writes"].contains(&check.name.as_str())) {
            return checks;
        }
        let (clocks, prices, records) = futures::join!(
            clocks::clocks(ctx, patience),
            prices(ctx, patience),
            records::records(ctx, for_records, unfinished)
        );
        [checks, vec![clocks], prices, records].concat()
    };
    let (database, providers) = join(of_database, providers(ctx, patience)).await;
    // In the order in which one would look: the providers before what was asked of them.
    let (database, rest): (Vec<_>, Vec<_>) =
        database.into_iter().partition(|check| OF_DATABASE.contains(&check.name.as_str()));
    [vec![settings(ctx)], database, providers, rest].concat()
}

const OF_DATABASE: &[&str] = &["database", "durability", "migrations", "writes"];

/// What is asked, or the finding that it takes too long.
async fn within(patience: Duration, name: &str, check: impl Future<Output = Check>) -> Check {
    const REMEDY: &str =
        "Check again in a minute. If it stays, look at the network and at the other side's status page.";
    let late = || Check::bad(name, format!("no answer within {} s", patience.as_secs()), REMEDY);
    tokio::time::timeout(patience, check).await.unwrap_or_else(|_| late())
}

fn settings(ctx: &Context) -> Check {
    let environment = if ctx.settings.is_production() { "production" } else { "development" };
    Check::good("settings", format!("{environment}, {}", ctx.public_base_url))
}

async fn database(ctx: &Context, patience: Duration) -> Vec<Check> {
    const REMEDY: &str = "Start it, or put DATABASE_URL right.";
    let name = ctx.db.name();
    let answers = within(patience, "database", async {
        match doctor::ping(&ctx.db).await {
            Ok(()) => Check::good("database", format!("{name} answers")),
            Err(error) => Check::bad("database", format!("{name}: {error}"), REMEDY),
        }
    });
    let answers = answers.await;
    if !answers.ok {
        return vec![answers];
    }
    let migrations = within(patience, "migrations", async {
        match ctx.db.missing_migrations().await {
            Ok(missing) if missing.is_empty() => Check::good("migrations", "all applied"),
            Ok(missing) => {
                Check::bad("migrations", format!("missing: {}", missing.join(", ")), "Run `rolitt migrate`.")
            }
            Err(error) => Check::bad("migrations", error.to_string(), "Run `rolitt migrate`."),
        }
    });
    let (durability, migrations) = join(durability::durability(ctx, patience), migrations).await;
    // Without its tables there is nothing to write to.
    let writes = if migrations.ok { Some(durability::writes(ctx, patience).await) } else { None };
    [answers, durability, migrations].into_iter().chain(writes).collect()
}

async fn providers(ctx: &Context, patience: Duration) -> Vec<Check> {
    let settings = &ctx.settings;
    let stripe = within(patience, "stripe", async {
        reachable("stripe", settings.stripe.is_none(), ctx.payments.default().check().await)
    });
    let klaviyo = within(patience, "klaviyo", async {
        match &ctx.klaviyo {
            Some(klaviyo) => reachable("klaviyo", settings.klaviyo.is_none(), klaviyo.check().await),
            None => Check::good("klaviyo", "switched off"),
        }
    });
    let firebase = within(patience, "firebase", async {
        match &ctx.firebase {
            Some(firebase) => reachable("firebase", settings.firebase.is_none(), firebase.check().await),
            None => Check::good("firebase", "switched off"),
        }
    });
    let (stripe, klaviyo, firebase) = futures::join!(stripe, klaviyo, firebase);
    // Twilio has no call that costs nothing and proves something.
    let sms = Check::good("sms", if ctx.sms.is_some() { "configured" } else { "switched off" });
    vec![stripe, klaviyo, firebase, sms]
}

const NO_SANDBOX: &str = "the sandbox stands in, and is not running";

fn reachable(name: &str, stood_in: bool, answer: Result<(), ProviderError>) -> Check {
    match answer {
        Ok(()) if stood_in => Check::good(name, "the sandbox stands in"),
        Ok(()) => Check::good(name, "answers, and knows us"),
        // The sandbox lives in `rolitt serve`: that it is not running is no fault of the set-up.
        Err(
            ProviderError::Retry { .. }
            | ProviderError::NotAsked { .. }
            | ProviderError::NoAnswer(_)
            | ProviderError::Failed { .. },
        ) if stood_in => Check::good(name, NO_SANDBOX),
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
async fn prices(ctx: &Context, patience: Duration) -> Vec<Check> {
    let shop = match ctx.shop().await {
        Ok(shop) => shop,
        Err(error) => return vec![Check::bad("prices", error.to_string(), "See the database's check.")],
    };
    let colors = shop.catalog.colors.iter().map(|color| async {
        let name = format!("price {}", color.id.as_str());
        let asked = tokio::time::timeout(patience, price(ctx, &shop.catalog, &name, color.id.as_str())).await;
        let late = || Check::bad(&name, format!("no answer within {} s", patience.as_secs()), "See Stripe's check.");
        asked.unwrap_or_else(|_| Some(late()))
    });
    let mut checks: Vec<Check> = join_all(colors).await.into_iter().flatten().collect();
    if let Some(unknown) = ctx.settings.color_prices.keys().find(|id| shop.catalog.color(id).is_none()) {
        let found = format!("COLOR_PRICE_MAP_JSON names {unknown}, which is no colour of ours");
        checks.push(Check::bad("prices", found, PRICES));
    }
    checks
}

const PRICES: &str = "Change one of them: COLOR_PRICE_MAP_JSON names Stripe's, the table `prices` holds ours.";

/// `None` where Stripe lists no price of this colour.
async fn price(ctx: &Context, catalog: &Catalog, name: &str, color: &str) -> Option<Check> {
    let listed = match ctx.payments.default().listed_price(color).await {
        Ok(listed) => listed?,
        Err(error) => return Some(Check::bad(name, error.to_string(), PRICES)),
    };
    // Listed prices stand for ours in the catalogue's first currency and in no other.
    let ours = catalog.prices.first().filter(|price| price.currency.as_str() == listed.currency);
    let same = ours.is_some_and(|ours| Some(ours.minor) == listed.minor) && listed.active;
    let theirs = listed.minor.map_or_else(|| "no amount".to_owned(), |minor| minor.to_string());
    let ours = ours.map_or_else(|| "none".to_owned(), |ours| ours.minor.to_string());
    let state = if listed.active { "" } else { ", archived" };
    let found = format!("{}: Stripe {theirs} {}{state}, ours {ours}", listed.id, listed.currency);
    Some(if same { Check::good(name, found) } else { Check::bad(name, found, PRICES) })
}
