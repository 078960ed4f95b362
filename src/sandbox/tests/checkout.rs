//! Paying: cards, 3-D Secure, bank debits, expiry, refunds and disputes.

use serde_json::json;

use super::{Rig, nothing, text_of};
use crate::sandbox::core::lock;

#[tokio::test]
async fn a_decline_keeps_the_session_open_and_another_card_pays_it() {
    let rig = Rig::new().await;
    let session = rig.open_session().await;
    let declined = rig.pay(&session, json!({ "card": "4000000000000002" })).await;
    assert_eq!((&declined["outcome"], &declined["session"]["status"]), (&json!("declined"), &json!("open")));
    assert_eq!(declined["decline"]["decline_code"], "generic_decline");
    // Acts in quick succession may overtake one another on the wire, as at Stripe; wait for the first.
    assert_eq!(rig.heard_types(3).await, ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]);
    let paid = rig.pay(&session, json!({ "card": "4242424242424242" })).await;
    assert_eq!((&paid["outcome"], &paid["session"]["payment_status"]), (&json!("paid"), &json!("paid")));
    let back = format!("http://shop.test/preorder/success?session_id={}", text_of(&session, "id"));
    assert_eq!(paid["redirect"], json!(back));
    assert_eq!(declined["session"]["payment_intent"], paid["session"]["payment_intent"]);
    let heard = rig.heard_types(6).await;
    assert_eq!(heard[3..], ["payment_intent.succeeded", "charge.succeeded", "checkout.session.completed"]);
}

