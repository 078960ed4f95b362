//! The doctor on a live database: a shop at work shows nothing, and whatever breaks a promise turns that promise red and
//! no other.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::json;

use super::app::TestApp;
use super::database::Kind;
use super::program::{free_port, run_to_end};
use super::{on_both, promises};
use crate::domain::access::{Actor, Role};
use crate::store::doctor::look_alone;
use crate::workflows::check_promises::{Harm, PROMISES, check_promises, tally};
use crate::workflows::walk_stripe;

mod breaks;

use breaks::{BREAKS, Break};

/// How many rows break each, by its word.
async fn asked(app: &TestApp) -> BTreeMap<&'static str, i64> {
    check_promises(&app.ctx).await.unwrap().into_iter().map(|finding| (finding.name, finding.broken)).collect()
}

/// Paid preorders, one for each way to break something, and one that nobody has paid.
async fn sold(app: &TestApp, paid: usize) -> (Vec<String>, String) {
    let mut ids = Vec::with_capacity(paid);
    for buyer in 0..=paid {
        let email = format!("buyer{buyer}@example.com");
        let form = [("email", email.as_str()), ("color", "sakura-pink"), ("phone", "+4915123456789")];
        let session = app.post("/api/handle_checkout", &form).await.session();
        let of_page = format!("SELECT preorder_id FROM checkout_attempts WHERE session_id = '{session}'");
        ids.push(app.scalar(&of_page).await.unwrap());
        if buyer < paid {
            app.pay_by_card(&session, "4242424242424242").await;
        }
    }
    let unpaid = ids.pop().unwrap();
    app.settle_down().await;
    assert_eq!(app.count("SELECT COUNT(*) FROM preorders WHERE payment_status = 'paid'").await, paid as i64);
    (ids, unpaid)
}

