//! Settlement in any order, any number of times: the events of one life, permuted, end in one state.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::json;

use super::app::TestApp;
use super::database::Kind;
use super::on_both;
use crate::domain::access::{Actor, Role};
use crate::domain::money::{Currency, Money};
use crate::domain::payment::{AttemptState, Card, Decline, Fact, PaymentFact};
use crate::domain::timestamp::Timestamp;
use crate::store::StoreError;
use crate::workflows::WorkflowError;
use crate::workflows::fulfil_preorder::{Move, move_fulfilment};
use crate::workflows::settle_payment::settle;

fn fact(preorder: &str, session: &str, outcome: AttemptState, at: i64) -> Fact {
    Fact::from(PaymentFact {
        preorder_id: Some(preorder.to_owned()),
        attempt_id: None,
        session_id: Some(session.to_owned()),
        payment_intent_id: Some(format!("pi_{session}")),
        outcome,
        received: (outcome == AttemptState::Paid).then_some(Money::new(49_900, Currency::Usd)),
        decline: (outcome == AttemptState::Declined)
            .then(|| Decline { code: format!("code_{at}"), message: "no".to_owned() }),
        card: (outcome == AttemptState::Paid).then(|| Card { brand: "visa".to_owned(), last4: "4242".to_owned() }),
        shipping_address: None,
        shipping_country: None,
        occurred_at: Timestamp::from_seconds(at),
    })
}

/// All together, each until it is settled: who waited too long for a connection or for the row comes again, as the
/// outbox does.
async fn settle_at_once(app: &TestApp, facts: &[Fact]) {
    let until_settled = async |fact| {
        while let Err(error) = settle(&app.ctx, fact).await {
            assert!(matches!(error, WorkflowError::Store(StoreError::Away(_))), "{error}");
        }
    };
    futures::future::join_all(facts.iter().map(until_settled)).await;
}

/// The lives of a payment, as Stripe tells them in order.
fn lives() -> Vec<(&'static str, Vec<(AttemptState, i64)>)> {
    use AttemptState::{Declined, Expired, Failed, Paid, Pending};
    vec![
        ("completed/paid", vec![(Paid, 10), (Paid, 11)]),
        ("completed/paid", vec![(Declined, 10), (Declined, 20), (Paid, 30), (Paid, 31)]),
        ("completed/paid", vec![(Pending, 10), (Paid, 90), (Paid, 91)]),
        ("failed", vec![(Pending, 10), (Declined, 90), (Failed, 90)]),
        ("completed/paid", vec![(Declined, 5), (Expired, 60), (Paid, 70)]),
        ("expired/failed", vec![(Declined, 10), (Expired, 90)]),
        ("expired/unpaid", vec![(Expired, 90)]),
    ]
}

async fn end_state(app: &TestApp, id: &str) -> String {
    let row = format!(
        "SELECT p.status || '/' || p.payment_status || ' ' || a.state || ' ' || COALESCE(a.decline_code, '-') || ' ' || \
         COALESCE(a.card_last4, '-') || ' ' || COALESCE(CAST(a.received_minor AS TEXT), '-') || ' ' || \
         COALESCE(CAST(p.paid_at AS TEXT), '-') FROM preorders p JOIN checkout_attempts a ON a.preorder_id = p.id \
         WHERE p.id = '{id}'"
    );
    app.scalar(&row).await.unwrap()
}

