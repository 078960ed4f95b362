//! Refunds asked for here: once however often they are pressed, never more than was paid, and as Stripe says in the end.

use std::time::Duration;

use serde_json::{Value, json};

use super::app::TestApp;
use super::on_both;
use crate::domain::access::{Actor, Role};
use crate::domain::delivery::DeliveryKind;
use crate::domain::ids::DeliveryId;
use crate::domain::money::{Currency, Money};
use crate::domain::refund::{RefundReason, RefundState};
use crate::providers::ProviderError;
use crate::providers::payments::NewRefund;
use crate::store::refunds::Refund;
use crate::workflows::WorkflowError;
use crate::workflows::dead_deliveries::discard_dead;
use crate::workflows::deliveries::discard;
use crate::workflows::refunds::{RefundWish, refundable, request};

fn somebody(role: Role) -> Actor {
    Actor { id: None, name: format!("{role}@example.com"), role, request_id: None, address: None }
}

async fn paid(app: &TestApp, email: &str) -> String {
    let (session, id) = app.checkout(email).await;
    app.pay_by_card(&session, "4242424242424242").await;
    app.wait_for_badges(&id, "completed/paid").await;
    id
}

async fn ask(app: &TestApp, who: Role, id: &str, minor: i64, key: &str) -> Result<Refund, WorkflowError> {
    let wish = RefundWish {
        preorder_id: id.parse().unwrap(),
        amount: Money::new(minor, Currency::Usd),
        reason: RefundReason::RequestedByCustomer,
        form_key: key.to_owned(),
    };
    request(&app.ctx, &somebody(who), &wish).await
}

async fn at_stripe(app: &TestApp) -> Vec<Value> {
    let list = app.http.get(format!("{}/sandbox/api/v1/refunds?limit=100", app.base)).bearer_auth("sk_test_sandbox");
    let list: Value = list.send().await.unwrap().json().await.unwrap();
    list["data"].as_array().unwrap().clone()
}

async fn state(app: &TestApp, refund: &Refund) -> RefundState {
    crate::store::refunds::find(&app.ctx.db, &refund.id).await.unwrap().unwrap().state
}

/// A refund that Stripe has made and of which nobody here has heard: the process ended while it waited for the answer,
/// and gave the delivery back as if it had not begun.
async fn made_and_let_go_of(app: &TestApp) -> Refund {
    let id = paid(app, "ana@example.com").await;
    app.settle_down().await;
    app.stop_workers().await;
    app.faults(json!({ "webhooks": { "lose_rate": 1.0 } })).await;
    let refund = ask(app, Role::Owner, &id, 5_000, "let go of").await.unwrap();
    let call = NewRefund {
        refund_id: refund.id.to_string(),
        preorder_id: id,
        payment_intent_id: refund.payment_intent_id.clone().unwrap(),
        amount: refund.amount(),
        reason: Some(RefundReason::RequestedByCustomer),
        idempotency_key: refund.idempotency_key.clone(),
    };
    app.faults(json!({ "stripe": { "lose_answer_rate": 1.0 } })).await;
    let answer = app.ctx.payments.default().create_refund(&call).await;
    assert!(matches!(answer, Err(ProviderError::NoAnswer(_))), "{answer:?}");
    app.faults(json!({ "stripe": { "lose_answer_rate": 0.0 } })).await;
    assert_eq!(at_stripe(app).await.len(), 1);
    refund
}

/// As if its tries were over.
async fn give_up_delivery(app: &TestApp, refund: &Refund) -> DeliveryId {
    let of = format!("outbox WHERE dedupe_key = 'request_refund:{}'", refund.id);
    app.ctx
        .db
        .execute(&format!("UPDATE {} ", of.replace("WHERE", "SET state = 'dead', finished_at = created_at WHERE")))
        .await;
    app.scalar(&format!("SELECT id FROM {of}")).await.unwrap().parse().unwrap()
}

fn code(refused: Result<Refund, WorkflowError>) -> &'static str {
    match refused {
        Err(WorkflowError::Refused { code, .. }) => code,
        Err(WorkflowError::NeedsOwner(_)) => "owner_needed",
        Err(WorkflowError::Forbidden) => "forbidden",
        other => panic!("not refused: {other:?}"),
    }
}

