//! Lives of real payments at the sandbox, told by Stripe's own event bodies through the intake, so that reading them,
//! and finding whose they are, is part of it: refunds made in the dashboard and disputes name no preorder, and a fact
//! that comes before its payment is asked about. How each life must end is a plain table here, and no code.

use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::domain::access::{Actor, Role};
use crate::domain::ids::PreorderId;
use crate::domain::money::{Currency, Money};
use crate::domain::refund::RefundReason;
use crate::providers::payments::stripe::event::Envelope;
use crate::providers::payments::{Listed, Made, Seen};
use crate::tests::app::TestApp;
use crate::tests::on_both;
use crate::workflows::apply_stripe_event::apply_stripe_event;
use crate::workflows::cancel_preorder::cancel_preorder;
use crate::workflows::receive_webhook::receive_webhook;
use crate::workflows::refunds::{self, RefundWish};

/// What happens at Stripe.
#[derive(Debug, Clone, Copy)]
enum Act {
    Declined,
    Pays,
    /// By bank debit, which arrives.
    Debit,
    Bounces,
    /// In the dashboard.
    Refund(i64),
    /// The last refund comes back.
    RefundFails,
    Dispute(i64),
    Inquiry,
    /// What becomes of the dispute.
    Then(&'static str),
}
use Act::{Bounces, Debit, Declined, Dispute, Inquiry, Pays, Refund, RefundFails, Then};

/// A life; its badges and the ledger's sum at the end; and what stands in the ledger.
type Life = (&'static [Act], &'static str, i64, &'static [&'static str]);

const PAID: i64 = 49_900;
const LIVES: &[Life] = &[
    (&[Pays], "completed/paid", PAID, &["capture 49900"]),
    (&[Declined, Pays], "completed/paid", PAID, &["capture 49900"]),
    (&[Declined], "processing/failed", 0, &[]),
    (&[Debit], "completed/paid", PAID, &["capture 49900"]),
    (&[Bounces], "processing/failed", 0, &[]),
    (&[Pays, Refund(9_900)], "completed/partially_refunded", 40_000, &["capture 49900", "refund -9900"]),
    (
        &[Pays, Refund(9_900), Refund(40_000)],
        "completed/refunded",
        0,
        &["capture 49900", "refund -40000", "refund -9900"],
    ),
    (
        &[Pays, Refund(PAID), RefundFails],
        "completed/paid",
        PAID,
        &["capture 49900", "refund -49900", "refund_returned 49900"],
    ),
    (&[Pays, Dispute(PAID)], "completed/disputed", 0, &["capture 49900", "dispute -49900"]),
    (&[Pays, Dispute(20_000)], "completed/disputed", 29_900, &["capture 49900", "dispute -20000"]),
    (&[Pays, Dispute(20_000), Then("lost")], "completed/disputed", 29_900, &["capture 49900", "dispute -20000"]),
    (
        &[Pays, Dispute(PAID), Then("won")],
        "completed/paid",
        PAID,
        &["capture 49900", "dispute -49900", "dispute_returned 49900"],
    ),
    (
        &[Pays, Dispute(PAID), Then("lost"), Then("won")],
        "completed/paid",
        PAID,
        &["capture 49900", "dispute -49900", "dispute_returned 49900"],
    ),
    (
        &[Pays, Dispute(PAID), Then("prevented")],
        "completed/paid",
        PAID,
        &["capture 49900", "dispute -49900", "dispute_returned 49900"],
    ),
    (&[Pays, Inquiry], "completed/disputed", PAID, &["capture 49900"]),
    (&[Pays, Inquiry, Then("warning_closed")], "completed/paid", PAID, &["capture 49900"]),
    (
        &[Pays, Inquiry, Then("needs_response"), Then("lost")],
        "completed/disputed",
        0,
        &["capture 49900", "dispute -49900"],
    ),
    (
        &[Pays, Refund(9_900), Dispute(40_000), Then("lost")],
        "completed/disputed",
        0,
        &["capture 49900", "dispute -40000", "refund -9900"],
    ),
    (
        &[Pays, Refund(9_900), Dispute(40_000), Then("won")],
        "completed/partially_refunded",
        40_000,
        &["capture 49900", "dispute -40000", "dispute_returned 40000", "refund -9900"],
    ),
];

/// Whoever has a life: what of theirs is known by which name.
struct Buyer {
    preorder: PreorderId,
    session: String,
    intent: String,
    life: &'static Life,
    round: usize,
}

async fn post(app: &TestApp, path: &str, body: Value) -> Value {
    let answer = app.post_json(path, &body).await;
    assert!(answer.status < 300, "{path} {body}: {}", answer.body);
    answer.json()
}

