//! `rolitt doctor`: the checks as a table, or as JSON. Exit status 1 if any found a problem.

use std::time::Duration;

use super::{Outcome, PROBLEM, SANDBOX_SECRET, base_url, sandbox_api, told};
use crate::clock::Clock;
use crate::config::{Fault, Settings};
use crate::context::Context;
use crate::store::Db;
use crate::workflows::check_health::{Check, check_thoroughly, not_compared, stripe_agrees};

/// Nobody waits at a page: what takes long may take long.
const PATIENCE: Duration = Duration::from_mins(1);
/// Of a million preorders.
const FOR_RECORDS: Duration = Duration::from_mins(30);
/// For a day of a shop that sells much, a hundred records a call.
const FOR_STRIPE: Duration = Duration::from_mins(10);

pub async fn run(settings: Settings, json: bool) -> Outcome {
    let mut checks = Vec::new();
    match Db::open(&settings.database_url).await {
        Err(error) => checks.push(Check::bad("database", error.to_string(), "Start it, or put DATABASE_URL right.")),
        Ok(db) => {
            let addr = settings.site_addr;
            let api = settings.needs_sandbox().then(|| sandbox_api(addr));
            let base = base_url(&settings, addr);
            let ctx = Context::build(settings, db, Clock::default(), base, api.as_deref(), SANDBOX_SECRET);
            let ctx = ctx.map_err(told)?;
            checks = check_thoroughly(&ctx, PATIENCE, FOR_RECORDS).await;
            // Without its tables there is nothing to compare.
            if checks.iter().all(|check| check.ok || !["database", "migrations"].contains(&check.name.as_str())) {
                let compared = match not_compared(&checks) {
                    Some(check) => check,
                    None => Box::pin(stripe_agrees(&ctx, FOR_STRIPE)).await,
                };
                checks.push(compared);
            }
            ctx.db.close().await;
        }
    }
    print(&checks, json);
    if checks.iter().all(|check| check.ok) { Ok(()) } else { Err(String::new()) }
}

/// Settings so wrong that nothing else can be looked at.
pub fn tell_faults(faults: &[Fault], json: bool) -> u8 {
    let remedy = "Put it right: see the settings in the README.";
    let checks: Vec<Check> = faults.iter().map(|fault| Check::bad("settings", fault.to_string(), remedy)).collect();
    print(&checks, json);
    PROBLEM
}

fn print(checks: &[Check], json: bool) {
    if json {
        let ok = checks.iter().all(|check| check.ok);
        println!("{}", serde_json::json!({ "ok": ok, "checks": checks }));
        return;
    }
    for check in checks {
        println!("{} {:<42} {}", if check.ok { "✓" } else { "✗" }, check.name, check.found);
        if let Some(remedy) = &check.remedy {
            println!("  {:<42} → {remedy}", "");
        }
    }
}
