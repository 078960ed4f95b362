//! The whole flow: from the form to "paid", and every way a buyer leaves it and comes back.

use serde_json::json;

use super::app::{SECRET, TestApp};
use super::database::Kind;
use super::http_client::Answer;
use super::on_both;
use crate::domain::access::{Actor, Role};
use crate::workflows::cancel_preorder::cancel_preorder;

fn owner() -> Actor {
    Actor { id: None, name: "owner@example.com".to_owned(), role: Role::Owner, request_id: None, address: None }
}

on_both! {
    async fn a_purchase_ends_completed_and_paid_with_everybody_told(app: TestApp) {
        let form = [("email", "Ana@Example.com"), ("color", "sakura-pink"), ("name", "Ana"), ("phone", "+49 151 23456789")];
        let saved = app.post("/api/initiate_preorder", &form).await;
        assert_eq!(saved.status, 200, "{}", saved.body);
        let saved = saved.json();
        let id = saved["preorder_id"].as_str().unwrap();
        assert!(id.starts_with("pre_") && saved["preorder_number"].as_str().unwrap().starts_with("ROL-"));
        assert_eq!(saved["status"], "initiated");

        let page = app.post("/api/handle_checkout", &[("preorder_id", id)]).await;
        let session = page.session();
        let paid = app.pay_by_card(&session, "4242424242424242").await;
        assert_eq!(paid["session"]["metadata"]["preorder_id"], id);
        assert_eq!(paid["session"]["client_reference_id"], id);
        app.wait_for_badges(id, "completed/paid").await;
        app.settle_down().await;

        let started = app.klaviyo_events("Preorder Started").await;
        let success = app.klaviyo_events("Preorder Success").await;
        assert_eq!((started.len(), success.len()), (1, 1));
        let properties = &success[0]["payload"]["data"]["attributes"]["properties"];
        assert_eq!(properties["preorder_id"], id);
        assert_eq!(properties["amount"], 499.0);
        assert_eq!(properties["currency"], "USD");
        assert_eq!(properties["session_id"], session);
        let inbox = app.inbox().await;
        assert_eq!(inbox["firebase"].as_array().unwrap().len(), 1);
        assert_eq!(inbox["firebase"][0]["email"], "ana@example.com");
        assert_eq!(inbox["sms"].as_array().unwrap().len(), 1);

        let row = app.scalar(&format!("SELECT email || ' ' || color || ' ' || currency || ' ' || locale FROM preorders WHERE id = '{id}'")).await;
        assert_eq!(row.as_deref(), Some("ana@example.com sakura-pink usd en"));
        let told = "SELECT COUNT(*) FROM preorders WHERE klaviyo_event_sent_at IS NOT NULL AND user_id IS NOT NULL AND amount_minor = 49900";
        assert_eq!(app.count(told).await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM webhook_logs WHERE klaviyo_event_sent_at IS NOT NULL").await, 2);
    }

    async fn a_double_submit_a_back_button_and_a_repeated_key_make_one_preorder(app: TestApp) {
        let form = [("email", "ana@example.com"), ("color", "sakura-pink")];
        let posts = (0..8).map(|_| app.post("/api/handle_checkout", &form));
        let pages = futures::future::join_all(posts).await;
        let first = pages[0].location();
        assert!(pages.iter().all(|page| page.status == 303 && page.location() == first));
        let keyed = [("email", "ana@example.com"), ("color", "honey-khaki"), ("idempotency_key", "one")];
        let saved = futures::future::join_all((0..8).map(|_| app.post("/api/initiate_preorder", &keyed))).await;
        let ids: std::collections::BTreeSet<String> = saved.iter().map(|s| s.json()["preorder_id"].to_string()).collect();
        assert_eq!(ids.len(), 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM preorders").await, 2);
        assert_eq!(app.count("SELECT COUNT(*) FROM checkout_attempts").await, 1);
        app.settle_down().await;
        let sessions = app.get("/sandbox/state.json").await;
        assert_eq!(app.klaviyo_events("Preorder Started").await.len(), 2, "{}", sessions.body);
    }

    async fn a_key_used_again_with_other_details_is_refused_and_changes_nothing(app: TestApp) {
        let first = app.post("/api/initiate_preorder", &[("email", "ana@example.com"), ("color", "sakura-pink"), ("idempotency_key", "k")]).await;
        let other = app.post("/api/initiate_preorder", &[("email", "eve@example.com"), ("color", "sakura-pink"), ("idempotency_key", "k")]).await;
        assert_eq!((first.status, other.status), (200, 422));
        assert_eq!(other.json()["error"]["field"], "idempotency_key");
        assert_eq!(app.count("SELECT COUNT(*) FROM preorders WHERE email = 'ana@example.com'").await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM preorders").await, 1);
    }

    async fn whoever_paid_once_can_buy_the_same_again(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay_by_card(&session, "4242424242424242").await;
        app.wait_for_badges(&id, "completed/paid").await;
        let (second_session, second) = app.checkout("ana@example.com").await;
        assert_ne!((session, id), (second_session, second));
    }

    async fn pressing_again_right_after_paying_leads_to_the_order_and_not_to_a_second_payment(app: TestApp) {
        let form = [("email", "ana@example.com"), ("color", "sakura-pink")];
        let first = app.post("/api/handle_checkout", &form).await;
        let (session, cookie) = (first.session(), first.cookie("rolitt_order").unwrap());
        app.pay_by_card(&session, "4242424242424242").await;
        app.wait_until("it is paid", async || app.count("SELECT COUNT(*) FROM preorders WHERE payment_status = 'paid'").await == 1).await;
        let press = async |form: &[(&str, &str)]| {
            let request = app.http.post(format!("{}/api/handle_checkout", app.base)).header("cookie", &cookie);
            Answer::of(request.form(form).send().await.unwrap()).await
        };
        assert_eq!(press(&form).await.location(), format!("/preorder/success?session_id={session}"));
        assert_eq!(app.count("SELECT COUNT(*) FROM preorders").await, 1);
        // Another colour is another wish; so is the same one for somebody without the cookie, or later.
        assert!(press(&[("email", "ana@example.com"), ("color", "honey-khaki")]).await.location().contains("/checkout/"));
        assert!(app.post("/api/handle_checkout", &form).await.location().contains("/checkout/"));
        assert_eq!(app.count("SELECT COUNT(*) FROM preorders").await, 3);
    }

    async fn a_refused_card_can_be_followed_by_another(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        let refused = app.pay_by_card(&session, "4000000000000002").await;
        assert_eq!(refused["session"]["status"], "open");
        app.wait_for_badges(&id, "processing/failed").await;
        app.pay_by_card(&session, "4242424242424242").await;
        app.wait_for_badges(&id, "completed/paid").await;
        app.settle_down().await;
        assert_eq!(app.klaviyo_events("Preorder Success").await.len(), 1);
        let card = "SELECT card_brand || card_last4 || decline_code FROM checkout_attempts";
        assert_eq!(app.scalar(card).await.as_deref(), Some("visa4242generic_decline"));
    }

    async fn a_bank_debit_is_pending_until_the_money_comes(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay(&session, json!({ "bank_debit": "succeeds", "delay_ms": 60_000 })).await;
        app.wait_for_badges(&id, "processing/pending").await;
        // Paying again is not offered while it is on its way.
        let again = app.post("/api/handle_checkout", &[("preorder_id", &id)]).await;
        assert_eq!(again.location(), format!("/preorder/success?session_id={session}"));
        app.advance(std::time::Duration::from_mins(1));
        app.wait_for_badges(&id, "completed/paid").await;
    }

    async fn a_bank_debit_that_fails_can_be_paid_otherwise(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay(&session, json!({ "bank_debit": "fails", "delay_ms": 0 })).await;
        app.wait_for_badges(&id, "processing/failed").await;
        let again = app.post("/api/handle_checkout", &[("preorder_id", &id)]).await.session();
        assert_ne!(again, session);
        app.pay_by_card(&again, "4242424242424242").await;
        app.wait_for_badges(&id, "completed/paid").await;
        assert_eq!(app.count("SELECT COUNT(*) FROM checkout_attempts").await, 2);
    }

    async fn an_abandoned_page_is_resumed_and_an_expired_one_made_anew(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay(&session, json!({ "close": true })).await;
        app.advance(std::time::Duration::from_mins(1));
        let resumed = app.post("/api/handle_checkout", &[("preorder_id", &id)]).await.session();
        assert_eq!(resumed, session);
        app.post_json(&format!("/sandbox/sessions/{session}/expire.json"), &json!({})).await;
        app.wait_for_badges(&id, "expired/unpaid").await;
        let renewed = app.post("/api/handle_checkout", &[("preorder_id", &id)]).await.session();
        assert_ne!(renewed, session);
        app.pay_by_card(&renewed, "4242424242424242").await;
        app.wait_for_badges(&id, "completed/paid").await;
    }

    async fn who_has_paid_is_never_asked_to_pay_again_even_when_no_webhook_came(app: TestApp) {
        app.faults(json!({ "webhooks": { "lose_rate": 1.0 } })).await;
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay_by_card(&session, "4242424242424242").await;
        app.advance(std::time::Duration::from_mins(1));
        let again = app.post("/api/handle_checkout", &[("preorder_id", &id)]).await;
        assert_eq!(again.location(), format!("/preorder/success?session_id={session}"));
        app.wait_for_badges(&id, "completed/paid").await;
        app.faults(json!({ "webhooks": { "lose_rate": 0.0 } })).await;
    }

    async fn the_success_page_settles_by_itself_when_no_webhook_comes(app: TestApp) {
        app.faults(json!({ "webhooks": { "lose_rate": 1.0 } })).await;
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay_by_card(&session, "4242424242424242").await;
        let page = app.get(&format!("/preorder/success?session_id={session}")).await;
        assert_eq!(page.status, 200);
        let number = app.scalar(&format!("SELECT preorder_number FROM preorders WHERE id = '{id}'")).await.unwrap();
        assert!(page.body.contains(&number) && page.body.contains("$499"), "{}", page.body);
        app.wait_for_badges(&id, "completed/paid").await;
        app.settle_down().await;
        assert_eq!(app.klaviyo_events("Preorder Success").await.len(), 1);
    }

    async fn a_page_whose_answer_came_too_late_is_shown_to_nobody_and_closed(app: TestApp) {
        let form = [("email", "ana@example.com"), ("color", "sakura-pink")];
        app.faults(json!({ "stripe": { "hold": true } })).await;
        let attempts = async |number| app.count("SELECT COUNT(*) FROM checkout_attempts").await == number;
        let patient = async { app.post("/api/handle_checkout", &form).await };
        let second = async {
            app.wait_until("the first page is asked for", async || attempts(1).await).await;
            // The first key is not waited for any longer, while its request still is.
            app.advance(std::time::Duration::from_secs(31));
            app.post("/api/handle_checkout", &form).await
        };
        let lifted = async {
            app.wait_until("a second page is asked for", async || attempts(2).await).await;
            app.faults(json!({ "stripe": { "hold": false } })).await;
        };
        let (patient, second, ()) = tokio::join!(patient, second, lifted);
        assert_eq!(patient.session(), second.session(), "two pages were handed out");
        let first = app.scalar("SELECT session_id FROM checkout_attempts WHERE number = 1").await.unwrap();
        assert_ne!(first, second.session());
        app.settle_down().await;
        let late = app.post_json(&format!("/sandbox/checkout/{first}/pay.json"), &json!({ "card": "4242424242424242" })).await;
        assert_eq!(late.status, 409, "{}", late.body);
        app.pay_by_card(&second.session(), "4242424242424242").await;
        let id = app.scalar("SELECT id FROM preorders").await.unwrap();
        app.wait_for_badges(&id, "completed/paid").await;
    }

    async fn once_paid_every_other_page_of_the_preorder_is_closed(app: TestApp) {
        let (first, id) = app.checkout("ana@example.com").await;
        // As a shop did that took any refusal for the end of a page: it is open at Stripe all the same.
        app.ctx.db.execute("UPDATE checkout_attempts SET state = 'expired'").await;
        let second = app.post("/api/handle_checkout", &[("preorder_id", &id)]).await.session();
        assert_ne!(first, second);
        app.pay_by_card(&second, "4242424242424242").await;
        app.wait_for_badges(&id, "completed/paid").await;
        app.settle_down().await;
        let late = app.post_json(&format!("/sandbox/checkout/{first}/pay.json"), &json!({ "card": "4242424242424242" })).await;
        assert_eq!(late.status, 409, "{}", late.body);
        let states = app.count("SELECT COUNT(*) FROM checkout_attempts WHERE state IN ('paid', 'expired')").await;
        assert_eq!(states, 2);
    }

    async fn a_page_that_is_made_while_the_order_is_cancelled_is_closed_and_shown_to_nobody(app: TestApp) {
        let (first, id) = app.checkout("ana@example.com").await;
        app.settle_down().await;
        // So that another is made beside it.
        app.ctx.db.execute("UPDATE checkout_attempts SET state = 'expired'").await;
        app.faults(json!({ "stripe": { "latency_ms": 1500 } })).await;
        let made = async { app.post("/api/handle_checkout", &[("preorder_id", &id)]).await };
        let cancelled = async {
            let creating = "SELECT COUNT(*) FROM checkout_attempts WHERE state = 'creating'";
            app.wait_until("the second page is being made", async || app.count(creating).await == 1).await;
            app.ctx.db.execute(&format!("UPDATE checkout_attempts SET state = 'open' WHERE session_id = '{first}'")).await;
            // Closing the first takes longer than making the second: what is to be closed grows under its hands.
            cancel_preorder(&app.ctx, &owner(), &id.parse().unwrap()).await.unwrap();
            let closing = "SELECT COUNT(*) FROM outbox WHERE kind = 'close_open_pages' AND state = 'running'";
            app.wait_until("the first page is being closed", async || app.count(closing).await == 1).await;
        };
        let (answer, ()) = tokio::join!(made, cancelled);
        assert_eq!(answer.location(), format!("/preorder/success?session_id={first}"), "a page of a cancelled order is shown");
        app.faults(json!({ "stripe": { "latency_ms": 0 } })).await;
        app.settle_down().await;
        let open = "SELECT COUNT(*) FROM checkout_attempts WHERE state <> 'expired'";
        assert_eq!(app.count(open).await, 0, "a page of a cancelled order is open");
    }

    async fn a_page_that_is_open_when_a_cancelled_order_is_paid_is_closed_although_others_were_before(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        cancel_preorder(&app.ctx, &owner(), &id.parse().unwrap()).await.unwrap();
        app.settle_down().await;
        let state = format!("SELECT state FROM checkout_attempts WHERE session_id = '{session}'");
        assert_eq!(app.scalar(&state).await.as_deref(), Some("expired"));
        // As if it were another, that was still open; and one that nobody here knew of is paid.
        app.ctx.db.execute("UPDATE checkout_attempts SET state = 'open'").await;
        let paid = json!({ "id": "evt_other", "type": "checkout.session.completed", "created": 1_700_000_000,
            "data": { "object": { "id": "cs_other", "payment_status": "paid", "amount_total": 49_900, "currency": "usd",
                "payment_intent": "pi_other", "metadata": { "preorder_id": id } } } });
        assert_eq!(app.webhook(&paid.to_string()).await.status, 200);
        app.wait_for_badges(&id, "completed/paid").await;
        app.settle_down().await;
        assert_eq!(app.scalar(&state).await.as_deref(), Some("expired"), "somebody can pay a second time");
    }

    async fn a_page_that_stripe_has_forgotten_keeps_no_other_open(app: TestApp) {
        let (first, id) = app.checkout("ana@example.com").await;
        app.settle_down().await;
        // Given up, so that another is made beside it.
        app.ctx.db.execute("UPDATE checkout_attempts SET state = 'expired', session_id = 'cs_forgotten'").await;
        let second = app.post("/api/handle_checkout", &[("preorder_id", &id)]).await.session();
        assert_ne!(first, second);
        let id = id.parse().unwrap();
        cancel_preorder(&app.ctx, &owner(), &id).await.unwrap();
        app.settle_down().await;
        let late = app.post_json(&format!("/sandbox/checkout/{second}/pay.json"), &json!({ "card": "4242424242424242" })).await;
        assert_eq!(late.status, 409, "{}", late.body);
        let now = app.ctx.shared_now().await.unwrap();
        let attempts = crate::store::attempts::list(&app.ctx.db, &id).await.unwrap();
        assert!(!attempts[0].may_be_open(now), "it is asked about again: {attempts:?}");
        app.expect_broken(&[crate::tests::app::STRIPE]);
    }

    async fn a_colour_that_sold_out_meanwhile_gets_no_new_page(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        app.post_json(&format!("/sandbox/sessions/{session}/expire.json"), &json!({})).await;
        app.wait_for_badges(&id, "expired/unpaid").await;
        app.ctx.db.execute("UPDATE colors SET sold_out = TRUE").await;
        app.advance(std::time::Duration::from_secs(10));
        let answer = app.post("/api/handle_checkout", &[("preorder_id", &id)]).await;
        assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (422, Some("color_sold_out")));
    }

    async fn an_order_is_found_by_number_and_address_together_only(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        let number = app.scalar(&format!("SELECT preorder_number FROM preorders WHERE id = '{id}'")).await.unwrap();
        let typed = number.to_lowercase().replace('-', " ");
        let found = app.post("/api/find_order", &[("number", &typed), ("email", "ANA@example.com")]).await;
        assert_eq!(found.location(), format!("/preorder/success?session_id={session}"));
        let wrong = app.post("/api/find_order", &[("number", &number), ("email", "eve@example.com")]).await;
        let none = app.post("/api/find_order", &[("number", "ROL-22222222"), ("email", "ana@example.com")]).await;
        assert_eq!((wrong.status, none.status), (422, 422));
        assert_eq!(wrong.json()["error"]["code"], none.json()["error"]["code"]);
    }
}

/// A catalogue that says one price and a map of Stripe's prices that says another: a mistake in the settings.
async fn priced_otherwise_at_stripe(kind: Kind) {
    let stripe = TestApp::start(kind).await;
    // Whose shop lends its Stripe here: what becomes of the pages is no business of that shop.
    stripe.faults(json!({ "webhooks": { "lose_rate": 1.0 } })).await;
    let api = format!("{}/sandbox/api", stripe.base);
    let form = [("currency", "usd"), ("unit_amount", "100"), ("product_data[name]", "Rolitt")];
    let made = stripe.http.post(format!("{api}/v1/prices")).bearer_auth("sk_test_1").form(&form).send().await.unwrap();
    let price = made.json::<serde_json::Value>().await.unwrap()["id"].as_str().unwrap().to_owned();
    let prices = json!({ "sakura-pink": price }).to_string();
    let settings = [
        ("STRIPE_SECRET_KEY", "sk_test_1"),
        ("STRIPE_WEBHOOK_SECRET", SECRET),
        ("STRIPE_API_BASE", api.as_str()),
        ("COLOR_PRICE_MAP_JSON", prices.as_str()),
    ];
    let app = TestApp::start_with(kind, &settings).await;
    for email in ["ana@example.com", "ana@example.com"] {
        let answer = app.post("/api/handle_checkout", &[("email", email), ("color", "sakura-pink")]).await;
        assert_eq!(answer.status, 503, "{}", answer.body);
    }
    let over = "SELECT COUNT(*) FROM checkout_attempts WHERE state = 'expired'";
    assert_eq!(app.count(over).await, 2, "each try is over, and nobody was shown its page");
    app.settle_down().await;
    let pages = stripe.http.get(format!("{api}/v1/checkout/sessions")).bearer_auth("sk_test_1").send().await.unwrap();
    let pages = pages.json::<serde_json::Value>().await.unwrap();
    let states: Vec<_> = pages["data"].as_array().unwrap().iter().map(|page| page["status"].clone()).collect();
    assert_eq!(states, ["expired", "expired"], "they are closed at Stripe too");
    let other = app.post("/api/handle_checkout", &[("email", "li@example.cn"), ("color", "honey-khaki")]).await;
    assert_eq!(other.status, 303, "{}", other.body);
    app.finish().await;
    stripe.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_sent_to_a_page_that_asks_for_another_amount_on_sqlite() {
    priced_otherwise_at_stripe(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_sent_to_a_page_that_asks_for_another_amount_on_postgres() {
    priced_otherwise_at_stripe(Kind::Postgres).await;
}
