//! The outbox itself: leases, fencing, giving up.

use std::time::Duration;

use serde_json::json;

use tokio_util::sync::CancellationToken;

use super::app::TestApp;
use super::database::Kind;
use super::program::PATIENT;
use super::{PATIENCE, on_both};
use crate::context::breaker::Gate;
use crate::domain::delivery::{DeliveryState, Lane};
use crate::outbox::schedule::MOST_TRIES;
use crate::outbox::{LEASE, hear_others, perform, release_expired};
use crate::store::outbox::{self, Finished};

on_both! {
    async fn a_delivery_is_given_up_after_its_schedule_and_says_why(app: TestApp) {
        app.expect_dead();
        app.faults(json!({ "klaviyo": { "error_rate": 1.0, "error_status": 500 } })).await;
        app.post("/api/initiate_preorder", &[("email", "ana@example.com"), ("color", "sakura-pink")]).await;
        app.wait_until("it is dead", async || {
            app.advance(Duration::from_hours(12));
            app.count("SELECT COUNT(*) FROM outbox WHERE state = 'dead'").await == 1
        }).await;
        let error = app.scalar("SELECT last_error FROM outbox WHERE state = 'dead'").await.unwrap();
        assert!(error.contains("Klaviyo answered 500"), "{error}");
        assert!(app.count("SELECT COUNT(*) FROM delivery_attempts WHERE outcome <> 'done'").await >= 10);
    }

    async fn a_worker_that_sleeps_past_its_lease_cannot_write_its_result(app: TestApp) {
        // Nobody works on this lane but us: its one delivery is made while Twilio's worker has nothing to claim.
        let id = "dlv_sleeper";
        let now = app.ctx.clock.now();
        let later = now + Duration::from_hours(1);
        let insert = |at: &str| format!(
            "INSERT INTO outbox (id, kind, lane, payload, dedupe_key, state, run_at, created_at) VALUES \
             ('{id}', 'send_sms', 'nobody', '{{\"kind\":\"send_sms\",\"preorder_id\":\"pre_1\"}}', 'x', 'pending', {at}, {at})");
        let at = if app.ctx.db.postgres().is_some() { "now()".to_owned() } else { now.millis().to_string() };
        app.ctx.db.execute(&insert(&at)).await;
        app.ctx.db.execute("UPDATE outbox SET state = 'running', lease_token = 'sleeper', attempts = 1").await;
        let expires = if app.ctx.db.postgres().is_some() { "now()".to_owned() } else { (now - Duration::from_secs(1)).millis().to_string() };
        app.ctx.db.execute(&format!("UPDATE outbox SET lease_until = {expires}")).await;
        app.advance(LEASE);
        app.wait_until("the lease is given back", async || {
            release_expired(&app.ctx).await.unwrap();
            app.scalar("SELECT state FROM outbox WHERE id = 'dlv_sleeper'").await.as_deref() == Some("pending")
        }).await;
        let done = Finished { state: DeliveryState::Done, run_at: None, error: None };
        let mut tx = app.ctx.db.begin().await.unwrap();
        let wrote = outbox::finish(&mut tx, &id.parse().unwrap(), "sleeper", &done, later).await.unwrap();
        tx.commit().await.unwrap();
        assert!(!wrote);
        app.ctx.db.execute("DELETE FROM outbox").await;
    }

    async fn an_event_whose_workers_do_not_come_back_is_given_up_with_its_delivery(app: TestApp) {
        app.expect_dead();
        app.stop_workers().await;
        let event = json!({ "id": "evt_heavy", "type": "payment_intent.succeeded", "created": 1_700_000_000,
            "data": { "object": { "id": "pi_1" } } });
        assert_eq!(app.webhook(&event.to_string()).await.status, 200);
        let held = "UPDATE outbox SET state = 'running', lease_until = created_at, lease_token = 'gone', attempts = ";
        let event = "SELECT status || ': ' || COALESCE(error, '') FROM webhook_logs";
        app.ctx.db.execute(&format!("{held}1")).await;
        app.advance(LEASE);
        assert_eq!(release_expired(&app.ctx).await.unwrap(), 1);
        assert_eq!(app.scalar(event).await.as_deref(), Some("received: "), "another is to try");
        app.ctx.db.execute(&format!("{held}{}", MOST_TRIES + 1)).await;
        assert_eq!(release_expired(&app.ctx).await.unwrap(), 1);
        assert_eq!(app.scalar("SELECT state FROM outbox").await.as_deref(), Some("dead"));
        let told = app.scalar(event).await.unwrap();
        assert!(told.starts_with("failed: ") && told.contains("did not come back"), "{told}");
    }

    async fn a_worker_that_stood_still_until_its_text_was_parked_sends_nothing(app: TestApp) {
        app.expect_dead();
        let pause = "INSERT INTO outbox_pauses (kind, reason, paused_by, paused_at) \
             SELECT 'send_sms', 'a trial', 'a test', created_at FROM preorders";
        let form = [("email", "ana@example.com"), ("color", "sakura-pink"), ("phone", "+4915123456789")];
        let session = app.post("/api/handle_checkout", &form).await.session();
        app.ctx.db.execute(pause).await;
        app.pay_by_card(&session, "4242424242424242").await;
        let other = "SELECT COUNT(*) FROM outbox WHERE state <> 'done' AND kind <> 'send_sms'";
        let text = async |state: &str| {
            app.count(&format!("SELECT COUNT(*) FROM outbox WHERE kind = 'send_sms' AND state = '{state}'")).await == 1
        };
        app.wait_until("all else is done", async || text("pending").await && app.count(other).await == 0).await;
        app.stop_workers().await;
        app.ctx.db.execute("DELETE FROM outbox_pauses").await;
        let now = app.ctx.shared_now().await.unwrap();
        let mut tx = app.ctx.db.begin().await.unwrap();
        let held = outbox::claim(&mut tx, Lane::Sms, 1, "sleeper", now, now).await.unwrap();
        tx.commit().await.unwrap();
        // It stands still. Another finds that it did not come back, and that the text may have been sent.
        app.start_workers().await;
        app.wait_until("it is parked", async || text("dead").await).await;
        let woken = perform(&app.ctx, &held[0], "sleeper").await;
        assert!(woken.failure().is_some(), "{}", woken.answer());
        assert_eq!(app.inbox().await["sms"], json!([]), "it was sent though it was left to a person");
    }

    async fn our_own_database_that_fails_is_not_taken_for_a_provider_that_does(app: TestApp) {
        app.stop_workers().await;
        for buyer in 0..8 {
            let email = format!("buyer{buyer}@example.com");
            let saved = app.post("/api/initiate_preorder", &[("email", &email), ("color", "sakura-pink")]).await;
            assert_eq!(saved.status, 200);
        }
        app.ctx.db.execute("ALTER TABLE preorders RENAME TO elsewhere").await;
        app.start_workers().await;
        let tried = "SELECT COUNT(*) FROM outbox WHERE state = 'pending' AND attempts > 0 AND last_error IS NOT NULL";
        app.wait_until("all have failed", async || app.count(tried).await == 16).await;
        for lane in [Lane::Klaviyo, Lane::Firebase] {
            assert_eq!(app.ctx.breakers.gate(lane, app.ctx.clock.steady()), Gate::Free, "{lane} was not even asked");
        }
        app.stop_workers().await;
        app.ctx.db.execute("ALTER TABLE elsewhere RENAME TO preorders").await;
        app.start_workers().await;
    }

    async fn two_workers_never_claim_the_same_delivery(app: TestApp) {
        let insert = |n: usize| {
            let at = if app.ctx.db.postgres().is_some() { "now()" } else { "0" };
            format!("INSERT INTO outbox (id, kind, lane, payload, dedupe_key, state, run_at, created_at) VALUES \
                     ('dlv_{n}', 'send_sms', 'sms', '{{}}', 'k{n}', 'done', {at}, {at})")
        };
        for n in 0..40 {
            app.ctx.db.execute(&insert(n)).await;
        }
        // A lane of the future, that no worker of this process looks at, would be cleaner; the clock does as well.
        let now = app.ctx.clock.now();
        app.ctx.db.execute("UPDATE outbox SET lane = 'idle', state = 'pending'").await;
        let claims = futures::future::join_all((0..8).map(|worker| {
            let db = app.ctx.db.clone();
            async move {
                let mut tx = db.begin().await.unwrap();
                let mine = outbox::claim_lane(&mut tx, "idle", 10, &format!("w{worker}"), now + Duration::from_mins(1), now + LEASE).await.unwrap();
                tx.commit().await.unwrap();
                mine.into_iter().map(|claimed| claimed.id).collect::<Vec<_>>()
            }
        })).await;
        let all: Vec<_> = claims.into_iter().flatten().collect();
        let unique: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!((all.len(), unique.len()), (40, 40));
        app.ctx.db.execute("DELETE FROM outbox").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_ran_out_and_is_locked_by_somebody_else_does_not_hold_up_the_others() {
    let app = TestApp::start(Kind::Postgres).await;
    app.stop_workers().await;
    let insert = "INSERT INTO outbox (id, kind, lane, payload, dedupe_key, state, run_at, created_at, lease_until, \
                  lease_token, attempts) SELECT 'dlv_' || n, 'send_sms', 'nobody', '{}', 'k' || n, 'running', now(), \
                  now(), now() - interval '1 minute', 'sleeper', 1 FROM generate_series(1, 3) AS n";
    app.ctx.db.execute(insert).await;
    let pool = app.ctx.db.postgres().unwrap();
    let mut somebody = pool.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM outbox WHERE id = 'dlv_2' FOR UPDATE").execute(&mut *somebody).await.unwrap();
    assert_eq!(release_expired(&app.ctx).await.unwrap(), 2);
    let still_held = "SELECT MIN(id) FROM outbox WHERE state = 'running'";
    assert_eq!(app.scalar(still_held).await.as_deref(), Some("dlv_2"));
    somebody.rollback().await.unwrap();
    assert_eq!(release_expired(&app.ctx).await.unwrap(), 1, "its time came at the next look");
    app.ctx.db.execute("DELETE FROM outbox").await;
    app.finish().await;
}

/// It holds what it was asked for until its caller has gone.
async fn gives_back(kind: Kind) {
    let app = TestApp::start_with(kind, &[PATIENT]).await;
    app.faults(json!({ "klaviyo": { "hold": true } })).await;
    app.post("/api/initiate_preorder", &[("email", "ana@example.com"), ("color", "sakura-pink")]).await;
    app.wait_until("it is under way", async || {
        app.count("SELECT COUNT(*) FROM outbox WHERE state = 'running' AND lane = 'klaviyo'").await == 1
    })
    .await;
    app.stop_workers().await;
    let given_back = "SELECT COUNT(*) FROM outbox WHERE state = 'pending' AND attempts = 0 AND lane = 'klaviyo'";
    assert_eq!(app.count(given_back).await, 1);
    app.faults(json!({ "klaviyo": { "hold": false } })).await;
    app.start_workers().await;
    app.settle_down().await;
    assert_eq!(app.klaviyo_events("Preorder Started").await.len(), 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stops_gives_back_what_a_slow_provider_holds_on_sqlite() {
    gives_back(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stops_gives_back_what_a_slow_provider_holds_on_postgres() {
    gives_back(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_of_one_instance_wakes_another_on_the_same_postgres() {
    let app = TestApp::start(Kind::Postgres).await;
    let other = app.another_instance().await;
    let stop = CancellationToken::new();
    let listening = tokio::spawn(hear_others(other.clone(), stop.clone()));
    // Nothing else rings the other's bell: it has no workers, no look-out and no requests.
    let heard = async {
        let mut n = 0;
        loop {
            n += 1;
            let email = format!("buyer{n}@example.com");
            app.post("/api/initiate_preorder", &[("email", &email), ("color", "sakura-pink")]).await;
            if tokio::time::timeout(Duration::from_millis(300), other.bell.rung(Lane::Klaviyo)).await.is_ok() {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, heard).await.expect("the other instance was never woken");
    stop.cancel();
    listening.await.unwrap();
    other.db.close().await;
    app.finish().await;
}

/// Set for a process that is a test's own.
const AS_CHILD: &str = "ROLITT_TEST_PANIC";

/// Not a test by itself: a fail point holds for a whole process, so this one has its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_a_process_of_its_own() {
    let Ok(kind) = std::env::var(AS_CHILD) else { return };
    let app = TestApp::start(if kind == "sqlite" { Kind::Sqlite } else { Kind::Postgres }).await;
    app.expect_dead();
    fail::cfg("klaviyo.performed", "panic").unwrap();
    app.post("/api/initiate_preorder", &[("email", "ana@example.com"), ("color", "sakura-pink")]).await;
    let left = "SELECT COUNT(*) FROM outbox WHERE lane = 'klaviyo' AND state = 'running' AND attempts = 1";
    app.wait_until("its worker is gone", async || app.count(left).await == 1).await;
    app.wait_until("nobody else is held up", async || {
        app.count("SELECT COUNT(*) FROM outbox WHERE lane = 'firebase' AND state = 'done'").await == 1
    })
    .await;
    // More panics than the lane has places: none was lost with its worker.
    app.wait_until("it is given up", async || {
        app.advance(LEASE + Duration::from_secs(1));
        release_expired(&app.ctx).await.unwrap();
        app.count("SELECT COUNT(*) FROM outbox WHERE lane = 'klaviyo' AND state = 'dead'").await == 1
    })
    .await;
    assert!(app.count("SELECT MAX(attempts) FROM outbox WHERE lane = 'klaviyo'").await > 8);
    fail::remove("klaviyo.performed");
    app.post("/api/initiate_preorder", &[("email", "bob@example.com"), ("color", "sakura-pink")]).await;
    app.settle_down().await;
    assert_eq!(app.count("SELECT COUNT(*) FROM outbox WHERE lane = 'klaviyo' AND state = 'done'").await, 1);
    app.finish().await;
}

async fn in_a_process_of_its_own(kind: &str) {
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", "tests::deliveries::a_panic_in_a_process_of_its_own", "--nocapture"])
        .env(AS_CHILD, kind)
        .env("RUST_LOG", "error")
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true);
    let output = child.output().await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}

#[tokio::test]
async fn a_worker_that_panics_stops_no_lane_and_its_delivery_is_given_up_in_the_end_on_sqlite() {
    in_a_process_of_its_own("sqlite").await;
}

#[tokio::test]
async fn a_worker_that_panics_stops_no_lane_and_its_delivery_is_given_up_in_the_end_on_postgres() {
    in_a_process_of_its_own("postgres").await;
}
