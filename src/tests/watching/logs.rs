//! Logs without personal data: the real program, told to log all it can, sells to a canary and fails in every way that
//! is known, at providers who repeat what they were sent; then nothing of the canary's, and no secret, is in what it
//! printed.

use axum::body::Bytes;
use axum::http::{StatusCode, Uri};
use serde_json::json;

use super::{Shop, until};
use crate::domain::timestamp::Timestamp;
use crate::providers::payments::stripe::signature;
use crate::tests::database::{Kind, TestDatabase};
use crate::tests::http_client::Answer;
use crate::tests::program::{Program, free_port};

const EMAIL: &str = "canary.vogel@example.com";
const NAME: &str = "Kanarie Vogelsang";
const PHONE: &str = "+4915177317731";
const STREET: &str = "Kanariengasse 77";
const CARD: &str = "4242 4242 4242 4242";
const ADMIN: &str = "canary.owner@example.com";
const PASSWORD: &str = "Kanarienpasswort-77";
const STRIPE_KEY: &str = "sk_test_canaryStripeKey77";
const WEBHOOK_SECRET: &str = "whsec_canaryWebhookSecret77";
const KLAVIYO_KEY: &str = "pk_canaryKlaviyoKey77";
const SENTRY_KEY: &str = "canarysentrykey77";

/// What must stand nowhere, in any spelling.
const CANARIES: &[&str] = &[
    "canary",
    "kanarie",
    "vogelsang",
    "vogel@",
    "77317731",
    "7731 7731",
    "kanarien",
    "4242424242424242",
    "4242 4242",
    "4242%20",
    "passwort",
];

/// A provider who answers everything with what it was sent: `/firebase…` as if that were an answer, else as a refusal.
async fn parrot() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let repeat = async |uri: Uri, body: Bytes| {
        let said = format!("you said: {uri} {}", String::from_utf8_lossy(&body));
        let status = if uri.path().contains("identitytoolkit") { StatusCode::OK } else { StatusCode::BAD_REQUEST };
        (status, said)
    };
    let app = axum::Router::new().fallback(repeat);
    tokio::spawn(std::future::IntoFuture::into_future(axum::serve(listener, app)));
    addr.to_string()
}

async fn an_unlucky_life(shop: &Shop) -> String {
    let buyer = [
        ("email", EMAIL),
        ("color", "sakura-pink"),
        ("name", NAME),
        ("phone", PHONE),
        ("idempotency_key", "canary-key-1"),
    ];
    let session = shop.post("/api/handle_checkout", &buyer).await.session();
    let till = [
        ("act", "pay"),
        ("email", EMAIL),
        ("name", NAME),
        ("card", CARD),
        ("expiry", "12/40"),
        ("cvc", "123"),
        ("country", "DE"),
        ("ship_name", NAME),
        ("ship_line1", STREET),
        ("ship_city", "Vogelsang"),
        ("ship_postal", "10119"),
        ("ship_country", "DE"),
    ];
    let paid = shop.post(&format!("/sandbox/checkout/{session}"), &till).await;
    assert!(paid.status < 400, "{} {}", paid.status, paid.body);
    shop.wait_for(
        "SELECT COUNT(*) FROM preorders WHERE payment_status = 'paid' AND shipping_address LIKE '%Kanarien%'",
        1,
    )
    .await;
    // Started, success, the user. (Twilio is the sandbox's, or there would be none.)
    let told = "SELECT COUNT(*) FROM delivery_attempts a JOIN outbox o ON o.id = a.delivery_id WHERE o.kind IN \
        ('klaviyo_preorder_started', 'klaviyo_preorder_success', 'create_firebase_user') AND a.answer LIKE '%you said%'";
    until("the parrots have answered", async || shop.db.count(told).await >= 3).await;

    // Input that is wrong, and says so.
    for (email, name, phone) in [
        ("canary.vogel@@example.com", NAME, ""),
        (EMAIL, NAME, "77317731 canary"),
        (EMAIL, &"Kanarie".repeat(200), PHONE),
    ] {
        shop.post("/api/handle_checkout", &[("email", email), ("color", "canary"), ("name", name), ("phone", phone)])
            .await;
    }
    shop.post(
        "/api/initiate_preorder",
        &[("email", EMAIL), ("color", "cherry-red"), ("idempotency_key", "canary-key-1")],
    )
    .await;
    shop.post("/api/find_order", &[("email", EMAIL), ("number", "ROL-CANARY77")]).await;
    shop.post_json("/api/handle_checkout", &json!({ "email": EMAIL })).await;
    shop.get(&format!("/nobody/{EMAIL}?email={EMAIL}&name=Kanarie")).await;
    shop.get("/api/order_state?session_id=cs_canary").await;

    // Webhooks: forged, and of odd shapes.
    shop.post("/api/webhooks/stripe", &[("email", EMAIL)]).await;
    let odd = json!({ "id": "evt_odd", "type": "checkout.session.completed", "created": 1, "data": { "object": {
        "id": "cs_odd", "payment_status": EMAIL, "customer_details": { "email": EMAIL, "name": NAME, "phone": PHONE } } } });
    let unknown = json!({ "id": "evt_unknown", "type": "checkout.session.completed", "created": 1, "data": { "object": {
        "id": "cs_unknown", "payment_status": "paid", "amount_total": 1, "currency": "usd", "client_reference_id": EMAIL,
        "metadata": { "preorder_id": "pre_canary", "trace_id": EMAIL } } } });
    for event in [odd.to_string(), unknown.to_string(), format!("not JSON, {EMAIL}")] {
        let now = Timestamp::from_seconds(std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() as i64);
        let sent = shop.http.post(format!("{}/api/webhooks/stripe", shop.program.base)).body(event.clone());
        let sent = sent.header("stripe-signature", signature::sign(WEBHOOK_SECRET, event.as_bytes(), now));
        sent.send().await.unwrap();
    }
    shop.wait_for("SELECT COUNT(*) FROM webhook_logs WHERE stripe_event_id IN ('evt_odd', 'evt_unknown') AND status <> 'received'", 2).await;

    // The admin: a stranger, and the owner who searches.
    shop.post("/api/admin/login", &[("email", EMAIL), ("password", "Kanarienpasswort-falsch")]).await;
    shop.post("/api/admin/login", &[("email", ADMIN), ("password", "Kanarienpasswort-falsch")]).await;
    let opened = shop.post("/api/admin/login", &[("email", ADMIN), ("password", PASSWORD)]).await;
    let cookie = opened.cookie("rolitt_admin").unwrap_or_else(|| panic!("{}", opened.body));
    for page in [
        "/admin/preorders?q=canary.vogel%40example.com",
        "/admin/customers?q=Kanarie",
        "/admin/jump?q=Kanarie%20Vogelsang",
        "/admin/webhooks?email=canary",
        "/admin/health",
    ] {
        let page = shop.http.get(format!("{}{page}", shop.program.base)).header("cookie", &cookie);
        assert!(Answer::of(page.send().await.unwrap()).await.status < 500);
    }
    shop.http
        .get(format!("{}/admin", shop.program.base))
        .header("cookie", "rolitt_admin=canarycookie; rolitt_form=canary")
        .send()
        .await
        .unwrap();

    // Stripe fails, and the database.
    shop.post_json("/sandbox/faults.json", &json!({ "stripe": { "garbage_rate": 1.0 } })).await;
    shop.post("/api/handle_checkout", &[("email", "canary.two@example.com"), ("color", "sakura-pink"), ("name", NAME)])
        .await;
    shop.post_json(
        "/sandbox/faults.json",
        &json!({ "stripe": { "garbage_rate": 0.0, "error_rate": 1.0, "error_status": 400 } }),
    )
    .await;
    shop.post("/api/handle_checkout", &[("email", "canary.two@example.com"), ("color", "sakura-pink"), ("name", NAME)])
        .await;
    shop.db.execute("ALTER TABLE preorders RENAME TO elsewhere").await;
    assert_eq!(shop.post("/api/initiate_preorder", &buyer[..4]).await.status, 500);
    shop.db.execute("ALTER TABLE elsewhere RENAME TO preorders").await;
    cookie
}

