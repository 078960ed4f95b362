//! What should have ended by now is asked about, with no hand on it: pages, debits, calls whose answer was lost.

use std::time::Duration;

use serde_json::json;

use super::compare;
use crate::domain::timestamp::Timestamp;
use crate::providers::payments::{Listed, Made};
use crate::tests::app::STRIPE;
use crate::tests::on_both;
use crate::workflows::check_overdue;

on_both! {
    async fn a_page_that_closed_unheard_of_is_asked_about_by_itself(app: TestApp) {
        app.faults(json!({ "webhooks": { "lose_rate": 1.0 } })).await;
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay_by_card(&session, "4242424242424242").await;
        assert!(!check_overdue::enqueue(&app.ctx).await.unwrap(), "it is not overdue yet");
        // A round that is over before the last instance looks has left it nothing to ask about.
        app.stop_workers().await;
        app.advance(Duration::from_hours(25));
        let rounds = futures::future::join_all((0..4).map(|_| check_overdue::enqueue(&app.ctx))).await;
        assert!(rounds.into_iter().any(Result::unwrap), "nobody asks");
        app.start_workers().await;
        app.wait_for_badges(&id, "completed/paid").await;
        assert_eq!(app.count("SELECT COUNT(*) FROM outbox WHERE kind = 'check_overdue_payments'").await, 1);
        app.settle_down().await;
    }

    async fn a_page_that_only_stripe_remembered_is_asked_about_like_any_other(app: TestApp) {
        app.faults(json!({ "webhooks": { "lose_rate": 1.0 } })).await;
        let (session, id) = app.checkout("ana@example.com").await;
        app.settle_down().await;
        // As an older copy of the database has it.
        app.ctx.db.execute("DELETE FROM checkout_attempts").await;
        assert!(compare(app, true).await.is_clean());
        assert_eq!(app.count("SELECT COUNT(*) FROM checkout_attempts WHERE state = 'open'").await, 1);
        app.pay_by_card(&session, "4242424242424242").await;
        app.advance(Duration::from_hours(25));
        assert!(check_overdue::enqueue(&app.ctx).await.unwrap(), "nobody asks");
        app.wait_for_badges(&id, "completed/paid").await;
        app.settle_down().await;
    }

    async fn a_page_that_stripe_does_not_know_holds_up_no_other(app: TestApp) {
        app.faults(json!({ "webhooks": { "lose_rate": 1.0 } })).await;
        let (gone, _) = app.checkout("gone@example.com").await;
        let (session, id) = app.checkout("ana@example.com").await;
        app.ctx.db.execute(&format!("UPDATE checkout_attempts SET session_id = 'cs_of_another_account' WHERE session_id = '{gone}'")).await;
        app.pay_by_card(&session, "4242424242424242").await;
        app.advance(Duration::from_hours(25));
        assert!(check_overdue::enqueue(&app.ctx).await.unwrap());
        app.wait_for_badges(&id, "completed/paid").await;
        app.settle_down().await;
        assert_eq!(app.count("SELECT COUNT(*) FROM checkout_attempts WHERE state = 'expired'").await, 1);
        app.expect_broken(&[STRIPE]);
    }

    async fn a_debit_that_is_still_on_its_way_makes_room_for_those_behind_it(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        // For longer than the clock is moved here.
        app.pay(&session, json!({ "bank_debit": "succeeds", "delay_ms": 86_400_000 })).await;
        app.wait_for_badges(&id, "processing/pending").await;
        app.settle_down().await;
        app.advance(Duration::from_hours(7));
        assert!(check_overdue::enqueue(&app.ctx).await.unwrap());
        app.settle_down().await;
        // Nothing moved, and it was asked about: it is not the first in the queue again.
        assert_eq!(app.count("SELECT COUNT(*) FROM checkout_attempts WHERE asked_at IS NOT NULL").await, 1);
        app.advance(check_overdue::EVERY);
        assert!(!check_overdue::enqueue(&app.ctx).await.unwrap(), "it is asked about again and again");
        app.advance(Duration::from_hours(7));
        assert!(check_overdue::enqueue(&app.ctx).await.unwrap());
        app.settle_down().await;
    }

    async fn a_round_whose_time_is_over_leaves_the_rest_to_the_next(app: TestApp) {
        for email in ["ana@example.com", "bea@example.com", "cem@example.com"] {
            let (session, id) = app.checkout(email).await;
            app.pay(&session, json!({ "bank_debit": "succeeds", "delay_ms": 86_400_000 })).await;
            app.wait_for_badges(&id, "processing/pending").await;
        }
        app.settle_down().await;
        app.advance(Duration::from_hours(7));
        // Two that Stripe never heard, too far apart for one list.
        app.faults(json!({ "stripe": { "reset_rate": 1.0 } })).await;
        for email in ["dea@example.com", "eli@example.com"] {
            let form = [("email", email), ("color", "sakura-pink")];
            assert_eq!(app.post("/api/handle_checkout", &form).await.status, 503);
            app.advance(Duration::from_mins(2));
        }
        app.faults(json!({ "stripe": { "reset_rate": 0.0 } })).await;
        app.advance(Duration::from_mins(15));
        let asked = "SELECT COUNT(*) FROM checkout_attempts WHERE asked_at IS NOT NULL";
        let unanswered = "SELECT COUNT(*) FROM checkout_attempts WHERE state = 'creating'";
        for (debits, calls) in [(1, 1), (2, 0), (3, 0)] {
            check_overdue::check_within(&app.ctx, Duration::ZERO).await.unwrap();
            assert_eq!((app.count(asked).await, app.count(unanswered).await), (debits, calls));
        }
        app.settle_down().await;
    }

    async fn a_call_whose_answer_was_lost_is_asked_about_by_itself(app: TestApp) {
        // Stripe makes the page, and we never hear of it.
        app.faults(json!({ "stripe": { "lose_answer_rate": 1.0 } })).await;
        let form = [("email", "ana@example.com"), ("color", "sakura-pink")];
        assert_eq!(app.post("/api/handle_checkout", &form).await.status, 503);
        app.faults(json!({ "stripe": { "lose_answer_rate": 0.0 } })).await;
        assert_eq!(app.count("SELECT COUNT(*) FROM checkout_attempts WHERE state = 'creating'").await, 1);
        assert!(!check_overdue::enqueue(&app.ctx).await.unwrap(), "it is not late yet");
        app.advance(Duration::from_mins(16));
        assert!(check_overdue::enqueue(&app.ctx).await.unwrap());
        let known = "SELECT COUNT(*) FROM checkout_attempts WHERE state = 'expired' AND session_id IS NOT NULL";
        app.wait_until("it is known", async || app.count(known).await == 1).await;
        let heard = "SELECT COUNT(*) FROM webhook_logs WHERE event = 'checkout.session.expired'";
        app.wait_until("Stripe has said so, too", async || app.count(heard).await == 1).await;
        app.settle_down().await;
        let report = compare(app, false).await;
        assert!(report.differences.is_empty(), "{:?}", report.differences);
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay_by_card(&session, "4242424242424242").await;
        app.wait_for_badges(&id, "completed/paid").await;
    }

    async fn a_call_that_stripe_never_heard_is_closed_by_itself(app: TestApp) {
        app.faults(json!({ "stripe": { "reset_rate": 1.0 } })).await;
        let form = [("email", "ana@example.com"), ("color", "sakura-pink")];
        assert_eq!(app.post("/api/handle_checkout", &form).await.status, 503);
        app.faults(json!({ "stripe": { "reset_rate": 0.0 } })).await;
        app.advance(Duration::from_mins(16));
        assert!(check_overdue::enqueue(&app.ctx).await.unwrap());
        let known = "SELECT COUNT(*) FROM checkout_attempts WHERE state = 'expired' AND session_id IS NULL";
        app.wait_until("it is known", async || app.count(known).await == 1).await;
        app.settle_down().await;
    }

    async fn a_lost_answer_is_no_difference_and_its_page_is_closed_although_the_buyer_tried_again(app: TestApp) {
        app.faults(json!({ "stripe": { "lose_answer_rate": 1.0 } })).await;
        let form = [("email", "ana@example.com"), ("color", "sakura-pink")];
        assert_eq!(app.post("/api/handle_checkout", &form).await.status, 503);
        app.faults(json!({ "stripe": { "lose_answer_rate": 0.0 } })).await;
        // The key does not hold any more: another try, with another page.
        app.advance(Duration::from_secs(31));
        let (session, id) = app.checkout("ana@example.com").await;
        assert_eq!(app.count("SELECT COUNT(*) FROM checkout_attempts").await, 2);
        let report = compare(app, false).await;
        assert!(report.differences.is_empty(), "{:?}", report.differences);
        app.advance(Duration::from_mins(16));
        assert!(check_overdue::enqueue(&app.ctx).await.unwrap());
        let heard = "SELECT COUNT(*) FROM webhook_logs WHERE event = 'checkout.session.expired'";
        app.wait_until("the page that nobody was shown is closed", async || app.count(heard).await == 1).await;
        app.settle_down().await;
        let known = "SELECT COUNT(*) FROM checkout_attempts WHERE state = 'expired' AND session_id IS NOT NULL";
        assert_eq!(app.count(known).await, 1);
        app.pay_by_card(&session, "4242424242424242").await;
        app.wait_for_badges(&id, "completed/paid").await;
    }

    async fn money_on_a_page_whose_answer_was_lost_is_a_difference_and_is_settled(app: TestApp) {
        app.faults(json!({ "stripe": { "lose_answer_rate": 1.0 }, "webhooks": { "lose_rate": 1.0 } })).await;
        let form = [("email", "ana@example.com"), ("color", "sakura-pink")];
        assert_eq!(app.post("/api/handle_checkout", &form).await.status, 503);
        app.faults(json!({ "stripe": { "lose_answer_rate": 0.0 } })).await;
        let page = app.ctx.payments.default().list(Listed::Sessions, Made::since(Timestamp::from_millis(0)), None).await.unwrap();
        app.pay_by_card(page.seen[0].id(), "4242424242424242").await;
        assert!(!compare(app, false).await.is_clean());
        let fixed = compare(app, true).await;
        assert!(fixed.is_clean(), "{:?}", fixed.differences);
        app.settle_down().await;
        assert_eq!(app.count("SELECT COUNT(*) FROM preorders WHERE payment_status = 'paid'").await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM checkout_attempts").await, 1);
    }
}
