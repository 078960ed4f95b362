//! What is measured, one function each. None takes longer than ten seconds, none judges.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::Outcome;
use crate::ground::{Ground, WEBHOOK_SECRET};
use crate::load::{Load, closed, open};
use crate::process::{Process, spawn};
use crate::wire::{Answer, Connection, get, post};

pub const CONNECTIONS: usize = 16;
/// Checkouts a second in the open measurement.
pub const CHECKOUTS: u32 = 100;
const FORM: &str = "application/x-www-form-urlencoded";

fn ok(answer: &Answer) -> bool {
    answer.status == 200
}

pub async fn page(shop: &Process, path: &str, encoding: &str, time: Duration) -> Outcome<Load> {
    let request = get(path, encoding);
    closed(shop.address, CONNECTIONS, time, |_| request.clone(), ok).await
}

/// Unique buyers; gives the ids of their preorders too.
pub async fn initiate(shop: &Process, run: &str, time: Duration) -> Outcome<(Load, Vec<String>)> {
    let ids = RefCell::new(Vec::new());
    let request = |number| post("/api/initiate_preorder", FORM, "", &buyer(run, number));
    let load = closed(shop.address, CONNECTIONS, time, request, |answer| {
        let id = ok(answer).then(|| text_after(&answer.content(), "\"preorder_id\":\"")).flatten();
        let fine = id.is_some();
        ids.borrow_mut().extend(id);
        fine
    })
    .await?;
    Ok((load, ids.into_inner()))
}

/// New buyers on their way to the payment page, so many a second.
pub async fn checkout(shop: &Process, run: &str, time: Duration) -> Outcome<Load> {
    checkouts(shop, run, CHECKOUTS, time).await
}

/// The same at a rate of its own.
pub async fn checkouts(shop: &Process, run: &str, per_second: u32, time: Duration) -> Outcome<Load> {
    let request = |number| post("/api/handle_checkout", FORM, "", &buyer(run, number));
    open(shop.address, per_second, time, request, |answer| matches!(answer.status, 302 | 303)).await
}

/// Buyers at a rate who are told that there is no payment page just now.
pub async fn turned_away(shop: &Process, run: &str, per_second: u32, time: Duration) -> Outcome<Load> {
    let request = |number| post("/api/handle_checkout", FORM, "", &buyer(run, number));
    open(shop.address, per_second, time, request, |answer| answer.status == 503).await
}

/// Leads at a rate, whatever the answers do.
pub async fn leads(shop: &Process, run: &str, per_second: u32, time: Duration) -> Outcome<Load> {
    let request = |number| post("/api/initiate_preorder", FORM, "", &buyer(run, number));
    open(shop.address, per_second, time, request, ok).await
}

/// The same rate against the provider itself: what of a checkout is not ours.
pub async fn provider_alone(ground: &Ground, run: &str, time: Duration) -> Outcome<Load> {
    const SESSION: &str = "mode=payment&success_url=https%3A%2F%2Fshop.example%2Fdone&line_items[0][quantity]=1\
        &line_items[0][price_data][currency]=usd&line_items[0][price_data][unit_amount]=100\
        &line_items[0][price_data][product_data][name]=Bench";
    let request = |number| {
        let headers = format!("authorization: Bearer sk_test_bench\r\nidempotency-key: bench-{run}-{number}\r\n");
        post("/v1/checkout/sessions", FORM, &headers, SESSION)
    };
    open(ground.provider(), CHECKOUTS, time, request, ok).await
}

/// Signed events, each with an id of its own, about preorders that exist.
pub async fn webhooks(shop: &Process, run: &str, preorders: &[String], time: Duration) -> Outcome<Load> {
    let request = |number: u64| {
        let preorder = preorders.get(number as usize % preorders.len().max(1)).map_or("pre_none", String::as_str);
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs();
        let body = format!(
            r#"{{"id":"evt_bench_{run}_{number}","object":"event","api_version":"2026-09-30.endive","created":{now},"livemode":false,"pending_webhooks":1,"type":"payment_intent.payment_failed","data":{{"object":{{"id":"pi_bench_{run}_{number}","object":"payment_intent","amount":100,"currency":"usd","status":"requires_payment_method","metadata":{{"preorder_id":"{preorder}"}}}}}}}}"#
        );
        let headers = format!("stripe-signature: {}\r\n", signature(now, &body));
        post("/api/webhooks/stripe", "application/json", &headers, &body)
    };
    closed(shop.address, CONNECTIONS, time, request, |answer| answer.status / 100 == 2).await
}

fn signature(now: u64, body: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(WEBHOOK_SECRET.as_bytes()) else { return String::new() };
    mac.update(format!("{now}.{body}").as_bytes());
    let hex = mac.finalize().into_bytes().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    format!("t={now},v1={hex}")
}

/// A worker process beside what is waiting: deliveries a second until all is done or the time is over, and how many were left.
pub async fn drain(ground: &Ground, time: Duration) -> Outcome<(f64, i64, i64)> {
    let before = ground.deliveries("done").await?;
    let began = Instant::now();
    let address = crate::process::free_address()?;
    let mut worker = spawn(&ground.binary, &ground.home, &["work"], &ground.settings(address))?;
    let waiting = loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let waiting = ground.deliveries("pending").await? + ground.deliveries("running").await?;
        if waiting == 0 || began.elapsed() > time {
            break waiting;
        }
    };
    let took = began.elapsed();
    let done = ground.deliveries("done").await? - before;
    worker.kill().await?;
    Ok((done as f64 / took.as_secs_f64(), done, waiting))
}

/// Bytes of each kind as a browser's first visit gets them, without their headers.
pub async fn first_load(shop: &Process) -> Outcome<Vec<(&'static str, usize)>> {
    let mut connection = Connection::open(shop.address).await?;
    let page = String::from_utf8(connection.send(&get("/", "identity")).await?.content())?;
    let html = connection.send(&get("/", "br")).await?.content().len();
    let mut sizes = vec![("HTML", html), ("CSS", 0), ("JS", 0), ("WASM", 0)];
    let mut paths: Vec<&str> =
        page.match_indices("/pkg/").filter_map(|(at, _)| page[at..].split(['"', '\'', '?']).next()).collect();
    paths.sort_unstable();
    paths.dedup();
    for path in paths {
        let kind = path.rsplit('.').next().unwrap_or_default().to_ascii_uppercase();
        let Some((_, size)) = sizes.iter_mut().find(|(name, _)| *name == kind) else { continue };
        let answer = connection.send(&get(path, "br")).await?;
        if ok(&answer) {
            *size += answer.content().len();
        }
    }
    Ok(sizes)
}

fn buyer(run: &str, number: u64) -> String {
    format!(
        "email={run}-{number}%40example.com&color=sakura-pink&locale=en&currency=usd&idempotency_key=bench-{run}-{number}"
    )
}

fn text_after(bytes: &[u8], mark: &str) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    Some(text.split_once(mark)?.1.split('"').next()?.to_owned())
}
