//! Stripe's records and ours after webhooks that never came: found, told apart, and settled.

use std::time::Duration;

use serde_json::json;

use super::app::{SECRET, STRIPE, TestApp};
use super::database::{Kind, TestDatabase};
use super::on_both;
use crate::context::Context;
use crate::domain::access::Role;
use crate::domain::timestamp::Timestamp;
use crate::providers::payments::{Listed, Made};
use crate::workflows::reconcile::restore::{Restored, restore};
use crate::workflows::reconcile::{Report, Verdict, look_twice, reconcile};
use crate::workflows::{check_overdue, walk_stripe};

const ROOM: &str = "/admin/reconcile";

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

    async fn an_event_that_was_kept_and_given_up_is_a_difference_until_somebody_discards_it(app: TestApp) {
        app.expect_dead();
        app.expect_broken(&[STRIPE]);
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay_by_card(&session, "4242424242424242").await;
        app.wait_for_badges(&id, "completed/paid").await;
        app.settle_down().await;
        let of_payment = "(SELECT id FROM webhook_logs WHERE event = 'payment_intent.succeeded')";
        app.ctx.db.execute(&format!("UPDATE outbox SET state = 'dead' WHERE dedupe_key = 'apply_stripe_event:' || {of_payment}; \
             UPDATE webhook_logs SET status = 'failed', error = 'odd' WHERE id = {of_payment}")).await;
        let found = compare(app, true).await;
        assert_eq!(found.differences.len(), 1, "{:?}", found.differences);
        let found = &found.differences[0];
        assert!(found.ours == "kept, not applied" && !found.fixed && found.advice().is_some(), "{found:?}");
        app.ctx.db.execute(&format!("UPDATE webhook_logs SET status = 'ignored' WHERE id = {of_payment}")).await;
        assert!(compare(app, false).await.differences.is_empty());
    }

    async fn another_amount_says_what_to_do_and_can_be_set_aside_and_what_is_gone_lets_others_have_their_turn(app: TestApp) {
        app.expect_broken(&[STRIPE, "ledger", "amounts"]);
        let support = app.sign_in_as(Role::Support).await;
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay_by_card(&session, "4242424242424242").await;
        app.wait_for_badges(&id, "completed/paid").await;
        app.ctx.db.execute("UPDATE checkout_attempts SET received_minor = received_minor + 100").await;
        assert_eq!(app.post_as(&support, "/api/admin/compare_with_stripe", &[("span", "24h")]).await.status, 303);
        app.settle_down().await;
        let page = app.get_as(&support, ROOM).await.body;
        assert!(page.contains("with another amount") && page.contains("/api/admin/set_difference_aside"), "{page}");
        let open = "SELECT id FROM differences WHERE settled_at IS NULL";
        for difference in app.ctx.db.texts(open).await {
            let form = [("id", difference.as_str()), ("reason", "Compared by hand")];
            assert_eq!(app.post_as(&support, "/api/admin/set_difference_aside", &form).await.status, 303);
        }
        let mut report = compare(app, false).await;
        assert!(!report.is_clean());
        look_twice(&app.ctx, &mut report).await.unwrap();
        assert!(report.is_clean(), "what a person has set aside is asked about again: {:?}", report.differences);

        // Stripe does not know it any more: it was looked at, and is not first in the line again.
        let (long_ago, later) = if app.ctx.db.postgres().is_some() { ("'epoch'", "'2000-01-01'") } else { ("0", "1") };
        app.ctx.db.execute(&format!("INSERT INTO differences (id, object, provider_id, verdict, ours, theirs, found_at, \
             seen_at) VALUES ('dif_gone', 'event', 'evt_gone', 'unknown', 'x', 'y', {long_ago}, {long_ago})")).await;
        walk_stripe::begin_by_itself(&app.ctx).await.unwrap();
        app.settle_down().await;
        let looked_at = format!("SELECT COUNT(*) FROM differences WHERE id = 'dif_gone' AND seen_at > {later}");
        assert_eq!(app.count(&looked_at).await, 1);
    }

    async fn however_many_of_ours_stripe_does_not_list_a_walk_looks_each_up(app: TestApp) {
        const UNKNOWN: i64 = 120;
        let support = app.sign_in_as(Role::Support).await;
        app.checkout("ana@example.com").await;
        app.settle_down().await;
        let inserts = (0..UNKNOWN).map(|n| {
            // Three in each instant.
            let earlier = n / 3;
            let made_at = match app.ctx.db.postgres() {
                Some(_) => format!("created_at - {earlier} * INTERVAL '1 millisecond'"),
                None => format!("created_at - {earlier}"),
            };
            format!("INSERT INTO checkout_attempts (id, preorder_id, number, provider, idempotency_key, state, session_id, \
                 amount_minor, currency, created_at, updated_at) SELECT 'chk_gone{n}', preorder_id, {n} + 2, provider, \
                 'gone{n}', 'expired', 'cs_gone{n}', amount_minor, currency, {made_at}, updated_at \
                 FROM checkout_attempts WHERE number = 1")
        });
        app.ctx.db.execute(&inserts.collect::<Vec<_>>().join("; ")).await;
        app.advance(Duration::from_mins(2));
        assert_eq!(app.post_as(&support, "/api/admin/compare_with_stripe", &[("span", "24h")]).await.status, 303);
        app.settle_down().await;
        let found = "SELECT COUNT(*) FROM differences WHERE provider_id LIKE 'cs_gone%' AND theirs = 'none'";
        assert_eq!(app.count(found).await, UNKNOWN);
        // None was counted twice.
        let walk = app.scalar("SELECT state || ' ' || matched || ' ' || differing FROM walks").await.unwrap();
        let report = compare(app, false).await;
        assert_eq!(walk, format!("done {} {UNKNOWN}", report.matched));
        app.expect_broken(&[STRIPE]);
    }

    async fn events_do_not_wait_for_a_walk_that_was_put_off_or_given_up(app: TestApp) {
        app.expect_dead();
        app.faults(json!({ "webhooks": { "lose_rate": 1.0 } })).await;
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay_by_card(&session, "4242424242424242").await;
        app.settle_down().await;
        app.stop_workers().await;
        let next_round = async || {
            walk_stripe::begin_by_itself(&app.ctx).await.unwrap();
            app.advance(check_overdue::EVERY);
            app.count("SELECT COUNT(*) FROM walks WHERE scope = 'events'").await
        };
        assert_eq!((next_round().await, next_round().await), (1, 1), "it is under way");
        let later = app.ctx.clock.now() + Duration::from_hours(2);
        let at = match app.ctx.db.postgres() {
            Some(_) => format!("to_timestamp({} / 1000.0)", later.millis()),
            None => later.millis().to_string(),
        };
        let of_events = "dedupe_key LIKE 'walk_stripe:%events%'";
        app.ctx.db.execute(&format!("UPDATE outbox SET run_at = {at} WHERE {of_events}")).await;
        assert_eq!(next_round().await, 2, "its next try is hours away");
        app.ctx.db.execute(&format!("UPDATE outbox SET state = 'dead', finished_at = created_at \
             WHERE {of_events} AND run_at < {at}")).await;
        assert_eq!(next_round().await, 3, "nobody will try again");
        app.start_workers().await;
        app.wait_for_badges(&id, "completed/paid").await;
        let done = "SELECT COUNT(*) FROM walks WHERE scope = 'events' AND state = 'done'";
        app.wait_until("the third has seen all", async || app.count(done).await == 1).await;
        app.advance(Duration::from_hours(2));
        app.settle_down().await;
        let overtaken = "SELECT COUNT(*) FROM delivery_attempts WHERE answer LIKE 'a later walk%'";
        assert_eq!((app.count(done).await, app.count(overtaken).await), (2, 1));
        assert_eq!(app.klaviyo_events("Preorder Success").await.len(), 1);
        next_round().await;
        app.settle_down().await;
    }

    async fn an_event_that_was_lost_is_taken_in_by_itself_within_minutes(app: TestApp) {
        walk_stripe::begin_by_itself(&app.ctx).await.unwrap();
        assert_eq!(app.count("SELECT COUNT(*) FROM walks").await, 0, "nothing was ever sold");
        app.faults(json!({ "webhooks": { "lose_rate": 1.0 } })).await;
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay_by_card(&session, "4242424242424242").await;
        let rounds = futures::future::join_all((0..4).map(|_| walk_stripe::begin_by_itself(&app.ctx))).await;
        assert!(rounds.iter().all(Result::is_ok), "{rounds:?}");
        app.wait_for_badges(&id, "completed/paid").await;
        app.settle_down().await;
        assert_eq!(app.count("SELECT COUNT(*) FROM walks WHERE scope = 'events'").await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM walks WHERE scope = 'everything' AND state = 'done'").await, 1);
        assert_eq!(app.klaviyo_events("Preorder Success").await.len(), 1);
        // What the walk of the day saw before the events were applied is looked at again, and is no difference any more.
        app.advance(check_overdue::EVERY);
        walk_stripe::begin_by_itself(&app.ctx).await.unwrap();
        app.settle_down().await;
        assert_eq!(app.count("SELECT COUNT(*) FROM differences WHERE settled_at IS NULL").await, 0);
        crate::tests::promises::are_kept_at_stripe(&app.ctx).await;
    }

    async fn a_difference_is_shown_with_a_button_that_settles_it_as_stripe_says(app: TestApp) {
        let support = app.sign_in_as(Role::Support).await;
        let viewer = app.sign_in_as(Role::Viewer).await;
        assert!(app.get_as(&viewer, ROOM).await.body.contains("Nothing was compared yet"));
        app.faults(json!({ "webhooks": { "lose_rate": 1.0 } })).await;
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay_by_card(&session, "4242424242424242").await;
        let number = app.scalar(&format!("SELECT preorder_number FROM preorders WHERE id = '{id}'")).await.unwrap();

        let asked = app.post_as(&support, "/api/admin/compare_with_stripe", &[("span", "1h")]).await;
        assert_eq!((asked.status, asked.location()), (303, ROOM), "{}", asked.body);
        app.settle_down().await;
        let page = app.get_as(&support, ROOM).await.body;
        for shown in [session.as_str(), &number, "Different", "Settle as Stripe says", "support@example.com"] {
            assert!(page.contains(shown), "{shown}: {page}");
        }
        assert!(!app.get_as(&viewer, ROOM).await.body.contains("/api/admin/settle_difference"));
        assert!(app.badges(&id).await.ends_with("/unpaid"), "looking changes something");

        let of_page = format!("SELECT id FROM differences WHERE provider_id = '{session}'");
        let difference = app.scalar(&of_page).await.unwrap();
        let press = async || app.post_as(&support, "/api/admin/settle_difference", &[("id", &difference)]).await;
        assert_eq!(press().await.status, 303);
        assert_eq!(app.badges(&id).await, "completed/paid");
        assert_eq!(press().await.status, 303, "a second press is no fault");
        app.settle_down().await;
        let lines = format!("SELECT COUNT(*) FROM audit_log WHERE action = 'difference_settled' AND subject = '{session}' \
             AND preorder_id = '{id}' AND actor = 'support@example.com'");
        assert_eq!(app.count(&lines).await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM payments_ledger WHERE kind = 'capture'").await, 1);
        let page = app.get_as(&support, ROOM).await.body;
        assert!(page.contains("Settled lately") && page.contains(&session), "{page}");

        // The rest of what was found says the same by now; the events themselves are taken in by the next round.
        let ids = app.ctx.db.texts("SELECT id FROM differences WHERE settled_at IS NULL").await;
        for id in &ids {
            let settled = app.post_as(&support, "/api/admin/settle_difference", &[("id", id)]).await;
            assert_eq!(settled.status, 303, "{}", settled.body);
        }
        walk_stripe::begin_by_itself(&app.ctx).await.unwrap();
        app.settle_down().await;
        crate::tests::promises::are_kept_at_stripe(&app.ctx).await;
        assert_eq!(app.klaviyo_events("Preorder Success").await.len(), 1);
    }

    async fn what_can_not_be_settled_says_what_to_do(app: TestApp) {
        let support = app.sign_in_as(Role::Support).await;
        let (session, _) = app.checkout("ana@example.com").await;
        app.ctx.db.execute(&format!("UPDATE checkout_attempts SET session_id = 'cs_of_another_account' \
             WHERE session_id = '{session}'")).await;
        app.advance(Duration::from_mins(2));
        assert_eq!(app.post_as(&support, "/api/admin/compare_with_stripe", &[("span", "24h")]).await.status, 303);
        app.settle_down().await;
        let page = app.get_as(&support, ROOM).await.body;
        assert!(page.contains("cs_of_another_account") && page.contains("STRIPE_SECRET_KEY is this shop"), "{page}");
        let of_page = "SELECT id FROM differences WHERE provider_id = 'cs_of_another_account'";
        let id = app.scalar(of_page).await.unwrap();
        let pressed = app.post_as(&support, "/api/admin/settle_difference", &[("id", &id)]).await;
        assert_eq!((pressed.status, pressed.json()["error"]["code"].as_str()), (422, Some("unknown_to_stripe")));
        assert_eq!(app.count("SELECT COUNT(*) FROM audit_log WHERE action = 'difference_settled'").await, 0);

        // Whoever has looked at it says why, and a later comparison that finds the same does not ask again.
        let aside = async |reason: &str| {
            app.post_as(&support, "/api/admin/set_difference_aside", &[("id", &id), ("reason", reason)]).await.status
        };
        assert_eq!((aside(" ").await, aside("A copy of the shop's database").await), (422, 303));
        assert_eq!(app.post_as(&support, "/api/admin/compare_with_stripe", &[("span", "24h")]).await.status, 303);
        app.settle_down().await;
        app.expect_broken(&[STRIPE]);
        assert_eq!(app.count("SELECT COUNT(*) FROM differences WHERE settled_at IS NULL AND theirs = 'none'").await, 0);
        assert_eq!(app.count("SELECT COUNT(*) FROM audit_log WHERE action = 'difference_settled'").await, 1);
    }
}
