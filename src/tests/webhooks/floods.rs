//! Many at once, late, and in the wrong order; to two instances, and to a database that fails in the middle. What was
//! answered 2xx is in the log, and took effect once.

use std::net::SocketAddr;
use std::time::Duration;

use leptos::config::LeptosOptions;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{event, logged, paid_session, rows, says_nothing_inward};
use crate::context::Context;
use crate::http::{AppState, router};
use crate::providers::payments::stripe::signature::sign;
use crate::tests::app::{SECRET, TestApp};
use crate::tests::database::Kind;
use crate::tests::on_both;

const CARD: &str = "4242424242424242";

/// How often an event was applied.
async fn applied(app: &TestApp, event_id: &str) -> i64 {
    app.count(&format!("SELECT attempts FROM webhook_logs WHERE stripe_event_id = '{event_id}'")).await
}

on_both! {
    async fn a_flood_of_events_is_kept_and_applied_once_while_buyers_buy(app: TestApp) {
        let (first, second) = (app.checkout("ana@example.com").await, app.checkout("ben@example.com").await);
        let flood = (0..300).map(|number| {
            let (session, id) = if number % 2 == 0 { &first } else { &second };
            let object = json!({
                "id": format!("pi_{session}"), "metadata": { "preorder_id": id },
                "last_payment_error": { "code": "card_declined", "message": "no" } });
            let kind = if number % 3 == 0 { "customer.updated" } else { "payment_intent.payment_failed" };
            let body = event(&format!("evt_{number}"), kind, object);
            async move {
                // As Stripe does with what was not kept: a machine that is busy says so, and is told again.
                loop {
                    let status = app.webhook(&body).await.status;
                    if status != 503 {
                        return status;
                    }
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        });
        let buyers = (0..12).map(|number| async move {
            let email = format!("buyer{number}@example.com");
            let form = [("email", email.as_str()), ("color", "sakura-pink")];
            let mut way = app.post("/api/handle_checkout", &form).await;
            while way.status == 503 {
                tokio::time::sleep(Duration::from_millis(200)).await;
                way = app.post("/api/handle_checkout", &form).await;
            }
            app.pay_by_card(&way.session(), CARD).await;
            app.scalar(&format!("SELECT id FROM preorders WHERE email = '{email}'")).await.unwrap()
        });
        let (statuses, bought) = futures::join!(futures::future::join_all(flood), futures::future::join_all(buyers));
        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
        for id in &bought {
            app.wait_for_badges(id, "completed/paid").await;
        }
        app.settle_down().await;
        let ours = "SELECT COUNT(*) FROM webhook_logs WHERE stripe_event_id LIKE 'evt_%' AND length(stripe_event_id) < 8";
        assert_eq!(app.count(ours).await, 300);
        // However often it was told, and tried: done once.
        let once = "SELECT COUNT(*) FROM webhook_logs w WHERE status NOT IN ('success', 'ignored') OR 1 <> \
             (SELECT COUNT(*) FROM delivery_attempts a JOIN outbox o ON o.id = a.delivery_id \
             WHERE o.dedupe_key = 'apply_stripe_event:' || w.id AND a.outcome = 'done')";
        assert_eq!(app.count(once).await, 0);
        assert_eq!(app.klaviyo_events("Preorder Success").await.len(), bought.len());
        for (_, id) in [&first, &second] {
            assert!(app.badges(id).await.ends_with("/unpaid") || app.badges(id).await.ends_with("/failed"));
        }
    }

    async fn a_life_told_backwards_ends_as_it_did(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        let intent = format!("pi_{session}");
        let names = json!({ "preorder_id": id });
        let declined = json!({ "id": intent, "metadata": names, "last_payment_error": { "code": "card_declined" } });
        let refund = json!({
            "id": "re_1", "amount": 9_900, "currency": "usd", "created": 40, "status": "succeeded", "payment_intent": intent, "metadata": names });
        let dispute = json!({
            "id": "du_1", "amount": 40_000, "currency": "usd", "created": 50, "status": "lost", "payment_intent": intent, "metadata": names });
        let life = [
            ("payment_intent.payment_failed", declined),
            ("checkout.session.completed", paid_session(&session, &id)),
            ("refund.created", refund),
            ("charge.dispute.closed", dispute),
        ];
        for (number, (kind, object)) in life.into_iter().enumerate().rev() {
            let event_id = format!("evt_{number}");
            assert_eq!(app.webhook(&event(&event_id, kind, object)).await.status, 200);
            app.wait_until(kind, async || logged(app, &event_id).await.as_deref() == Some("success")).await;
        }
        assert_eq!(app.badges(&id).await, "completed/disputed");
    }

    async fn an_event_of_last_week_that_is_signed_today_counts_from_last_week(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        let week = Duration::from_hours(7 * 24);
        let mut told: Value = serde_json::from_str(&event("evt_1", "checkout.session.completed", paid_session(&session, &id))).unwrap();
        let then = (app.ctx.clock.now() - week).seconds();
        told["created"] = json!(then);
        assert_eq!(app.webhook(&told.to_string()).await.status, 200);
        app.wait_for_badges(&id, "completed/paid").await;
        app.settle_down().await;
        assert_eq!(app.klaviyo_events("Preorder Success").await.len(), 1);
    }

    async fn a_database_that_fails_in_the_middle_is_told_to_stripe_and_the_next_try_counts(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        app.settle_down().await;
        let body = event("evt_1", "checkout.session.completed", paid_session(&session, &id));
        // The event's own row can be written, its delivery can't.
        app.ctx.db.execute("ALTER TABLE outbox RENAME TO outbox_elsewhere").await;
        let failed = app.webhook(&body).await;
        app.ctx.db.execute("ALTER TABLE outbox_elsewhere RENAME TO outbox").await;
        assert!(failed.status >= 500, "{}", failed.body);
        says_nothing_inward(&failed);
        assert_eq!(rows(app).await, 0, "half an intake was kept");
        assert_eq!(app.webhook(&body).await.status, 200);
        app.wait_for_badges(&id, "completed/paid").await;
        app.settle_down().await;
        assert_eq!((rows(app).await, applied(app, "evt_1").await), (1, 1));
    }

    async fn settlement_that_fails_in_the_middle_takes_effect_later_and_once(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        app.settle_down().await;
        let body = event("evt_1", "checkout.session.completed", paid_session(&session, &id));
        app.ctx.db.execute("ALTER TABLE payments_ledger RENAME TO ledger_elsewhere").await;
        assert_eq!(app.webhook(&body).await.status, 200);
        app.wait_until("it was tried", async || app.count("SELECT COUNT(*) FROM delivery_attempts WHERE outcome = 'pending'").await > 0).await;
        assert!(app.badges(&id).await.ends_with("/unpaid"), "half a settlement was kept");
        app.ctx.db.execute("ALTER TABLE ledger_elsewhere RENAME TO payments_ledger").await;
        app.advance(Duration::from_mins(1));
        app.wait_for_badges(&id, "completed/paid").await;
        app.settle_down().await;
        assert_eq!(app.klaviyo_events("Preorder Success").await.len(), 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM payments_ledger").await, 1);
    }
}

/// The address of another instance's intake, with workers of its own.
async fn served(ctx: &Context, stop: &CancellationToken) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let options = LeptosOptions::builder().output_name("rolitt").site_root("target/site").site_addr(addr).build();
    let service = router(AppState::new(ctx.clone(), options, None), None);
    let service = service.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(std::future::IntoFuture::into_future(axum::serve(listener, service)));
    tokio::spawn(crate::outbox::run(ctx.clone(), stop.clone()));
    format!("http://{addr}/api/webhooks/stripe")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_event_at_two_instances_at_once_counts_once() {
    let app = TestApp::start(Kind::Postgres).await;
    let (other, stop) = (app.another_instance().await, CancellationToken::new());
    let addresses = [format!("{}/api/webhooks/stripe", app.base), served(&other, &stop).await];
    let mut ids = Vec::new();
    for number in 0..6 {
        let (session, id) = app.checkout(&format!("buyer{number}@example.com")).await;
        let event_id = format!("evt_{number}");
        let body = event(&event_id, "checkout.session.completed", paid_session(&session, &id));
        let header = sign(SECRET, body.as_bytes(), app.ctx.clock.now());
        let sent = (0..20).map(|n| {
            let request = app.http.post(&addresses[n % 2]).header("stripe-signature", &header).body(body.clone());
            async move { request.send().await.unwrap().status().as_u16() }
        });
        let statuses = futures::future::join_all(sent).await;
        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
        ids.push((event_id, id));
    }
    for (event_id, id) in &ids {
        app.wait_for_badges(id, "completed/paid").await;
        app.wait_until(event_id, async || logged(&app, event_id).await.as_deref() == Some("success")).await;
        assert_eq!(applied(&app, event_id).await, 1, "{event_id}");
    }
    app.settle_down().await;
    assert_eq!(rows(&app).await, 6);
    assert_eq!(app.klaviyo_events("Preorder Success").await.len(), 6);
    stop.cancel();
    app.finish().await;
}
