//! What events look like: of older and newer versions, with objects where ids were, with parts missing, and of shapes that
//! nobody has thought of. What is signed and is an event is kept; what can't be read is shown to a person.

use serde_json::{Value, json};

use super::{event, logged, paid_session, rows, says_nothing_inward};
use crate::tests::app::{SECRET, TestApp};
use crate::tests::database::Kind;
use crate::tests::on_both;

/// How it is called, what is changed, and what becomes of it.
type Version = (&'static str, fn(&mut Value), &'static str);

/// Changes to a whole event about a paid session, each with what it is then: its place in the log.
fn versions() -> Vec<Version> {
    vec![
        ("as it is", |_| {}, "success"),
        ("of 2019", |e| e["api_version"] = json!("2019-12-03"), "success"),
        (
            "of before August 2022",
            |e| {
                e["api_version"] = json!("2020-08-27");
                object(e)["shipping"] =
                    json!({ "name": "Ana", "address": { "line1": "Torstraße 1", "country": "DE" } });
            },
            "success",
        ),
        ("of tomorrow", |e| e["api_version"] = json!("2031-01-01.zinnia"), "success"),
        ("of no version", |e| e["api_version"] = json!(null), "success"),
        ("of a version that is a number", |e| e["api_version"] = json!(7), "success"),
        (
            "with the payment spelled out",
            |e| object(e)["payment_intent"] = json!({ "id": "pi_x", "object": "payment_intent" }),
            "success",
        ),
        ("with no payment named", |e| object(e)["payment_intent"] = json!(null), "success"),
        ("without the buyer's details", |e| object(e)["customer_details"] = json!(null), "success"),
        (
            "named by its reference alone",
            |e| {
                let id = object(e)["metadata"]["preorder_id"].take();
                object(e)["client_reference_id"] = id;
            },
            "success",
        ),
        ("with no names at all, by its page", |e| object(e)["metadata"] = json!(null), "success"),
        (
            "with parts nobody knows",
            |e| {
                object(e)["agent"] = json!([[{ "of": "tomorrow" }]]);
                e["context"] = json!("acct_1");
            },
            "success",
        ),
        (
            "with an address of another shape",
            |e| object(e)["collected_information"] = json!({ "shipping_details": [1, 2] }),
            "success",
        ),
        (
            "with a NUL in a name",
            |e| object(e)["shipping_details"] = json!({ "name": "A\u{0}na", "address": { "line1": "\u{0}" } }),
            "success",
        ),
        ("nested deep, as far as can be read", |e| object(e)["deep"] = deep(100), "success"),
        ("paid in a word nobody knows", |e| object(e)["payment_status"] = json!("mostly"), "failed"),
        ("paid with an amount in words", |e| object(e)["amount_total"] = json!("49900"), "failed"),
        ("paid with half a cent", |e| object(e)["amount_total"] = json!(49_900.5), "failed"),
        ("paid with more than there is", |e| object(e)["amount_total"] = json!(i64::MAX), "failed"),
        ("paid with more than can be counted", |e| object(e)["amount_total"] = json!(u64::MAX), "failed"),
        ("paid with less than nothing", |e| object(e)["amount_total"] = json!(-49_900), "failed"),
        ("an array for an object", |e| e["data"]["object"] = json!([1, 2]), "failed"),
        ("a text for an object", |e| e["data"]["object"] = json!("cs_1"), "failed"),
        ("no object", |e| e["data"] = json!({}), "failed"),
        ("no data", |e| e["data"] = json!(null), "failed"),
        ("an object whose id is a number", |e| object(e)["id"] = json!(7), "failed"),
        ("at no time", |e| e["created"] = json!(null), "failed"),
        ("at a time that is no whole second", |e| e["created"] = json!(1.7e9), "failed"),
        ("after the end of time", |e| e["created"] = json!(i64::MAX), "failed"),
        ("before the beginning", |e| e["created"] = json!(-1), "failed"),
        (
            "a thin event",
            |e| {
                e["object"] = json!("v2.core.event");
                e["type"] = json!("v1.billing.meter.no_meter_found");
                e["data"] = json!(null);
                e["related_object"] = json!({ "id": "mtr_1" });
            },
            "ignored",
        ),
        ("of a type that we don't know", |e| e["type"] = json!("checkout.session.reconsidered"), "ignored"),
        ("of real money, at a shop under test", |e| e["livemode"] = json!(true), "ignored"),
    ]
}