on_both! {
    async fn a_refund_in_part_and_then_the_rest(app: TestApp) {
        let id = paid(app, "ana@example.com").await;
        let part = ask(app, Role::Owner, &id, 10_000, "one").await.unwrap();
        app.wait_for_badges(&id, "completed/partially_refunded").await;
        assert_eq!(state(app, &part).await, RefundState::Succeeded);
        assert_eq!(refundable(&app.ctx, &part.preorder_id).await.unwrap().minor, 39_900);
        assert_eq!(code(ask(app, Role::Owner, &id, 39_901, "two").await), "amount_too_high");
        ask(app, Role::Owner, &id, 39_900, "three").await.unwrap();
        app.wait_for_badges(&id, "completed/refunded").await;
        assert_eq!(code(ask(app, Role::Owner, &id, 1, "four").await), "nothing_to_refund");
        app.settle_down().await;
        let ledger = app.count("SELECT CAST(SUM(amount_minor) AS BIGINT) FROM payments_ledger").await;
        assert_eq!((ledger, at_stripe(app).await.len()), (0, 2));
        assert!(at_stripe(app).await.iter().all(|refund| refund["reason"] == "requested_by_customer"));
    }

    async fn pressed_twice_it_is_one_refund(app: TestApp) {
        let id = paid(app, "ana@example.com").await;
        let pressed = (0..10).map(|_| ask(app, Role::Owner, &id, 5_000, "same form"));
        let refunds: Vec<_> = futures::future::join_all(pressed).await.into_iter().map(Result::unwrap).collect();
        assert!(refunds.iter().all(|refund| refund.id == refunds[0].id));
        app.wait_for_badges(&id, "completed/partially_refunded").await;
        app.settle_down().await;
        assert_eq!(at_stripe(app).await.len(), 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM audit_log WHERE action = 'refund_requested'").await, 1);
    }

    async fn two_admins_at_once_never_give_back_more_than_was_paid(app: TestApp) {
        let id = paid(app, "ana@example.com").await;
        let keys: Vec<_> = (0..8).map(|n| format!("admin {n}")).collect();
        let asked = futures::future::join_all(keys.iter().map(|key| ask(app, Role::Owner, &id, 30_000, key))).await;
        assert_eq!(asked.iter().filter(|asked| asked.is_ok()).count(), 1);
        app.wait_for_badges(&id, "completed/partially_refunded").await;
        app.settle_down().await;
        assert_eq!(at_stripe(app).await.len(), 1);
    }

    async fn support_refunds_up_to_the_limit_and_a_viewer_nothing(app: TestApp) {
        let id = paid(app, "ana@example.com").await;
        assert_eq!(code(ask(app, Role::Viewer, &id, 100, "viewer").await), "forbidden");
        assert_eq!(code(ask(app, Role::Support, &id, 10_001, "too much").await), "owner_needed");
        ask(app, Role::Support, &id, 6_000, "some").await.unwrap();
        assert_eq!(code(ask(app, Role::Support, &id, 6_000, "in small parts").await), "owner_needed");
        ask(app, Role::Owner, &id, 6_000, "the owner may").await.unwrap();
        app.settle_down().await;
    }

    async fn an_answer_that_was_lost_after_the_act_is_found_and_not_repeated(app: TestApp) {
        let refund = made_and_let_go_of(app).await;
        app.start_workers().await;
        app.wait_until("it is known", async || state(app, &refund).await == RefundState::Succeeded).await;
        app.settle_down().await;
        assert_eq!(at_stripe(app).await.len(), 1);
    }

    async fn one_failure_of_stripes_does_not_hold_a_refund_up_for_a_day(app: TestApp) {
        let id = paid(app, "ana@example.com").await;
        app.settle_down().await;
        app.faults(json!({ "stripe": { "error_rate": 1.0, "error_on": "POST /v1/refunds" } })).await;
        let refund = ask(app, Role::Owner, &id, 5_000, "failed").await.unwrap();
        let tries = "SELECT COUNT(*) FROM delivery_attempts WHERE outcome = 'pending'";
        app.wait_until("it was tried", async || app.count(tries).await > 0).await;
        app.faults(json!({ "stripe": { "error_rate": 0.0, "error_on": "" } })).await;
        // Stripe repeats that answer to that key for a day; the shop is through with it within minutes.
        app.advance(Duration::from_mins(5));
        app.wait_until("it is made", async || state(app, &refund).await == RefundState::Succeeded).await;
        app.settle_down().await;
        assert_eq!(at_stripe(app).await.len(), 1);
        assert!(app.count("SELECT MIN(key_generation) FROM refunds").await >= 1, "the same key was used again");
    }

    /// A gateway's 5xx says nothing of what goes on behind it: under another key the money would go back twice.
    async fn a_refund_that_is_made_after_it_was_answered_as_failed_is_made_once(app: TestApp) {
        let id = paid(app, "ana@example.com").await;
        app.settle_down().await;
        let late = json!({ "late_act_rate": 1.0, "error_status": 502, "error_on": "POST /v1/refunds" });
        app.faults(json!({ "stripe": late, "webhooks": { "lose_rate": 1.0 } })).await;
        let refund = ask(app, Role::Owner, &id, 5_000, "late").await.unwrap();
        let tries = "SELECT COUNT(*) FROM delivery_attempts WHERE outcome = 'pending'";
        app.wait_until("it was tried", async || app.count(tries).await > 0).await;
        app.faults(json!({ "stripe": { "late_act_rate": 0.0, "error_on": "" } })).await;
        let is_made = async || {
            app.advance(Duration::from_secs(10));
            state(app, &refund).await == RefundState::Succeeded
        };
        app.wait_until("it is made", is_made).await;
        app.settle_down().await;
        assert_eq!(at_stripe(app).await.len(), 1, "the money went back twice");
        assert_eq!(app.count("SELECT MAX(key_generation) FROM refunds").await, 0, "another key was used");
    }

    async fn a_call_that_was_let_go_of_at_the_stop_is_found_though_stripe_has_forgotten_its_key(app: TestApp) {
        let refund = made_and_let_go_of(app).await;
        app.advance(Duration::from_hours(25));
        app.start_workers().await;
        app.wait_until("it is known", async || state(app, &refund).await == RefundState::Succeeded).await;
        app.settle_down().await;
        assert_eq!(at_stripe(app).await.len(), 1, "the money went back twice");
        assert_eq!(refundable(&app.ctx, &refund.preorder_id).await.unwrap().minor, 44_900);
    }

    async fn a_refund_whose_delivery_is_discarded_holds_its_money_no_longer(app: TestApp) {
        let id = paid(app, "ana@example.com").await;
        app.settle_down().await;
        app.stop_workers().await;
        let refund = ask(app, Role::Owner, &id, 5_000, "given up").await.unwrap();
        let delivery = give_up_delivery(app, &refund).await;
        let owner = somebody(Role::Owner);
        app.faults(json!({ "stripe": { "reset_rate": 1.0 } })).await;
        match discard(&app.ctx, &owner, &delivery, "No hurry.").await {
            Err(WorkflowError::Refused { code: "stripe_not_asked", message, .. }) => assert!(message.contains("once Stripe answers"), "{message}"),
            other => panic!("Stripe was not asked, and it is {other:?}"),
        }
        assert_eq!(state(app, &refund).await, RefundState::Requested);
        app.faults(json!({ "stripe": { "reset_rate": 0.0 } })).await;
        app.advance(Duration::from_mins(5));
        assert!(discard(&app.ctx, &owner, &delivery, "No hurry.").await.unwrap());
        assert_eq!(state(app, &refund).await, RefundState::Failed);
        let why = app.scalar(&format!("SELECT failure_reason FROM refunds WHERE id = '{}'", refund.id)).await;
        assert_eq!(why.as_deref(), Some("given up by owner@example.com: No hurry."));
        assert_eq!(refundable(&app.ctx, &refund.preorder_id).await.unwrap().minor, 49_900);
        assert!(!discard(&app.ctx, &owner, &delivery, "No hurry.").await.unwrap(), "it was discarded before");
        assert_eq!(at_stripe(app).await.len(), 0);
        app.start_workers().await;
        app.expect_dead();
    }

    async fn a_refund_that_was_made_is_known_once_its_delivery_is_discarded(app: TestApp) {
        let refund = made_and_let_go_of(app).await;
        give_up_delivery(app, &refund).await;
        let owner = somebody(Role::Owner);
        let kind = DeliveryKind::RequestRefund;
        assert_eq!(discard_dead(&app.ctx, &owner, kind, "It looks as if it was made.").await.unwrap(), 1);
        assert_eq!(state(app, &refund).await, RefundState::Succeeded);
        assert_eq!(refundable(&app.ctx, &refund.preorder_id).await.unwrap().minor, 44_900);
        app.start_workers().await;
        app.expect_dead();
    }

    async fn what_stripe_refuses_failed_and_frees_what_it_held(app: TestApp) {
        let id = paid(app, "ana@example.com").await;
        let intent = app.scalar(&format!("SELECT payment_intent_id FROM preorders WHERE id = '{id}'")).await.unwrap();
        // Somebody was quicker in Stripe's dashboard, and we have not heard of it.
        app.faults(json!({ "webhooks": { "lose_rate": 1.0 } })).await;
        let there = app.post_json(&format!("/sandbox/payment_intents/{intent}/refund.json"), &json!({ "amount": 49_900 })).await;
        assert!(there.status < 300, "{}", there.body);
        let refund = ask(app, Role::Owner, &id, 5_000, "late").await.unwrap();
        app.wait_until("it is refused", async || state(app, &refund).await == RefundState::Failed).await;
        let why = app.scalar(&format!("SELECT failure_reason FROM refunds WHERE id = '{}'", refund.id)).await.unwrap();
        assert!(why.contains("already been refunded"), "{why}");
        assert_eq!(app.badges(&id).await, "completed/paid");
        assert_eq!(refundable(&app.ctx, &refund.preorder_id).await.unwrap().minor, 49_900);
    }

    async fn a_refund_that_the_bank_sends_back_is_ours_again(app: TestApp) {
        let id = paid(app, "ana@example.com").await;
        let refund = ask(app, Role::Owner, &id, 49_900, "all").await.unwrap();
        app.wait_for_badges(&id, "completed/refunded").await;
        app.settle_down().await;
        let known = crate::store::refunds::find(&app.ctx.db, &refund.id).await.unwrap().unwrap();
        let failed = app.post_json(&format!("/sandbox/refunds/{}/fail.json", known.provider_refund_id.unwrap()), &json!({})).await;
        assert!(failed.status < 300, "{}", failed.body);
        app.wait_for_badges(&id, "completed/paid").await;
        app.settle_down().await;
        assert_eq!(state(app, &refund).await, RefundState::Failed);
        assert_eq!(app.count("SELECT COUNT(*) FROM payments_ledger").await, 3);
        assert_eq!(refundable(&app.ctx, &refund.preorder_id).await.unwrap().minor, 49_900);
    }
}
