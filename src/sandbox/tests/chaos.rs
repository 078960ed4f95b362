//! Faults on purpose, seen by a client.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{ORDER, Rig};

const PATH: &str = "/v1/checkout/sessions";

#[tokio::test]
async fn a_fault_setting_that_makes_no_sense_is_refused_by_name() {
    let rig = Rig::new().await;
    for (patch, field) in [
        (json!({ "stripe": { "error_rate": 2 } }), "stripe.error_rate"),
        (json!({ "stripe": { "error_status": 200 } }), "stripe.error_status"),
        (json!({ "stripe": { "latency": 5 } }), "stripe.latency"),
        (json!({ "klaviyo": { "decline_all": true } }), "klaviyo.decline_all"),
        (json!({ "twilio": { "latency_ms": -1 } }), "twilio.latency_ms"),
        (json!({ "webhooks": { "reorder": 1 } }), "webhooks.reorder"),
        (json!({ "firebase": 3 }), "firebase"),
        (json!({ "stripe": { "error_on": true } }), "stripe.error_on"),
    ] {
        let (status, answer) = rig.control("/sandbox/faults.json", patch).await;
        assert_eq!((status, &answer["error"]["field"]), (422, &json!(field)), "{answer}");
    }
    let broken = rig.http.put(format!("{}/sandbox/faults.json", rig.base)).body("{").send().await.unwrap();
    assert_eq!(broken.status(), 422);
}

#[tokio::test]
async fn merging_keeps_the_rest_and_replacing_does_not() {
    let rig = Rig::new().await;
    rig.faults(json!({ "stripe": { "latency_ms": 1, "retry_after": 7 }, "seed": 5 })).await;
    rig.faults(json!({ "stripe": { "decline_all": true } })).await;
    let url = format!("{}/sandbox/faults.json", rig.base);
    let now: serde_json::Value = rig.http.get(&url).send().await.unwrap().json().await.unwrap();
    assert_eq!(
        (&now["stripe"]["latency_ms"], &now["stripe"]["decline_all"], &now["seed"]),
        (&json!(1), &json!(true), &json!(5))
    );
    let put: serde_json::Value = rig.http.put(&url).json(&json!({})).send().await.unwrap().json().await.unwrap();
    assert_eq!((&put["stripe"]["latency_ms"], &put["stripe"]["retry_after"]), (&json!(0), &json!(null)));
}

#[tokio::test]
async fn errors_latency_and_retry_after_come_as_told() {
    let rig = Rig::new().await;
    rig.faults(json!({ "stripe": { "error_rate": 1, "error_status": 503, "retry_after": 7, "latency_ms": 120 } }))
        .await;
    let begun = Instant::now();
    let answer = rig.stripe_request("POST", PATH, &ORDER, Some("k1")).send().await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(120));
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (503, "7"));
    rig.faults(json!({ "stripe": { "error_rate": 0 } })).await;
    assert_eq!(rig.stripe_with_key("POST", PATH, &ORDER, Some("k2")).await.0, 200);
    assert_eq!(rig.inbox().await["stripe_requests"][1]["fault"], "error");
}

