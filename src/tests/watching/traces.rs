//! One trace from the form to the webhook to the last delivery, as an OpenTelemetry collector sees it.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use super::{Shop, until};
use crate::tests::database::{Kind, TestDatabase};
use crate::tests::program::{Program, free_port};

#[derive(Clone, Default)]
struct Collector {
    spans: Arc<Mutex<Vec<Span>>>,
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Collector {
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let this = self.clone();
        let take = async move |body: Bytes| {
            let request = ExportTraceServiceRequest::decode(body.clone()).unwrap();
            this.bytes.lock().unwrap().extend_from_slice(&body);
            let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
            this.spans.lock().unwrap().extend(scopes.flat_map(|scope| scope.spans));
        };
        let app = axum::Router::new().route("/v1/traces", post(take));
        tokio::spawn(std::future::IntoFuture::into_future(axum::serve(listener, app)));
        format!("http://{addr}")
    }

    /// The span of this name in this trace.
    fn find(&self, trace: &str, name: &str) -> Option<Span> {
        let spans = self.spans.lock().unwrap();
        spans.iter().find(|span| span.name == name && hex(&span.trace_id) == trace).cloned()
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_goes_from_the_form_to_the_webhook_to_the_last_delivery_and_knows_nobody() {
    let collector = Collector::default();
    let endpoint = collector.start().await;
    let database = TestDatabase::create(Kind::Sqlite).await;
    let settings = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str())];
    let shop = Shop::new(Program::start_with("serve", free_port().await, &database, &settings), &database).await;
    let session = shop.checkout("canary@example.com").await;
    shop.pay(&session, "4242424242424242").await;
    let success = "SELECT COUNT(*) FROM outbox WHERE kind = 'klaviyo_preorder_success' AND state = 'done'";
    shop.wait_for(success, 1).await;
    shop.wait_for("SELECT COUNT(*) FROM outbox WHERE state IN ('pending', 'running')", 0).await;

    let id = shop.db.text("SELECT id FROM preorders").await.unwrap();
    let trace = id.trim_start_matches("pre_");
    for name in [
        "POST /api/handle_checkout",
        "initiate_preorder",
        "start_checkout",
        "stripe create_session",
        "deliver create_firebase_user",
        "deliver klaviyo_preorder_started",
        "POST /api/webhooks/stripe",
        "deliver apply_stripe_event",
        "deliver klaviyo_preorder_success",
        "klaviyo events",
    ] {
        until(&format!("{name} is in the trace"), async || collector.find(trace, name).is_some()).await;
    }
    // Each knows what it comes of.
    let span = |name: &str| collector.find(trace, name).unwrap();
    assert_eq!(span("initiate_preorder").parent_span_id, span("POST /api/handle_checkout").span_id);
    assert_eq!(span("stripe create_session").parent_span_id, span("start_checkout").span_id);
    let form = span("POST /api/handle_checkout");
    assert_eq!(span("deliver klaviyo_preorder_started").parent_span_id, form.span_id);
    let cause = hex(&span("deliver klaviyo_preorder_success").parent_span_id);
    let applied = collector
        .spans
        .lock()
        .unwrap()
        .iter()
        .any(|s| s.name == "deliver apply_stripe_event" && hex(&s.span_id) == cause);
    assert!(applied, "the success does not come of an event");

    // Stripe bears it too, and so does every row of the outbox.
    let url = format!("{}/sandbox/api/v1/checkout/sessions/{session}", shop.program.base);
    let stored = shop.http.get(url).bearer_auth("sk_test_sandbox").send().await.unwrap();
    let stored: serde_json::Value = stored.json().await.unwrap();
    assert_eq!(stored["metadata"]["trace_id"], trace);
    let others = format!("SELECT COUNT(*) FROM outbox WHERE trace_id NOT LIKE '{trace}%'");
    assert_eq!(shop.db.count(&others).await, 0);

    shop.keeps_its_promises().await;
    // What is not yet sent when the process is told to stop is sent then.
    shop.get("/api/order_state?session_id=cs_test_none").await;
    shop.close().await;
    assert!(collector.spans.lock().unwrap().iter().any(|span| span.name == "GET /api/order_state"), "lost at the end");
    let text = String::from_utf8_lossy(&collector.bytes.lock().unwrap()).into_owned();
    assert!(!text.contains("canary") && !text.contains("cs_test_none"), "a span knows somebody");
    database.remove().await;
}
