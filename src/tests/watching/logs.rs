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
use crate::tests::program::{PANICS_AT, Program, free_port, run_to_end};

const EMAIL: &str = "canary.vogel@example.com";
const NAME: &str = "Kanarie Vogelsang";
const PHONE: &str = "+4915177317731";
/// One that Twilio's stand-in refuses, and quotes.
const REFUSED_PHONE: &str = "+15005550001";
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
    "5005550001",
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

/// Twilio quotes the number that it does not like.
async fn wants_a_text_that_twilio_refuses(shop: &Shop) {
    let buyer = [("email", "canary.text@example.com"), ("color", "sakura-pink"), ("phone", REFUSED_PHONE)];
    let session = shop.post("/api/handle_checkout", &buyer).await.session();
    shop.pay(&session, "4242424242424242").await;
    let refused = "SELECT COUNT(*) FROM delivery_attempts a JOIN outbox o ON o.id = a.delivery_id WHERE \
        o.kind = 'send_sms' AND a.answer LIKE '%21211%'";
    until("Twilio has refused", async || shop.db.count(refused).await >= 1).await;
}

/// All that people in the admin write about a buyer; the first of each is refused, and says why.
async fn an_owner_writes(shop: &Shop, cookie: &str) {
    let post = async |path: &str, form: &[(&str, &str)]| {
        let request = shop.http.post(format!("{}{path}", shop.program.base)).header("cookie", cookie).form(form);
        Answer::of(request.send().await.unwrap()).await
    };
    let get = async |path: &str| {
        let request = shop.http.get(format!("{}{path}", shop.program.base)).header("cookie", cookie);
        Answer::of(request.send().await.unwrap()).await
    };
    let paid = format!("FROM preorders WHERE email = '{EMAIL}' AND payment_status = 'paid'");
    let id = shop.db.text(&format!("SELECT id {paid}")).await.unwrap();
    let number = shop.db.text(&format!("SELECT preorder_number {paid}")).await.unwrap();
    let page = get(&format!("/admin/preorders/{id}")).await;
    let seen = page.body.split_once("name=\"updated_at\" value=\"").unwrap().1.split('"').next().unwrap().to_owned();
    let (note, address) = (format!("{NAME} called from {PHONE}"), format!("{NAME}\n{STREET}a\n10119 Vogelsang"));
    let long = NAME.repeat(500);
    for (path, form, status) in [
        ("write_note", vec![("id", id.as_str()), ("body", &long), ("form_key", "canary-note")], 422),
        ("write_note", vec![("id", &id), ("body", &note), ("form_key", "canary-note")], 303),
        ("edit_address", vec![("id", &id), ("address", &long), ("country", "DE"), ("updated_at", &seen)], 422),
        ("edit_address", vec![("id", &id), ("address", &address), ("country", "DE"), ("updated_at", &seen)], 303),
        ("invite", vec![("email", "canary@@example.com"), ("role", "viewer")], 422),
        ("invite", vec![("email", "canary.new@example.com"), ("role", "viewer")], 303),
    ] {
        let answer = post(&format!("/api/admin/{path}"), &form).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
    }
    assert!(get("/admin/people").await.body.contains("canary.new@example.com"));
    let lines = format!("{number};Kanarien-77\n{NAME};{PHONE}\n{EMAIL}\n");
    let file = format!(
        "--cut\r\nContent-Disposition: form-data; name=\"list\"\r\n\r\n\r\n--cut\r\nContent-Disposition: form-data; \
         name=\"file\"; filename=\"Kanarie.csv\"\r\nContent-Type: text/csv\r\n\r\n{lines}\r\n--cut--\r\n"
    );
    let upload = shop.http.post(format!("{}/api/admin/preview_fulfilment", shop.program.base)).header("cookie", cookie);
    let upload = upload.header("content-type", "multipart/form-data; boundary=cut").header("accept", "text/html");
    let upload = upload.header("referer", format!("{}/admin/preorders/fulfil", shop.program.base)).body(file);
    let listed = Answer::of(upload.send().await.unwrap()).await;
    let list = listed.location().split("list=").nth(1).unwrap_or_else(|| panic!("{}", listed.location())).to_owned();
    assert_eq!(get(listed.location()).await.status, 200);
    assert_eq!(post("/api/admin/fulfil_preorders", &[("list", &list)]).await.status, 303);
    let export = get("/admin/preorders.csv?q=Kanarie&zone=Kanarien%2FVogelsang").await;
    assert_eq!(export.status, 422, "{}", export.body);
    let export = get("/admin/preorders.csv?q=Kanarie").await;
    assert!(export.status == 200 && export.body.contains(EMAIL), "{}", export.body);
    let refund =
        [("id", id.as_str()), ("amount", "10.00"), ("reason", "requested_by_customer"), ("form_key", "canary")];
    let refunded = post("/api/admin/refund", &refund).await;
    assert_eq!(refunded.status, 303, "{}", refunded.body);
    shop.wait_for("SELECT COUNT(*) FROM refunds WHERE state = 'succeeded'", 1).await;
}

