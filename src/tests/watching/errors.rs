//! Errors, as Sentry gets them.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::Path;
use axum::routing::post;
use serde_json::Value;

use super::{Shop, until};
use crate::tests::database::{Kind, TestDatabase};
use crate::tests::program::{Program, free_port, run_to_end};

#[tokio::test(flavor = "multi_thread")]
async fn an_error_reaches_sentry_with_its_trace_and_without_the_buyer() {
    let received: Arc<Mutex<Vec<String>>> = Arc::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dsn = format!("http://public@{}/42", listener.local_addr().unwrap());
    let keep = Arc::clone(&received);
    let take = async move |Path(project): Path<String>, body: Bytes| {
        assert_eq!(project, "42");
        keep.lock().unwrap().push(String::from_utf8(body.to_vec()).unwrap());
    };
    let app = axum::Router::new().route("/api/{project}/envelope/", post(take));
    tokio::spawn(std::future::IntoFuture::into_future(axum::serve(listener, app)));

    let database = TestDatabase::create(Kind::Sqlite).await;
    // Who wants no lines is told all the same.
    let settings = [("SENTRY_DSN", dsn.as_str()), ("RUST_LOG", "off")];
    let shop = Shop::new(Program::start_with("serve", free_port().await, &database, &settings), &database).await;
    shop.db.execute("ALTER TABLE preorders RENAME TO elsewhere").await;
    let form =
        [("email", "canary@example.com"), ("color", "sakura-pink"), ("name", "Kanarie"), ("phone", "+4915177317731")];
    let failed = shop.post("/api/initiate_preorder?canary=query", &form).await;
    assert_eq!(failed.status, 500);
    shop.db.execute("ALTER TABLE elsewhere RENAME TO preorders").await;
    let request = failed.json()["error"]["request_id"].as_str().unwrap().to_owned();
    let find = || received.lock().unwrap().iter().find(|envelope| envelope.contains(&request)).cloned();
    until("Sentry has the error", async || find().is_some()).await;
    let envelope = find().unwrap();
    let metrics = shop.get("/metrics").await.body;
    let counted = metrics.lines().find_map(|line| line.strip_prefix("rolitt_log_events_total{level=\"error\"} "));
    assert!(counted.is_some_and(|errors| errors != "0"), "{counted:?}");
    let event: Value = envelope
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .find(|e: &Value| e["message"].is_string())
        .unwrap();
    assert_eq!(event["message"], "the store failed");
    assert_eq!(
        (event["level"].as_str(), event["environment"].as_str()),
        (None, Some("development")),
        "an error is what it is if not said"
    );
    assert_eq!(event["release"], concat!("rolitt@", env!("CARGO_PKG_VERSION")));
    assert_eq!(event["tags"]["trace_id"], event["contexts"]["trace"]["trace_id"]);
    assert!(event["tags"]["trace_id"].as_str().is_some_and(|id| id.len() == 32), "{event}");
    assert!(event["extra"]["error"].as_str().is_some_and(|cause| cause.contains("preorders")), "{event}");
    for never in ["user", "request", "server_name", "breadcrumbs"] {
        assert!(event.get(never).is_none_or(Value::is_null), "{never}: {event}");
    }
    shop.keeps_its_promises().await;
    shop.close().await;
    let all = received.lock().unwrap().join("\n");
    for canary in ["canary", "Kanarie", "77317731"] {
        assert!(!all.contains(canary), "{canary} is in what Sentry got: {all}");
    }
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_dsn_endpoint_or_address_stops_the_start_with_its_name_and_without_its_text() {
    for (name, wrong) in [
        ("SENTRY_DSN", "https://sentry.example/secret-canary"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "secret-canary:4318"),
        ("METRICS_ADDR", "secret-canary"),
    ] {
        let (status, printed) = run_to_end("serve", &[(name, wrong)], "").await;
        assert_eq!(status, 1, "{printed}");
        assert!(printed.contains(name) && !printed.contains("canary"), "{printed}");
    }
}
