//! Stripe's records and ours after webhooks that never came: found, told apart, and settled.

mod overdue;
mod room;
mod walks;

use std::time::Duration;

use serde_json::json;

use super::app::{SECRET, STRIPE, TestApp};
use super::database::{Kind, TestDatabase};
use super::on_both;
use crate::context::Context;
use crate::domain::timestamp::Timestamp;
use crate::providers::payments::{Listed, Made};
use crate::workflows::reconcile::restore::{Restored, restore};
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
        let about = |object: &str| found.differences.iter().filter(|d| d.object.as_str() == object).count();
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

    async fn a_dispute_whose_money_differs_is_found_and_settled_though_its_state_is_the_same(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay_by_card(&session, "4242424242424242").await;
        app.wait_for_badges(&id, "completed/paid").await;
        let intent = app.scalar("SELECT payment_intent_id FROM preorders").await.unwrap();
        let part = json!({ "amount": 20_000 });
        app.post_json(&format!("/sandbox/payment_intents/{intent}/dispute.json"), &part).await;
        app.wait_for_badges(&id, "completed/disputed").await;
        app.settle_down().await;
        let sum = "SELECT CAST(SUM(amount_minor) AS BIGINT) FROM payments_ledger";
        assert_eq!((app.count(sum).await, compare(app, false).await.is_clean()), (29_900, true));

        // As an instance of before this was compared has it.
        app.ctx.db.execute("UPDATE disputes SET amount_minor = 49900, taken_minor = NULL, moved = NULL").await;
        let found = compare(app, true).await;
        let [difference] = &found.differences[..] else { panic!("{:?}", found.differences) };
        assert!(difference.fixed && difference.theirs.contains("200.00"), "{difference:?}");
        assert_eq!(app.count("SELECT taken_minor FROM disputes WHERE amount_minor = 20000").await, 20_000);
        assert_eq!(app.count(sum).await, 29_900, "the money was there all the time");

        // Nobody hears that it was prevented after all.
        app.faults(json!({ "webhooks": { "lose_rate": 1.0 } })).await;
        let dispute = app.scalar("SELECT provider_dispute_id FROM disputes").await.unwrap();
        let prevented = json!({ "status": "prevented" });
        let ended = app.post_json(&format!("/sandbox/disputes/{dispute}/close.json"), &prevented).await;
        assert!(ended.status < 300, "{}", ended.body);
        assert!(compare(app, true).await.is_clean());
        app.settle_down().await;
        assert_eq!((app.count(sum).await, app.badges(&id).await.as_str()), (49_900, "completed/paid"));
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

    async fn a_list_has_an_end_as_well_as_a_beginning(app: TestApp) {
        let list = async |made| app.ctx.payments.default().list(Listed::Sessions, made, None).await.unwrap();
        let (first, _) = app.checkout("first@example.com").await;
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        let (second, _) = app.checkout("second@example.com").await;
        let all = list(Made::since(Timestamp::from_millis(0))).await;
        let ids: Vec<&str> = all.seen.iter().map(crate::providers::payments::Seen::id).collect();
        assert_eq!(ids, [second.as_str(), first.as_str()]);
        let (oldest, newest) = (all.oldest.unwrap(), all.newest.unwrap());
        assert!(oldest < newest);
        let early = list(Made::between(oldest, oldest)).await;
        assert!(early.seen.len() == 1 && early.seen[0].id() == first, "{:?}", early.seen);
    }

    async fn payments_refunds_and_disputes_that_only_we_have_are_found(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay_by_card(&session, "4242424242424242").await;
        app.wait_for_badges(&id, "completed/paid").await;
        let intent = app.scalar(&format!("SELECT payment_intent_id FROM preorders WHERE id = '{id}'")).await.unwrap();
        app.post_json(&format!("/sandbox/payment_intents/{intent}/refund.json"), &json!({ "amount": 10_000 })).await;
        app.wait_for_badges(&id, "completed/partially_refunded").await;
        let told = async || app.get("/sandbox/state.json").await.json()["webhooks"]["waiting"] == 0;
        app.wait_until("Stripe has told all", told).await;
        app.settle_down().await;
        app.advance(Duration::from_mins(2));
        assert!(compare(app, false).await.differences.is_empty());
        let refund = app.scalar("SELECT provider_refund_id FROM refunds").await.unwrap();
        // Nobody is to settle what is written here.
        app.stop_workers().await;
        let gone = "UPDATE checkout_attempts SET payment_intent_id = 'pi_gone'; \
             UPDATE refunds SET provider_refund_id = 're_gone'";
        app.ctx.db.execute(gone).await;
        let found = compare(app, false).await;
        let only_ours: Vec<_> = found.differences.iter().filter(|d| d.theirs == "none").map(|d| d.id.as_str()).collect();
        assert_eq!(only_ours, ["pi_gone", "re_gone"], "{:?}", found.differences);
        let back = format!("UPDATE checkout_attempts SET payment_intent_id = '{intent}'; \
             UPDATE refunds SET provider_refund_id = '{refund}'");
        app.ctx.db.execute(&back).await;
        app.start_workers().await;
        app.expect_broken(&[STRIPE]);
    }

    async fn an_order_made_again_days_later_is_no_difference(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay_by_card(&session, "4242424242424242").await;
        app.wait_for_badges(&id, "completed/paid").await;
        app.settle_down().await;
        app.advance(Duration::from_hours(72));
        // The same Stripe, and an empty database.
        let kind = if app.ctx.db.postgres().is_some() { Kind::Postgres } else { Kind::Sqlite };
        let lost = TestDatabase::create(kind).await;
        let (settings, base) = (app.ctx.settings.clone(), app.base.clone());
        let api = format!("{base}/sandbox/api");
        let db = lost.open().await;
        let ctx = Context::build(settings, db, app.ctx.clock.clone(), base, Some(&api), SECRET).unwrap();
        let mut restored = Restored::default();
        restore(&ctx, ctx.clock.now() - Duration::from_hours(24 * 7), &mut restored).await.unwrap();
        assert_eq!(restored.preorders.len(), 1);
        let owes = "SELECT COUNT(*) FROM preorders WHERE owes LIKE '%create_firebase_user %'";
        assert_eq!(ctx.db.count(owes).await, 1, "a restored preorder owes what any other does");
        for hours in [24, 24 * 7] {
            let report = reconcile(&ctx, ctx.clock.now() - Duration::from_hours(hours), false).await.unwrap();
            assert!(report.differences.is_empty(), "{hours} h: {:?}", report.differences);
        }
        let mut again = Restored::default();
        restore(&ctx, ctx.clock.now() - Duration::from_hours(24 * 7), &mut again).await.unwrap();
        assert!(again.preorders.is_empty() && again.report.is_clean());
        ctx.db.close().await;
        lost.remove().await;
    }

    async fn a_hiccup_of_stripes_does_not_end_a_comparison(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay_by_card(&session, "4242424242424242").await;
        app.wait_for_badges(&id, "completed/paid").await;
        app.settle_down().await;
        app.faults(json!({ "stripe": { "error_rate": 1.0, "error_status": 503 } })).await;
        let over = async {
            tokio::time::sleep(Duration::from_millis(700)).await;
            app.faults(json!({ "stripe": { "error_rate": 0.0 } })).await;
        };
        let (report, ()) = futures::join!(compare(app, false), over);
        assert!(report.is_clean() && report.matched > 2, "{report:?}");
    }
}