/// All of it happens at Stripe, and nobody hears of it.
async fn lives(app: &TestApp, life: &'static Life, number: usize, round: usize) -> Buyer {
    let (session, id) = app.checkout(&format!("life{number}.{round}@example.com")).await;
    let (mut intent, mut refund, mut dispute) = (String::new(), String::new(), String::new());
    let name = |object: &Value| object["id"].as_str().unwrap().to_owned();
    for act in life.0 {
        let how = match act {
            Declined => Some(json!({ "card": "4000000000000002" })),
            Pays => Some(json!({ "card": "4242424242424242" })),
            Debit => Some(json!({ "bank_debit": "succeeds", "delay_ms": 0 })),
            Bounces => Some(json!({ "bank_debit": "fails", "delay_ms": 0 })),
            _ => None,
        };
        let of_payment = format!("/sandbox/payment_intents/{intent}");
        match act {
            Refund(minor) => {
                refund = name(&post(app, &format!("{of_payment}/refund.json"), json!({ "amount": minor })).await);
            }
            RefundFails => drop(post(app, &format!("/sandbox/refunds/{refund}/fail.json"), json!({})).await),
            Dispute(minor) => {
                dispute = name(&post(app, &format!("{of_payment}/dispute.json"), json!({ "amount": minor })).await);
            }
            Inquiry => {
                dispute = name(&post(app, &format!("{of_payment}/dispute.json"), json!({ "inquiry": true })).await);
            }
            Then(word) => {
                post(app, &format!("/sandbox/disputes/{dispute}/close.json"), json!({ "status": word })).await;
            }
            Declined | Pays | Debit | Bounces => {
                let paid = app.pay(&session, how.unwrap()).await;
                if let Some(known) = paid["session"]["payment_intent"].as_str() {
                    known.clone_into(&mut intent);
                }
            }
        }
    }
    Buyer { preorder: id.parse().unwrap(), session, intent, life, round }
}

/// What Stripe would have sent, first to last.
async fn events(app: &TestApp) -> Vec<(String, String, String)> {
    let since = app.ctx.clock.now() - Duration::from_hours(1);
    let (mut events, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = app.ctx.payments.default().list(Listed::Events, Made::since(since), after.as_deref()).await.unwrap();
        events.extend(page.seen.into_iter().map(|seen| match seen {
            Seen::Event { id, kind, body } => (id, kind, body),
            other => panic!("no event: {other:?}"),
        }));
        let Some(next) = page.next else { break };
        after = Some(next);
    }
    events.reverse();
    events
}

fn owner() -> Actor {
    Actor { id: None, name: "owner@example.com".to_owned(), role: Role::Owner, request_id: None, address: None }
}

/// Somebody in the office does something in the midst of it; whether it was too late for it is no matter here.
async fn office(app: &TestApp, buyer: &Buyer) {
    if buyer.round.is_multiple_of(2) {
        let _ = cancel_preorder(&app.ctx, &owner(), &buyer.preorder).await;
    } else {
        let wish = RefundWish {
            preorder_id: buyer.preorder.clone(),
            amount: Money::new(1_000, Currency::Usd),
            reason: RefundReason::RequestedByCustomer,
            form_key: "mid-life".to_owned(),
        };
        let _ = refunds::request(&app.ctx, &owner(), &wish).await;
    }
}

async fn tell(app: &TestApp, buyer: &Buyer, told: &[(String, String, String)], when: usize) {
    for (step, (id, kind, body)) in told.iter().enumerate() {
        if step == when {
            office(app, buyer).await;
        }
        receive_webhook(&app.ctx, &Envelope::named(id, kind), body).await.unwrap();
        let row = app.scalar(&format!("SELECT id FROM webhook_logs WHERE stripe_event_id = '{id}'")).await.unwrap();
        let applied = apply_stripe_event(&app.ctx, &row.parse().unwrap()).await;
        applied.unwrap_or_else(|error| panic!("{:?}: {kind}: {error}", buyer.life));
    }
}

/// `txn_123` is another in each life: what kind of thing it names stays.
fn nameless(row: &str) -> String {
    let (key, rest) = row.split_once(' ').unwrap();
    let parts = key.split(':').map(|part| match part.split_once('_') {
        Some((kind @ ("chk" | "pi" | "cs" | "re" | "du" | "txn"), _)) => kind,
        _ => part,
    });
    format!("{} {rest}", parts.collect::<Vec<_>>().join(":"))
}

