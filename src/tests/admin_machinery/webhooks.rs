//! Events: found, looked at, replayed.

use std::time::Duration;

use serde_json::json;

use super::{BACKGROUND, act, audited, completed, delivery, page, records, webhook_id};
use crate::domain::access::Role;
use crate::tests::on_both;

on_both! {
    async fn replaying_an_applied_an_ignored_and_a_failed_event_changes_nothing_twice(app: TestApp) {
        app.expect_dead();
        let (session, preorder) = app.checkout("ana@example.com").await;
        assert_eq!(app.webhook(&completed("evt_paid", &session, &preorder)).await.status, 200);
        app.webhook(&json!({ "id": "evt_moon", "type": "moon.landed", "created": 1, "data": { "object": {} } }).to_string()).await;
        app.webhook(&json!({ "id": "evt_odd", "type": "checkout.session.completed", "created": 1, "data": { "object": [] } }).to_string()).await;
        app.wait_for_badges(&preorder, "completed/paid").await;
        app.settle_down().await;
        let ledger = app.count("SELECT COUNT(*) FROM payments_ledger").await;
        let (badges, rows) = (app.badges(&preorder).await, app.count("SELECT COUNT(*) FROM outbox").await);
        let support = app.sign_in_as(Role::Support).await;
        let mut ids = Vec::new();
        for event in ["evt_paid", "evt_moon", "evt_odd"] {
            ids.push(webhook_id(app, event).await);
        }
        let form: Vec<(&str, &str)> = ids.iter().map(|id| ("ids[]", id.as_str())).collect();
        assert_eq!(act(app, &support, "/api/admin/replay_webhooks", &form).await, "3 events are applied again.");
        app.wait_until("all were applied twice", async || {
            app.count("SELECT COUNT(*) FROM webhook_logs WHERE attempts = 2").await == 3
        }).await;
        app.settle_down().await;
        let status = async |event: &str| app.scalar(&format!("SELECT status FROM webhook_logs WHERE stripe_event_id = '{event}'")).await.unwrap();
        assert_eq!([status("evt_paid").await, status("evt_moon").await, status("evt_odd").await], ["success", "ignored", "failed"]);
        assert_eq!(app.badges(&preorder).await, badges);
        assert_eq!(app.count("SELECT COUNT(*) FROM outbox").await, rows);
        assert_eq!(app.count("SELECT COUNT(*) FROM payments_ledger").await, ledger);
        assert_eq!(app.klaviyo_events("Preorder Success").await.len(), 1);
        assert_eq!(audited(app, "webhook_replayed").await, 3);
        let nothing = app.post_as(&support, "/api/admin/replay_webhooks", &[]).await;
        assert_eq!(nothing.status, 422);
        let odd = page(app, &support, &format!("/admin/webhooks/{}", ids[2])).await;
        assert!(odd.contains("data.object is missing") && odd.contains("support@example.com replayed a webhook"), "{odd}");
        // Given up for good: nobody is asked to look at it any more.
        let delivery = app.scalar("SELECT id FROM outbox WHERE state = 'dead'").await.unwrap();
        act(app, &support, "/api/admin/discard_delivery", &[("id", &delivery), ("reason", "A test of Stripe's")]).await;
        let waiting = crate::store::waiting::count(&app.ctx.db, app.ctx.clock.now()).await.unwrap();
        assert_eq!((waiting.failed_webhooks, waiting.dead), (0, 0));
        assert_eq!(status("evt_odd").await, "ignored");
    }

    async fn an_event_that_was_too_early_is_replayed_once_its_preorder_is_there(app: TestApp) {
        app.expect_dead();
        let (session, preorder) = app.checkout("ana@example.com").await;
        // As if the payment came from a database that this one was restored without.
        app.webhook(&completed("evt_early", "cs_lost", "pre_lost")).await;
        app.settle_down().await;
        let id = webhook_id(app, "evt_early").await;
        let support = app.sign_in_as(Role::Support).await;
        let dry = page(app, &support, &format!("/admin/webhooks/{id}?dry_run=1")).await;
        assert!(dry.contains("It would fail: names a preorder that is not in this database"), "{dry}");
        let renamed = completed("evt_early", &session, &preorder);
        app.ctx.db.execute(&format!("UPDATE webhook_logs SET raw_data = '{renamed}' WHERE id = '{id}'")).await;

        let before = records(app).await;
        let dry = page(app, &support, &format!("/admin/webhooks/{id}?dry_run=1")).await;
        for change in ["payment status", "unpaid", "paid", "klaviyo_preorder_success", "49900", "pi_evt_early"] {
            assert!(dry.contains(change), "{change} is not in {dry}");
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(records(app).await, before, "a dry run changed something");
        assert_eq!(app.klaviyo_events("Preorder Success").await.len(), 0);

        act(app, &support, "/api/admin/replay_webhooks", &[("ids[]", &id)]).await;
        app.wait_for_badges(&preorder, "completed/paid").await;
        app.settle_down().await;
        assert_eq!(app.klaviyo_events("Preorder Success").await.len(), 1);
        let dry = page(app, &support, &format!("/admin/webhooks/{id}?dry_run=1")).await;
        assert!(dry.contains("Nothing would change"), "{dry}");
        let shown = page(app, &support, &format!("/admin/webhooks/{id}")).await;
        assert!(shown.contains("Payment is paid") && shown.contains("Klaviyo preorder success"), "{shown}");
    }

    async fn the_log_is_found_by_what_people_know_of_an_event(app: TestApp) {
        let (session, preorder) = app.checkout("ana@example.com").await;
        app.webhook(&completed("evt_found", &session, &preorder)).await;
        for n in 0..60 {
            app.webhook(&json!({ "id": format!("evt_{n}"), "type": "moon.landed", "created": 1, "data": {} }).to_string()).await;
        }
        app.settle_down().await;
        let owner = app.sign_in_as(Role::Owner).await;
        let number = app.scalar("SELECT preorder_number FROM preorders").await.unwrap();
        let lines = async |path: &str| app.get_as(&owner, path).await.body.matches("href=\"/admin/webhooks/wh_").count();
        assert_eq!(lines("/admin/webhooks").await, 50);
        let first = app.get_as(&owner, "/admin/webhooks").await.body;
        let next = first.split("href=\"").find(|rest| rest.contains("rel=\"next\"")).unwrap().split('"').next().unwrap().replace("&amp;", "&");
        assert_eq!(lines(&next).await, 11);
        for filter in [
            format!("preorder={}", number.to_lowercase()), format!("preorder={preorder}"), "stripe_event=evt_found".to_owned(),
            "event=checkout.session.completed".to_owned(), "status=success".to_owned(),
            "event=checkout.session.completed&status=success&from=2020-01-01&to=2099-01-01T00:00:00Z".to_owned(),
        ] {
            assert_eq!(lines(&format!("/admin/webhooks?{filter}")).await, 1, "{filter}");
        }
        for filter in ["to=2020-01-01", "status=failed", "stripe_event=evt_nobody", "preorder=ROL-22222222", "event=%00'"] {
            assert_eq!(lines(&format!("/admin/webhooks?{filter}")).await, 0, "{filter}");
        }
        assert!(page(app, &owner, "/admin/webhooks?from=yesterday").await.contains("Write a day"));
    }

    async fn a_viewer_sees_masked_and_changes_nothing(app: TestApp) {
        let (session, preorder) = app.checkout("ana@example.com").await;
        app.webhook(&completed("evt_masked", &session, &preorder)).await;
        app.settle_down().await;
        let (viewer, support) = (app.sign_in_as(Role::Viewer).await, app.sign_in_as(Role::Support).await);
        let id = webhook_id(app, "evt_masked").await;
        let masked = app.get_as(&viewer, &format!("/admin/webhooks/{id}")).await.body;
        assert!(masked.contains("a•••@example.com") && masked.contains("49900"), "{masked}");
        assert!(!masked.contains("ana@example.com") && !masked.contains("Lovelace"), "{masked}");
        let whole = app.get_as(&support, &format!("/admin/webhooks/{id}")).await.body;
        assert!(whole.contains("ana@example.com") && whole.contains("Lovelace"), "{whole}");
        assert_eq!(app.get_as(&viewer, &format!("/admin/webhooks/{id}?dry_run=1")).await.status, 403);
        let delivery = delivery(app, "create_firebase_user").await;
        for (path, form) in [
            ("/api/admin/replay_webhooks", [("ids[]", id.as_str()), ("back", "")]),
            ("/api/admin/retry_delivery", [("id", &delivery), ("back", "")]),
            ("/api/admin/discard_delivery", [("id", &delivery), ("reason", "because")]),
            ("/api/admin/pause_kind", [("kind", "create_firebase_user"), ("reason", "because")]),
            ("/api/admin/resume_kind", [("kind", "create_firebase_user"), ("back", "")]),
            ("/api/admin/resend", [("preorder_id", &preorder), ("kind", "klaviyo_preorder_started")]),
            ("/api/admin/retry_dead", [("kind", ""), ("back", "")]),
        ] {
            assert_eq!(app.post_as(&viewer, path, &form).await.status, 403, "{path}");
        }
        let room = app.get_as(&viewer, BACKGROUND).await.body + &app.get_as(&viewer, "/admin/webhooks").await.body;
        assert!(!room.contains("action=\"/api/admin/re") && !room.contains("/api/admin/pause_kind"), "a viewer is offered acts");
        assert_eq!(app.count("SELECT COUNT(*) FROM audit_log WHERE actor = 'viewer@example.com' AND action NOT LIKE 'logged%'").await, 0);
    }
}
