//! The verdict over what a storm has left, once everything has come to rest with no hand on it. What counts as lost,
//! duplicated or wrong is what the promises' checks find in the database, what a comparison with Stripe finds, what the
//! providers received, and what the shop had told people who wrote it down.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::buyers::Street;
use super::received::received;
use super::score::Score;
use crate::clock::Clock;
use crate::config;
use crate::context::Context;
use crate::store::Db;
use crate::tests::database::TestDatabase;
use crate::tests::http_client::client;
use crate::tests::program::run_to_end;
use crate::workflows::check_promises::{Harm, check_promises};
use crate::workflows::reconcile::reconcile;

/// Far more than coming to rest takes: the longest pause between two tries is minutes here, of a day.
const REST: Duration = Duration::from_mins(4);
const LONG_AGO: Duration = Duration::from_hours(2);
/// What is kept is kept before it is answered; clocks are read to the millisecond, and not at the same instant.
const AN_INSTANT: i64 = 1_000;

/// Why Stripe makes no refund: the money is gone already, by a press before this one or a dispute.
const REFUSED_BY_STRIPE: [&str; 3] = ["has already been refunded", "has been charged back", "is greater than"];

/// What a storm has left.
pub struct Left<'a> {
    pub db: &'a Db,
    pub database: &'a TestDatabase,
    pub settings: &'a [(String, String)],
    pub providers: &'a str,
    pub street: &'a Street,
}

pub async fn judge(left: Left<'_>) -> Score {
    let mut score = Score::default();
    let mut variables: Vec<(&str, &str)> =
        left.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    variables.push(("DATABASE_URL", &left.database.url));
    let ctx = context(left.db.clone(), &variables);
    come_to_rest(&mut score, &left, &ctx).await;
    let (status, compared) = run_to_end("reconcile --since 2h", &variables, "").await;
    score.find(Harm::Wrong, u64::from(status != 0), format!("`rolitt reconcile` ends with {status}:\n{compared}"));
    for finding in check_promises(&ctx).await.unwrap() {
        let broken = finding.broken.cast_unsigned();
        score.find(finding.harm, broken, format!("of promise {}, {}", finding.promise, finding.name));
    }
    acknowledged(&mut score, &left).await;
    answered_events(&mut score, &left).await;
    received(&mut score, &left).await;
    for odd in taken(&left.street.odd) {
        score.find(Harm::Wrong, 1, odd);
    }
    score
}

