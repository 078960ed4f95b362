//! The command line: what it prints, and its exit status.

use serde_json::Value;

use super::database::{Kind, TestDatabase};
use super::program::{Program, free_port, run_to_end};
use super::promises;
use crate::clock::Clock;

#[tokio::test(flavor = "multi_thread")]
async fn bad_settings_stop_the_start_with_a_line_each() {
    let wrong = [
        ("DATABASE_URL", "mysql://x"),
        ("RATE_LIMIT_PER_MINUTE", "many"),
        ("STRIPE_SECRET_KEY", "canary"),
        ("RUST_LOG", "rolitt=canary"),
    ];
    for command in ["serve", "work", "migrate", "doctor"] {
        let (status, printed) = run_to_end(command, &wrong, "").await;
        assert_eq!(status, 1, "{command}: {printed}");
        for (variable, _) in &wrong {
            assert!(printed.contains(&format!("{variable}: ")), "{command} does not name {variable}: {printed}");
        }
        assert!(!printed.contains("canary"), "{printed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_call_is_2() {
    for command in ["dance", "serve --fast", "admin create", "admin create --email nobody", "sandbox --addr here"] {
        let (status, printed) = run_to_end(command, &[], "").await;
        assert_eq!(status, 2, "{command}: {printed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_does_not_start_in_production() {
    let production = [
        ("ROLITT_ENV", "production"),
        ("PUBLIC_BASE_URL", "https://shop.example"),
        ("STRIPE_SECRET_KEY", "sk_live_1"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_1"),
    ];
    let (status, printed) = run_to_end("sandbox --addr 127.0.0.1:0", &production, "").await;
    assert_eq!(status, 1);
    assert!(printed.contains("ROLITT_ENV"), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_is_made_from_the_command_line_and_signs_in() {
    let database = TestDatabase::create(Kind::Sqlite).await;
    let url = [("DATABASE_URL", database.url.as_str())];
    let create = "admin create --email owner@example.com";
    let (status, printed) = run_to_end(create, &url, "short").await;
    assert_eq!(status, 1, "{printed}");
    let (status, printed) = run_to_end(create, &url, "a-long-password\n").await;
    assert_eq!(status, 0, "{printed}");
    assert!(printed.contains("made owner@example.com") && !printed.contains("a-long-password"), "{printed}");
    let (status, printed) = run_to_end(create, &url, "").await;
    assert_eq!(status, 0);
    let password = printed.lines().skip_while(|line| !line.contains("new password for")).nth(1).unwrap().to_owned();

    let shop = Program::start("serve --no-workers", free_port().await, &database).await;
    let login = super::http_client::client().post(format!("{}/api/admin/login", shop.base));
    let form = [("email", "owner@example.com"), ("password", password.as_str())];
    assert_eq!(login.form(&form).send().await.unwrap().status(), 303);
    shop.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_a_missing_migration_a_foreign_price_and_a_provider_that_is_gone() {
    let database = TestDatabase::create(Kind::Sqlite).await;
    let shop = Program::start("serve", free_port().await, &database).await;
    let addr = shop.base.trim_start_matches("http://").to_owned();
    let api = format!("{}/sandbox/api", shop.base);
    let http = super::http_client::client();
    let price = async |minor: &str| {
        let form = [("currency", "usd"), ("unit_amount", minor), ("product_data[name]", "Rolitt")];
        let made = http.post(format!("{api}/v1/prices")).bearer_auth("sk_test_1").form(&form).send().await.unwrap();
        made.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let prices =
        serde_json::json!({ "sakura-pink": price("49900").await, "honey-khaki": price("49800").await }).to_string();
    let settings = [
        ("DATABASE_URL", database.url.as_str()),
        ("LEPTOS_SITE_ADDR", addr.as_str()),
        ("STRIPE_API_BASE", api.as_str()),
        ("STRIPE_SECRET_KEY", "sk_test_1"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_1"),
        ("COLOR_PRICE_MAP_JSON", prices.as_str()),
    ];
    let checks = async |settings: &[(&str, &str)]| {
        let (status, printed) = run_to_end("doctor --json", settings, "").await;
        let json = printed.lines().find(|line| line.starts_with('{')).unwrap_or_else(|| panic!("{printed}"));
        (status, serde_json::from_str::<Value>(json).unwrap())
    };
    let bad = |report: &Value| {
        let checks = report["checks"].as_array().unwrap();
        let bad = checks.iter().filter(|check| check["ok"] == false);
        bad.map(|check| check["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (status, report) = checks(&settings).await;
    assert_eq!((status, bad(&report)), (1, vec!["price honey-khaki".to_owned()]), "{report}");
    assert!(report["checks"].as_array().unwrap().iter().all(|c| c["ok"] == true || c["remedy"].is_string()));
    let (status, report) = checks(&settings[..2]).await;
    assert_eq!((status, report["ok"].as_bool()), (0, Some(true)), "{report}");
    shop.kill().await;
    let (status, report) = checks(&settings).await;
    let gone = bad(&report);
    assert!(status == 1 && gone.contains(&"stripe".to_owned()) && !gone.contains(&"klaviyo".to_owned()), "{report}");
    let compared = |report: &Value| {
        let checks = report["checks"].as_array().unwrap();
        checks.iter().find(|check| check["name"] == "reconcile").unwrap()["found"].as_str().unwrap().to_owned()
    };
    assert!(gone.contains(&"reconcile".to_owned()) && compared(&report).starts_with("not compared"), "{report}");
    let (status, report) = checks(&settings[..2]).await;
    assert!(status == 0 && compared(&report).ends_with("is not running"), "{report}");
    let empty = TestDatabase::create(Kind::Sqlite).await;
    let (status, report) = checks(&[("DATABASE_URL", empty.url.as_str())]).await;
    assert!(status == 1 && bad(&report).contains(&"migrations".to_owned()), "{report}");
}

/// As in earnest: the shop, its workers and the providers are processes of their own and meet over HTTP alone.
async fn sold_by_separate_processes(kind: Kind) {
    let database = TestDatabase::create(kind).await;
    let (shop_port, sandbox_port) = (free_port().await, free_port().await);
    let providers = format!("http://127.0.0.1:{sandbox_port}");
    let host = format!("127.0.0.1:{sandbox_port}");
    let keys = [
        ("STRIPE_SECRET_KEY", "sk_test_1"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_old,whsec_new"),
        ("STRIPE_API_BASE", providers.as_str()),
        ("KLAVIYO_API_KEY", "pk_1"),
        ("KLAVIYO_API_BASE", &providers),
        ("FIREBASE_PROJECT_ID", "p"),
        ("FIREBASE_AUTH_EMULATOR_HOST", &host),
        ("TWILIO_ACCOUNT_SID", "AC1"),
        ("TWILIO_AUTH_TOKEN", "x"),
        ("TWILIO_FROM", "+15005550006"),
        ("TWILIO_API_BASE", &providers),
    ];
    let command = format!("sandbox --addr {host}");
    let mut sandbox = Program::start_with(&command, shop_port, &database, &keys);
    sandbox.base.clone_from(&providers);
    sandbox.ready("/sandbox").await;
    let shop = Program::start_with("serve --no-workers", shop_port, &database, &keys);
    shop.ready("/readyz").await;
    let workers = Program::start_with("work", shop_port, &database, &keys);

    let http = super::http_client::client();
    // With every provider configured nothing stands in on the shop's own address.
    assert_eq!(http.get(format!("{}/sandbox", shop.base)).send().await.unwrap().status(), 404);
    let form = [("email", "ana@example.com"), ("color", "sakura-pink"), ("phone", "+4915123456789")];
    let answer = http.post(format!("{}/api/handle_checkout", shop.base)).form(&form).send().await.unwrap();
    let page = answer.headers()["location"].to_str().unwrap().to_owned();
    assert!(page.starts_with(&providers), "{page}");
    let card = serde_json::json!({ "card": "4242424242424242" });
    assert_eq!(http.post(format!("{page}/pay.json")).json(&card).send().await.unwrap().status(), 200);
    let db = database.open().await;
    let open = "SELECT COUNT(*) FROM outbox WHERE state <> 'done'";
    let paid = "SELECT COUNT(*) FROM preorders WHERE payment_status = 'paid'";
    let began = std::time::Instant::now();
    while db.count(paid).await == 0 || db.count(open).await > 0 {
        assert!(began.elapsed() < super::PATIENCE, "it is not paid, or not told");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(
        db.text("SELECT MIN(status || '/' || payment_status) FROM preorders").await.as_deref(),
        Some("completed/paid")
    );
    let inbox: Value = http.get(format!("{providers}/sandbox/inbox.json")).send().await.unwrap().json().await.unwrap();
    let received = |service: &str| inbox[service].as_array().unwrap().len();
    assert_eq!((received("klaviyo"), received("firebase"), received("sms")), (2, 1, 1));
    promises::are_kept_in(&db, Clock::default().now()).await;
    promises::were_asked_once(&inbox);
    for process in [workers, shop, sandbox] {
        process.kill().await;
    }
    db.close().await;
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shop_workers_and_providers_as_separate_processes_sell_on_sqlite() {
    sold_by_separate_processes(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shop_workers_and_providers_as_separate_processes_sell_on_postgres() {
    sold_by_separate_processes(Kind::Postgres).await;
}
