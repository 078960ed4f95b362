//! Three instances behind a load balancer, each told to stop and begun anew while buyers buy: nobody notices.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use http::{StatusCode, header};
use serde_json::json;
use tokio::net::TcpListener;

use super::database::Kind;
use super::fleet::{Fleet, post};
use super::http_client::{Answer, client};
use super::program::free_port;

const INSTANCES: usize = 3;
const BUYERS: usize = 4;

/// As any: round robin over those that say they are ready, and on to the next where a connection is refused. What was
/// sent is never sent again, since it may have been done.
struct Balancer {
    backends: Vec<(String, AtomicBool)>,
    next: AtomicUsize,
    http: reqwest::Client,
    failures: Mutex<Vec<String>>,
}

impl Balancer {
    fn fail(&self, what: String) {
        self.failures.lock().unwrap().push(what);
    }

    async fn look(self: Arc<Self>) {
        loop {
            // All at once: one that takes its time does not keep it from seeing that another stops.
            let looks = self.backends.iter().map(async |(base, ready)| {
                let answer = self.http.get(format!("{base}/readyz")).timeout(Duration::from_secs(2)).send().await;
                ready.store(answer.is_ok_and(|answer| answer.status() == 200), Ordering::Relaxed);
            });
            futures::future::join_all(looks).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn send(&self, parts: &http::request::Parts, body: &Bytes) -> Result<reqwest::Response, String> {
        for _ in 0..10 * INSTANCES {
            let (base, ready) = &self.backends[self.next.fetch_add(1, Ordering::Relaxed) % INSTANCES];
            if !ready.load(Ordering::Relaxed) {
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            }
            let mut headers = parts.headers.clone();
            headers.remove(header::HOST);
            let request = self.http.request(parts.method.clone(), format!("{base}{}", parts.uri)).headers(headers);
            match request.body(body.clone()).send().await {
                Err(error) if error.is_connect() => ready.store(false, Ordering::Relaxed),
                answer => return answer.map_err(|error| format!("{} {}: {error:?}", parts.method, parts.uri.path())),
            }
        }
        Err("nobody is ready".to_owned())
    }
}

async fn forward(State(balancer): State<Arc<Balancer>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let mut response = Response::new(Body::empty());
    match balancer.send(&parts, &body).await {
        Ok(answer) => {
            if answer.status().is_server_error() {
                balancer.fail(format!("{} {}: {}", parts.method, parts.uri.path(), answer.status()));
            }
            *response.status_mut() = answer.status();
            *response.headers_mut() = answer.headers().clone();
            for name in [header::CONNECTION, header::TRANSFER_ENCODING, header::CONTENT_LENGTH] {
                response.headers_mut().remove(name);
            }
            match answer.bytes().await {
                Ok(bytes) => *response.body_mut() = Body::from(bytes),
                Err(error) => balancer.fail(format!("{} broke off: {error:?}", parts.uri.path())),
            }
        }
        Err(failure) => {
            balancer.fail(failure);
            *response.status_mut() = StatusCode::BAD_GATEWAY;
        }
    }
    response
}

/// Looks, buys, pays, comes back, and does it again.
async fn buyer(fleet: Arc<Fleet>, base: String, number: usize, enough: Arc<AtomicBool>) -> usize {
    let mut bought = 0;
    while !enough.load(Ordering::Relaxed) {
        let page = fleet.http.get(&base).send().await.unwrap();
        assert_eq!(page.status(), 200);
        let email = format!("buyer{number}.{bought}@example.com");
        let form = [("email", email.as_str()), ("color", "sakura-pink")];
        let answer = post(&fleet.http, &base, "/api/handle_checkout", &form).await;
        fleet.pay(&answer).await;
        let back = format!("{base}/preorder/success?session_id={}", answer.session());
        let back = Answer::of(fleet.http.get(back).send().await.unwrap()).await;
        assert_eq!(back.status, 200, "{}", back.body);
        bought += 1;
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    bought
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_three_instances_is_restarted_under_load_and_no_request_fails() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let base = format!("http://127.0.0.1:{port}");
    let fleet = Arc::new(Fleet::start(Kind::Postgres, port).await);
    // So that there is always a request under way.
    fleet.faults(json!({ "stripe": { "latency_ms": 50 } })).await;
    // More than three seconds of notice instead of one: a machine that is busy looks late.
    let public = [("PUBLIC_BASE_URL", base.as_str()), ("FAILPOINTS", "span.notice=return(0.3)")];
    let mut instances = Vec::new();
    for _ in 0..INSTANCES {
        instances.push(fleet.serve("serve", free_port().await, &public).await);
    }
    let balancer = Arc::new(Balancer {
        backends: instances.iter().map(|instance| (instance.base.clone(), AtomicBool::new(true))).collect(),
        next: AtomicUsize::new(0),
        http: client(),
        failures: Mutex::default(),
    });
    let looking = tokio::spawn(Arc::clone(&balancer).look());
    let app = Router::new().fallback(forward).with_state(Arc::clone(&balancer));
    let serving = tokio::spawn(async move { axum::serve(listener, app).await });

    let enough = Arc::new(AtomicBool::new(false));
    let buyers: Vec<_> = (0..BUYERS)
        .map(|number| tokio::spawn(buyer(Arc::clone(&fleet), base.clone(), number, Arc::clone(&enough))))
        .collect();
    for at in 0..INSTANCES {
        let before = fleet.db.count("SELECT COUNT(*) FROM preorders").await;
        fleet
            .wait_until("buyers buy", async || fleet.db.count("SELECT COUNT(*) FROM preorders").await > before + 3)
            .await;
        let old = instances.remove(0);
        let port = old.base.rsplit_once(':').unwrap().1.parse().unwrap();
        assert_eq!(old.stop().await, Some(0), "instance {at}");
        instances.push(fleet.serve("serve", port, &public).await);
    }
    enough.store(true, Ordering::Relaxed);
    let mut bought = 0;
    for buyer in buyers {
        bought += buyer.await.unwrap();
    }
    fleet.settled().await;
    assert_eq!(*balancer.failures.lock().unwrap(), Vec::<String>::new());
    let paid = "SELECT COUNT(*) FROM preorders WHERE status = 'completed' AND payment_status = 'paid'";
    fleet.wait_until("all are paid", async || fleet.db.count(paid).await == bought as i64).await;
    fleet.settled().await;
    assert_eq!(fleet.db.count("SELECT COUNT(*) FROM preorders").await, bought as i64);
    assert_eq!(fleet.klaviyo().await, (2 * bought, 0));
    let workers = fleet.db.count("SELECT COUNT(DISTINCT worker) FROM delivery_attempts").await;
    assert!(workers > INSTANCES as i64, "only {workers} instances ever worked");
    looking.abort();
    serving.abort();
    let fleet = Arc::into_inner(fleet).expect("a buyer is still there");
    fleet.finish(instances).await;
}
