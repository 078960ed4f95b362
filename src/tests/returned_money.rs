//! Refunds and disputes made at Stripe, told of in any order and any number of times.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::json;

use super::app::TestApp;
use super::database::Kind;
use super::on_both;
use crate::domain::money::{Currency, Money};
use crate::domain::payment::{AttemptState, Fact, PaymentFact};
use crate::domain::refund::{DisputeFact, DisputeState, RefundFact, RefundState};
use crate::domain::timestamp::Timestamp;
use crate::workflows::settle_payment::settle;

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::Usd)
}

#[derive(Debug, Clone, Copy)]
enum Said {
    Paid(i64),
    Refund(&'static str, i64, RefundState),
    Dispute(DisputeState),
    /// Of another amount, by an object that lists what has moved.
    Listed(DisputeState, i64, &'static str),
}

fn fact(preorder: &str, said: Said) -> Fact {
    let preorder_id = Some(preorder.to_owned());
    let intent = Some(format!("pi_{preorder}"));
    let at = Timestamp::from_seconds(100);
    match said {
        Said::Paid(at) => Fact::from(PaymentFact {
            preorder_id,
            attempt_id: None,
            session_id: Some(format!("cs_{preorder}")),
            payment_intent_id: intent,
            outcome: AttemptState::Paid,
            received: Some(usd(49_900)),
            decline: None,
            card: None,
            shipping_address: None,
            shipping_country: None,
            occurred_at: Timestamp::from_seconds(at),
        }),
        Said::Refund(name, minor, state) => Fact::Refund(RefundFact {
            provider_refund_id: format!("re_{name}_{preorder}"),
            refund_id: None,
            preorder_id,
            payment_intent_id: intent,
            amount: usd(minor),
            reason: None,
            state,
            failure_reason: (state == RefundState::Failed).then(|| "lost_or_stolen_card".to_owned()),
            created_at: at,
            occurred_at: at,
        }),
        Said::Dispute(state) => Fact::Dispute(DisputeFact {
            provider_dispute_id: format!("du_{preorder}"),
            preorder_id,
            payment_intent_id: intent,
            amount: usd(49_900),
            reason: Some("fraudulent".to_owned()),
            state,
            moved: None,
            due_at: Some(at),
            opened_at: at,
            occurred_at: at,
        }),
        Said::Listed(state, minor, moved) => {
            let Fact::Dispute(bare) = fact(preorder, Said::Dispute(state)) else { unreachable!() };
            Fact::Dispute(DisputeFact { amount: usd(minor), moved: Some(moved.parse().unwrap()), ..bare })
        }
    }
}

/// Lives of a payment after it was made, as Stripe tells them in order, and how they end: badge, and the ledger's sum.
fn lives() -> Vec<(&'static str, i64, Vec<Said>)> {
    use DisputeState::{Lost, NeedsResponse, Prevented, UnderReview, WarningClosed, WarningNeedsResponse, Won};
    use RefundState::{Failed, Pending, Succeeded};
    vec![
        (
            "partially_refunded",
            39_900,
            vec![
                Said::Paid(10),
                Said::Refund("a", 10_000, Pending),
                Said::Refund("a", 10_000, Succeeded),
                Said::Paid(11),
            ],
        ),
        (
            "refunded",
            0,
            vec![Said::Paid(10), Said::Refund("a", 10_000, Succeeded), Said::Refund("b", 39_900, Succeeded)],
        ),
        ("paid", 49_900, vec![Said::Paid(10), Said::Refund("a", 49_900, Succeeded), Said::Refund("a", 49_900, Failed)]),
        (
            "partially_refunded",
            44_900,
            vec![Said::Paid(10), Said::Refund("a", 10_000, Failed), Said::Refund("b", 5_000, Succeeded)],
        ),
        (
            "disputed",
            0,
            vec![Said::Paid(10), Said::Dispute(NeedsResponse), Said::Dispute(UnderReview), Said::Dispute(Lost)],
        ),
        (
            "paid",
            49_900,
            vec![Said::Paid(10), Said::Dispute(NeedsResponse), Said::Dispute(UnderReview), Said::Dispute(Won)],
        ),
        ("disputed", 49_900, vec![Said::Paid(10), Said::Dispute(WarningNeedsResponse)]),
        ("paid", 49_900, vec![Said::Paid(10), Said::Dispute(WarningNeedsResponse), Said::Dispute(WarningClosed)]),
        ("paid", 49_900, vec![Said::Paid(10), Said::Dispute(NeedsResponse), Said::Dispute(Prevented)]),
        (
            "disputed",
            0,
            vec![Said::Paid(10), Said::Dispute(NeedsResponse), Said::Dispute(Prevented), Said::Dispute(Lost)],
        ),
        // What Stripe lists counts, whatever is doubted, and whatever was made of an object without a list.
        (
            "disputed",
            19_900,
            vec![Said::Paid(10), Said::Dispute(NeedsResponse), Said::Listed(Lost, 40_000, "txn_1:-30000:50")],
        ),
        ("disputed", 49_900, vec![Said::Paid(10), Said::Listed(Lost, 49_900, "")]),
        (
            "paid",
            49_800,
            vec![
                Said::Paid(10),
                Said::Listed(NeedsResponse, 10_000, "txn_1:-10000:50"),
                Said::Listed(UnderReview, 20_000, "txn_1:-10000:50 txn_2:-10000:60"),
                Said::Listed(Won, 20_000, "txn_1:-10000:50 txn_2:-10000:60 txn_3:19900:70"),
            ],
        ),
        (
            "partially_refunded",
            39_900,
            vec![
                Said::Paid(10),
                Said::Refund("a", 10_000, Succeeded),
                Said::Dispute(NeedsResponse),
                Said::Dispute(Won),
            ],
        ),
    ]
}

async fn permuted(kind: Kind) {
    let app = TestApp::start(kind).await;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for (number, (badge, balance, life)) in lives().into_iter().enumerate() {
        let mut ends = BTreeSet::new();
        for round in 0..10 {
            let email = format!("life{number}.{round}@example.com");
            let saved = app.post("/api/initiate_preorder", &[("email", &email), ("color", "sakura-pink")]).await.json();
            let id = saved["preorder_id"].as_str().unwrap().to_owned();
            let doubled: Vec<_> = life.iter().chain(&life).copied().collect();
            let order = Just(doubled).prop_shuffle().new_tree(&mut runner).unwrap().current();
            for said in order {
                settle(&app.ctx, &fact(&id, said)).await.unwrap();
            }
            let sum =
                format!("SELECT CAST(SUM(amount_minor) AS BIGINT) FROM payments_ledger WHERE preorder_id = '{id}'");
            ends.insert((app.badges(&id).await, app.count(&sum).await));
        }
        assert_eq!(ends.len(), 1, "one life ended in {ends:?}");
        let (badges, sum) = ends.pop_first().unwrap();
        assert_eq!((badges.as_str(), sum), (format!("completed/{badge}").as_str(), balance), "life {number}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_of_what_is_said_of_money_that_went_back_ends_in_the_same_state_on_sqlite() {
    permuted(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_of_what_is_said_of_money_that_went_back_ends_in_the_same_state_on_postgres() {
    permuted(Kind::Postgres).await;
}

async fn paid(app: &TestApp, email: &str) -> (String, String) {
    let (session, id) = app.checkout(email).await;
    app.pay_by_card(&session, "4242424242424242").await;
    app.wait_for_badges(&id, "completed/paid").await;
    let intent = app.scalar(&format!("SELECT payment_intent_id FROM preorders WHERE id = '{id}'")).await.unwrap();
    (id, intent)
}

on_both! {
    async fn a_refund_made_at_stripe_is_seen_here(app: TestApp) {
        let (id, intent) = paid(app, "ana@example.com").await;
        app.post_json(&format!("/sandbox/payment_intents/{intent}/refund.json"), &json!({ "amount": 10_000 })).await;
        app.wait_for_badges(&id, "completed/partially_refunded").await;
        app.post_json(&format!("/sandbox/payment_intents/{intent}/refund.json"), &json!({})).await;
        app.wait_for_badges(&id, "completed/refunded").await;
        app.settle_down().await;
        assert_eq!(app.count("SELECT COUNT(*) FROM refunds WHERE requested_by IS NULL AND attempt_id IS NOT NULL").await, 2);
        assert_eq!(app.count("SELECT COUNT(*) FROM webhook_logs WHERE status = 'ignored' AND event LIKE 'refund.%'").await, 0);
    }

    async fn a_dispute_is_seen_opened_and_won(app: TestApp) {
        let (id, intent) = paid(app, "ana@example.com").await;
        let opened = app.post_json(&format!("/sandbox/payment_intents/{intent}/dispute.json"), &json!({ "reason": "fraudulent" })).await;
        assert!(opened.status < 300, "{}", opened.body);
        app.wait_for_badges(&id, "completed/disputed").await;
        app.settle_down().await;
        assert_eq!(app.count("SELECT COUNT(*) FROM disputes WHERE due_at IS NOT NULL AND state = 'needs_response'").await, 1);
        let dispute = app.scalar("SELECT provider_dispute_id FROM disputes").await.unwrap();
        app.post_json(&format!("/sandbox/disputes/{dispute}/close.json"), &json!({ "status": "won" })).await;
        app.wait_for_badges(&id, "completed/paid").await;
        app.settle_down().await;
        let ledger = app.count("SELECT CAST(SUM(amount_minor) AS BIGINT) FROM payments_ledger").await;
        assert_eq!(ledger, 49_900);
    }

    async fn a_refund_told_of_before_its_payment_finds_its_preorder(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        app.faults(json!({ "webhooks": { "lose_rate": 1.0 } })).await;
        app.pay_by_card(&session, "4242424242424242").await;
        // Nothing of the payment was heard. Then the refund's event comes, which names a payment we have never seen.
        let made = app.http.get(format!("{}/sandbox/api/v1/checkout/sessions/{session}", app.base)).bearer_auth("sk_test_sandbox");
        let made: serde_json::Value = made.send().await.unwrap().json().await.unwrap();
        let intent = made["payment_intent"].as_str().unwrap();
        app.faults(json!({ "webhooks": { "lose_rate": 0.0 } })).await;
        app.post_json(&format!("/sandbox/payment_intents/{intent}/refund.json"), &json!({ "amount": 10_000 })).await;
        app.wait_for_badges(&id, "completed/partially_refunded").await;
        app.settle_down().await;
        assert_eq!(app.klaviyo_events("Preorder Success").await.len(), 1);
    }
}