#[tokio::test]
async fn a_session_is_never_paid_twice() {
    let rig = Rig::new().await;
    let session = rig.open_session().await;
    rig.pay(&session, json!({ "card": "4242424242424242" })).await;
    let path = format!("/sandbox/checkout/{}/pay.json", text_of(&session, "id"));
    assert_eq!(rig.control(&path, json!({ "card": "4242424242424242" })).await.0, 409);
    let (_, charges) = rig.stripe("GET", "/v1/charges", &[]).await;
    assert_eq!(charges["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn three_d_secure_is_asked_and_may_be_completed_or_failed() {
    let rig = Rig::new().await;
    let session = rig.open_session().await;
    let asked = rig.pay(&session, json!({ "card": "4000002500003155" })).await;
    assert_eq!(asked["outcome"], "requires_action");
    assert!(text_of(&asked, "redirect").ends_with("/authenticate"));
    let failed = rig.pay(&session, json!({ "authenticate": "fail" })).await;
    assert_eq!(failed["decline"]["code"], "payment_intent_authentication_failure");
    let paid = rig.pay(&session, json!({ "card": "4000002500003155", "authenticate": "complete" })).await;
    assert_eq!(paid["outcome"], "paid");
}

#[tokio::test]
async fn a_bank_debit_is_pending_and_then_succeeds() {
    let rig = Rig::new().await;
    let session = rig.open_session().await;
    let pending = rig.pay(&session, json!({ "bank_debit": "succeeds", "delay_ms": 60_000 })).await;
    assert_eq!(
        (&pending["session"]["status"], &pending["session"]["payment_status"]),
        (&json!("complete"), &json!("unpaid"))
    );
    let intent = format!("/v1/payment_intents/{}", text_of(&pending["session"], "payment_intent"));
    assert_eq!(rig.stripe("GET", &intent, &[]).await.1["status"], "processing");
    assert_eq!(rig.heard_types(4).await[3], "checkout.session.completed");
    rig.sandbox.advance(std::time::Duration::from_mins(1));
    let heard = rig.heard_types(7).await;
    assert_eq!(
        heard[4..],
        ["charge.succeeded", "payment_intent.succeeded", "checkout.session.async_payment_succeeded"]
    );
    let (_, now) = rig.stripe("GET", &format!("/v1/checkout/sessions/{}", text_of(&session, "id")), &[]).await;
    assert_eq!(now["payment_status"], "paid");
}

#[tokio::test]
async fn a_bank_debit_may_fail_after_the_session_is_complete() {
    let rig = Rig::new().await;
    let session = rig.open_session().await;
    rig.pay(&session, json!({ "bank_debit": "fails", "delay_ms": 0 })).await;
    let heard = rig.heard_types(7).await;
    assert_eq!(heard.last().unwrap(), "checkout.session.async_payment_failed");
    let (_, now) = rig.stripe("GET", &format!("/v1/checkout/sessions/{}", text_of(&session, "id")), &[]).await;
    assert_eq!((&now["status"], &now["payment_status"]), (&json!("complete"), &json!("unpaid")));
}

#[tokio::test]
async fn a_session_past_its_time_expires_by_itself_and_says_so() {
    let rig = Rig::new().await;
    let session = rig.open_session().await;
    let id = text_of(&session, "id").to_owned();
    lock(&rig.sandbox.core.ledger).sessions.get_mut(&id).unwrap().expires_at = 1;
    assert_eq!(rig.heard_types(1).await, ["checkout.session.expired"]);
    let (status, again) = rig.stripe("POST", &format!("/v1/checkout/sessions/{id}/expire"), &[]).await;
    assert_eq!(status, 400, "{again}");
    assert_eq!(
        rig.control(&format!("/sandbox/checkout/{id}/pay.json"), json!({ "card": "4242424242424242" })).await.0,
        409
    );
}

#[tokio::test]
async fn a_refund_is_taken_from_what_is_left_and_never_more() {
    let rig = Rig::new().await;
    let session = rig.open_session().await;
    let paid = rig.pay(&session, json!({ "card": "4242424242424242" })).await;
    let intent = text_of(&paid["session"], "payment_intent");
    let (status, part) = rig.stripe("POST", "/v1/refunds", &[("payment_intent", intent), ("amount", "10000")]).await;
    assert_eq!((status, &part["status"]), (200, &json!("succeeded")));
    assert_eq!(rig.stripe("POST", "/v1/refunds", &[("payment_intent", intent), ("amount", "40000")]).await.0, 400);
    let (_, rest) = rig.control(&format!("/sandbox/payment_intents/{intent}/refund.json"), nothing()).await;
    assert_eq!(rest["amount"], 39_900);
    let (_, more) = rig.stripe("POST", "/v1/refunds", &[("payment_intent", intent)]).await;
    assert_eq!(more["error"]["code"], "charge_already_refunded");
    let (_, charges) = rig.stripe("GET", "/v1/charges", &[]).await;
    assert_eq!(charges["data"][0]["refunded"], true);
    let (_, refunds) = rig.stripe("GET", "/v1/refunds", &[("payment_intent", intent)]).await;
    assert_eq!(refunds["data"].as_array().unwrap().len(), 2);
    let (_, failed) = rig.control(&format!("/sandbox/refunds/{}/fail.json", text_of(&rest, "id")), nothing()).await;
    assert_eq!(failed["status"], "failed");
    assert!(rig.heard_types(10).await.contains(&"refund.failed".to_owned()));
}

#[tokio::test]
async fn the_dispute_card_pays_and_is_disputed() {
    let rig = Rig::new().await;
    let session = rig.open_session().await;
    let paid = rig.pay(&session, json!({ "card": "4000000000000259" })).await;
    assert_eq!(paid["outcome"], "paid");
    let heard = rig.heard_types(6).await;
    assert_eq!(heard[3..5], ["checkout.session.completed", "charge.dispute.created"]);
    let (_, disputes) = rig.stripe("GET", "/v1/disputes", &[]).await;
    let close = format!("/sandbox/disputes/{}/close.json", text_of(&disputes["data"][0], "id"));
    assert_eq!(rig.control(&close, json!({ "status": "won" })).await.1["status"], "won");
}

#[tokio::test]
async fn an_inquiry_moves_no_money_and_what_a_dispute_moves_is_listed() {
    let rig = Rig::new().await;
    let session = rig.open_session().await;
    let paid = rig.pay(&session, json!({ "card": "4242424242424242" })).await;
    let open = format!("/sandbox/payment_intents/{}/dispute.json", text_of(&paid["session"], "payment_intent"));
    assert_eq!(rig.control(&open, json!({ "amount": 50_000 })).await.0, 422, "more than was paid");
    let (_, dispute) = rig.control(&open, json!({ "inquiry": true, "amount": 20_000 })).await;
    assert_eq!((&dispute["status"], &dispute["amount"]), (&json!("warning_needs_response"), &json!(20_000)));
    assert_eq!(dispute["balance_transactions"], json!([]));
    let id = text_of(&dispute, "id");
    let go_on = async |status: &str| {
        let (answered, dispute) =
            rig.control(&format!("/sandbox/disputes/{id}/close.json"), json!({ "status": status })).await;
        let list = dispute["balance_transactions"].as_array().cloned().unwrap_or_default();
        (answered, list.iter().map(|moved| moved["amount"].as_i64().unwrap()).collect::<Vec<_>>())
    };
    assert_eq!(go_on("won").await.0, 422, "an inquiry is not won");
    assert_eq!(go_on("needs_response").await, (200, vec![-20_000]));
    assert_eq!(go_on("lost").await, (200, vec![-20_000]));
    assert_eq!(go_on("won").await, (200, vec![-20_000, 20_000]));
    let heard = rig.heard_types(9).await;
    assert!(heard.contains(&"charge.dispute.funds_withdrawn".to_owned()), "{heard:?}");
}
