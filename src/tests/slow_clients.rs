//! Clients that take their time, on real sockets: they are cut off, and stop nobody else.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::PATIENCE;
use super::app::TestApp;
use super::database::Kind;
use super::http_client::client_of_single_requests;
use crate::http::server::Limits;

const DRIP: Duration = Duration::from_millis(50);

fn short() -> Limits {
    Limits {
        head: Duration::from_millis(1500),
        body: Duration::from_millis(900),
        upload: Duration::from_millis(900),
        idle: Duration::from_secs(3),
        stalled: Duration::from_millis(900),
        ..Limits::default()
    }
}

async fn app() -> TestApp {
    among(short()).await
}

/// Its own client keeps no connection for later: the shop closes those that were silent too long, perhaps just then.
async fn among(limits: Limits) -> TestApp {
    let mut app = TestApp::start_within(Kind::Sqlite, &[], limits).await;
    app.http = client_of_single_requests();
    app
}

async fn connect(app: &TestApp) -> TcpStream {
    TcpStream::connect(app.base.trim_start_matches("http://")).await.unwrap()
}

/// Sends `first`, then a piece again and again, until the server closes. What it said, and after how long.
async fn drip(app: &TestApp, first: &str, piece: &'static [u8]) -> (String, Duration) {
    // The server may see the connection before we know of it.
    let began = Instant::now();
    let (mut from, mut to) = connect(app).await.into_split();
    to.write_all(first.as_bytes()).await.unwrap();
    let dripping = tokio::spawn(async move {
        while to.write_all(piece).await.is_ok() {
            tokio::time::sleep(DRIP).await;
        }
    });
    let said = said(&mut from).await;
    dripping.abort();
    (said, began.elapsed())
}

