//! Event bodies: every event that the sandbox sends in some lives of a shop, changed in every way that JSON can be. First
//! only read, in great numbers; then taken in over HTTP and applied, on both databases.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::{Value, json};

use super::mutation::{Mutation, mutations, texts};
use super::{holds, runtime};
use crate::domain::payment::Fact;
use crate::providers::payments::stripe::event::{self, Reading};
use crate::store::webhooks;
use crate::tests::app::TestApp;
use crate::tests::database::Kind;
use crate::workflows::WorkflowError;
use crate::workflows::apply_stripe_event::apply_stripe_event;
use crate::workflows::cancel_preorder::cancel_preorder;
use crate::workflows::check_promises::check_promises;

/// One of each type that we know, at least.
const SENT: [&str; 10] = [
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "charge.refunded",
    "refund.created",
    "charge.dispute.created",
    "charge.dispute.closed",
];

/// Buyers who pay, are refused, pay by debit that arrives or bounces, get money back, or doubt the payment. Gives every
/// event that was received of it.
async fn corpus(app: &TestApp) -> Vec<Value> {
    let intent = |paid: &Value| paid["session"]["payment_intent"].as_str().unwrap().to_owned();
    let checkout = async |name: &str| app.checkout(&format!("{name}@example.com")).await;
    let (session, _) = checkout("refused").await;
    app.pay_by_card(&session, "4000000000000002").await;
    let paid = app.pay_by_card(&session, "4242424242424242").await;
    app.post_json(&format!("/sandbox/payment_intents/{}/refund.json", intent(&paid)), &json!({ "amount": 10_000 }))
        .await;
    let (session, _) = checkout("doubtful").await;
    let paid = app.pay_by_card(&session, "4242424242424242").await;
    let doubted = format!("/sandbox/payment_intents/{}/dispute.json", intent(&paid));
    assert!(app.post_json(&doubted, &json!({ "reason": "fraudulent" })).await.status < 300);
    app.wait_until("the dispute is known", async || app.count("SELECT COUNT(*) FROM disputes").await == 1).await;
    let dispute = app.scalar("SELECT provider_dispute_id FROM disputes").await.unwrap();
    app.post_json(&format!("/sandbox/disputes/{dispute}/close.json"), &json!({ "status": "won" })).await;
    for (name, end) in [("arrives", "succeeds"), ("bounces", "fails")] {
        let (session, _) = checkout(name).await;
        app.pay(&session, json!({ "bank_debit": end, "delay_ms": 0 })).await;
    }
    let (_, id) = checkout("leaves").await;
    let owner = crate::domain::access::Actor {
        id: None,
        name: "owner@example.com".to_owned(),
        role: crate::domain::access::Role::Owner,
        request_id: None,
        address: None,
    };
    cancel_preorder(&app.ctx, &owner, &id.parse().unwrap()).await.unwrap();
    checkout("waits").await;
    for kind in SENT {
        let sent = format!("SELECT COUNT(*) FROM webhook_logs WHERE event = '{kind}'");
        app.wait_until(&format!("the sandbox sent {kind}"), async || app.count(&sent).await > 0).await;
    }
    app.settle_down().await;
    let bodies = app.ctx.db.texts("SELECT raw_data FROM webhook_logs ORDER BY received_at, id").await;
    bodies.iter().map(|body| serde_json::from_str(body).unwrap()).collect()
}

fn changed(events: &[Value], which: usize, mutations: &[Mutation], ids: &[String]) -> Value {
    let known: Vec<&Value> =
        events.iter().filter(|event| event["type"].as_str().is_some_and(event::is_known)).collect();
    // Mostly those that do something.
    let mut event =
        if which.is_multiple_of(8) { events[which % events.len()].clone() } else { known[which % known.len()].clone() };
    for mutation in mutations {
        mutation.apply(&mut event, ids);
    }
    event
}

