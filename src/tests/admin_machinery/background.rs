//! Deliveries: seen, tried again, put off, given up for good.

use std::time::Duration;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{BACKGROUND, BUY, act, audited, delivery, klaviyo, notice, page, state, until_dead};
use crate::domain::access::Role;
use crate::domain::delivery::Lane;
use crate::outbox::hear_others;
use crate::tests::app::TestApp;
use crate::tests::database::Kind;
use crate::tests::{PATIENCE, on_both};
use crate::workflows::check_health::check_health;

on_both! {
    async fn a_klaviyo_event_given_up_is_seen_retried_by_support_and_sent_once(app: TestApp) {
        klaviyo(app, 1.0).await;
        app.post("/api/initiate_preorder", &BUY).await;
        app.expect_dead();
        until_dead(app, 1).await;
        let support = app.sign_in_as(Role::Support).await;
        let id = delivery(app, "klaviyo_preorder_started").await;
        let number = app.scalar("SELECT preorder_number FROM preorders").await.unwrap();
        let seen = page(app, &support, BACKGROUND).await;
        assert!(seen.contains("Klaviyo preorder started") && seen.contains("Klaviyo answered 500") && seen.contains(&number), "{seen}");
        let tries = app.count("SELECT COUNT(*) FROM delivery_attempts WHERE outcome <> 'done'").await;
        let one = page(app, &support, &format!("{BACKGROUND}?delivery={id}")).await;
        assert!(one.contains(&format!("Try {tries} failed, and given up")), "{one}");

        klaviyo(app, 0.0).await;
        assert_eq!(act(app, &support, "/api/admin/retry_delivery", &[("id", &id)]).await, "Started again.");
        app.settle_down().await;
        assert_eq!(state(app, &id).await, "done");
        assert_eq!(app.klaviyo_events("Preorder Started").await.len(), 1);
        let one = page(app, &support, &format!("{BACKGROUND}?delivery={id}")).await;
        let (gave_up, retried, sent) = (one.find("and given up"), one.find("support@example.com retried a delivery"), one.find(&format!("Try {} done", tries + 1)));
        assert!(gave_up.is_some() && gave_up < retried && retried < sent, "not in order: {one}");
        let who = app.scalar("SELECT actor FROM audit_log WHERE action = 'delivery_retried'").await;
        assert_eq!(who.as_deref(), Some("support@example.com"));
        let again = act(app, &support, "/api/admin/retry_delivery", &[("id", &id)]).await;
        assert!(again.contains("nothing was started twice"), "{again}");
        assert_eq!(audited(app, "delivery_retried").await, 1);
    }

    async fn two_admins_who_retry_the_same_start_it_once(app: TestApp) {
        klaviyo(app, 1.0).await;
        app.post("/api/initiate_preorder", &BUY).await;
        app.expect_dead();
        until_dead(app, 1).await;
        let (support, owner) = (app.sign_in_as(Role::Support).await, app.sign_in_as(Role::Owner).await);
        let id = delivery(app, "klaviyo_preorder_started").await;
        // Nobody picks it up in between: the two meet at the row.
        app.stop_workers().await;
        let form = [("id", id.as_str())];
        let path = "/api/admin/retry_delivery";
        let (one, other) = tokio::join!(app.post_as(&support, path, &form), app.post_as(&owner, path, &form));
        let said = [notice(&one), notice(&other)];
        assert_eq!(said.iter().filter(|said| *said == "Started again.").count(), 1, "{said:?}");
        assert_eq!(audited(app, "delivery_retried").await, 1);
        klaviyo(app, 0.0).await;
        app.start_workers().await;
        app.settle_down().await;
        assert_eq!(app.klaviyo_events("Preorder Started").await.len(), 1);
    }

    async fn all_that_is_dead_is_retried_at_once_by_two_and_nothing_twice(app: TestApp) {
        klaviyo(app, 1.0).await;
        app.faults(json!({ "firebase": { "error_rate": 1.0, "error_status": 400 } })).await;
        for n in 0..6 {
            app.post("/api/initiate_preorder", &[("email", &format!("buyer{n}@example.com")), ("color", "sakura-pink")]).await;
        }
        app.expect_dead();
        until_dead(app, 12).await;
        app.faults(json!({ "firebase": { "error_rate": 0.0 } })).await;
        klaviyo(app, 0.0).await;
        app.stop_workers().await;
        let (support, owner) = (app.sign_in_as(Role::Support).await, app.sign_in_as(Role::Owner).await);
        let of_kind = act(app, &support, "/api/admin/retry_dead", &[("kind", "create_firebase_user")]).await;
        assert_eq!(of_kind, "6 deliveries started again.");
        let path = "/api/admin/retry_dead";
        let (one, other) = tokio::join!(app.post_as(&support, path, &[]), app.post_as(&owner, path, &[]));
        notice(&one);
        notice(&other);
        let counted = "SELECT SUM(CAST(REPLACE(REPLACE(detail, '{\"count\":', ''), '}', '') AS BIGINT)) FROM audit_log WHERE action = 'delivery_retried'";
        let counted = counted.replace("SUM(", "CAST(SUM(").replace(" FROM", " AS BIGINT) FROM");
        assert_eq!(app.count(&counted).await, 12);
        assert_eq!(app.count("SELECT COUNT(*) FROM audit_log WHERE action = 'delivery_retried' AND subject = 'create_firebase_user'").await, 1);
        app.start_workers().await;
        app.settle_down().await;
        assert_eq!(app.klaviyo_events("Preorder Started").await.len(), 6);
        assert_eq!(app.count("SELECT COUNT(*) FROM outbox WHERE state = 'dead'").await, 0);
        assert_eq!(app.count("SELECT COUNT(*) FROM preorders WHERE user_id IS NOT NULL").await, 6);
    }

    async fn a_kind_that_is_paused_waits_in_sight_holds_up_nobody_and_goes_on_at_once(app: TestApp) {
        let support = app.sign_in_as(Role::Support).await;
        let pause = [("kind", "klaviyo_preorder_started"), ("reason", "Klaviyo is down, they know")];
        assert!(act(app, &support, "/api/admin/pause_kind", &pause).await.contains("is paused"));
        assert!(act(app, &support, "/api/admin/pause_kind", &pause).await.contains("was paused already"));
        // A buyer gets through, and the kind that shares the paused one's lane goes out.
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay_by_card(&session, "4242424242424242").await;
        app.wait_for_badges(&id, "completed/paid").await;
        app.wait_until("the other kinds are done", async || {
            app.count("SELECT COUNT(*) FROM outbox WHERE state <> 'done'").await == 1
        }).await;
        assert_eq!(app.klaviyo_events("Preorder Success").await.len(), 1);
        app.advance(Duration::from_hours(2));
        tokio::time::sleep(Duration::from_millis(300)).await;
        let waiting = delivery(app, "klaviyo_preorder_started").await;
        assert_eq!(state(app, &waiting).await, "pending");
        assert_eq!(app.count(&format!("SELECT attempts FROM outbox WHERE id = '{waiting}'")).await, 0);
        let seen = page(app, &support, &format!("{BACKGROUND}?state=pending")).await;
        assert!(seen.contains("Klaviyo is down, they know") && seen.contains("by support@example.com"), "{seen}");
        let checks = check_health(&app.ctx, Duration::from_secs(10)).await;
        let pauses = checks.iter().find(|check| check.name == "pauses").expect("the doctor is silent about it");
        assert!(pauses.ok && pauses.found.contains("klaviyo_preorder_started by support@example.com"), "{pauses:?}");

        assert!(act(app, &support, "/api/admin/resume_kind", &[("kind", "klaviyo_preorder_started")]).await.contains("goes on"));
        app.settle_down().await;
        assert_eq!(app.klaviyo_events("Preorder Started").await.len(), 1);
        assert_eq!((audited(app, "kind_paused").await, audited(app, "kind_resumed").await), (1, 1));
        assert!(check_health(&app.ctx, Duration::from_secs(10)).await.iter().all(|check| check.name != "pauses"));
    }

    async fn what_is_discarded_keeps_its_reason_and_is_counted_nowhere(app: TestApp) {
        klaviyo(app, 1.0).await;
        for email in ["ana@example.com", "bo@example.com"] {
            app.post("/api/initiate_preorder", &[("email", email), ("color", "sakura-pink")]).await;
        }
        app.expect_dead();
        until_dead(app, 2).await;
        let support = app.sign_in_as(Role::Support).await;
        let id = app.scalar("SELECT MIN(id) FROM outbox WHERE state = 'dead'").await.unwrap();
        let path = "/api/admin/discard_delivery";
        let without = app.post_as(&support, path, &[("id", &id), ("reason", "  ")]).await;
        assert_eq!((without.status, without.json()["error"]["field"].as_str()), (422, Some("reason")));
        assert_eq!(act(app, &support, path, &[("id", &id), ("reason", "Asked not to be written to")]).await, "Discarded.");
        let doctor = async || {
            let checks = check_health(&app.ctx, Duration::from_secs(10)).await;
            checks.into_iter().find(|check| check.name == "deliveries").unwrap()
        };
        let said = doctor().await;
        assert!(!said.ok && said.found.starts_with("1 given up"), "{said:?}");
        assert_eq!(act(app, &support, path, &[("kind", "klaviyo_preorder_started"), ("reason", "The rest too")]).await, "1 delivery discarded.");
        assert!(doctor().await.ok);
        let waiting = crate::store::waiting::count(&app.ctx.db, app.ctx.clock.now()).await.unwrap();
        assert_eq!(waiting.dead, 0);
        assert!(page(app, &support, BACKGROUND).await.contains("Nothing was given up."));
        let seen = page(app, &support, &format!("{BACKGROUND}?state=discarded")).await;
        assert!(seen.contains("Asked not to be written to") && seen.contains("The rest too"), "{seen}");
        assert_eq!(audited(app, "delivery_discarded").await, 2);
        // Thought better of: it is started again like any other.
        klaviyo(app, 0.0).await;
        act(app, &support, "/api/admin/retry_delivery", &[("id", &id)]).await;
        app.settle_down().await;
        assert_eq!((state(app, &id).await.as_str(), app.klaviyo_events("Preorder Started").await.len()), ("done", 1));
    }

    async fn a_lease_lost_once_too_often_is_given_up_with_its_time(app: TestApp) {
        app.expect_dead();
        app.post("/api/initiate_preorder", &BUY).await;
        app.settle_down().await;
        app.stop_workers().await;
        let past = app.ctx.clock.now() - Duration::from_mins(5);
        let at = if app.ctx.db.postgres().is_some() { "now() - INTERVAL '5 minutes'".to_owned() } else { past.millis().to_string() };
        app.ctx.db.execute(&format!("UPDATE outbox SET state = 'running', attempts = 15, finished_at = NULL, lease_until = {at}, lease_token = 'gone' WHERE kind = 'create_firebase_user'")).await;
        assert_eq!(crate::outbox::release_expired(&app.ctx).await.unwrap(), 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM outbox WHERE state = 'dead' AND finished_at IS NOT NULL").await, 1);
        let support = app.sign_in_as(Role::Support).await;
        assert!(page(app, &support, BACKGROUND).await.contains("did not come back"));
    }

    async fn an_sms_that_may_have_been_sent_is_sent_again_only_when_somebody_says_so(app: TestApp) {
        app.expect_dead();
        // A worker died with it in hand: no try was written down, and the next worker did not dare.
        app.stop_workers().await;
        let form = [("email", "ana@example.com"), ("color", "sakura-pink"), ("phone", "+4915123456789")];
        let session = app.post("/api/handle_checkout", &form).await.session();
        app.pay_by_card(&session, "4242424242424242").await;
        app.wait_until("the event is in", async || app.count("SELECT COUNT(*) FROM webhook_logs").await >= 1).await;
        app.faults(json!({ "twilio": { "latency_ms": 20_000 } })).await;
        app.start_workers().await;
        // Claimed is not enough: before it was handed over, it surely was not sent.
        app.wait_until("Twilio has it", async || {
            app.get("/sandbox/asked.json").await.json()["twilio"].as_array().is_some_and(|asked| !asked.is_empty())
        }).await;
        app.stop_workers().await;
        app.faults(json!({ "twilio": { "latency_ms": 0 } })).await;
        app.advance(Duration::from_mins(2));
        app.start_workers().await;
        app.settle_down().await;
        let id = delivery(app, "send_sms").await;
        assert_eq!(state(app, &id).await, "dead");
        let before = app.inbox().await["sms"].as_array().unwrap().len();

        let support = app.sign_in_as(Role::Support).await;
        let unsaid = app.post_as(&support, "/api/admin/retry_delivery", &[("id", &id)]).await;
        assert_eq!((unsaid.status, unsaid.json()["error"]["code"].as_str()), (422, Some("confirmation_needed")));
        let all = act(app, &support, "/api/admin/retry_dead", &[]).await;
        assert_eq!(all, "0 deliveries started again. SMS are left: each wants an answer of its own.");
        assert!(page(app, &support, &format!("{BACKGROUND}?delivery={id}")).await.contains("It may have been sent. Send it (again)?"));
        act(app, &support, "/api/admin/retry_delivery", &[("id", &id), ("confirmed", "yes")]).await;
        app.settle_down().await;
        assert_eq!(state(app, &id).await, "done");
        assert_eq!(app.inbox().await["sms"].as_array().unwrap().len(), before + 1);
    }

    async fn a_message_of_a_preorder_is_sent_again_and_klaviyo_counts_it_once(app: TestApp) {
        app.post("/api/initiate_preorder", &BUY).await;
        app.settle_down().await;
        let support = app.sign_in_as(Role::Support).await;
        let preorder = app.scalar("SELECT id FROM preorders").await.unwrap();
        let again = async |kind: &str| app.post_as(&support, "/api/admin/resend", &[("preorder_id", &preorder), ("kind", kind)]).await;
        let sent = again("klaviyo_preorder_started").await;
        assert_eq!(sent.location(), format!("/admin/preorders/{preorder}"));
        assert!(notice(&sent).contains("on its way again"));
        app.settle_down().await;
        assert_eq!(app.count("SELECT attempts FROM outbox WHERE kind = 'klaviyo_preorder_started'").await, 2);
        assert_eq!(app.klaviyo_events("Preorder Started").await.len(), 1, "Klaviyo took it twice");
        assert!(notice(&again("klaviyo_preorder_success").await).contains("nothing to send again"));
        assert_eq!(again("apply_stripe_event").await.status, 422);
        assert_eq!(audited(app, "event_resent").await, 1);
    }

    async fn deliveries_are_found_by_state_kind_and_time(app: TestApp) {
        app.post("/api/initiate_preorder", &BUY).await;
        app.settle_down().await;
        let owner = app.sign_in_as(Role::Owner).await;
        let lines = async |filter: &str| {
            app.get_as(&owner, &format!("{BACKGROUND}?{filter}")).await.body.matches("href=\"/admin/background?delivery=").count()
        };
        assert_eq!(lines("state=done").await, 2);
        assert_eq!(lines("state=done&kind=create_firebase_user").await, 1);
        assert_eq!(lines("state=done&to=2020-01-01").await, 0);
        for state in ["dead", "pending", "running", "discarded", "nonsense"] {
            assert_eq!(lines(&format!("state={state}&kind=create_firebase_user")).await, 0, "{state}");
            assert_eq!(lines(&format!("state={state}&from=2020-01-01")).await, 0, "{state}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_is_resumed_goes_on_in_other_instances_at_once() {
    let app = TestApp::start(Kind::Postgres).await;
    let other = app.another_instance().await;
    let stop = CancellationToken::new();
    let listening = tokio::spawn(hear_others(other.clone(), stop.clone()));
    let support = app.sign_in_as(Role::Support).await;
    let heard = async {
        loop {
            // Nothing else rings the other's bell; the first rounds may come before it listens.
            let pause = [("kind", "klaviyo_preorder_started"), ("reason", "a trial")];
            act(&app, &support, "/api/admin/pause_kind", &pause).await;
            act(&app, &support, "/api/admin/resume_kind", &[("kind", "klaviyo_preorder_started")]).await;
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
