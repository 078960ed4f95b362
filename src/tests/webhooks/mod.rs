//! The intake: what is let in, what is kept out, and that what was answered 2xx is in the database.

mod floods;
mod forged;
mod shapes;
mod transport;

use std::time::Duration;

use serde_json::{Value, json};

use super::app::{SECRET, TestApp};
use super::http_client::Answer;
use super::on_both;
use crate::domain::access::Role;

fn event(id: &str, kind: &str, object: Value) -> String {
    json!({ "id": id, "object": "event", "type": kind, "created": 1_700_000_000, "data": { "object": object } })
        .to_string()
}

/// A Checkout Session that is paid, as `checkout.session.completed` tells of it.
fn paid_session(session: &str, preorder: &str) -> Value {
    json!({
        "id": session, "object": "checkout.session", "payment_status": "paid", "status": "complete", "amount_total": 49_900,
        "currency": "usd", "payment_intent": format!("pi_{session}"), "metadata": { "preorder_id": preorder },
    })
}

/// How an event stands in the log; `None`: it is not there.
async fn logged(app: &TestApp, event_id: &str) -> Option<String> {
    let sql = format!("SELECT status FROM webhook_logs WHERE stripe_event_id = '{event_id}'");
    app.ctx.db.texts(&sql).await.into_iter().next()
}

async fn rows(app: &TestApp) -> i64 {
    app.count("SELECT COUNT(*) FROM webhook_logs").await
}

/// An answer that tells whoever asked nothing of the inside.
fn says_nothing_inward(answer: &Answer) {
    let body = answer.body.to_lowercase();
    for word in ["select", "insert", "outbox", "webhook_logs", "sqlx", "panic", "whsec", "postgres", "sqlite", "src/"] {
        assert!(!body.contains(word), "{}", answer.body);
    }
    assert!(answer.status == 200 || answer.json()["error"]["request_id"].is_string(), "{}", answer.body);
}