/// What is read is what stands there.
fn is_read_as_it_stands(event: &Value) -> Result<(), TestCaseError> {
    let object = &event["data"]["object"];
    let is_amount =
        |minor: i64, key: &str| object[key].as_i64() == Some(minor) && (0..1_000_000_000_000).contains(&minor);
    let currency = |spelt: &str| object["currency"].as_str() == Some(spelt);
    match event::read(&event.to_string()) {
        Reading::Fact(Fact::Payment(fact)) => {
            let key = if fact.session_id.is_some() { "amount_total" } else { "amount_received" };
            if let Some(received) = fact.received {
                prop_assert!(is_amount(received.minor, key) && currency(received.currency.as_str()), "{fact:?}");
            }
            let ids = [&fact.session_id, &fact.payment_intent_id, &fact.preorder_id, &fact.attempt_id];
            prop_assert!(ids.into_iter().flatten().all(|id| id.len() <= 255 && !id.contains('\0')), "{fact:?}");
        }
        Reading::Fact(Fact::Refund(fact)) => {
            prop_assert!(is_amount(fact.amount.minor, "amount") && currency(fact.amount.currency.as_str()), "{fact:?}");
        }
        Reading::Fact(Fact::Dispute(fact)) => {
            prop_assert!(is_amount(fact.amount.minor, "amount") && currency(fact.amount.currency.as_str()), "{fact:?}");
        }
        Reading::RefundsOf { payment_intent_id, .. } => prop_assert!(payment_intent_id.len() <= 255),
        Reading::Ignored => prop_assert!(!event["type"].as_str().is_some_and(event::is_known)),
        Reading::Odd(problem) => prop_assert!(!problem.is_empty()),
    }
    Ok(())
}

/// Everything that may not be lost or made up by an event.
#[derive(Debug, Default)]
struct Books {
    /// A preorder's id, and when it was paid.
    paid: BTreeMap<String, String>,
    ledger: Vec<String>,
    /// Amounts of refunds and disputes: an earlier event's word may be what a later one moves.
    told_before: Vec<String>,
}

async fn books(app: &TestApp) -> Books {
    let paid = "SELECT id || ' ' || payment_status FROM preorders WHERE paid_at IS NOT NULL";
    let ledger =
        "SELECT id || ' ' || kind || ' ' || CAST(ABS(amount_minor) AS TEXT) || ' ' || currency FROM payments_ledger";
    let told_before = "SELECT CAST(amount_minor AS TEXT) || ' ' || currency FROM refunds \
         UNION SELECT CAST(amount_minor AS TEXT) || ' ' || currency FROM disputes";
    let split = |row: String| row.split_once(' ').map(|(id, rest)| (id.to_owned(), rest.to_owned())).unwrap();
    Books {
        paid: app.ctx.db.texts(paid).await.into_iter().map(split).collect(),
        ledger: app.ctx.db.texts(ledger).await,
        told_before: app.ctx.db.texts(told_before).await,
    }
}

/// Amounts that the event, or the sandbox when it is asked about it, says. A payment that we are told of for the first
/// time by its refund is asked about.
fn may_be_entered(event: &Value, entry: &str, before: &Books) -> bool {
    let object = &event["data"]["object"];
    let currency = object["currency"].as_str().unwrap_or_default();
    let said = ["amount_total", "amount_received", "amount"].iter().filter_map(|key| object[*key].as_i64());
    let mut said: Vec<String> = said.map(|minor| format!("{minor} {currency}")).collect();
    let kind = event["type"].as_str().unwrap_or_default();
    // What its list says, and what the books then lack: that they come to what it holds is asked of the ledger below.
    if kind.starts_with("charge.dispute.") && entry.contains(" dispute") {
        return true;
    }
    if !kind.starts_with("checkout.") && !kind.starts_with("payment_intent.") {
        said.extend(["49900 usd".to_owned(), "10000 usd".to_owned()]);
        said.extend_from_slice(&before.told_before);
    }
    said.iter().any(|said| entry.ends_with(&format!(" {said}")))
}

