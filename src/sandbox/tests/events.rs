//! Events and webhooks: signatures, order, retries, receivers, what survives a restart.

use std::time::Duration;

use hmac::{Hmac, Mac};
use serde_json::json;
use sha2::Sha256;

use super::{Rig, SECRET, json_of, text_of};

/// Checks a signature as the shop's own code has to, written anew here.
fn is_signed(header: &str, body: &str, secret: &str) -> bool {
    let mut parts = header.split(',').filter_map(|part| part.split_once('='));
    let at = parts.clone().find(|(name, _)| *name == "t").unwrap().1;
    let given = parts.find(|(name, _)| *name == "v1").unwrap().1;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{at}.{body}").as_bytes());
    let hex = crate::sandbox::ids::hex(&mac.finalize().into_bytes());
    let age = time::OffsetDateTime::now_utc().unix_timestamp() - at.parse::<i64>().unwrap();
    hex == given && age.abs() < 5
}

async fn pay(rig: &Rig) -> serde_json::Value {
    let session = rig.open_session().await;
    rig.pay(&session, json!({ "card": "4242424242424242" })).await
}

#[tokio::test]
async fn events_come_signed_and_in_stripes_order() {
    let rig = Rig::new().await;
    let paid = pay(&rig).await;
    let heard = rig.heard_types(4).await;
    assert_eq!(
        heard,
        ["payment_intent.created", "payment_intent.succeeded", "charge.succeeded", "checkout.session.completed"]
    );
    let calls = rig.heard.calls.lock().unwrap().clone();
    for (signature, body) in &calls {
        assert!(is_signed(signature, body, SECRET));
        assert!(!is_signed(signature, body, "whsec_other"));
    }
    let event = json_of(&calls[3].1);
    assert_eq!(
        (&event["object"], &event["livemode"], &event["pending_webhooks"]),
        (&json!("event"), &json!(false), &json!(1))
    );
    assert_eq!(event["api_version"], "2026-09-30.endive");
    assert_eq!(event["data"]["object"]["id"], paid["session"]["id"]);
    assert_eq!(event["data"]["object"]["metadata"]["preorder_id"], "pre_1");
}

#[tokio::test]
async fn a_refused_webhook_is_tried_again_freshly_signed() {
    let rig = Rig::new().await;
    rig.heard.refusals.lock().unwrap().push(500);
    pay(&rig).await;
    let heard = rig.heard_types(5).await;
    assert_eq!(heard.last().unwrap(), "payment_intent.created");
    let calls = rig.heard.calls.lock().unwrap().clone();
    assert_eq!(calls[0].1, calls[4].1);
    assert!(is_signed(&calls[4].0, &calls[4].1, SECRET));
    let retried = async || {
        let webhooks = rig.inbox().await["webhooks"].take();
        let mut all = webhooks.as_array().unwrap().iter();
        all.find(|entry| entry["type"] == "payment_intent.created").unwrap().clone()
    };
    // It is heard a moment before its answer is written down.
    rig.wait_until("it is delivered", async || retried().await["state"] == "delivered").await;
    let retried = retried().await;
    assert_eq!(retried["attempts"].as_array().unwrap().len(), 2);
    assert_eq!(retried["attempts"][0]["status"], 500);
}

#[tokio::test]
async fn events_can_be_listed_by_type_and_time_fetched_and_sent_again() {
    let rig = Rig::new().await;
    pay(&rig).await;
    rig.heard_types(4).await;
    let (_, list) =
        rig.stripe("GET", "/v1/events", &[("type", "checkout.session.completed"), ("created[gte]", "1000")]).await;
    let id = text_of(&list["data"][0], "id").to_owned();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    let (_, family) = rig.stripe("GET", "/v1/events", &[("type", "payment_intent.*")]).await;
    assert_eq!(family["data"].as_array().unwrap().len(), 2);
    let both = [("types[]", "checkout.session.completed"), ("types[]", "payment_intent.succeeded")];
    let (_, some) = rig.stripe("GET", "/v1/events", &both).await;
    assert_eq!(some["data"].as_array().unwrap().len(), 2);
    let (status, _) = rig.stripe("GET", "/v1/events", &[("types[]", "charge.failed"); 21]).await;
    assert_eq!(status, 400, "Stripe takes up to twenty");
    let (status, _) = rig.stripe("GET", "/v1/events", &[("type", "charge.failed"), both[0]]).await;
    assert_eq!(status, 400, "Stripe takes one of the two");
    let (_, one) = rig.stripe("GET", &format!("/v1/events/{id}"), &[]).await;
    assert_eq!(one["type"], "checkout.session.completed");
    assert_eq!(rig.control("/sandbox/webhooks/resend.json", json!({ "event_id": id })).await.1["deliveries"], 1);
    assert_eq!(rig.heard_types(5).await[4], "checkout.session.completed");
    assert_eq!(rig.control("/sandbox/webhooks/resend.json", json!({ "event_id": "evt_no" })).await.0, 404);
}