/// Everything until the connection ends, which it must.
async fn said(from: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut said = Vec::new();
    // A reset is an end as well.
    let ended = tokio::time::timeout(PATIENCE, from.read_to_end(&mut said)).await;
    assert!(ended.is_ok(), "it was never cut off: {}", String::from_utf8_lossy(&said));
    String::from_utf8_lossy(&said).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_drip_in_are_cut_off_though_each_comes_in_time() {
    let app = app().await;
    let (said, took) = drip(&app, "GET / HTTP/1.1\r\nHost: shop\r\n", b"X-Drip: 1\r\n").await;
    assert!(said.is_empty() && took >= short().head, "{took:?}: {said}");
    // The second request of a connection has no more time than the first.
    let (said, _) = drip(&app, "GET /healthz HTTP/1.1\r\nHost: shop\r\n\r\nGET /he", b"a").await;
    assert!(said.starts_with("HTTP/1.1 200") && said.matches("HTTP/1.1").count() == 1, "{said}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_drips_in_is_cut_off_and_answered_408() {
    let app = app().await;
    for path in ["/api/webhooks/stripe", "/api/initiate_preorder", "/api/handle_checkout", "/api/admin/login"] {
        let kind = "Content-Type: application/x-www-form-urlencoded";
        let head = format!("POST {path} HTTP/1.1\r\nHost: shop\r\n{kind}\r\nContent-Length: 60000\r\n\r\n");
        let (said, took) = drip(&app, &head, b"a").await;
        assert!(took >= short().body, "{path}: {took:?}");
        assert!(said.starts_with("HTTP/1.1 408"), "{path}: {said}");
        assert!(said.contains("body_too_slow") && said.contains("x-request-id: req_"), "{path}: {said}");
    }
    // Its length unsaid, it is no other.
    let head = "POST /api/webhooks/stripe HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n";
    let (said, _) = drip(&app, head, b"1\r\na\r\n").await;
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    assert_eq!(app.count("SELECT COUNT(*) FROM webhook_logs").await, 0);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_without_an_end_is_refused_before_it_fills_the_memory() {
    let app = app().await;
    let (mut from, mut to) = connect(&app).await.into_split();
    let sending = tokio::spawn(async move {
        let piece = vec![b'a'; 64 * 1024];
        let mut sent = 0;
        drop(to.write_all(b"GET / HTTP/1.1\r\nX-Long: ").await);
        while to.write_all(&piece).await.is_ok() {
            sent += piece.len();
        }
        sent
    });
    said(&mut from).await;
    let sent = tokio::time::timeout(PATIENCE, sending).await.expect("it is read without end").unwrap();
    assert!(sent < 16 * 1024 * 1024, "{sent} bytes of one header were taken");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_say_nothing_are_closed_the_new_and_the_kept() {
    let app = app().await;
    let began = Instant::now();
    assert_eq!(said(&mut connect(&app).await).await, "");
    assert!(began.elapsed() >= short().head);
    let mut kept = connect(&app).await;
    kept.write_all(b"GET /healthz HTTP/1.1\r\nHost: shop\r\n\r\n").await.unwrap();
    let began = Instant::now();
    assert!(said(&mut kept).await.starts_with("HTTP/1.1 200"));
    assert!(began.elapsed() >= short().idle, "{:?}", began.elapsed());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_nothing_of_its_answers_is_let_go() {
    let app = app().await;
    let mut greedy = connect(&app).await;
    let asking = async {
        // It asks and asks, and reads nothing: when the buffers are full, nothing moves in either direction.
        while greedy.write_all(b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n").await.is_ok() {}
    };
    assert!(tokio::time::timeout(PATIENCE, asking).await.is_ok(), "it is waited for without end");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_slow_clients_do_not_stop_a_buyer() {
    // Usual limits: all of them stay for as long as the buyer is here.
    let app = TestApp::start(Kind::Sqlite).await;
    let body = "POST /api/webhooks/stripe HTTP/1.1\r\nHost: shop\r\nContent-Length: 60000\r\n\r\n{";
    let mut slow = Vec::new();
    for n in 0..400 {
        let mut client = connect(&app).await;
        let said = ["", "GET / HTTP/1.1\r\nX: ", body][n % 3];
        client.write_all(said.as_bytes()).await.unwrap();
        slow.push(client);
    }
    let (session, id) = app.checkout("ana@example.com").await;
    app.pay_by_card(&session, "4242424242424242").await;
    app.wait_for_badges(&id, "completed/paid").await;
    drop(slow);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn places_that_slow_clients_hold_come_free_for_buyers() {
    let app = among(Limits { connections: 20, ..short() }).await;
    let mut slow = Vec::new();
    for _ in 0..60 {
        slow.push(connect(&app).await);
    }
    let saved = app.post("/api/initiate_preorder", &[("email", "ana@example.com"), ("color", "sakura-pink")]).await;
    assert_eq!(saved.status, 200, "{}", saved.body);
    drop(slow);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_in_one_breath_are_answered_in_their_order() {
    let app = app().await;
    let mut client = connect(&app).await;
    let ask = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: shop\r\n\r\n");
    let asked =
        [ask("/healthz"), ask("/nowhere"), ask("/readyz"), "POST /api/nothing HTTP/1.1\r\nHost: shop\r\n".into()];
    client
        .write_all(format!("{}Content-Length: 2\r\nConnection: close\r\n\r\na=", asked.concat()).as_bytes())
        .await
        .unwrap();
    let said = said(&mut client).await;
    let statuses: Vec<&str> = said.match_indices("HTTP/1.1 ").map(|(at, line)| &said[at + line.len()..][..3]).collect();
    // The last says not what kind its body is.
    assert_eq!(statuses, ["200", "404", "200", "415"], "{said}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admins_open_page_listens_longer_than_any_limit() {
    let app = app().await;
    let cookie = app.sign_in_as(crate::domain::access::Role::Owner).await;
    let mut listener = connect(&app).await;
    let ask = format!("GET /admin/live HTTP/1.1\r\nHost: shop\r\nCookie: {cookie}\r\n\r\n");
    listener.write_all(ask.as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    let mut hear = async |what: &str| {
        while !String::from_utf8_lossy(&heard).contains(what) {
            let mut piece = [0; 1024];
            let read = tokio::time::timeout(PATIENCE, listener.read(&mut piece)).await.expect(what).unwrap();
            assert!(read > 0, "it was let go: {}", String::from_utf8_lossy(&heard));
            heard.extend_from_slice(&piece[..read]);
        }
    };
    hear("event: hello").await;
    tokio::time::sleep(short().idle * 2).await;
    app.post("/api/initiate_preorder", &[("email", "ana@example.com"), ("color", "sakura-pink")]).await;
    hear("event: changed").await;
    app.finish().await;
}