async fn permuted(kind: Kind) {
    let app = TestApp::start(kind).await;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for (number, (badges, life)) in lives().into_iter().enumerate() {
        let mut ends = std::collections::BTreeSet::new();
        for round in 0..12 {
            let email = format!("life{number}.{round}@example.com");
            let saved = app.post("/api/initiate_preorder", &[("email", &email), ("color", "sakura-pink")]).await.json();
            let id = saved["preorder_id"].as_str().unwrap().to_owned();
            let doubled: Vec<_> = life.iter().chain(&life).copied().collect();
            let order = Just(doubled).prop_shuffle().new_tree(&mut runner).unwrap().current();
            // The background may say "processing" before or after: it must have spoken for the ends to be compared.
            app.wait_until("the background has begun", async || !app.badges(&id).await.starts_with("initiated")).await;
            for (outcome, at) in order {
                settle(&app.ctx, &fact(&id, &format!("cs_{number}_{round}"), outcome, at)).await.unwrap();
            }
            let end = end_state(&app, &id).await;
            assert!(end.contains(badges), "{end} is not {badges}");
            ends.insert(end);
        }
        assert_eq!(ends.len(), 1, "one life ended in {ends:?}");
    }
    app.settle_down().await;
    let paid = app.count("SELECT COUNT(*) FROM preorders WHERE payment_status = 'paid'").await;
    assert_eq!(app.klaviyo_events("Preorder Success").await.len() as i64, paid);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_of_the_events_of_one_life_ends_in_the_same_state_on_sqlite() {
    permuted(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_of_the_events_of_one_life_ends_in_the_same_state_on_postgres() {
    permuted(Kind::Postgres).await;
}

on_both! {
    async fn a_hundred_settlements_at_once_pay_once(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        let facts: Vec<_> = (0..100).map(|at| fact(&id, &session, AttemptState::Paid, 100 + at)).collect();
        settle_at_once(app, &facts).await;
        app.settle_down().await;
        assert_eq!(app.count("SELECT COUNT(*) FROM outbox WHERE kind = 'klaviyo_preorder_success'").await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM checkout_attempts").await, 1);
    }

    async fn facts_that_arrive_at_once_are_taken_one_after_the_other(app: TestApp) {
        use AttemptState::{Declined, Expired, Paid, Pending};
        for round in 0..20 {
            let (session, id) = app.checkout(&format!("ana{round}@example.com")).await;
            let facts: Vec<_> = [Declined, Pending, Paid, Expired, Declined, Pending]
                .into_iter()
                .enumerate()
                .map(|(at, outcome)| fact(&id, &session, outcome, 100 + at as i64))
                .collect();
            settle_at_once(app, &facts).await;
            // Each read what the one before had written: none put back an older state over the payment.
            assert_eq!(app.badges(&id).await, "completed/paid", "round {round}");
            let state = app.scalar(&format!("SELECT state FROM checkout_attempts WHERE preorder_id = '{id}'")).await;
            assert_eq!(state.as_deref(), Some("paid"), "round {round}");
        }
    }

    async fn events_that_are_duplicated_delayed_and_reordered_settle_all_the_same(app: TestApp) {
        app.faults(json!({ "webhooks": { "duplicate": 2, "reorder": true, "delay_ms": 50 } })).await;
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay_by_card(&session, "4000000000009995").await;
        app.pay_by_card(&session, "4242424242424242").await;
        app.wait_for_badges(&id, "completed/paid").await;
        app.settle_down().await;
        assert_eq!(app.klaviyo_events("Preorder Success").await.len(), 1);
        let received = app.count("SELECT received_minor FROM checkout_attempts").await;
        assert_eq!(received, 49_900);
    }

    async fn a_page_of_somebody_elses_that_names_an_order_pays_nothing(app: TestApp) {
        let (_, id) = app.checkout("ana@example.com").await;
        // A payment link on the same account, its reference typed by whoever opened it.
        let link = json!({ "id": "evt_link", "type": "checkout.session.completed", "created": 1_700_000_000, "data": { "object": {
            "id": "cs_link", "payment_status": "paid", "status": "complete", "amount_total": 100, "currency": "usd",
            "payment_intent": "pi_link", "client_reference_id": id, "metadata": {} } } });
        assert_eq!(app.webhook(&link.to_string()).await.status, 200);
        app.settle_down().await;
        assert!(app.badges(&id).await.ends_with("/unpaid"), "{}", app.badges(&id).await);
        let logged = app.scalar("SELECT status || ': ' || error FROM webhook_logs WHERE stripe_event_id = 'evt_link'").await;
        assert_eq!(logged.as_deref(), Some("ignored: speaks of no preorder of ours"));
    }

    /// Taken by hand in Stripe's dashboard: it names the order, and no page.
    async fn a_payment_made_by_hand_stands_beside_the_open_page_and_closes_it(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        let by_hand = json!({ "id": "evt_hand", "type": "payment_intent.succeeded", "created": 1_700_000_000, "data": { "object": {
            "id": "pi_hand", "amount_received": 49_900, "currency": "usd", "metadata": { "preorder_id": id } } } });
        assert_eq!(app.webhook(&by_hand.to_string()).await.status, 200);
        app.wait_for_badges(&id, "completed/paid").await;
        app.settle_down().await;
        let of_page = format!("SELECT state || ' ' || COALESCE(payment_intent_id, '-') FROM checkout_attempts WHERE session_id = '{session}'");
        assert_eq!(app.scalar(&of_page).await.as_deref(), Some("expired -"));
        let again = json!({ "card": "4242424242424242" });
        let again = app.post_json(&format!("/sandbox/checkout/{session}/pay.json"), &again).await;
        assert_eq!(again.status, 409, "nobody pays twice: {}", again.body);
        assert_eq!(app.count("SELECT COUNT(*) FROM payments_ledger").await, 1);
    }

    async fn what_was_paid_too_little_is_paid_and_stays_in_the_house(app: TestApp) {
        app.expect_broken(&["amounts"]);
        let (session, id) = app.checkout("ana@example.com").await;
        let Fact::Payment(mut short) = fact(&id, &session, AttemptState::Paid, 100) else { panic!("no payment") };
        short.received = Some(Money::new(100, Currency::Usd));
        let short = Fact::Payment(short);
        settle(&app.ctx, &short).await.unwrap();
        assert_eq!(app.badges(&id).await, "completed/paid");
        let goods = format!("SELECT fulfilment_status FROM preorders WHERE id = '{id}'");
        assert_eq!(app.scalar(&goods).await.as_deref(), Some("on_hold"));
        assert_eq!(app.count("SELECT COUNT(*) FROM odd_payments").await, 1, "nobody is told");
        // A person has looked, and lets it go: the same fact once more does not hold it again.
        let owner = Actor { id: None, name: "o".to_owned(), role: Role::Owner, request_id: None, address: None };
        move_fulfilment(&app.ctx, &owner, &id.parse().unwrap(), Move::Release).await.unwrap();
        settle(&app.ctx, &short).await.unwrap();
        assert_eq!(app.scalar(&goods).await.as_deref(), Some("unfulfilled"));
    }

    async fn a_webhook_that_comes_before_the_session_is_saved_finds_its_attempt(app: TestApp) {
        // Stripe has made the page and says so by its post, while its answer to us is still on the way.
        app.faults(json!({ "stripe": { "hold": true } })).await;
        let asked = async {
            app.post("/api/handle_checkout", &[("email", "ana@example.com"), ("color", "sakura-pink")]).await
        };
        let told = async {
            let creating = "SELECT COUNT(*) FROM checkout_attempts WHERE state = 'creating' AND session_id IS NULL";
            app.wait_until("the page is being made", async || app.count(creating).await == 1).await;
            let attempt = app.scalar("SELECT id FROM checkout_attempts").await;
            let id = app.scalar("SELECT id FROM preorders").await.unwrap();
            let body = json!({ "id": "evt_early", "object": "event", "type": "checkout.session.completed", "created": 1_700_000_000,
                "livemode": false, "data": { "object": { "id": "cs_early", "object": "checkout.session", "payment_status": "paid",
                    "amount_total": 49_900, "currency": "usd", "payment_intent": "pi_early",
                    "metadata": { "attempt_id": attempt, "preorder_id": id } } } });
            assert_eq!(app.webhook(&body.to_string()).await.status, 200);
            app.wait_for_badges(&id, "completed/paid").await;
            assert_eq!(app.count(creating).await, 0, "it was another attempt's");
            app.faults(json!({ "stripe": { "hold": false } })).await;
        };
        let (answer, ()) = tokio::join!(asked, told);
        assert_eq!(answer.location(), "/preorder/success?session_id=cs_early", "nobody is sent to pay again");
        app.settle_down().await;
        let row = app.scalar("SELECT session_id || ' ' || state FROM checkout_attempts").await;
        assert_eq!(row.as_deref(), Some("cs_early paid"));
        assert_eq!(app.count("SELECT COUNT(*) FROM checkout_attempts").await, 1);
    }
}