async fn is_taken_well(app: &TestApp, number: u64, event: &Value, before: &Books) -> Result<Books, TestCaseError> {
    let mut event = event.clone();
    if let Some(id) = event.get_mut("id").filter(|id| id.is_string()) {
        *id = json!(format!("evt_fuzz_{number}"));
    }
    let body = event.to_string();
    let answer = app.webhook(&body).await;
    let Some(envelope) = event::envelope(&body) else {
        prop_assert_eq!(answer.status, if body.len() > 256 * 1024 { 413 } else { 400 });
        return books(app).await.unchanged(before);
    };
    if body.len() > 256 * 1024 {
        prop_assert_eq!(answer.status, 413);
        return books(app).await.unchanged(before);
    }
    prop_assert_eq!(answer.status, 200, "{}", answer.body);
    let id = webhooks::find_by_event(&app.ctx.db, &envelope.id).await.unwrap();
    let Some(id) = id else { return Err(TestCaseError::fail("it was answered 200 and is not there")) };
    let kept = webhooks::find(&app.ctx.db, &id).await.unwrap().unwrap();
    prop_assert_eq!(&kept.raw_data, &body);
    let applied = apply_stripe_event(&app.ctx, &id).await;
    let store_failed = matches!(applied, Err(WorkflowError::Store(_)));
    prop_assert!(!store_failed, "the database refused what was read: {applied:?}");
    let status = webhooks::find(&app.ctx.db, &id).await.unwrap().unwrap().status.to_string();
    if let Err(WorkflowError::Odd(_)) = &applied {
        prop_assert_eq!(status, "failed");
    }
    let after = books(app).await;
    for (id, was) in &before.paid {
        prop_assert!(after.paid.contains_key(id), "{id} was {was}, and is not paid any more");
    }
    for entry in after.ledger.iter().filter(|entry| !before.ledger.contains(entry)) {
        prop_assert!(may_be_entered(&event, entry, before), "nobody said {entry}");
    }
    prop_assert!(before.ledger.iter().all(|entry| after.ledger.contains(entry)), "an entry is gone");
    // How much Stripe gives back is Stripe's to say, and ours to show; and nothing else may be broken.
    let findings = check_promises(&app.ctx).await.unwrap();
    let broken: Vec<_> = findings.iter().filter(|f| f.broken != 0 && MAY_NOT_BREAK.contains(&f.name)).collect();
    prop_assert!(broken.is_empty(), "{broken:?}");
    Ok(after)
}

/// A made-up event may say that more was refunded than paid, which is not ours to deny.
const MAY_NOT_BREAK: [&str; 8] =
    ["payments", "ledger", "credits", "signs", "repeats", "effects", "completion", "badges"];

impl Books {
    fn unchanged(self, before: &Self) -> Result<Self, TestCaseError> {
        prop_assert_eq!(&self.paid, &before.paid);
        prop_assert_eq!(self.ledger.len(), before.ledger.len());
        Ok(self)
    }
}

fn whatever_an_event_says(kind: Kind, quick: u32) {
    let runtime = runtime();
    let (app, events, mut before) = runtime.block_on(async {
        let app = TestApp::start(kind).await;
        let events = corpus(&app).await;
        app.stop_workers().await;
        let before = books(&app).await;
        (app, events, before)
    });
    let mut ids: Vec<String> = events.iter().flat_map(texts).filter(|text| text.contains('_')).collect();
    ids.sort();
    ids.dedup();
    if kind == Kind::Sqlite {
        holds("reading changed events", 1500, true, &(any::<usize>(), mutations()), |(which, mutations)| {
            is_read_as_it_stands(&changed(&events, which, &mutations, &ids))
        });
    }
    let (cell, number) = (std::cell::RefCell::new(std::mem::take(&mut before)), std::cell::Cell::new(0));
    holds("changed events", quick, false, &(any::<usize>(), mutations()), |(which, mutations)| {
        number.set(number.get() + 1);
        let event = changed(&events, which, &mutations, &ids);
        let after = runtime.block_on(is_taken_well(&app, number.get(), &event, &cell.borrow()));
        let after = after.map_err(|error| TestCaseError::fail(format!("{error}\n{event}")))?;
        cell.replace(after);
        Ok(())
    });
    app.expect_dead();
    app.cook_the_books();
    runtime.block_on(async {
        app.start_workers().await;
        app.finish().await;
    });
}

#[test]
fn whatever_an_event_says_it_is_kept_and_the_books_balance_on_sqlite() {
    whatever_an_event_says(Kind::Sqlite, 150);
}

#[test]
fn whatever_an_event_says_it_is_kept_and_the_books_balance_on_postgres() {
    whatever_an_event_says(Kind::Postgres, 100);
}

#[test]
fn whatever_bytes_are_signed_nothing_panics() {
    holds("signed bytes", 500, true, &any::<Vec<u8>>(), |bytes| {
        let text = String::from_utf8_lossy(&bytes);
        let _ = (event::envelope(&text), event::read(&text));
        Ok(())
    });
    // Deeper than any stack that reads by calling itself.
    for open in ["[", "{\"a\":"] {
        let deep = open.repeat(100_000);
        assert_eq!(event::envelope(&deep), None);
        assert!(matches!(event::read(&deep), Reading::Odd(_)));
    }
}
