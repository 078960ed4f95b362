//! Providers that are slow, failing or gone: the lead is saved, the buyer is told the truth, and everything arrives
//! once they are back.

use std::time::Duration;

use serde_json::json;

use super::app::STRIPE;
use super::on_both;
use crate::context::breaker::Gate;
use crate::domain::delivery::Lane;
use crate::workflows::check_overdue;

const BUY: [(&str, &str); 2] = [("email", "ana@example.com"), ("color", "sakura-pink")];

on_both! {
    async fn stripe_gone_loses_no_lead_and_the_buyer_can_go_on_later(app: TestApp) {
        app.faults(json!({ "stripe": { "error_rate": 1.0, "error_status": 503 } })).await;
        let answer = app.post("/api/handle_checkout", &BUY).await;
        assert_eq!(answer.status, 503, "{}", answer.body);
        assert!(!answer.header("retry-after").is_empty());
        let error = answer.json()["error"].clone();
        assert!(["network", "busy"].contains(&error["failure"].as_str().unwrap()), "{error}");
        assert!(!answer.body.contains("Stripe answered"), "the inside shows: {error}");
        assert_eq!(app.count("SELECT COUNT(*) FROM preorders").await, 1);
        app.faults(json!({ "stripe": { "error_rate": 0.0 } })).await;
        // Stripe repeats its answer to a key, even a failure: the next click has another.
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay_by_card(&session, "4242424242424242").await;
        app.wait_for_badges(&id, "completed/paid").await;
        assert_eq!(app.count("SELECT COUNT(*) FROM preorders").await, 1);
    }

    async fn an_answer_of_stripes_that_is_lost_finds_the_same_page_again(app: TestApp) {
        app.faults(json!({ "stripe": { "lose_answer_rate": 1.0 } })).await;
        let lost = app.post("/api/handle_checkout", &BUY).await;
        assert_eq!(lost.status, 503);
        app.faults(json!({ "stripe": { "lose_answer_rate": 0.0 } })).await;
        let page = app.post("/api/handle_checkout", &BUY).await;
        assert_eq!(page.status, 303);
        assert_eq!(app.count("SELECT COUNT(*) FROM checkout_attempts").await, 1);
    }

    async fn a_key_that_was_used_with_other_words_is_given_up_and_its_page_is_closed(app: TestApp) {
        app.faults(json!({ "stripe": { "reset_rate": 1.0 } })).await;
        assert_eq!(app.post("/api/handle_checkout", &BUY).await.status, 503);
        app.faults(json!({ "stripe": { "reset_rate": 0.0 } })).await;
        // An instance whose settings differ (a name, a base address) was quicker to ask, and nobody heard the answer.
        let of_try = "SELECT id || ' ' || preorder_id || ' ' || idempotency_key FROM checkout_attempts";
        let of_try = app.scalar(of_try).await.unwrap();
        let [attempt, preorder, key] = of_try.split(' ').collect::<Vec<_>>()[..] else { panic!("{of_try}") };
        let other = [("mode", "payment"), ("success_url", "https://elsewhere.example/done"),
            ("line_items[0][quantity]", "1"), ("line_items[0][price_data][currency]", "usd"),
            ("line_items[0][price_data][unit_amount]", "49900"),
            ("line_items[0][price_data][product_data][name]", "Rolitt"),
            ("metadata[preorder_id]", preorder), ("metadata[attempt_id]", attempt)];
        let ask = app.http.post(format!("{}/sandbox/api/v1/checkout/sessions", app.base)).bearer_auth("sk_test_1");
        let made = ask.header("idempotency-key", key).form(&other).send().await.unwrap();
        let made: serde_json::Value = made.json().await.unwrap();
        let (session, _) = app.checkout("ana@example.com").await;
        assert_ne!(Some(session.as_str()), made["id"].as_str());
        app.advance(Duration::from_mins(16));
        assert!(check_overdue::enqueue(&app.ctx).await.unwrap());
        let closed = made["id"].as_str().unwrap();
        let closed = format!("SELECT COUNT(*) FROM checkout_attempts WHERE session_id = '{closed}' AND state = 'expired'");
        app.wait_until("its page is closed", async || app.count(&closed).await == 1).await;
        app.pay_by_card(&session, "4242424242424242").await;
        app.settle_down().await;
    }

    async fn a_resume_that_fails_without_script_says_so_on_its_page(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        app.post_json(&format!("/sandbox/sessions/{session}/expire.json"), &json!({})).await;
        app.wait_for_badges(&id, "expired/unpaid").await;
        app.faults(json!({ "stripe": { "error_rate": 1.0, "error_status": 503 } })).await;
        let page = format!("/preorder/cancel?preorder_id={id}");
        let sent = app.submit("/api/handle_checkout", &page, &[("preorder_id", &id)]).await;
        assert_eq!((sent.status, sent.location()), (303, page.as_str()));
        let request = app.http.get(format!("{}{page}", app.base)).header("cookie", sent.cookie("rolitt_form").unwrap());
        let shown = request.send().await.unwrap().text().await.unwrap();
        assert!(shown.contains("data-testid=\"payment-error\""), "{shown}");
        app.faults(json!({ "stripe": { "error_rate": 0.0 } })).await;
    }

    async fn a_page_that_stripe_knows_no_more_is_replaced(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        app.ctx.db.execute(&format!("UPDATE checkout_attempts SET session_id = 'cs_of_another_account' WHERE session_id = '{session}'")).await;
        app.advance(Duration::from_mins(1));
        let renewed = app.post("/api/handle_checkout", &[("preorder_id", &id)]).await.session();
        assert_ne!(renewed, session);
        // The page of another account is none of Stripe's that we know.
        app.expect_broken(&[STRIPE]);
    }

    async fn a_question_that_stripe_refuses_leaves_a_page_as_it_is(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        app.advance(Duration::from_mins(1));
        for status in [400, 402] {
            let refused = json!({ "error_rate": 1.0, "error_status": status, "error_on": "GET /v1/checkout/sessions" });
            app.faults(json!({ "stripe": refused })).await;
            assert_eq!(app.post("/api/handle_checkout", &[("preorder_id", &id)]).await.session(), session, "{status}");
        }
        assert_eq!(app.count("SELECT COUNT(*) FROM checkout_attempts WHERE state = 'open'").await, 1);
        app.faults(json!({ "stripe": { "error_rate": 0.0, "error_on": "" } })).await;
    }

    async fn a_background_that_asks_too_often_does_not_shut_the_till(app: TestApp) {
        app.checkout("first@example.com").await;
        let busy = json!({ "error_rate": 1.0, "error_status": 429, "retry_after": 60, "error_on": "GET /v1/events" });
        app.faults(json!({ "stripe": busy })).await;
        crate::workflows::walk_stripe::begin_by_itself(&app.ctx).await.unwrap();
        let gate = || app.ctx.breakers.gate(Lane::Stripe, app.ctx.clock.steady());
        app.wait_until("the walk was told to wait", async || matches!(gate(), Gate::Shut(_))).await;
        let answer = app.post("/api/handle_checkout", &BUY).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        app.faults(json!({ "stripe": { "error_rate": 0.0, "error_on": "" } })).await;
        app.advance(Duration::from_mins(2));
        app.settle_down().await;
    }

    async fn deliveries_that_ask_nobody_do_not_say_that_a_provider_is_back(app: TestApp) {
        for _ in 0..5 {
            let gone = crate::providers::ProviderError::NoAnswer("gone".to_owned());
            app.ctx.breakers.learn(Lane::Klaviyo, Some(&gone), app.ctx.clock.steady());
        }
        app.advance(Duration::from_secs(6));
        let at = if app.ctx.db.postgres().is_some() { "now()" } else { "0" };
        app.ctx.db.execute(&format!("INSERT INTO outbox (id, kind, lane, payload, dedupe_key, state, run_at, created_at) \
             VALUES ('dlv_odd', 'klaviyo_preorder_started', 'klaviyo', '[]', 'odd', 'pending', {at}, {at})")).await;
        app.ctx.bell.ring_all();
        app.wait_until("it is given up", async || {
            app.count("SELECT COUNT(*) FROM outbox WHERE id = 'dlv_odd' AND state = 'dead'").await == 1
        }).await;
        assert_eq!(app.ctx.breakers.gate(Lane::Klaviyo, app.ctx.clock.steady()), Gate::Probe);
        app.ctx.db.execute("DELETE FROM delivery_attempts").await;
        app.ctx.db.execute("DELETE FROM outbox").await;
    }

    async fn stripe_talking_garbage_is_an_outage_and_not_a_crash(app: TestApp) {
        app.faults(json!({ "stripe": { "garbage_rate": 1.0 } })).await;
        assert_eq!(app.post("/api/handle_checkout", &BUY).await.status, 503);
        app.faults(json!({ "stripe": { "garbage_rate": 0.0 } })).await;
        assert_eq!(app.post("/api/handle_checkout", &BUY).await.status, 303);
    }

    async fn the_background_being_slow_or_gone_never_holds_up_a_payment(app: TestApp) {
        app.faults(json!({ "klaviyo": { "error_rate": 1.0, "error_status": 500 }, "firebase": { "latency_ms": 3000 }, "twilio": { "error_rate": 1.0, "error_status": 429 } })).await;
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay_by_card(&session, "4242424242424242").await;
        app.wait_for_badges(&id, "completed/paid").await;
        assert_eq!(app.klaviyo_events("Preorder Success").await.len(), 0);
        app.wait_until("a try has failed", async || {
            app.count("SELECT COUNT(*) FROM delivery_attempts WHERE outcome = 'pending'").await >= 2
        }).await;
        app.faults(json!({ "klaviyo": { "error_rate": 0.0 }, "firebase": { "latency_ms": 0 }, "twilio": { "error_rate": 0.0 } })).await;
        app.advance(Duration::from_mins(10));
        app.settle_down().await;
        assert_eq!(app.klaviyo_events("Preorder Started").await.len(), 1);
        assert_eq!(app.klaviyo_events("Preorder Success").await.len(), 1);
        assert_eq!(app.inbox().await["firebase"].as_array().unwrap().iter().filter(|u| u["status"] == 200).count(), 1);
    }

    async fn a_klaviyo_answer_that_is_lost_is_repeated_and_counted_once(app: TestApp) {
        app.faults(json!({ "klaviyo": { "lose_answer_rate": 1.0 }, "firebase": { "lose_answer_rate": 1.0 } })).await;
        app.post("/api/initiate_preorder", &BUY).await;
        app.wait_until("both were tried", async || app.count("SELECT COUNT(*) FROM delivery_attempts").await >= 2).await;
        app.faults(json!({ "klaviyo": { "lose_answer_rate": 0.0 }, "firebase": { "lose_answer_rate": 0.0 } })).await;
        app.advance(Duration::from_mins(10));
        app.settle_down().await;
        assert_eq!(app.klaviyo_events("Preorder Started").await.len(), 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM preorders WHERE user_id IS NOT NULL").await, 1);
    }

    async fn a_success_that_is_not_klaviyos_own_is_no_success(app: TestApp) {
        // What answers 200 with a page of its own is not Klaviyo, which says 202.
        app.faults(json!({ "klaviyo": { "garbage_rate": 1.0 } })).await;
        app.post("/api/initiate_preorder", &BUY).await;
        app.wait_until("it was tried", async || app.count("SELECT COUNT(*) FROM delivery_attempts").await >= 2).await;
        app.faults(json!({ "klaviyo": { "garbage_rate": 0.0 } })).await;
        app.advance(Duration::from_mins(10));
        app.settle_down().await;
        assert_eq!(app.klaviyo_events("Preorder Started").await.len(), 1);
    }

    async fn an_sms_whose_answer_is_lost_is_parked_for_a_person(app: TestApp) {
        app.expect_dead();
        app.faults(json!({ "twilio": { "lose_answer_rate": 1.0 } })).await;
        let form = [("email", "ana@example.com"), ("color", "sakura-pink"), ("phone", "+4915123456789")];
        let session = app.post("/api/handle_checkout", &form).await.session();
        app.pay_by_card(&session, "4242424242424242").await;
        app.wait_until("the SMS is parked", async || {
            app.count("SELECT COUNT(*) FROM outbox WHERE kind = 'send_sms' AND state = 'dead'").await == 1
        }).await;
        app.advance(Duration::from_hours(30));
        app.settle_down().await;
        assert_eq!(app.inbox().await["sms"].as_array().unwrap().len(), 1, "sent more than once");
    }

    async fn a_provider_that_is_down_is_not_hammered_and_gets_everything_when_it_is_back(app: TestApp) {
        app.faults(json!({ "klaviyo": { "error_rate": 1.0, "error_status": 503 } })).await;
        for buyer in 0..60 {
            let saved = app.post("/api/initiate_preorder", &[("email", &format!("b{buyer}@example.com")), ("color", "sakura-pink")]).await;
            assert_eq!(saved.status, 200);
        }
        let shut = || app.ctx.breakers.gate(Lane::Klaviyo, app.ctx.clock.now()) != Gate::Free;
        app.wait_until("the breaker is shut", async || shut()).await;
        // Those under way when it shut, and a probe now and then: not one request a delivery.
        let tries = "SELECT COUNT(*) FROM delivery_attempts a JOIN outbox o ON o.id = a.delivery_id WHERE o.kind = 'klaviyo_preorder_started'";
        tokio::time::sleep(Duration::from_secs(2)).await;
        let asked = app.count(tries).await;
        assert!(asked < 30, "{asked} tries while it was down");
        app.faults(json!({ "klaviyo": { "error_rate": 0.0 } })).await;
        app.advance(Duration::from_mins(10));
        app.settle_down().await;
        assert_eq!(app.klaviyo_events("Preorder Started").await.len(), 60);
        assert!(!shut());
    }
}
