//! Buyers, and what everybody is told while the database is away. Whoever was told "saved" is remembered, to be looked
//! for afterwards; an answer that is neither "saved" nor an honest 503 is kept as odd.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::providers::payments::stripe::signature;
use crate::store::Db;
use crate::tests::app::{SECRET, TestApp};
use crate::tests::http_client::{Answer, client};

/// Nobody waits longer: every step behind an answer ends by itself, and so does a row of them.
const BOUND: Duration = Duration::from_secs(28);

#[derive(Default)]
pub struct Told {
    /// Preorders that were acknowledged.
    pub saved: Vec<String>,
    /// Sessions that were paid on the sandbox's page.
    pub paid: Vec<String>,
    /// Events that were answered 2xx.
    pub events: Vec<String>,
    /// Honest refusals.
    pub away: usize,
    pub odd: Vec<String>,
    longest: Duration,
}

pub struct Load {
    told: Arc<Mutex<Told>>,
    stop: tokio_util::sync::CancellationToken,
    buyers: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    pub fn start(app: &TestApp, buyers: usize) -> Self {
        Self::start_with(app, buyers, Duration::from_millis(20))
    }

    /// Each rests for so long before the next order.
    pub fn start_with(app: &TestApp, buyers: usize, rest: Duration) -> Self {
        let told = Arc::<Mutex<Told>>::default();
        let stop = tokio_util::sync::CancellationToken::new();
        let buyer = |buyer| {
            let (base, told, stop) = (app.base.clone(), Arc::clone(&told), stop.clone());
            tokio::spawn(async move {
                for n in 0.. {
                    if stop.is_cancelled() {
                        return;
                    }
                    buy(&base, &told, buyer, n).await;
                    tokio::time::sleep(rest).await;
                }
            })
        };
        let buyers = (0..buyers).map(buyer).collect();
        Self { told, stop, buyers }
    }

    pub fn saved(&self) -> usize {
        self.told.lock().unwrap().saved.len()
    }

    pub fn away(&self) -> usize {
        self.told.lock().unwrap().away
    }

    /// Until so many more were acknowledged: the shop sells.
    pub async fn sells(&self, app: &TestApp, more: usize) {
        let before = self.saved();
        app.wait_until("the shop sells", async || self.saved() >= before + more).await;
    }

    /// Lets everybody finish.
    pub async fn end(self) -> Told {
        self.stop.cancel();
        for buyer in self.buyers {
            buyer.await.unwrap();
        }
        let told = std::mem::take(&mut *self.told.lock().unwrap());
        assert!(told.odd.is_empty(), "neither saved nor an honest refusal: {:#?}", &told.odd[..told.odd.len().min(5)]);
        assert!(told.longest < BOUND, "somebody waited for {:?}", told.longest);
        told
    }
}

async fn buy(base: &str, told: &Mutex<Told>, buyer: usize, n: usize) {
    let http = client();
    let email = format!("buyer{buyer}.{n}@example.com");
    let form = [("email", email.as_str()), ("color", "sakura-pink")];
    let saved = timed(told, http.post(format!("{base}/api/initiate_preorder")).form(&form)).await;
    let Some(saved) = accepted(told, saved, 200) else { return };
    let id = saved.json()["preorder_id"].as_str().unwrap().to_owned();
    told.lock().unwrap().saved.push(id.clone());
    let event = format!("evt_{buyer}_{n}");
    let body = json!({ "id": event, "type": "customer.created", "created": 1, "data": { "object": {} } }).to_string();
    let now = crate::clock::Clock::default().now();
    let signature = signature::sign(SECRET, body.as_bytes(), now);
    let sent = http.post(format!("{base}/api/webhooks/stripe")).header("stripe-signature", signature).body(body);
    if accepted(told, timed(told, sent).await, 200).is_some() {
        told.lock().unwrap().events.push(event);
    }
    if !n.is_multiple_of(3) {
        return;
    }
    let checkout = http.post(format!("{base}/api/handle_checkout")).form(&[("preorder_id", &id)]);
    let Some(page) = accepted(told, timed(told, checkout).await, 303) else { return };
    let session = page.session();
    let pay = http.post(format!("{base}/sandbox/checkout/{session}/pay.json"));
    let paid = pay.json(&json!({ "card": "4242424242424242" })).send().await;
    if paid.is_ok_and(|answer| answer.status() == 200) {
        told.lock().unwrap().paid.push(id);
    }
}

async fn timed(told: &Mutex<Told>, request: reqwest::RequestBuilder) -> Result<Answer, String> {
    let began = Instant::now();
    let answer = request.send().await.map_err(|error| error.to_string());
    let answer = match answer {
        Ok(answer) => Ok(Answer::of(answer).await),
        Err(error) => Err(error),
    };
    let mut told = told.lock().unwrap();
    told.longest = told.longest.max(began.elapsed());
    answer
}

fn accepted(told: &Mutex<Told>, answer: Result<Answer, String>, status: u16) -> Option<Answer> {
    match answer {
        Ok(answer) if answer.status == status => return Some(answer),
        Ok(answer) if is_honest(&answer) => told.lock().unwrap().away += 1,
        Ok(answer) => told.lock().unwrap().odd.push(format!("{} {}", answer.status, answer.body)),
        Err(error) => told.lock().unwrap().odd.push(error),
    }
    None
}