/// Waits until every delivery and every webhook has ended, and until Stripe's records and ours are the same: the shop
/// takes in by itself what it was never told, and asks about calls whose answer was lost. What has not by then is as
/// good as lost.
async fn come_to_rest(score: &mut Score, left: &Left<'_>, ctx: &Context) {
    const UNDER_WAY: &str = "SELECT kind || ' ' || state || ' ' || attempts || ' due ' || CAST(run_at AS TEXT) || ': ' || \
         COALESCE(last_error, '') FROM outbox WHERE state IN ('pending', 'running') \
         UNION ALL SELECT 'a page whose answer never came, of ' || preorder_id FROM checkout_attempts \
         WHERE state = 'creating'";
    let began = Instant::now();
    loop {
        let waiting = webhooks_waiting(left.providers).await;
        let under_way = left.db.texts(UNDER_WAY).await;
        let is_quiet = waiting == 0 && under_way.is_empty();
        let is_late = began.elapsed() > REST;
        if is_quiet || is_late {
            let compared = reconcile(ctx, ctx.clock.now() - LONG_AGO, false).await;
            if is_quiet && compared.as_ref().is_ok_and(|report| report.differences.is_empty()) {
                return;
            }
            if is_late {
                let now = ctx.clock.now().millis();
                let open = under_way.len() as u64;
                score.find(Harm::Lost, open, format!("still under way at {now}: {under_way:#?}"));
                score.find(Harm::Lost, waiting, "webhooks that nobody took");
                match compared {
                    Ok(report) => {
                        for differs in report.differences {
                            score.find(Harm::Lost, 1, format!("not settled without a hand: {differs:?}"));
                        }
                    }
                    Err(error) => score.find(Harm::Wrong, 1, format!("comparison that can't be made: {error}")),
                }
                return;
            }
            // The next round takes some seconds.
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// How many webhooks wait for another attempt, which is made now.
async fn webhooks_waiting(providers: &str) -> u64 {
    let hurry = format!("{providers}/sandbox/webhooks/hurry.json");
    client().post(hurry).json(&json!({})).send().await.unwrap();
    let state = client().get(format!("{providers}/sandbox/state.json")).send().await.unwrap();
    state.json::<Value>().await.unwrap()["webhooks"]["waiting"].as_u64().unwrap()
}

pub fn context(db: Db, variables: &[(&str, &str)]) -> Context {
    let settings = config::read(|name| {
        variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
    });
    let settings = settings.unwrap_or_else(|faults| panic!("{faults:?}"));
    let base = "http://127.0.0.1:1".to_owned();
    Context::build(settings, db, Clock::default(), base, None, "").unwrap()
}

/// What was written down, without a hand on its lock.
fn taken<T>(written: &Mutex<Vec<T>>) -> Vec<T> {
    std::mem::take(&mut *written.lock().unwrap())
}

/// What the shop said that it has, it has, and once.
async fn acknowledged(score: &mut Score, left: &Left<'_>) {
    let (db, street) = (left.db, left.street);
    for id in taken(&street.acknowledged) {
        let known = db.count(&format!("SELECT COUNT(*) FROM preorders WHERE id = '{id}'")).await;
        score.find(Harm::Lost, u64::from(known == 0), format!("acknowledged preorder {id}"));
    }
    for (intent, preorder) in taken(&street.paid) {
        let paid = format!(
            "SELECT COUNT(*) FROM checkout_attempts WHERE payment_intent_id = '{intent}' AND preorder_id = '{preorder}' \
             AND state = 'paid'"
        );
        let known = db.count(&paid).await;
        score.find(Harm::Lost, u64::from(known == 0), format!("payment {intent} of {preorder}"));
    }
    for (preorder, form) in taken(&street.refunds) {
        let key = format!("refund-{preorder}-{form}");
        let ended = format!(
            "SELECT state || ': ' || COALESCE(failure_reason, '') FROM refunds WHERE idempotency_key = '{key}'"
        );
        match db.texts(&ended).await.first() {
            None => score.find(Harm::Lost, 1, format!("acknowledged refund {key}")),
            Some(ended) if ended.starts_with("failed") && !REFUSED_BY_STRIPE.iter().any(|why| ended.contains(why)) => {
                score.find(Harm::Lost, 1, format!("acknowledged refund {key}, {ended}"));
            }
            Some(_) => {}
        }
    }
    let paid_twice = "SELECT preorder_id FROM checkout_attempts WHERE state = 'paid' GROUP BY preorder_id \
         HAVING COUNT(*) > 1";
    for preorder in db.texts(paid_twice).await {
        score.find(Harm::Duplicated, 1, format!("payment of {preorder}"));
    }
    // Every purchase of the storm has an address of its own.
    let doubled = "SELECT email FROM preorders GROUP BY email HAVING COUNT(*) > 1";
    for email in db.texts(doubled).await {
        score.find(Harm::Duplicated, 1, format!("order of {email}"));
    }
    let given_up = "SELECT kind || ': ' || COALESCE(last_error, '') FROM outbox \
         WHERE state = 'dead' AND kind <> 'send_sms'";
    for delivery in db.texts(given_up).await {
        score.find(Harm::Lost, 1, format!("delivery given up: {delivery}"));
    }
    // The staff of a storm tries again what was given up, as people do. Nothing should have been.
    let by_hand = "SELECT COALESCE(subject, '') || ' ' || COALESCE(detail, '') FROM audit_log \
         WHERE action = 'delivery_retried'";
    for act in db.texts(by_hand).await {
        score.find(Harm::Lost, 1, format!("deliveries that a person had to try again: {act}"));
    }
}

/// An event that was answered well was kept before it was answered. That it is there by now is not enough: the shop takes
/// in by itself what it has lost.
async fn answered_events(score: &mut Score, left: &Left<'_>) {
    let received_at = match left.db {
        Db::Sqlite(_) => "received_at",
        Db::Postgres(_) => "CAST(EXTRACT(EPOCH FROM received_at) * 1000 AS BIGINT)",
    };
    // First what was answered: where Stripe is still telling, what is kept afterwards is more, and not less.
    let url = format!("{}/sandbox/inbox.json?service=webhooks", left.providers);
    let sent: Value = client().get(url).send().await.unwrap().json().await.unwrap();
    let sql = format!("SELECT stripe_event_id || ' ' || {received_at} FROM webhook_logs");
    let kept = left.db.texts(&sql).await;
    let kept: std::collections::HashMap<&str, i64> =
        kept.iter().filter_map(|row| row.split_once(' ')).map(|(id, at)| (id, at.parse().unwrap())).collect();
    for delivery in sent["webhooks"].as_array().unwrap().iter().filter(|sent| sent["state"] == "delivered") {
        let id = delivery["event_id"].as_str().unwrap();
        let Some(last) = delivery["attempts"].as_array().unwrap().last() else { continue };
        let answered = millis(last["at"].as_str().unwrap()) + last["took_ms"].as_i64().unwrap() + AN_INSTANT;
        match kept.get(id) {
            None => score.find(Harm::Lost, 1, format!("event {id}, which was answered well")),
            Some(at) if *at > answered => {
                score.find(Harm::Lost, 1, format!("event {id}: answered before it was kept, by {} ms", at - answered));
            }
            Some(_) => {}
        }
    }
}

fn millis(rfc3339: &str) -> i64 {
    use time::OffsetDateTime;
    use time::format_description::well_known::Rfc3339;
    let at = OffsetDateTime::parse(rfc3339, &Rfc3339).unwrap();
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap()
}
