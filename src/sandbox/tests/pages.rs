//! The pages as a browser without script sees them.

use serde_json::json;

use super::{Rig, order_with, text_of};

const CARD: [(&str, &str); 7] = [
    ("email", "ada@example.com"),
    ("card", "4242 4242 4242 4242"),
    ("expiry", "12 / 34"),
    ("cvc", "123"),
    ("name", "Ada <Lovelace>"),
    ("country", "GB"),
    ("act", "pay"),
];

fn with(changes: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let kept = CARD.into_iter().filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    kept.chain(changes.iter().copied()).collect()
}

async fn post(rig: &Rig, path: &str, fields: &[(&str, &str)]) -> (u16, String, String) {
    let answer = rig.http.post(format!("{}{path}", rig.base)).form(fields).send().await.unwrap();
    let to = answer.headers().get("location").map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    (answer.status().as_u16(), to, answer.text().await.unwrap())
}

#[tokio::test]
async fn the_checkout_page_shows_what_is_bought_and_takes_the_card() {
    let rig = Rig::new().await;
    let session = rig.open_session().await;
    let path = format!("/sandbox/checkout/{}", text_of(&session, "id"));
    assert_eq!(text_of(&session, "url"), format!("{}{path}", rig.base));
    let page = rig.text(&path).await;
    for part in [
        "Rolitt in Sakura Pink",
        "Pay $499.00</button>",
        "Card number</label>",
        "ada@example.com",
        "Back to the shop",
        "Let it expire",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let (status, to, _) = post(&rig, &path, &CARD).await;
    assert_eq!(
        (status, to),
        (303, format!("http://shop.test/preorder/success?session_id={}", text_of(&session, "id")))
    );
    assert!(rig.text(&path).await.contains("Already paid"));
    assert!(post(&rig, &path, &CARD).await.2.contains("Already paid"));
}

#[tokio::test]
async fn a_wrong_field_and_a_decline_keep_what_was_typed() {
    let rig = Rig::new().await;
    let session = rig.open_session().await;
    let path = format!("/sandbox/checkout/{}", text_of(&session, "id"));
    let (status, _, page) = post(&rig, &path, &with(&[("card", "4242424242424241")])).await;
    assert_eq!(status, 422);
    assert!(page.contains("Your card number is invalid.") && page.contains("aria-describedby=\"card-error\""));
    assert!(page.contains("Ada &lt;Lovelace&gt;") && page.contains("value=\"GB\" selected"));
    let (status, _, page) = post(&rig, &path, &with(&[("card", "4000000000000002")])).await;
    assert_eq!(status, 402);
    assert!(page.contains("Your card was declined.") && page.contains("value=\"4000000000000002\""));
    let (_, _, page) = post(&rig, &path, &with(&[("expiry", "01/20")])).await;
    assert!(page.contains("in the past"));
    let (_, _, page) = post(&rig, &path, &with(&[("act", "fill:4000000000009995"), ("card", "")])).await;
    assert!(page.contains("value=\"4000000000009995\"") && page.contains("ada@example.com"));
}

#[tokio::test]
async fn three_d_secure_leads_over_a_page_of_its_own() {
    let rig = Rig::new().await;
    let session = rig.open_session().await;
    let path = format!("/sandbox/checkout/{}", text_of(&session, "id"));
    let (status, to, _) = post(&rig, &path, &with(&[("card", "4000002500003155")])).await;
    assert_eq!((status, to), (303, format!("{path}/authenticate")));
    let asked = rig.text(&format!("{path}/authenticate")).await;
    assert!(asked.contains(">Complete</button>") && asked.contains(">Fail</button>"));
    let (status, _, page) = post(&rig, &format!("{path}/authenticate"), &[("answer", "fail")]).await;
    assert_eq!(status, 402);
    assert!(page.contains("unable to authenticate"));
}

#[tokio::test]
async fn a_buyer_can_let_it_expire_or_pay_by_bank() {
    let rig = Rig::new().await;
    let one = rig.open_session().await;
    let path = format!("/sandbox/checkout/{}", text_of(&one, "id"));
    assert!(post(&rig, &path, &with(&[("act", "expire")])).await.2.contains("expired"));
    let two = rig.open_session().await;
    let path = format!("/sandbox/checkout/{}", text_of(&two, "id"));
    let (status, _, _) = post(&rig, &path, &with(&[("act", "bank_succeeds"), ("card", "")])).await;
    assert_eq!(status, 303);
    let asks = order_with(&[
        ("shipping_address_collection[allowed_countries][0]", "DE"),
        ("phone_number_collection[enabled]", "true"),
    ]);
    let (_, three) = rig.stripe("POST", "/v1/checkout/sessions", &asks).await;
    let page = rig.text(&format!("/sandbox/checkout/{}", text_of(&three, "id"))).await;
    assert!(page.contains("Shipping address") && page.contains("Germany") && page.contains("for=\"phone\""));
}

#[tokio::test]
async fn a_post_from_another_site_is_refused() {
    let rig = Rig::new().await;
    let url = format!("{}/sandbox/faults.json", rig.base);
    for (name, value) in [("Sec-Fetch-Site", "cross-site"), ("Origin", "http://evil.test")] {
        let answer = rig.http.post(&url).header(name, value).json(&json!({})).send().await.unwrap();
        assert_eq!(answer.status(), 403, "{name}");
    }
    let own = rig.http.post(&url).header("Origin", &rig.base).json(&json!({})).send().await.unwrap();
    assert_eq!(own.status(), 200);
    assert!(own.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
}

#[tokio::test]
async fn inbox_faults_and_overview_show_what_happened() {
    let rig = Rig::new().await;
    let session = rig.open_session().await;
    rig.pay(&session, json!({ "card": "4242424242424242" })).await;
    rig.heard_types(4).await;
    let inbox = rig.text("/sandbox/inbox").await;
    assert!(inbox.contains("POST /v1/checkout/sessions") && inbox.contains("checkout.session.completed"));
    assert!(!rig.text("/sandbox/inbox?service=sms").await.contains("/v1/checkout"));
    let (status, _, _) = post(&rig, "/sandbox/faults", &[("group", "stripe"), ("act", "cut")]).await;
    assert_eq!(status, 303);
    assert!(rig.text("/sandbox").await.contains("Faults are in force"));
    assert!(rig.text("/sandbox/faults").await.contains("Plug the cable"));
    let (status, _, page) =
        post(&rig, "/sandbox/faults", &[("group", "twilio"), ("act", "set"), ("error_rate", "lots")]).await;
    assert!(status == 200 && page.contains("twilio.error_rate"));
    post(&rig, "/sandbox/faults", &[("act", "well")]).await;
    assert!(rig.text("/sandbox").await.contains("answer as they should"));
    let state: serde_json::Value = serde_json::from_str(&rig.text("/sandbox/state.json").await).unwrap();
    assert_eq!((&state["sessions"], &state["webhooks"]["waiting"]), (&json!(1), &json!(0)));
    let cleared = rig.http.delete(format!("{}/sandbox/inbox.json", rig.base)).send().await.unwrap();
    assert_eq!(cleared.status(), 200);
    assert_eq!(rig.inbox().await["stripe_requests"], json!([]));
}