/// 503, when to come back, in our words, with a request id: and nothing of the inside.
fn is_honest(answer: &Answer) -> bool {
    let error = serde_json::from_str::<Value>(&answer.body).unwrap_or_default()["error"].clone();
    let code = error["code"].as_str().unwrap_or_default();
    answer.status == 503
        && answer.header("retry-after").parse::<u64>().is_ok()
        && ["database_away", "too_slow"].contains(&code)
        && error["request_id"].is_string()
        && is_discreet(&answer.body)
}

fn is_discreet(body: &str) -> bool {
    let body = body.to_lowercase();
    ["sqlx", "panicked", "select ", "insert ", "postgres", "sqlite", ".rs:", "pool timed out"]
        .iter()
        .all(|word| !body.contains(word))
}

/// Pages, functions, webhooks: everybody hears, in time, that the database is away. Who only asks whether the process
/// is alive hears that it is.
pub async fn everybody_hears_that_it_is_away(app: &TestApp, admin: &str) {
    // The catalogue and the front page are kept for some seconds.
    app.wait_until("the front page has noticed", async || app.get("/").await.status == 503).await;
    let began = Instant::now();
    let pages = [
        "/",
        "/zh",
        "/?color=cherry-red",
        "/preorder/success?session_id=cs_test_1",
        "/preorder/cancel?preorder_id=pre_1",
        "/api/order_state?session_id=cs_test_1",
        "/admin",
        "/admin/preorders",
    ];
    let pages = pages.map(|page| async move { (page, app.get_as(admin, page).await) });
    let functions = ["/api/initiate_preorder", "/api/handle_checkout"].map(|path| async move {
        (path, app.post(path, &[("email", "while.away@example.com"), ("color", "sakura-pink")]).await)
    });
    let event = r#"{"id":"evt_while_away","type":"customer.created","created":1,"data":{"object":{}}}"#;
    let (pages, functions, webhook, ready, alive) = futures::join!(
        futures::future::join_all(pages),
        futures::future::join_all(functions),
        app.webhook(event),
        app.get("/readyz"),
        app.get("/healthz"),
    );
    for (path, answer) in &pages {
        assert_eq!(answer.status, 503, "{path}: {}", answer.body);
        assert!(answer.header("retry-after").parse::<u64>().is_ok(), "{path} does not say when to come back");
        assert!(is_discreet(&answer.body), "{path} shows the inside: {}", answer.body);
        assert!(answer.body.len() > 40, "{path} says nothing: {}", answer.body);
    }
    for (path, answer) in functions.iter().map(|(path, answer)| (*path, answer)).chain([("the webhook", &webhook)]) {
        assert!(is_honest(answer), "{path}: {} {}", answer.status, answer.body);
    }
    assert_eq!((ready.status, alive.status), (503, 200));
    assert!(!ready.header("retry-after").is_empty());
    assert!(began.elapsed() < BOUND, "somebody waited for {:?}", began.elapsed());
}

/// All that was acknowledged is there, and came to its end.
pub async fn all_is_there(app: &TestApp, told: &Told) {
    let (saved, events, paid) = (listed(&told.saved), listed(&told.events), listed(&told.paid));
    app.wait_until("everything that was paid is settled", async || {
        app.count(&format!("SELECT COUNT(*) FROM preorders WHERE id IN ({paid}) AND payment_status = 'paid'")).await
            == told.paid.len() as i64
    })
    .await;
    leases_run_out(app).await;
    app.settle_down().await;
    let there = format!("SELECT COUNT(*) FROM preorders WHERE id IN ({saved})");
    assert_eq!(app.count(&there).await, told.saved.len() as i64, "an acknowledged preorder is lost");
    delivered(&app.ctx.db, &told.saved).await;
    let kept = format!("SELECT COUNT(*) FROM webhook_logs WHERE stripe_event_id IN ({events})");
    assert_eq!(app.count(&kept).await, told.events.len() as i64, "an acknowledged event is lost");
}

/// A claim whose answer was lost is nobody's until then.
pub async fn leases_run_out(app: &TestApp) {
    let long_ago = match app.ctx.db.postgres() {
        None => "lease_until - 120000",
        Some(_) => "lease_until - interval '2 minutes'",
    };
    app.ctx.db.execute(&format!("UPDATE outbox SET lease_until = {long_ago} WHERE state = 'running'")).await;
}

async fn delivered(db: &Db, saved: &[String]) {
    let saved_list = listed(saved);
    let both = format!(
        "SELECT COUNT(*) FROM outbox WHERE state = 'done' AND preorder_id IN ({saved_list}) \
         AND kind IN ('create_firebase_user', 'klaviyo_preorder_started')"
    );
    assert_eq!(db.count(&both).await, 2 * saved.len() as i64, "a delivery is lost");
}

/// For an `IN`.
pub fn listed(ids: &[String]) -> String {
    ids.iter().map(|id| format!("'{id}'")).chain(["''".to_owned()]).collect::<Vec<_>>().join(", ")
}