async fn each_break_is_seen(kind: Kind) {
    let app = TestApp::start(kind).await;
    let (ids, unpaid) = sold(&app, BREAKS.len()).await;
    promises::are_kept_at_stripe(&app.ctx).await;
    app.stop_workers().await;
    let mut before = asked(&app).await;
    let mut seen = BTreeSet::new();
    for (Break { turns, sqlite, postgres }, id) in BREAKS.iter().zip(&ids) {
        let (sql, epoch, never) = match kind {
            Kind::Sqlite => (sqlite, "0", "4102444800000"),
            Kind::Postgres => (postgres, "'epoch'", "'2100-01-01'"),
        };
        let sql = sql.replace("{id}", id).replace("{unpaid}", &unpaid);
        app.ctx.db.execute(&sql.replace("{epoch}", epoch).replace("{never}", never)).await;
        let after = asked(&app).await;
        let turned: BTreeSet<_> =
            after.iter().filter(|(name, broken)| before[*name] < **broken).map(|(n, _)| *n).collect();
        assert_eq!(turned, turns.iter().copied().collect(), "after {sql}");
        let healed = after.iter().any(|(name, broken)| *broken < before[name]);
        assert!(!healed, "something went green after {sql}");
        seen.extend(turned);
        before = after;
    }
    let blind: Vec<_> = before.keys().filter(|name| !seen.contains(*name)).collect();
    assert!(blind.is_empty(), "nothing here breaks {blind:?}");

    let findings = check_promises(&app.ctx).await.unwrap();
    let promises: BTreeSet<u8> = findings.iter().map(|finding| finding.promise).collect();
    assert_eq!(promises, PROMISES.iter().map(|(number, _)| *number).collect(), "a promise that nothing asks about");
    assert!(findings.iter().all(|finding| !finding.remedy.is_empty() && finding.broken > 0));
    // Whoever is told can look at them: but for what is missing from the tables, each names some of its rows.
    let nameless = findings.iter().filter(|finding| finding.ids.is_empty()).map(|finding| finding.name);
    let nameless: Vec<_> = nameless.filter(|name| !name.starts_with("guards")).collect();
    assert_eq!(nameless, ["steps", "compared", "migrations"]);
    let (lost, duplicated, wrong) = tally(&findings);
    assert!(lost > 0 && duplicated > 0 && wrong > 0);
    assert_eq!(lost + duplicated + wrong, findings.iter().map(|finding| finding.broken).sum::<i64>());
    assert!(findings.iter().any(|finding| finding.harm == Harm::Duplicated));

    // The command says so, promise by promise, each with what to do.
    app.ctx.db.execute("UPDATE _sqlx_migrations SET success = TRUE").await;
    let addr = format!("127.0.0.1:{}", free_port().await);
    let settings = [("DATABASE_URL", app.ctx.settings.database_url.as_str()), ("LEPTOS_SITE_ADDR", addr.as_str())];
    let (status, printed) = run_to_end("doctor --json", &settings, "").await;
    let json = printed.lines().find(|line| line.starts_with('{')).unwrap_or_else(|| panic!("{printed}"));
    let report: serde_json::Value = serde_json::from_str(json).unwrap();
    let checks = report["checks"].as_array().unwrap();
    for (number, sentence) in PROMISES {
        let name = format!("promise {number}: {sentence}");
        let check =
            checks.iter().find(|check| check["name"] == name.as_str()).unwrap_or_else(|| panic!("{name}: {report}"));
        assert!(check["ok"] == false && check["remedy"].is_string(), "{check}");
    }
    assert_eq!(status, 1);

    app.ctx.db.execute(breaks::SWEEP).await;
    app.cook_the_books();
    app.expect_dead();
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_breaks_a_promise_turns_that_promise_red_and_no_other_on_sqlite() {
    each_break_is_seen(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_breaks_a_promise_turns_that_promise_red_and_no_other_on_postgres() {
    each_break_is_seen(Kind::Postgres).await;
}

on_both! {
    async fn a_busy_shop_that_is_well_shows_nothing_at_any_moment(app: TestApp) {
        app.faults(json!({ "webhooks": { "duplicate": 1, "delay_ms": 40, "reorder": true },
            "klaviyo": { "error_rate": 0.3, "latency_ms": 20 }, "stripe": { "latency_ms": 20 } })).await;
        let over = std::sync::atomic::AtomicBool::new(false);
        let buyers = futures::future::join_all((0..12).map(async |buyer| {
            let (session, id) = app.checkout(&format!("buyer{buyer}@example.com")).await;
            if buyer % 4 == 0 {
                app.pay_by_card(&session, "4000000000000002").await;
            }
            if buyer % 5 != 1 {
                app.pay_by_card(&session, "4242424242424242").await;
                app.wait_for_badges(&id, "completed/paid").await;
            }
            if buyer % 6 == 2 {
                let intent = app.scalar(&format!("SELECT payment_intent_id FROM preorders WHERE id = '{id}'")).await.unwrap();
                app.post_json(&format!("/sandbox/payment_intents/{intent}/refund.json"), &json!({ "amount": 10_000 })).await;
                app.wait_for_badges(&id, "completed/partially_refunded").await;
            }
        }));
        let doctor = async {
            let mut rounds = 0;
            while !over.load(std::sync::atomic::Ordering::Relaxed) {
                promises::are_kept(&app.ctx).await;
                rounds += 1;
            }
            rounds
        };
        let watched = async {
            buyers.await;
            over.store(true, std::sync::atomic::Ordering::Relaxed);
        };
        let ((), rounds) = futures::join!(watched, doctor);
        assert!(rounds > 1, "the doctor looked {rounds} times");
        app.faults(json!({ "webhooks": { "duplicate": 0, "delay_ms": 0, "reorder": false },
            "klaviyo": { "error_rate": 0.0 }, "stripe": { "latency_ms": 0 } })).await;
        app.advance(Duration::from_mins(30));
    }
}

on_both! {
    async fn a_day_counts_as_compared_when_all_of_it_was_and_not_the_hour_that_somebody_asked_about(app: TestApp) {
        let owner = Actor {
            id: None, name: "owner@example.com".to_owned(), role: Role::Owner, request_id: None, address: None,
        };
        app.checkout("ana@example.com").await;
        app.advance(Duration::from_hours(48));
        app.settle_down().await;
        let late = async || asked(app).await["compared"];
        assert_eq!(late().await, 1);
        walk_stripe::ask(&app.ctx, &owner, Duration::from_hours(1)).await.unwrap();
        app.settle_down().await;
        assert_eq!(late().await, 1, "an hour is taken for a day");
        walk_stripe::ask(&app.ctx, &owner, Duration::from_hours(72)).await.unwrap();
        app.settle_down().await;
        assert_eq!(late().await, 0);
        // A day later it is time again, and the shop does it by itself.
        app.advance(Duration::from_hours(27));
        assert_eq!(late().await, 1);
        walk_stripe::begin_by_itself(&app.ctx).await.unwrap();
        app.settle_down().await;
        assert_eq!(late().await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_instance_looks_through_all_records_at_a_time_and_holds_no_transaction_for_it() {
    let app = TestApp::start(Kind::Postgres).await;
    let other = app.another_instance().await;
    let held = look_alone(&app.ctx.db).await.unwrap().unwrap();
    assert!(look_alone(&other.db).await.unwrap().is_none(), "two look at once");
    let idle = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
        AND state = 'idle in transaction' AND query LIKE '%advisory%'";
    assert_eq!(app.count(idle).await, 0, "the database would end it after half a minute");
    held.end().await;
    let next = look_alone(&other.db).await.unwrap();
    next.expect("the lock was not given back").end().await;
    other.db.close().await;
    app.finish().await;
}
