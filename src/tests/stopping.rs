//! A process that is told to stop: it takes nobody any more, finishes, gives back, and is gone within ten seconds.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::database::Kind;
use super::fleet::{Fleet, post};
use super::program::{PATIENT, free_port};

/// The contract's.
const WITHIN: Duration = Duration::from_secs(10);

async fn connect(port: u16) -> TcpStream {
    TcpStream::connect(("127.0.0.1", port)).await.unwrap()
}

/// Everything hangs at once: a delivery, a buyer at Stripe, a client whose body drips, one that never asks.
async fn everything_hangs(kind: Kind, first: Signal, second: Option<Signal>) {
    let port = free_port().await;
    let fleet = Fleet::start(kind, port).await;
    let shop = fleet.serve("serve", port, &[PATIENT]).await;
    let slow = json!({ "latency_ms": 40_000 });
    fleet.faults(json!({ "klaviyo": slow, "stripe": slow })).await;
    let form = [("email", "ana@example.com"), ("color", "sakura-pink")];
    assert_eq!(post(&fleet.http, &shop.base, "/api/initiate_preorder", &form).await.status, 200);
    let buyer = {
        let checkout = fleet.http.post(format!("{}/api/handle_checkout", shop.base)).form(&form).send();
        tokio::spawn(checkout)
    };
    let mut dripping = connect(port).await;
    dripping.write_all(b"POST /api/webhooks/stripe HTTP/1.1\r\nHost: s\r\nContent-Length: 9\r\n\r\n{").await.unwrap();
    let mut silent = connect(port).await;
    silent.write_all(b"GET / HT").await.unwrap();
    fleet
        .wait_until("a delivery is under way", async || {
            let held =
                "SELECT COUNT(*) FROM outbox WHERE state = 'running' AND lane = 'klaviyo' AND lease_token LIKE '%/%'";
            fleet.db.count(held).await == 1 && fleet.db.count("SELECT COUNT(*) FROM checkout_attempts").await == 1
        })
        .await;

    shop.signal(first);
    let told = Instant::now();
    if let Some(second) = second {
        tokio::time::sleep(Duration::from_millis(300)).await;
        shop.signal(second);
    }
    let status = shop.ended().await;
    assert!(told.elapsed() < WITHIN, "it took {:?}", told.elapsed());
    assert_eq!(status, Some(0));
    // Not done, and not lost: whoever comes next may begin at once.
    let given_back = "SELECT COUNT(*) FROM outbox WHERE lane = 'klaviyo' AND state = 'pending' AND attempts = 0 \
                      AND lease_token IS NULL";
    assert_eq!(fleet.db.count(given_back).await, 1);
    drop(buyer);

    fleet.faults(json!({ "klaviyo": { "latency_ms": 0 }, "stripe": { "latency_ms": 0 } })).await;
    let next = fleet.serve("serve", free_port().await, &[PATIENT]).await;
    fleet.settled().await;
    assert_eq!(fleet.db.count("SELECT COUNT(*) FROM outbox WHERE attempts <> 1").await, 0);
    fleet.finish(vec![next]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_gone_within_ten_seconds_whatever_hangs_and_gives_back_what_it_held_on_sqlite() {
    everything_hangs(Kind::Sqlite, Signal::INT, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_gone_within_ten_seconds_whatever_hangs_and_gives_back_what_it_held_on_postgres() {
    everything_hangs(Kind::Postgres, Signal::TERM, Some(Signal::TERM)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn load_balancers_are_told_before_the_door_is_closed_and_what_waits_for_nothing_is_let_go() {
    let port = free_port().await;
    let fleet = Fleet::start(Kind::Sqlite, port).await;
    // More than three seconds of notice instead of one, for this test to look at it.
    let shop = fleet.serve("serve", port, &[("FAILPOINTS", "span.notice=return(0.3)")]).await;
    let base = shop.base.clone();
    let login = [("email", "owner@example.com"), ("password", "a-long-password")];
    let cookie = post(&fleet.http, &base, "/api/admin/login", &login).await.cookie("rolitt_admin").unwrap();
    let mut listening = connect(port).await;
    let ask = format!("GET /admin/live HTTP/1.1\r\nHost: s\r\nCookie: {cookie}\r\n\r\n");
    listening.write_all(ask.as_bytes()).await.unwrap();
    assert!(listening.read(&mut [0; 2048]).await.unwrap() > 0);
    let mut kept = connect(port).await;
    kept.write_all(b"GET /healthz HTTP/1.1\r\nHost: s\r\n\r\n").await.unwrap();
    assert!(kept.read(&mut [0; 2048]).await.unwrap() > 0);

    shop.signal(Signal::TERM);
    let told = Instant::now();
    let ready = || async { fleet.http.get(format!("{base}/readyz")).send().await.unwrap().status().as_u16() };
    fleet.wait_until("it says that it stops", async || ready().await == 503).await;
    // Whoever comes all the same is served, and told not to come again by this connection.
    let page = fleet.http.get(&base).send().await.unwrap();
    assert_eq!((page.status().as_u16(), page.headers()["connection"].to_str().unwrap()), (200, "close"));
    let (mut rest, mut nothing) = (Vec::new(), Vec::new());
    listening.read_to_end(&mut rest).await.unwrap();
    kept.read_to_end(&mut nothing).await.unwrap();
    assert!(nothing.is_empty());
    assert_eq!(shop.ended().await, Some(0));
    // What is under way would be waited for until 7.5 s.
    assert!(told.elapsed() < Duration::from_secs(7), "nothing was under way, and it took {:?}", told.elapsed());
    assert!(fleet.http.get(&base).send().await.is_err());
    fleet.finish(Vec::new()).await;
}