on_both! {
    async fn an_event_says_how_often_it_was_tried_and_why_in_short_also_before_it_is_given_up(app: TestApp) {
        app.expect_dead();
        let (session, id) = app.checkout("ana@example.com").await;
        let paid = app.pay_by_card(&session, "4242424242424242").await;
        app.wait_for_badges(&id, "completed/paid").await;
        app.settle_down().await;
        let intent = paid["session"]["payment_intent"].as_str().unwrap();
        app.faults(json!({ "stripe": { "error_rate": 1.0, "error_status": 500 } })).await;
        let metadata = json!({ "preorder_id": id });
        let charge = json!({ "id": "ch_1", "object": "charge", "payment_intent": intent, "metadata": metadata });
        assert_eq!(app.webhook(&event("evt_refunded", "charge.refunded", charge)).await.status, 200);
        let row = async |columns: &str| {
            app.scalar(&format!("SELECT {columns} FROM webhook_logs WHERE stripe_event_id = 'evt_refunded'")).await
        };
        app.wait_until("it was tried", async || row("error").await.is_some()).await;
        let error = row("error").await.unwrap();
        assert!(error.starts_with("Stripe answered 500") || error.contains("left alone"), "{error}");
        assert_eq!(row("status").await.as_deref(), Some("received"));
        let cookie = app.sign_in_as(Role::Support).await;
        let wh = row("id").await.unwrap();
        let page = app.get_as(&cookie, &format!("/admin/webhooks/{wh}")).await;
        assert!(page.body.contains(&row("error").await.unwrap()), "{}", page.body);
        app.wait_until("it is given up", async || {
            app.advance(Duration::from_hours(12));
            row("status").await.as_deref() == Some("failed")
        }).await;
        let of_delivery = format!("FROM outbox WHERE dedupe_key = 'apply_stripe_event:{wh}'");
        let tries = app.scalar(&format!("SELECT CAST(attempts AS TEXT) {of_delivery}")).await;
        assert_eq!(row("CAST(attempts AS TEXT)").await, tries);
        app.faults(json!({ "stripe": { "error_rate": 0.0 } })).await;
        let cookie = app.sign_in_as(Role::Support).await;
        let replayed = app.post_as(&cookie, "/api/admin/replay_webhooks", &[("ids[]", &wh)]).await;
        assert_eq!(replayed.status, 303, "{}", replayed.body);
        app.wait_until("it is applied", async || {
            app.advance(Duration::from_mins(30));
            row("status").await.as_deref() != Some("failed")
        }).await;
        assert_eq!(row("error").await.filter(|error| error.contains("500")), None);
    }

    async fn only_fresh_events_with_our_signature_are_let_in(app: TestApp) {
        let body = event("evt_1", "customer.created", json!({ "id": "cus_1" }));
        let now = app.ctx.clock.now();
        let day = Duration::from_hours(24);
        assert_eq!(app.raw_webhook(body.as_bytes(), None).await.status, 400);
        assert_eq!(app.raw_webhook(body.as_bytes(), Some("t=1,v1=00")).await.status, 400);
        assert_eq!(app.raw_webhook(body.as_bytes(), Some("nonsense")).await.status, 400);
        assert_eq!(app.signed_webhook(body.as_bytes(), "whsec_wrong", now).await.status, 400);
        assert_eq!(app.signed_webhook(body.as_bytes(), SECRET, now - day).await.status, 400);
        assert_eq!(app.signed_webhook(body.as_bytes(), SECRET, now + day).await.status, 400);
        assert_eq!(app.signed_webhook(b"\xff\xfe", SECRET, now).await.status, 400);
        assert_eq!(app.signed_webhook(b"[]", SECRET, now).await.status, 400);
        assert_eq!(app.count("SELECT COUNT(*) FROM webhook_logs").await, 0);
        assert_eq!(app.webhook(&body).await.status, 200);
        assert_eq!(app.count("SELECT COUNT(*) FROM webhook_logs").await, 1);
    }

    async fn a_body_over_256_kib_is_413_and_one_under_it_is_not(app: TestApp) {
        let padded = |size: usize| event("evt_large", "customer.created", json!({ "id": "cus_1", "pad": "x".repeat(size) }));
        assert_eq!(app.webhook(&padded(256 * 1024)).await.status, 413);
        assert_eq!(app.webhook(&padded(250 * 1024)).await.status, 200);
    }

    async fn fifty_at_once_of_one_event_are_one(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        let body = event("evt_50", "checkout.session.completed", json!({
            "id": session, "payment_status": "paid", "amount_total": 49_900, "currency": "usd", "payment_intent": "pi_50",
            "metadata": { "preorder_id": id } }));
        let answers = futures::future::join_all((0..50).map(|_| app.webhook(&body))).await;
        assert!(answers.iter().all(|answer| answer.status == 200));
        app.wait_for_badges(&id, "completed/paid").await;
        app.settle_down().await;
        assert_eq!(app.count("SELECT COUNT(*) FROM webhook_logs WHERE stripe_event_id = 'evt_50'").await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM outbox WHERE kind = 'apply_stripe_event'").await, 1);
        assert_eq!(app.klaviyo_events("Preorder Success").await.len(), 1);
    }

    async fn an_unknown_type_is_kept_and_ignored(app: TestApp) {
        assert_eq!(app.webhook(&event("evt_u", "moon.landed", json!({}))).await.status, 200);
        app.settle_down().await;
        let status = app.scalar("SELECT status FROM webhook_logs WHERE stripe_event_id = 'evt_u'").await;
        assert_eq!(status.as_deref(), Some("ignored"));
    }

    async fn a_known_type_of_an_odd_shape_is_kept_failed_and_shown(app: TestApp) {
        app.expect_dead();
        let ours = json!({ "id": "cs_1", "payment_status": {}, "metadata": { "preorder_id": "pre_1" } });
        for (id, object) in [("evt_a", json!([])), ("evt_b", json!({ "id": 7 })), ("evt_c", ours)] {
            assert_eq!(app.webhook(&event(id, "checkout.session.completed", object)).await.status, 200);
        }
        app.settle_down().await;
        let failed = "SELECT COUNT(*) FROM webhook_logs WHERE status = 'failed' AND error IS NOT NULL AND raw_data LIKE '%evt_%'";
        assert_eq!(app.count(failed).await, 3);
    }

    async fn what_is_odd_about_another_shop_on_the_account_is_ignored(app: TestApp) {
        let refund = json!({ "id": "re_gbp", "object": "refund", "amount": 500, "currency": "gbp", "created": 1,
            "status": "succeeded", "payment_intent": "pi_gbp", "metadata": {} });
        let dispute = json!({ "id": "du_gbp", "object": "dispute", "amount": 500, "currency": "gbp", "created": 1,
            "status": "needs_response", "payment_intent": "pi_gbp" });
        let setup = json!({ "id": "cs_setup", "mode": "setup", "payment_status": "no_payment_required", "status": "complete",
            "amount_total": null, "currency": null, "client_reference_id": "pre_1" });
        let charge = json!({ "id": "ch_gbp", "object": "charge", "payment_intent": null });
        let told = [
            ("refund.created", refund),
            ("charge.dispute.created", dispute),
            ("checkout.session.completed", setup),
            ("charge.refunded", charge),
        ];
        for (number, (kind, object)) in told.into_iter().enumerate() {
            assert_eq!(app.webhook(&event(&format!("evt_{number}"), kind, object)).await.status, 200);
        }
        app.settle_down().await;
        let said = app.ctx.db.texts("SELECT status || ': ' || COALESCE(error, '') FROM webhook_logs").await;
        assert_eq!(said, vec!["ignored: speaks of no preorder of ours"; 4]);
    }

    async fn what_is_odd_about_a_payment_of_ours_is_shown_to_a_person(app: TestApp) {
        app.expect_dead();
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay_by_card(&session, "4242424242424242").await;
        app.wait_for_badges(&id, "completed/paid").await;
        let intent = app.scalar(&format!("SELECT payment_intent_id FROM preorders WHERE id = '{id}'")).await.unwrap();
        let refund = json!({ "id": "re_gbp", "amount": 500, "currency": "gbp", "created": 1, "status": "succeeded",
            "payment_intent": intent, "metadata": {} });
        assert_eq!(app.webhook(&event("evt_gbp", "refund.created", refund)).await.status, 200);
        app.settle_down().await;
        assert_eq!(logged(app, "evt_gbp").await.as_deref(), Some("failed"));
    }

    async fn a_payment_in_a_currency_that_is_none_of_ours_is_shown_to_a_person(app: TestApp) {
        app.expect_dead();
        let (_, id) = app.checkout("ana@example.com").await;
        let paid = json!({ "id": "pi_gbp", "amount_received": 39_900, "currency": "gbp", "metadata": { "preorder_id": id } });
        assert_eq!(app.webhook(&event("evt_gbp", "payment_intent.succeeded", paid)).await.status, 200);
        app.settle_down().await;
        assert_eq!(app.badges(&id).await, "processing/unpaid");
        let said = app.scalar("SELECT status || ': ' || error FROM webhook_logs WHERE stripe_event_id = 'evt_gbp'").await;
        assert!(said.as_deref().is_some_and(|said| said.starts_with("failed: ") && said.contains("gbp")), "{said:?}");
    }

    async fn a_payment_of_somebody_elses_is_ignored(app: TestApp) {
        let body = event("evt_x", "checkout.session.completed", json!({
            "id": "cs_elsewhere", "payment_status": "paid", "amount_total": 100, "currency": "usd" }));
        assert_eq!(app.webhook(&body).await.status, 200);
        app.settle_down().await;
        assert_eq!(app.scalar("SELECT status FROM webhook_logs").await.as_deref(), Some("ignored"));
    }
}
