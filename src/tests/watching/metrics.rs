//! Metrics: the shop sells, fails and refunds, and what it tells Prometheus moves as it should.

use std::time::Duration;

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::exposition::Exposition;
use super::{Shop, alerts, until};
use crate::domain::stripe_endpoints::Endpoint;
use crate::tests::database::{Kind, TestDatabase};
use crate::tests::program::{Program, free_port};

const CHECKED: &str = "rolitt_promises_checked_timestamp_seconds";

/// All names, from the one place where they are given.
fn names() -> Vec<&'static str> {
    let source = include_str!("../../telemetry/metric.rs");
    let constants = source.lines().filter_map(|line| line.strip_prefix("pub const ")?.split_once(": &str = \""));
    constants.map(|(_, name)| name.trim_end_matches("\";")).collect()
}

async fn scrape(shop: &Shop) -> Exposition {
    let answer = shop.get("/metrics").await;
    assert_eq!(answer.status, 200);
    Exposition::read(&answer.body)
}

async fn sells(kind: Kind) {
    let database = TestDatabase::create(kind).await;
    let port = free_port().await;
    let api = format!("http://127.0.0.1:{port}/sandbox/api");
    let settings = [
        ("STRIPE_SECRET_KEY", "sk_test_1"),
        ("STRIPE_API_BASE", &api),
        ("STRIPE_WEBHOOK_SECRET", "whsec_1"),
        ("STRIPE_REQUESTS_PER_SECOND", "5"),
    ];
    let shop = Shop::new(Program::start_with("serve", port, &database, &settings), &database).await;
    let before = scrape(&shop).await;
    assert_eq!(before.get(r#"rolitt_payments_total{outcome="paid"}"#), 0.0);
    assert!(
        before.0.contains_key(r#"rolitt_payments_total{outcome="paid"}"#),
        "a counter's first step would not be seen"
    );
    assert!(!before.0.contains_key(CHECKED), "somebody is said to have looked through the records, and nobody has");
    for endpoint in Endpoint::ALL {
        let series = format!(r#"rolitt_provider_queue_refused_total{{endpoint="{endpoint}"}}"#);
        assert!(before.0.contains_key(&series), "{series}");
    }

    let sold = shop.checkout("ana@example.com").await;
    shop.pay(&sold, "4242424242424242").await;
    let declined = shop.checkout("ben@example.com").await;
    shop.pay(&declined, "4000000000000002").await;
    shop.wait_for("SELECT COUNT(*) FROM webhook_logs WHERE status = 'success'", 3).await;
    shop.post("/api/handle_checkout", &[("email", "nonsense"), ("color", "sakura-pink")]).await;
    shop.post("/api/webhooks/stripe", &[("forged", "yes")]).await;
    let intent = shop.db.text("SELECT payment_intent_id FROM checkout_attempts WHERE state = 'paid'").await.unwrap();
    shop.post_json(&format!("/sandbox/payment_intents/{intent}/refund.json"), &json!({ "amount": 100 })).await;
    shop.wait_for("SELECT COUNT(*) FROM refunds WHERE state = 'succeeded'", 1).await;
    leaves_before_the_page_comes(&shop).await;
    shop.post_json("/sandbox/faults.json", &json!({ "klaviyo": { "error_rate": 1.0, "error_status": 400 } })).await;
    // More at once than Stripe takes: some wait for their turn.
    let emails: Vec<String> = (0..8).map(|n| format!("buyer{n}@example.com")).collect();
    futures::future::join_all(emails.iter().map(|email| shop.checkout(email))).await;
    shop.wait_for("SELECT COUNT(*) FROM outbox WHERE state = 'dead'", 8).await;
    shop.wait_for("SELECT COUNT(*) FROM outbox WHERE state IN ('pending', 'running')", 0).await;
    until("the gauges have followed", async || {
        let now = scrape(&shop).await;
        now.get(r#"rolitt_outbox_rows{kind="klaviyo_preorder_started",state="dead"}"#) == 8.0
            && now.get(r#"rolitt_promise_broken{promise="3"}"#) == 0.0
            && now.get(CHECKED) > 1.6e9
    })
    .await;

    let now = scrape(&shop).await;
    for (series, at_least, at_most) in [
        (r#"rolitt_preorders_total{result="started"}"#, 11.0, 11.0),
        (r#"rolitt_checkouts_total{result="left"}"#, 1.0, 1.0),
        (r#"rolitt_redirect_seconds_count{result="left"}"#, 1.0, 1.0),
        (r#"rolitt_checkouts_total{result="page"}"#, 10.0, 10.0),
        (r#"rolitt_payments_total{outcome="paid"}"#, 1.0, 1.0),
        (r#"rolitt_payments_total{outcome="declined"}"#, 1.0, 1.0),
        (r#"rolitt_refunds_total{state="succeeded"}"#, 1.0, 1.0),
        (r#"rolitt_webhooks_total{event="checkout.session.completed",result="received"}"#, 1.0, 1.0),
        (r#"rolitt_webhooks_total{event="checkout.session.completed",result="applied"}"#, 1.0, 1.0),
        (r#"rolitt_webhooks_refused_total{reason="missing"}"#, 1.0, 1.0),
        (r#"rolitt_deliveries_total{kind="klaviyo_preorder_started",outcome="dead"}"#, 8.0, 8.0),
        (r#"rolitt_deliveries_total{kind="klaviyo_preorder_success",outcome="done"}"#, 1.0, 1.0),
        (r#"rolitt_redirect_seconds_count{result="page"}"#, 10.0, 10.0),
        (r#"rolitt_redirect_seconds_count{result="refused"}"#, 1.0, 1.0),
        ("rolitt_database_up", 1.0, 1.0),
        ("rolitt_webhooks_failed", 0.0, 0.0),
        ("rolitt_webhooks_unapplied", 0.0, 0.0),
    ] {
        let value = now.get(series);
        assert!((at_least..=at_most).contains(&value), "{series} is {value}");
    }
    assert!(
        now.sum("rolitt_http_request_seconds_count", &[r#"route="/api/handle_checkout""#, r#"status="4xx""#]) >= 1.0
    );
    assert!(now.sum("rolitt_provider_call_seconds_count", &[r#"call="create_session""#, r#"outcome="ok""#]) >= 10.0);
    assert!(now.sum("rolitt_provider_call_seconds_count", &[r#"provider="klaviyo""#, r#"outcome="refused""#]) >= 8.0);
    assert!(now.sum("rolitt_provider_queue_seconds_count", &[r#"endpoint="create_session""#]) >= 1.0);
    assert!(now.sum("rolitt_webhook_arrival_seconds_count", &[]) >= 3.0);
    assert!(now.get("process_start_time_seconds") > 1.6e9 && now.get("process_resident_memory_bytes") > 1e6);

    let families = now.families();
    let missing: Vec<_> = names().into_iter().filter(|name| !families.contains(*name)).collect();
    assert!(missing.is_empty(), "named and never told: {missing:?}");
    let (in_rules, labels) = alerts::metrics();
    let unknown: Vec<_> = in_rules.iter().filter(|name| !families.contains(*name)).collect();
    assert!(unknown.is_empty(), "the alert rules speak of what does not exist: {unknown:?}");
    for (name, label) in labels.iter().filter(|(_, label)| !label.contains("5xx")) {
        let told =
            now.0.keys().any(|series| super::exposition::family(series) == *name && series.contains(label.as_str()));
        assert!(told, "the alert rules want {name} with {label}");
    }
    // Nothing that a stranger makes up, nobody's address and no id is a label.
    shop.get("/nobody/knows/this?email=ana@example.com").await;
    let text = shop.get("/metrics").await.body;
    for never in ["@", "nobody", "cs_test", "\"pre_", "/pre_", "evt_", "dlv_"] {
        let found = text.lines().find(|line| !line.starts_with('#') && line.contains(never));
        assert_eq!(found, None, "{never}");
    }
    if kind == Kind::Postgres {
        a_slow_count_is_no_database_that_is_away(&shop, &database).await;
        goes_on_without_its_database(&shop, &database).await;
    }
    shop.keeps_its_promises().await;
    // A ledger that does not add up is told as well.
    shop.db.execute("UPDATE checkout_attempts SET received_minor = received_minor + 1 WHERE state = 'paid'").await;
    shop.close().await;
    let again = Shop::new(Program::start("serve", free_port().await, &database).await, &database).await;
    let broken = async || scrape(&again).await.get(r#"rolitt_promise_broken{promise="3"}"#) >= 1.0;
    until("the broken promise is told", broken).await;
    again.close().await;
    database.remove().await;
}

/// Stripe is slow, and a buyer does not wait; what the others wait for is told of whole waits alone.
async fn leaves_before_the_page_comes(shop: &Shop) {
    shop.post_json("/sandbox/faults.json", &json!({ "stripe": { "latency_ms": 8000 } })).await;
    let form = [("email", "impatient@example.com"), ("color", "sakura-pink")];
    let asked = shop.http.post(format!("{}/api/handle_checkout", shop.program.base)).form(&form);
    let left = asked.timeout(Duration::from_secs(1)).send().await;
    assert!(left.is_err_and(|error| error.is_timeout()));
    until("it is told that a buyer left", async || {
        let now = scrape(shop).await;
        now.get(r#"rolitt_checkouts_total{result="left"}"#) == 1.0
            && now.get(r#"rolitt_redirect_seconds_count{result="left"}"#) == 1.0
    })
    .await;
    shop.post_json("/sandbox/faults.json", &json!({ "stripe": { "latency_ms": 0 } })).await;
    shop.wait_for("SELECT COUNT(*) FROM outbox WHERE state IN ('pending', 'running')", 0).await;
}

/// What can't be counted in time is not a number, and buyers are served all the same.
async fn a_slow_count_is_no_database_that_is_away(shop: &Shop, database: &TestDatabase) {
    let mut holder = PgConnection::connect(&database.url).await.unwrap();
    sqlx::raw_sql("BEGIN; LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE").execute(&mut holder).await.unwrap();
    until("nobody can count", async || scrape(shop).await.get("rolitt_webhooks_unapplied").is_nan()).await;
    let up = scrape(shop).await.get("rolitt_database_up");
    sqlx::raw_sql("ROLLBACK").execute(&mut holder).await.unwrap();
    holder.close().await.unwrap();
    assert_eq!(up, 1.0, "slow is taken for away");
}

/// Prometheus still hears of the process, and that its database is away.
async fn goes_on_without_its_database(shop: &Shop, database: &TestDatabase) {
    let name = database.url.rsplit('/').next().unwrap().split('?').next().unwrap();
    let mut server = PgConnection::connect(&std::env::var("TEST_DATABASE_URL").unwrap()).await.unwrap();
    let mut say = async |sql: String| {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut server).await.unwrap();
    };
    say(format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")).await;
    say(format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")).await;
    until("it is told that the database is away", async || {
        let now = scrape(shop).await;
        now.get("rolitt_database_up") == 0.0
            && now.get("rolitt_webhooks_unapplied").is_nan()
            && now.get("process_resident_memory_bytes") > 1e6
    })
    .await;
    let order = [("email", "cleo@example.com"), ("color", "sakura-pink")];
    let refused = shop.post("/api/initiate_preorder", &order).await;
    assert_eq!((refused.status, refused.header("retry-after").is_empty()), (503, false), "{}", refused.body);
    say(format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")).await;
    until("it is back", async || scrape(shop).await.get("rolitt_database_up") == 1.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sold_declined_refused_refunded_and_given_up_is_told_to_prometheus_on_sqlite() {
    sells(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sold_declined_refused_refunded_and_given_up_is_told_to_prometheus_on_postgres() {
    sells(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_without_a_site_tells_its_metrics_at_an_address_of_its_own() {
    let database = TestDatabase::create(Kind::Sqlite).await;
    let addr = format!("127.0.0.1:{}", free_port().await);
    let worker = Program::start_with("work", free_port().await, &database, &[("METRICS_ADDR", &addr)]);
    let http = super::client();
    let alive = async || http.get(format!("http://{addr}/healthz")).send().await.is_ok_and(|a| a.status() == 200);
    until("the worker is alive", alive).await;
    let text = http.get(format!("http://{addr}/metrics")).send().await.unwrap().text().await.unwrap();
    assert_eq!(Exposition::read(&text).get("rolitt_database_up"), 1.0);
    assert_eq!(worker.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_through_the_records_that_fails_is_not_begun_again_with_every_scrape() {
    let (folder, database) = (tempfile::tempdir().unwrap(), TestDatabase::create(Kind::Sqlite).await);
    let log = folder.path().join("log");
    let settings = [("RUST_LOG", "warn")];
    let program = Program::start_written_down("serve", free_port().await, &database, &settings, &log);
    let shop = Shop::new(program, &database).await;
    shop.db.execute("ALTER TABLE refunds RENAME TO elsewhere").await;
    let failed = || std::fs::read_to_string(&log).unwrap().matches("could not look through the promises").count();
    until("it is told that the look failed", async || {
        scrape(&shop).await;
        failed() > 0
    })
    .await;
    for _ in 0..10 {
        scrape(&shop).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(failed(), 1);
    shop.db.execute("ALTER TABLE elsewhere RENAME TO refunds").await;
    shop.keeps_its_promises().await;
    shop.close().await;
    database.remove().await;
}