/// Everything of the money that must not depend on the order, but for names.
async fn end(app: &TestApp, buyer: &Buyer) -> Vec<String> {
    let rows = async |sql: &str| {
        let mut rows = app.ctx.db.texts(&sql.replace("{id}", buyer.preorder.as_str())).await;
        rows.sort();
        rows
    };
    // A row of the ledger is never changed: what was told before its payment does not name the try, here only.
    let ledger =
        "SELECT dedupe_key || ' ' || amount_minor || ' ' || currency FROM payments_ledger WHERE preorder_id = '{id}'";
    let mut all: Vec<String> = rows(ledger).await.iter().map(|row| nameless(row)).collect();
    all.sort();
    all.extend(
        rows("SELECT state || ' ' || COALESCE(received_minor, 0) FROM checkout_attempts WHERE preorder_id = '{id}'")
            .await,
    );
    let refunds = "SELECT state || ' ' || amount_minor || ' ' || (attempt_id IS NOT NULL) FROM refunds \
         WHERE preorder_id = '{id}' AND provider_refund_id IS NOT NULL";
    all.extend(rows(refunds).await);
    let disputes = "SELECT state || ' ' || amount_minor || ' ' || taken_minor || ' ' || COALESCE(reason, '') || ' ' \
         || (attempt_id IS NOT NULL) FROM disputes WHERE preorder_id = '{id}'";
    all.extend(rows(disputes).await);
    all
}

async fn is_as_the_table_says(app: &TestApp, buyer: &Buyer, told: &[(String, String, String)]) {
    let (_, badges, sum, entries) = buyer.life;
    let id = &buyer.preorder;
    let kinds: Vec<&str> = told.iter().map(|(_, kind, _)| kind.as_str()).collect();
    let why = format!("{:?} round {} told as {kinds:?}", buyer.life.0, buyer.round);
    let known = app.badges(id.as_str()).await;
    // Cancelled before anything was heard of a payment that never came.
    let cancelled = known.starts_with("cancelled/") && badges.starts_with("processing/");
    // Nothing was paid, and nobody has worked in the background: the order is where it began.
    let untouched = known.starts_with("initiated/") && known == badges.replace("processing/", "initiated/");
    assert!(known == *badges || untouched || cancelled && known.ends_with("/failed"), "{known}: {why}");
    let ledger = format!("SELECT kind || ' ' || amount_minor FROM payments_ledger WHERE preorder_id = '{id}'");
    let mut ledger = app.ctx.db.texts(&ledger).await;
    ledger.sort();
    assert_eq!(ledger, *entries, "{why}");
    let of = |entry: &str| entry.split_once(' ').unwrap().1.parse::<i64>().unwrap();
    assert_eq!(ledger.iter().map(|entry| of(entry)).sum::<i64>(), *sum, "{why}");
}

on_both! {
    async fn stripes_own_events_in_any_order_end_a_life_as_it_stands_in_the_table(app: TestApp) {
        // Refunds that the office asked for in the midst of a dispute are refused by Stripe.
        app.faults(json!({ "webhooks": { "lose_rate": 1.0 } })).await;
        app.stop_workers().await;
        let mut buyers = Vec::new();
        for (number, life) in LIVES.iter().enumerate() {
            for round in 0..4 {
                buyers.push(lives(app, life, number, round).await);
            }
        }
        let all = events(app).await;
        let mut runner = TestRunner::deterministic();
        let mut straight = Vec::new();
        for buyer in &buyers {
            let is_theirs = |body: &str| [buyer.session.as_str(), buyer.intent.as_str(), buyer.preorder.as_str()]
                .iter().any(|name| !name.is_empty() && body.contains(name));
            let theirs: Vec<_> = all.iter().filter(|(_, _, body)| is_theirs(body)).cloned().collect();
            assert!(!theirs.is_empty());
            // Once in order; then shuffled, and some of it twice.
            let (told, when) = if buyer.round == 0 {
                (theirs.clone(), usize::MAX)
            } else {
                let twice: Vec<_> = theirs.iter().chain(theirs.iter().step_by(2)).cloned().collect();
                let length = twice.len();
                (Just(twice).prop_shuffle(), 0..length).new_tree(&mut runner).unwrap().current()
            };
            tell(app, buyer, &told, when).await;
            is_as_the_table_says(app, buyer, &told).await;
            let end = end(app, buyer).await;
            if buyer.round == 0 {
                straight = end;
            } else {
                assert_eq!(end, straight, "{:?}: {told:#?}", buyer.life.0);
            }
        }
        app.faults(json!({ "webhooks": { "lose_rate": 0.0 } })).await;
        app.start_workers().await;
    }
}
