//! Clocks that are wrong, and that jump: whoever holds what, and what is due, is decided by the database's.

use std::time::Duration;

use serde_json::json;

use super::app::SECRET;
use super::database::Kind;
use super::fleet::{Fleet, post};
use super::on_both;
use super::program::{free_port, preload};
use crate::workflows::check_health::check_health;
use crate::workflows::{check_overdue, walk_stripe};

const HOUR_MS: i64 = 3_600_000;
const BUY: [(&str, &str); 2] = [("email", "ana@example.com"), ("color", "sakura-pink")];

on_both! {
    async fn a_clock_that_jumps_back_by_an_hour_sticks_nowhere(app: TestApp) {
        // While it is an hour ahead: an order, a provider that fails until nobody asks it any more, a page that asks.
        app.ctx.clock.skew(HOUR_MS);
        app.faults(json!({ "klaviyo": { "error_rate": 1.0 }, "webhooks": { "lose_rate": 1.0 } })).await;
        let (session, id) = app.checkout("ana@example.com").await;
        for buyer in 0..6 {
            let email = format!("buyer{buyer}@example.com");
            app.post("/api/initiate_preorder", &[("email", &email), ("color", "sakura-pink")]).await;
        }
        let page = format!("/preorder/success?session_id={session}");
        assert_eq!(app.get(&page).await.status, 200);
        app.wait_until("Klaviyo has failed", async || {
            app.count("SELECT COUNT(*) FROM delivery_attempts WHERE outcome = 'pending'").await > 4
        }).await;
        app.ctx.clock.skew(0);
        app.faults(json!({ "klaviyo": { "error_rate": 0.0 } })).await;
        app.pay_by_card(&session, "4242424242424242").await;
        app.wait_until("the page asks again, and settles", async || {
            app.get(&page).await;
            app.badges(&id).await == "completed/paid"
        }).await;
        app.settle_down().await;
        assert_eq!(app.klaviyo_events("Preorder Started").await.len(), 7);
    }

    async fn an_event_is_refused_by_a_clock_that_is_an_hour_off_and_the_doctor_says_why(app: TestApp) {
        let body = json!({ "id": "evt_1", "type": "customer.created", "data": { "object": { "id": "cus_1" } } });
        let (body, right) = (body.to_string(), app.ctx.clock.now());
        for (off, word) in [(HOUR_MS, "ahead of Stripe's"), (-HOUR_MS, "behind Stripe's")] {
            app.ctx.clock.skew(off);
            let refused = app.signed_webhook(body.as_bytes(), SECRET, right).await;
            assert_eq!(refused.status, 400, "{}", refused.body);
            assert!(refused.body.contains("tolerance of five minutes"), "{}", refused.body);
            let checks = check_health(&app.ctx, Duration::from_secs(10)).await;
            let clocks = checks.iter().find(|check| check.name == "clocks").unwrap();
            assert!(!clocks.ok && clocks.found.contains(word) && clocks.remedy.is_some(), "{clocks:?}");
            let compared = clocks.found.contains("the database's");
            assert_eq!(compared, app.ctx.db.postgres().is_some(), "{clocks:?}");
        }
        app.ctx.clock.skew(0);
        assert_eq!(app.signed_webhook(body.as_bytes(), SECRET, right).await.status, 200);
        let checks = check_health(&app.ctx, Duration::from_secs(10)).await;
        assert!(checks.iter().any(|check| check.name == "clocks" && check.ok), "{checks:?}");
    }

    async fn an_event_that_was_lost_is_found_although_an_instance_an_hour_ahead_walked_before(app: TestApp) {
        app.faults(json!({ "webhooks": { "lose_rate": 1.0 } })).await;
        let (first, first_id) = app.checkout("first@example.com").await;
        app.pay_by_card(&first, "4242424242424242").await;
        app.ctx.clock.skew(HOUR_MS);
        walk_stripe::begin_by_itself(&app.ctx).await.unwrap();
        app.settle_down().await;
        assert_eq!(app.badges(&first_id).await, "completed/paid");
        app.ctx.clock.skew(0);
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay_by_card(&session, "4242424242424242").await;
        app.advance(check_overdue::EVERY);
        walk_stripe::begin_by_itself(&app.ctx).await.unwrap();
        app.settle_down().await;
        assert_eq!(app.badges(&id).await, "completed/paid", "the walk began in the future");
        // It begins at the newest event that Stripe showed the one before, by Stripe's own clock.
        let newest = "SELECT CAST(COUNT(*) AS TEXT) FROM walks w JOIN walks v ON v.created_at > w.created_at \
             WHERE w.scope = 'events' AND v.scope = 'events' AND v.since < w.newest_at AND w.newest_at < w.created_at";
        assert_eq!(app.scalar(newest).await.as_deref(), Some("1"));
    }

    async fn what_a_person_starts_again_is_due_at_once_whatever_the_clock_says(app: TestApp) {
        app.expect_dead();
        app.faults(json!({ "klaviyo": { "error_rate": 1.0, "error_status": 400 } })).await;
        app.post("/api/initiate_preorder", &BUY).await;
        app.wait_until("it is dead", async || app.count("SELECT COUNT(*) FROM outbox WHERE state = 'dead'").await == 1).await;
        app.faults(json!({ "klaviyo": { "error_rate": 0.0 } })).await;
        app.ctx.clock.skew(HOUR_MS);
        let cookie = app.sign_in_as(crate::domain::access::Role::Owner).await;
        let id = app.scalar("SELECT id FROM outbox WHERE state = 'dead'").await.unwrap();
        let again = app.post_as(&cookie, "/api/admin/retry_delivery", &[("id", &id), ("back", "/admin")]).await;
        assert_eq!(again.status, 303, "{}", again.body);
        app.settle_down().await;
        assert_eq!(app.klaviyo_events("Preorder Started").await.len(), 1);
    }
}