fn object(event: &mut Value) -> &mut Value {
    &mut event["data"]["object"]
}

fn deep(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, _| json!([inner]))
}

on_both! {
    async fn an_event_of_any_version_settles_or_is_kept_for_a_person(app: TestApp) {
        app.expect_dead();
        for (number, (name, change, expected)) in versions().into_iter().enumerate() {
            let (session, id) = app.checkout(&format!("buyer{number}@example.com")).await;
            let event_id = format!("evt_{number}");
            let mut told: Value = serde_json::from_str(&event(&event_id, "checkout.session.completed", paid_session(&session, &id))).unwrap();
            told["livemode"] = json!(false);
            change(&mut told);
            let answer = app.webhook(&told.to_string()).await;
            assert_eq!(answer.status, 200, "{name}: {}", answer.body);
            app.wait_until(name, async || !["received", "processing"].contains(&logged(app, &event_id).await.unwrap().as_str())).await;
            assert_eq!(logged(app, &event_id).await.as_deref(), Some(expected), "{name}");
            assert_eq!(app.badges(&id).await.ends_with("/paid"), expected == "success", "{name}");
            if name == "of before August 2022" {
                let address = app.scalar(&format!("SELECT shipping_address FROM preorders WHERE id = '{id}'")).await;
                assert_eq!(address.as_deref(), Some("Ana, Torstraße 1, DE"));
            }
            let why = app.scalar(&format!("SELECT error FROM webhook_logs WHERE stripe_event_id = '{event_id}'")).await;
            assert!(expected != "failed" || why.is_some_and(|why| !why.is_empty()), "{name}: no reason");
        }
    }

    async fn what_is_no_event_is_refused_and_leaves_no_trace(app: TestApp) {
        let long = "x".repeat(300);
        let bodies: Vec<(&str, Vec<u8>)> = vec![
            ("empty", Vec::new()),
            ("a number", b"42".to_vec()),
            ("a text", b"\"evt_1\"".to_vec()),
            ("null", b"null".to_vec()),
            ("an array of events", format!("[{}]", event("evt_1", "customer.created", json!({}))).into_bytes()),
            ("no id", br#"{"type":"customer.created"}"#.to_vec()),
            ("no type", br#"{"id":"evt_1"}"#.to_vec()),
            ("an id that is a number", br#"{"id":1,"type":"customer.created"}"#.to_vec()),
            ("an id too long", event(&long, "customer.created", json!({})).into_bytes()),
            ("a NUL in its id", event("evt_\u{0}", "customer.created", json!({})).into_bytes()),
            ("a NUL in its type", event("evt_1", "customer\u{0}", json!({})).into_bytes()),
            ("a NUL outside of texts", b"{\"id\":\"evt_1\",\0\"type\":\"customer.created\"}".to_vec()),
            ("half", br#"{"id":"evt_1","type":"customer.cre"#.to_vec()),
            ("two", br#"{"id":"evt_1","type":"a"}{"id":"evt_2","type":"a"}"#.to_vec()),
            ("not UTF-8", b"{\"id\":\"evt_\xff\",\"type\":\"customer.created\"}".to_vec()),
            ("half a letter", br#"{"id":"evt_\ud800","type":"customer.created"}"#.to_vec()),
            ("nested without end", event("evt_1", "customer.created", deep(200)).into_bytes()),
            ("a number without end", br#"{"id":"evt_1","type":"customer.created","created":1e999}"#.to_vec()),
            ("a form", b"id=evt_1&type=customer.created".to_vec()),
        ];
        for (name, body) in bodies {
            let answer = app.signed_webhook(&body, SECRET, app.ctx.clock.now()).await;
            assert_eq!(answer.status, 400, "{name}: {}", answer.body);
            says_nothing_inward(&answer);
        }
        assert_eq!(rows(app).await, 0);
    }

    async fn of_two_words_for_one_thing_the_last_counts_for_all(app: TestApp) {
        let twice = br#"{"id":"evt_1","id":"evt_2","type":"checkout.session.completed","type":"customer.created"}"#;
        assert_eq!(app.signed_webhook(twice, SECRET, app.ctx.clock.now()).await.status, 200);
        app.settle_down().await;
        assert_eq!((logged(app, "evt_1").await, logged(app, "evt_2").await.as_deref()), (None, Some("ignored")));
        let kind = app.scalar("SELECT event FROM webhook_logs").await;
        assert_eq!(kind.as_deref(), Some("customer.created"), "the log and settlement read different things");
    }

    async fn a_refunded_charge_without_its_refunds_is_asked_about(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay_by_card(&session, "4242424242424242").await;
        app.wait_for_badges(&id, "completed/paid").await;
        app.settle_down().await;
        let intent = app.scalar(&format!("SELECT payment_intent_id FROM preorders WHERE id = '{id}'")).await.unwrap();
        // Nothing is heard of it but this.
        app.faults(json!({ "webhooks": { "lose_rate": 1.0 } })).await;
        app.post_json(&format!("/sandbox/payment_intents/{intent}/refund.json"), &json!({ "amount": 1000 })).await;
        let bare = json!({ "id": "ch_1", "object": "charge", "payment_intent": { "id": intent } });
        assert_eq!(app.webhook(&event("evt_bare", "charge.refunded", bare)).await.status, 200);
        app.wait_for_badges(&id, "completed/partially_refunded").await;
        app.settle_down().await;
        assert_eq!(logged(app, "evt_bare").await.as_deref(), Some("success"));
    }
}

/// Where real money is taken, a test event settles nothing, whoever signed it.
async fn a_shop_that_takes_real_money(kind: Kind) {
    // Nobody is asked: there is nothing at that address.
    let settings = [
        ("STRIPE_SECRET_KEY", "sk_live_1"),
        ("STRIPE_WEBHOOK_SECRET", SECRET),
        ("STRIPE_API_BASE", "http://127.0.0.1:9"),
    ];
    let app = TestApp::start_with(kind, &settings).await;
    let form = [("email", "ana@example.com"), ("color", "sakura-pink")];
    let saved = app.post("/api/initiate_preorder", &form).await.json();
    let id = saved["preorder_id"].as_str().unwrap();
    for (event_id, live) in [("evt_test", false), ("evt_live", true)] {
        let mut told: Value =
            serde_json::from_str(&event(event_id, "checkout.session.completed", paid_session("cs_1", id))).unwrap();
        told["livemode"] = json!(live);
        let card = json!({ "brand": "visa", "last4": "4242" });
        object(&mut told)["latest_charge"] = json!({ "payment_method_details": { "card": card } });
        assert_eq!(app.webhook(&told.to_string()).await.status, 200);
        app.wait_until(event_id, async || logged(&app, event_id).await.as_deref() != Some("received")).await;
        assert_eq!(logged(&app, event_id).await.as_deref(), Some(if live { "success" } else { "ignored" }));
        assert_eq!(app.badges(id).await.ends_with("/paid"), live);
    }
    let why = app.scalar("SELECT error FROM webhook_logs WHERE stripe_event_id = 'evt_test'").await.unwrap();
    assert!(why.contains("test mode"), "{why}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_event_settles_nothing_where_real_money_is_taken_on_sqlite() {
    a_shop_that_takes_real_money(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_event_settles_nothing_where_real_money_is_taken_on_postgres() {
    a_shop_that_takes_real_money(Kind::Postgres).await;
}