async fn an_unlucky_life(shop: &Shop) -> String {
    let buyer = [
        ("email", EMAIL),
        ("color", "sakura-pink"),
        ("name", NAME),
        ("phone", PHONE),
        ("idempotency_key", "canary-key-1"),
    ];
    // A bug that has the buyer's name in hand.
    let bug = shop.post("/api/handle_checkout", &buyer).await;
    assert_eq!(bug.status, 500, "{}", bug.body);
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
    for page in [
        format!("success?session_id={session}"),
        "success?session_id=cs_canary".to_owned(),
        format!("cancel?preorder_id={}", shop.db.text("SELECT id FROM preorders").await.unwrap()),
        format!("cancel?preorder_id={EMAIL}"),
    ] {
        let page = shop.get(&format!("/preorder/{page}")).await;
        assert!(page.status == 200 || page.status == 404, "{}", page.status);
    }
    wants_a_text_that_twilio_refuses(shop).await;
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

    an_owner_writes(shop, &cookie).await;

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
    let bug = format!("checkout.begun:{NAME} é");
    let settings = [
        ("RUST_LOG", "trace"),
        (PANICS_AT, &bug),
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
    let of_buyer = format!("SELECT id FROM preorders WHERE email = '{EMAIL}' AND payment_status <> 'unpaid'");
    let id = shop.db.text(&of_buyer).await.unwrap();
    // Once with a Stripe that fails, once with differences to tell.
    let addr = format!("127.0.0.1:{port}");
    let beside = [("DATABASE_URL", database.url.as_str()), ("LEPTOS_SITE_ADDR", &addr)];
    let beside = [&settings[..], &beside].concat();
    let (_, mut compared) = run_to_end("reconcile --since 1h", &beside, "").await;
    shop.post_json("/sandbox/faults.json", &json!({ "stripe": { "error_rate": 0.0 } })).await;
    compared += &run_to_end("reconcile --since 1h", &beside, "").await.1;
    assert!(compared.contains("sqlx::query"), "{compared}");
    shop.close().await;

    let printed = std::fs::read_to_string(&log).unwrap() + &compared;
    let token = cookie.split_once('=').unwrap().1.to_lowercase();
    for canary in CANARIES.iter().copied().chain([token.as_str()]) {
        let found: Vec<&str> = printed.lines().filter(|line| line.to_lowercase().contains(canary)).take(5).collect();
        assert!(found.is_empty(), "{canary} was printed:\n{}", found.join("\n"));
    }
    // It did log: otherwise nothing is proved. And a delivery's lines bear the purchase's trace.
    let trace = format!("trace_id={}", id.trim_start_matches("pre_"));
    for told in ["a delivery failed", "the store failed", "a webhook was refused", "sqlx::query", "answered", "a panic"]
    {
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