/// SQLite's clock is the machine's. Two deliveries failed while it was an hour ahead: one is due again in a moment, the
/// other held by somebody who is gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_machine_whose_clock_is_set_back_by_an_hour_does_not_let_deliveries_wait_for_an_hour_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let (library, ahead) = (folder.path().join("clock.so"), folder.path().join("ahead"));
    preload("clock.c", &library);
    std::fs::write(&ahead, "3600").unwrap();
    let port = free_port().await;
    let fleet = Fleet::start(Kind::Sqlite, port).await;
    let fail = |rate: f64| json!({ "klaviyo": { "error_rate": rate }, "firebase": { "error_rate": rate } });
    fleet.faults(fail(1.0)).await;
    let [library, clock] = [&library, &ahead].map(|path| path.to_str().unwrap());
    // Ten seconds to the second try: enough to set the clock before it.
    let later = ("FAILPOINTS", "span.retry=return(0.1)");
    let shop = fleet.serve("serve", port, &[("LD_PRELOAD", library), ("AHEAD", clock), later]).await;
    assert_eq!(post(&fleet.http, &shop.base, "/api/initiate_preorder", &BUY).await.status, 200);
    let failed = "SELECT COUNT(*) FROM outbox WHERE state = 'pending' AND attempts = 1";
    fleet.wait_until("both have failed", async || fleet.db.count(failed).await == 2).await;
    let held =
        "UPDATE outbox SET state = 'running', lease_until = run_at, lease_token = 'gone.1/1' WHERE lane = 'firebase'";
    fleet.db.execute(held).await;
    std::fs::write(&ahead, "0").unwrap();
    fleet.faults(fail(0.0)).await;
    fleet.settled().await;
    assert_eq!(fleet.klaviyo().await, (1, 0));
    let sooner = format!(
        "SELECT COUNT(*) FROM delivery_attempts first JOIN delivery_attempts second ON first.delivery_id = \
         second.delivery_id WHERE first.number = 1 AND second.number = 2 AND first.retry_at - second.started_at > {}",
        HOUR_MS / 2
    );
    assert_eq!(fleet.db.count(&sooner).await, 2, "the clock was set after the second try");
    fleet.finish(vec![shop]).await;
}

