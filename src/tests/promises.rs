//! What every test of the whole shop ends with: the promises, asked of the database that it leaves behind, of Stripe,
//! and of what the providers have received.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::context::Context;
use crate::domain::timestamp::Timestamp;
use crate::store::Db;
use crate::workflows::check_promises::{Finding, ask, check_promises};
use crate::workflows::reconcile::reconcile;

/// Asserts that none is broken. The outbox has come to rest.
pub async fn are_kept(ctx: &Context) {
    are_kept_but(ctx, &[]).await;
}

/// The same where a test knows of findings that are true.
pub async fn are_kept_but(ctx: &Context, known: &[&str]) {
    let mut findings = check_promises(ctx).await.unwrap();
    findings.retain(|finding| !known.contains(&finding.name));
    none_broken(&findings);
}

/// Of a database alone, at a time.
pub async fn are_kept_in(db: &Db, now: Timestamp) {
    none_broken(&ask(db, now).await.unwrap());
}

fn none_broken(findings: &[Finding]) {
    // A test lets days pass at once: nobody could have compared anything in them.
    let counts = |finding: &&Finding| finding.broken != 0 && finding.name != "compared";
    let broken: Vec<_> = findings.iter().filter(counts).collect();
    assert!(broken.is_empty(), "promises are broken: {broken:#?}");
}

/// The same, and Stripe's records of the last month are the same as ours: for a shop at rest whose Stripe answers.
pub async fn are_kept_at_stripe(ctx: &Context) {
    are_kept(ctx).await;
    let report = reconcile(ctx, ctx.clock.now() - Duration::from_hours(24 * 30), false).await.unwrap();
    assert!(report.differences.is_empty(), "Stripe and we differ: {:#?}", report.differences);
}

/// Stripe's records are as ours once what it knows better is settled, and what follows from that has been done.
pub async fn are_settled_with_stripe(ctx: &Context, comes_to_rest: impl AsyncFn()) {
    let since = ctx.clock.now() - Duration::from_hours(24 * 30);
    let fixed = reconcile(ctx, since, true).await.unwrap();
    if !fixed.differences.is_empty() {
        comes_to_rest().await;
    }
    let report = reconcile(ctx, since, false).await.unwrap();
    assert!(report.is_clean(), "Stripe and we differ: {:#?}", report.differences);
}

/// What the sandbox received (its `inbox.json`): each act at most once in effect.
pub fn were_asked_once(inbox: &Value) {
    let all = |tray: &str| inbox[tray].as_array().cloned().unwrap_or_default();
    let once = |what: &str, keys: Vec<String>| {
        let mut times = BTreeMap::new();
        for key in keys {
            *times.entry(key).or_insert(0) += 1;
        }
        let twice: Vec<_> = times.into_iter().filter(|(_, times)| *times > 1).collect();
        assert!(twice.is_empty(), "{what} more than once: {twice:?}");
    };
    // Klaviyo drops a repeat by its `unique_id`: one that is missing, or another for the same act, is a second effect.
    let events = all("klaviyo").into_iter().filter(|event| event["status"] == 202 && event["duplicate"] == false);
    let act = |event: Value| {
        let of = &event["payload"]["data"]["attributes"]["properties"]["preorder_id"];
        format!("{} of {of}", event["metric"])
    };
    once("Klaviyo was told", events.map(act).collect());
    let made = all("firebase").into_iter().filter(|user| user["status"] == 200 && user["action"] == "create");
    once("Firebase made a user", made.map(|user| user["email"].to_string()).collect());
    let sent = all("sms").into_iter().filter(|sms| sms["error"].is_null());
    once("a message was sent", sent.map(|sms| format!("{}: {}", sms["to"], sms["body"])).collect());
}