async fn nothing_of_a_buyers_is_printed(kind: Kind) {
    let (folder, parrot) = (tempfile::tempdir().unwrap(), parrot().await);
    let (log, database) = (folder.path().join("log"), TestDatabase::create(kind).await);
    let port = free_port().await;
    let (api, parrots) = (format!("http://127.0.0.1:{port}/sandbox/api"), format!("http://{parrot}"));
    // Nobody listens at these: what can't be told must not be said aloud instead.
    let nobody = free_port().await;
    let (dsn, collector) = (format!("http://{SENTRY_KEY}@127.0.0.1:{nobody}/1"), format!("http://127.0.0.1:{nobody}"));
    let settings = [
        ("RUST_LOG", "trace"),
        ("STRIPE_SECRET_KEY", STRIPE_KEY),
        ("STRIPE_API_BASE", &api),
        ("STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET),
        ("KLAVIYO_API_KEY", KLAVIYO_KEY),
        ("KLAVIYO_API_BASE", &parrots),
        ("FIREBASE_PROJECT_ID", "rolitt"),
        ("FIREBASE_AUTH_EMULATOR_HOST", &parrot),
        ("ADMIN_EMAIL", ADMIN),
        ("ADMIN_PASSWORD", PASSWORD),
        ("SENTRY_DSN", &dsn),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector),
    ];
    let program = Program::start_written_down("serve", port, &database, &settings, &log);
    let shop = Shop::new(program, &database).await;
    let cookie = an_unlucky_life(&shop).await;
    let id = shop.db.text("SELECT id FROM preorders WHERE payment_status = 'paid'").await.unwrap();
    shop.close().await;

    let printed = std::fs::read_to_string(&log).unwrap();
    let token = cookie.split_once('=').unwrap().1.to_lowercase();
    for canary in CANARIES.iter().copied().chain([token.as_str()]) {
        let found: Vec<&str> = printed.lines().filter(|line| line.to_lowercase().contains(canary)).take(5).collect();
        assert!(found.is_empty(), "{canary} was printed:\n{}", found.join("\n"));
    }
    // It did log: otherwise nothing is proved. And a delivery's lines bear the purchase's trace.
    let trace = format!("trace_id={}", id.trim_start_matches("pre_"));
    for told in ["a delivery failed", "the store failed", "a webhook was refused", "sqlx::query", "answered"] {
        assert!(printed.contains(told), "{told} is not in the log");
    }
    let of_delivery = printed.lines().any(|line| line.contains("a delivery failed") && line.contains(&trace));
    assert!(of_delivery, "no line of a delivery bears {trace}");
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_buyers_and_no_secret_is_printed_on_sqlite() {
    nothing_of_a_buyers_is_printed(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_buyers_and_no_secret_is_printed_on_postgres() {
    nothing_of_a_buyers_is_printed(Kind::Postgres).await;
}