/// An hour behind, right, an hour ahead: a process each, on one database.
#[tokio::test(flavor = "multi_thread")]
async fn instances_whose_clocks_are_an_hour_off_sell_deliver_and_retry_with_one_that_is_right() {
    let right = free_port().await;
    // Stripe's events go to the one that can tell their age.
    let fleet = Fleet::start(Kind::Postgres, right).await;
    // One shop has one address: it goes to Stripe with the key, and a key goes with one set of words.
    let public = format!("http://127.0.0.1:{right}");
    // Tries that failed come again sooner than in earnest, and still an hour's error is not made up for.
    let sooner = "span.retry=return(20);span.breaker_pause=return(20)";
    let settings = [("PUBLIC_BASE_URL", public.as_str()), ("FAILPOINTS", sooner)];
    let mut instances = vec![fleet.serve("serve", right, &settings).await];
    for skew in ["-3600000", "3600000"] {
        let settings = [settings[0], settings[1], ("ROLITT_TEST_CLOCK_SKEW_MS", skew)];
        instances.push(fleet.serve("serve", free_port().await, &settings).await);
    }
    let [right, behind, ahead] = [0, 1, 2].map(|at| instances[at].base.clone());
    let attempts = "SELECT COUNT(*) FROM checkout_attempts";

    // One who clicks here and there while Stripe takes its time: one key, one page.
    fleet.faults(json!({ "stripe": { "hold": true } })).await;
    let click = |base: &String| {
        let (http, base) = (fleet.http.clone(), base.clone());
        tokio::spawn(async move { post(&http, &base, "/api/handle_checkout", &BUY).await })
    };
    let first = click(&behind);
    fleet.wait_until("the first click is at Stripe", async || fleet.asked("stripe").await == 1).await;
    let (second, third) = (click(&right), click(&ahead));
    fleet.wait_until("the others are there as well", async || fleet.asked("stripe").await == 3).await;
    fleet.faults(json!({ "stripe": { "hold": false } })).await;
    let (first, second, third) = (first.await.unwrap(), second.await.unwrap(), third.await.unwrap());
    assert_eq!((first.session(), first.session()), (second.session(), third.session()));
    assert_eq!(fleet.db.count(attempts).await, 1);
    fleet.faults(json!({ "klaviyo": { "error_rate": 0.7 } })).await;
    fleet.pay(&first).await;

    let bases = [&right, &behind, &ahead];
    let mut answers = Vec::new();
    for buyer in 0..18 {
        let email = format!("buyer{buyer}@example.com");
        let form = [("email", email.as_str()), ("color", "sakura-pink")];
        answers.push(post(&fleet.http, bases[buyer % 3], "/api/handle_checkout", &form).await);
    }
    for answer in answers.iter().step_by(2) {
        fleet.pay(answer).await;
    }
    fleet
        .wait_until("some have failed", async || {
            fleet.db.count("SELECT COUNT(*) FROM delivery_attempts WHERE outcome = 'pending'").await > 3
        })
        .await;
    fleet.faults(json!({ "klaviyo": { "error_rate": 0.0 } })).await;
    // An hour's error of any of them would be waited for in vain.
    fleet.settled().await;
    assert_eq!(fleet.db.count("SELECT COUNT(*) FROM preorders WHERE payment_status = 'paid'").await, 10);
    assert_eq!(fleet.klaviyo().await, (19 + 10, 0));
    // Each claim brought one try: nobody took what another held.
    let claims = fleet.db.count("SELECT CAST(SUM(attempts) AS BIGINT) FROM outbox").await;
    assert_eq!(fleet.db.count("SELECT COUNT(*) FROM delivery_attempts").await, claims);
    assert!(fleet.db.count("SELECT COUNT(DISTINCT worker) FROM delivery_attempts").await > 1);
    fleet.finish(instances).await;
}