#[tokio::test]
async fn a_request_that_is_held_is_acted_upon_once_it_is_let_go() {
    let rig = Rig::new().await;
    rig.faults(json!({ "stripe": { "hold": true } })).await;
    let held = tokio::spawn(rig.stripe_request("POST", PATH, &ORDER, Some("k1")).send());
    rig.wait_until("it has come", async || rig.stripe_was_asked().await == 1).await;
    // Settings that still hold it do not let it go.
    rig.faults(json!({ "stripe": { "latency_ms": 1 } })).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!held.is_finished() && rig.inbox().await["stripe_requests"].as_array().unwrap().is_empty());
    rig.faults(json!({ "stripe": { "hold": false } })).await;
    assert_eq!(held.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn a_pulled_cable_a_cut_body_and_garbage_are_no_answers() {
    let rig = Rig::new().await;
    rig.faults(json!({ "stripe": { "reset_rate": 1 } })).await;
    assert!(rig.stripe_request("GET", PATH, &[], None).send().await.is_err());
    rig.faults(json!({ "stripe": { "reset_rate": 0, "truncate_rate": 1 } })).await;
    let cut = rig.stripe_request("GET", PATH, &[], None).send().await.unwrap();
    assert_eq!(cut.status(), 200);
    assert!(cut.text().await.is_err());
    rig.faults(json!({ "stripe": { "truncate_rate": 0, "garbage_rate": 1 } })).await;
    let garbage = rig.stripe_request("GET", PATH, &[], None).send().await.unwrap();
    assert!(garbage.json::<serde_json::Value>().await.is_err());
    rig.faults(json!({ "stripe": { "garbage_rate": 0, "timeout_rate": 1 } })).await;
    let hung = rig.stripe_request("GET", PATH, &[], None).timeout(Duration::from_millis(200)).send().await;
    assert!(hung.unwrap_err().is_timeout());
}

#[tokio::test]
async fn a_lost_answer_was_an_act_all_the_same_and_the_key_finds_it() {
    let rig = Rig::new().await;
    rig.faults(json!({ "stripe": { "lose_answer_rate": 1 } })).await;
    assert!(rig.stripe_request("POST", PATH, &ORDER, Some("k1")).send().await.is_err());
    rig.faults(json!({ "stripe": { "lose_answer_rate": 0 } })).await;
    let found = rig.stripe_request("POST", PATH, &ORDER, Some("k1")).send().await.unwrap();
    assert_eq!(found.headers()["idempotent-replayed"], "true");
    let (_, list) = rig.stripe("GET", PATH, &[]).await;
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_was_answered_as_failed_may_be_done_a_moment_later_and_the_key_waits_for_it() {
    let rig = Rig::new().await;
    rig.faults(json!({ "stripe": { "late_act_rate": 1 } })).await;
    let failed = rig.stripe_request("POST", PATH, &ORDER, Some("k1")).send().await.unwrap();
    assert_eq!((failed.status().as_u16(), failed.headers().get("idempotent-replayed")), (500, None));
    rig.faults(json!({ "stripe": { "late_act_rate": 0 } })).await;
    let (_, list) = rig.stripe("GET", PATH, &[]).await;
    assert!(list["data"].as_array().unwrap().is_empty());
    let again = loop {
        let again = rig.stripe_request("POST", PATH, &ORDER, Some("k1")).send().await.unwrap();
        if again.status() != 409 {
            break again;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    let (_, list) = rig.stripe("GET", PATH, &[]).await;
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn errors_may_befall_some_requests_alone() {
    let rig = Rig::new().await;
    rig.faults(json!({ "stripe": { "error_rate": 1.0, "error_on": "POST /v1/refunds" } })).await;
    assert_eq!(rig.stripe("GET", PATH, &[]).await.0, 200);
    assert_eq!(rig.stripe("POST", "/v1/refunds", &[]).await.0, 500);
}

#[tokio::test]
async fn a_failure_is_kept_under_its_key_and_repeated_when_stripe_is_well_again() {
    let rig = Rig::new().await;
    rig.faults(json!({ "stripe": { "error_rate": 1.0, "error_status": 500 } })).await;
    assert_eq!(rig.stripe_with_key("POST", PATH, &ORDER, Some("k1")).await.0, 500);
    rig.faults(json!({ "stripe": { "error_rate": 1.0, "error_status": 429 } })).await;
    assert_eq!(rig.stripe_with_key("POST", PATH, &ORDER, Some("k2")).await.0, 429);
    rig.faults(json!({ "stripe": { "error_rate": 0.0 } })).await;
    let again = rig.stripe_request("POST", PATH, &ORDER, Some("k1")).send().await.unwrap();
    assert_eq!((again.status().as_u16(), &again.headers()["idempotent-replayed"]), (500, &"true".parse().unwrap()));
    // Who was sent away before anything began may come with the same key.
    assert_eq!(rig.stripe_with_key("POST", PATH, &ORDER, Some("k2")).await.0, 200);
    assert_eq!(rig.stripe_with_key("POST", PATH, &ORDER, Some("k3")).await.0, 200);
    let (_, list) = rig.stripe("GET", PATH, &[]).await;
    assert_eq!(list["data"].as_array().unwrap().len(), 2, "the failed request was acted on");
}

#[tokio::test]
async fn the_same_seed_gives_the_same_faults() {
    let rig = Rig::new().await;
    let mut runs = Vec::new();
    for _ in 0..2 {
        rig.faults(json!({ "seed": 42, "stripe": { "error_rate": 0.5 } })).await;
        let mut run = Vec::new();
        for _ in 0..12 {
            run.push(rig.stripe_request("GET", PATH, &[], None).send().await.unwrap().status().as_u16());
        }
        runs.push(run);
    }
    assert_eq!(runs[0], runs[1]);
    assert!(runs[0].contains(&500) && runs[0].contains(&200));
}

#[tokio::test]
async fn decline_all_declines_the_good_card_too() {
    let rig = Rig::new().await;
    rig.faults(json!({ "stripe": { "decline_all": true } })).await;
    let session = rig.open_session().await;
    assert_eq!(rig.pay(&session, json!({ "card": "4242424242424242" })).await["outcome"], "declined");
}