#[tokio::test]
async fn an_endpoint_made_through_the_api_gets_the_events_it_asked_for_under_its_own_secret() {
    let rig = Rig::new().await;
    let other = Rig::new().await;
    let hook = other.sandbox.core.hook.lock().unwrap().url.clone().unwrap();
    let fields = [("url", hook.as_str()), ("enabled_events[0]", "charge.succeeded")];
    let (_, endpoint) = rig.stripe("POST", "/v1/webhook_endpoints", &fields).await;
    pay(&rig).await;
    assert_eq!(other.heard_types(1).await, ["charge.succeeded"]);
    let (signature, body) = other.heard.calls.lock().unwrap()[0].clone();
    assert!(is_signed(&signature, &body, text_of(&endpoint, "secret")));
    let path = format!("/v1/webhook_endpoints/{}", text_of(&endpoint, "id"));
    assert_eq!(rig.stripe("DELETE", &path, &[]).await.1["deleted"], true);
    assert_eq!(rig.stripe("GET", &path, &[]).await.0, 404);
}

#[tokio::test]
async fn webhooks_can_be_duplicated_reordered_and_lost() {
    let rig = Rig::new().await;
    rig.faults(json!({ "webhooks": { "duplicate": 1, "reorder": true } })).await;
    pay(&rig).await;
    let heard = rig.heard_types(8).await;
    assert_eq!(heard[..2], ["checkout.session.completed", "checkout.session.completed"]);
    assert_eq!(heard[7], "payment_intent.created");
    rig.faults(json!({ "webhooks": { "duplicate": 0, "lose_rate": 1 } })).await;
    pay(&rig).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(rig.types_so_far().len(), 8);
    let (_, events) = rig.stripe("GET", "/v1/events", &[("limit", "100")]).await;
    assert_eq!(events["data"].as_array().unwrap().len(), 8);
    assert_eq!(rig.inbox().await["webhooks"][0]["state"], "lost");
}

#[tokio::test]
async fn state_and_pending_deliveries_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deep/state.json");
    let before = Rig::with_state(Some(file.clone())).await;
    before.faults(json!({ "webhooks": { "delay_ms": 60_000 } })).await;
    let (_, kept) = before.stripe_with_key("POST", "/v1/checkout/sessions", &super::ORDER, Some("k1")).await;
    let paid = before.pay(&kept, json!({ "card": "4242424242424242" })).await;
    before.sandbox.save_now();
    // The first one goes away before anything was due.
    before.sandbox.core.post.lock().unwrap().take_due(i64::MAX);

    // When the other one comes, the minute is over.
    let mut saved = json_of(&std::fs::read_to_string(&file).unwrap());
    for delivery in saved["deliveries"].as_array_mut().unwrap() {
        delivery["due_ms"] = json!(0);
    }
    std::fs::write(&file, saved.to_string()).unwrap();
    let after = Rig::with_state(Some(file)).await;
    let (_, again) = after.stripe_with_key("POST", "/v1/checkout/sessions", &super::ORDER, Some("k1")).await;
    assert_eq!(again["id"], kept["id"]);
    let (_, session) = after.stripe("GET", &format!("/v1/checkout/sessions/{}", text_of(&kept, "id")), &[]).await;
    assert_eq!(
        (&session["payment_status"], &session["payment_intent"]),
        (&json!("paid"), &paid["session"]["payment_intent"])
    );
    let heard = before.heard_types(4).await;
    assert_eq!(heard[3], "checkout.session.completed");
    assert_eq!(text_of(&after.inbox().await["stripe_requests"][2], "path"), "/v1/checkout/sessions");
}

#[tokio::test]
async fn an_unreadable_state_file_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    std::fs::write(&file, "{ half").unwrap();
    let rig = Rig::with_state(Some(file.clone())).await;
    rig.open_session().await;
    assert_eq!(std::fs::read_to_string(file.with_extension("unreadable")).unwrap(), "{ half");
}
