//! Stripe's records and ours after webhooks that never came: found, told apart, and settled.

use std::time::Duration;

use serde_json::json;

use super::app::TestApp;
use super::on_both;
use crate::workflows::check_overdue;
use crate::workflows::reconcile::{Report, Verdict, reconcile};

async fn compare(app: &TestApp, fix: bool) -> Report {
    reconcile(&app.ctx, app.ctx.clock.now() - Duration::from_hours(1), fix).await.unwrap()
}

on_both! {
    async fn what_webhooks_did_not_say_is_found_and_settled(app: TestApp) {
        let (good, good_id) = app.checkout("good@example.com").await;
        app.pay_by_card(&good, "4242424242424242").await;
        app.wait_for_badges(&good_id, "completed/paid").await;
        app.settle_down().await;
        assert!(compare(app, false).await.is_clean());

        app.faults(json!({ "webhooks": { "lose_rate": 1.0 } })).await;
        let (paid, paid_id) = app.checkout("paid@example.com").await;
        app.pay_by_card(&paid, "4242424242424242").await;
        let intent = app.scalar(&format!("SELECT payment_intent_id FROM preorders WHERE id = '{good_id}'")).await.unwrap();
        app.post_json(&format!("/sandbox/payment_intents/{intent}/refund.json"), &json!({ "amount": 10_000 })).await;
        let found = compare(app, false).await;
        assert!(!found.is_clean());
        let about = |object: &str| found.differences.iter().filter(|d| d.object == object).count();
        assert!(about("session") == 1 && about("refund") == 1 && about("event") > 0, "{:?}", found.differences);
        assert!(app.badges(&paid_id).await.ends_with("/unpaid"), "looking changes something");

        let fixed = compare(app, true).await;
        assert!(fixed.is_clean(), "{:?}", fixed.differences);
        app.settle_down().await;
        assert_eq!(app.badges(&paid_id).await, "completed/paid");
        assert_eq!(app.badges(&good_id).await, "completed/partially_refunded");
        assert_eq!(app.klaviyo_events("Preorder Success").await.len(), 2);
        let again = compare(app, false).await;
        assert!(again.differences.is_empty() && again.matched > 0, "{:?}", again.differences);
    }

    async fn what_is_of_no_preorder_of_ours_is_unknown_and_left_alone(app: TestApp) {
        let foreign = app.http.post(format!("{}/sandbox/api/v1/checkout/sessions", app.base)).bearer_auth("sk_test_sandbox");
        let foreign = foreign.form(&[
            ("mode", "payment"), ("success_url", "https://example.com"), ("line_items[0][quantity]", "1"),
            ("line_items[0][price_data][currency]", "usd"), ("line_items[0][price_data][unit_amount]", "500"),
            ("line_items[0][price_data][product_data][name]", "Something else"),
        ]);
        assert!(foreign.send().await.unwrap().status().is_success());
        let report = compare(app, true).await;
        assert_eq!((report.count(Verdict::Unknown), report.is_clean()), (1, true), "{:?}", report.differences);
        assert_eq!(app.count("SELECT COUNT(*) FROM checkout_attempts").await, 0);
    }

    async fn a_page_that_closed_unheard_of_is_asked_about_by_itself(app: TestApp) {
        app.faults(json!({ "webhooks": { "lose_rate": 1.0 } })).await;
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay_by_card(&session, "4242424242424242").await;
        assert!(!check_overdue::enqueue(&app.ctx).await.unwrap(), "it is not overdue yet");
        app.advance(Duration::from_hours(25));
        let rounds = futures::future::join_all((0..4).map(|_| check_overdue::enqueue(&app.ctx))).await;
        assert!(rounds.iter().all(|enqueued| *enqueued.as_ref().unwrap()));
        app.wait_for_badges(&id, "completed/paid").await;
        assert_eq!(app.count("SELECT COUNT(*) FROM outbox WHERE kind = 'check_overdue_payments'").await, 1);
        app.settle_down().await;
    }
}
