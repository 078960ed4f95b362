//! The shop as a test sees it: the real router on a port of its own, workers, the sandbox over HTTP, a clock that can
//! be moved. `finish` asserts that every delivery has ended and is explained.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use leptos::config::LeptosOptions;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::PATIENCE;
use super::database::{Kind, TestDatabase};
use super::http_client::{Answer, client};
use crate::clock::Clock;
use crate::config;
use crate::context::Context;
use crate::domain::access::Role;
use crate::domain::timestamp::Timestamp;
use crate::http::server::{self, Limits};
use crate::http::{AppState, router};
use crate::providers::payments::stripe::signature;
use crate::sandbox::{Sandbox, SandboxOptions};

pub const SECRET: &str = "whsec_tests";
pub const ADMIN: (&str, &str) = ("owner@example.com", "a-long-password");
/// Where payments are made at the sandbox, and not up: these tests end by comparing its records with ours. One of them
/// that breaks records on purpose says `expect_broken(&[STRIPE])`.
const COMPARED: &[&str] = &["purchase", "refunds", "outages", "deliveries", "reconcile", "clocks"];
/// The word for Stripe's records in [`TestApp::expect_broken`].
pub const STRIPE: &str = "Stripe";

pub struct TestApp {
    pub base: String,
    pub ctx: Context,
    pub http: reqwest::Client,
    sandbox: Sandbox,
    database: Option<TestDatabase>,
    workers: tokio::sync::Mutex<Option<(CancellationToken, tokio::task::JoinHandle<()>)>>,
    dead_is_fine: AtomicBool,
    books_are_cooked: AtomicBool,
    broken_is_fine: std::sync::Mutex<Vec<&'static str>>,
    finished: AtomicBool,
}

impl TestApp {
    pub async fn start(kind: Kind) -> Self {
        Self::start_with(kind, &[]).await
    }

    /// With settings of its own.
    pub async fn start_with(kind: Kind, variables: &[(&str, &str)]) -> Self {
        Self::start_within(kind, variables, Limits::default()).await
    }

    /// With less patience for slow clients.
    pub async fn start_within(kind: Kind, variables: &[(&str, &str)], limits: Limits) -> Self {
        Self::start_with_all(TestDatabase::create(kind).await, variables, limits).await
    }

    /// On a database that there is.
    pub async fn start_on(database: TestDatabase, variables: &[(&str, &str)]) -> Self {
        Self::start_with_all(database, variables, Limits::default()).await
    }

    async fn start_with_all(database: TestDatabase, variables: &[(&str, &str)], limits: Limits) -> Self {
        let db = database.open().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let base = format!("http://{addr}");
        let settings = config::read(|name| {
            let given = variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned());
            given.or_else(|| match name {
                "DATABASE_URL" => Some(database.url.clone()),
                "STRIPE_WEBHOOK_SECRET" => Some(SECRET.to_owned()),
                "RATE_LIMIT_PER_MINUTE" => Some("0".to_owned()),
                _ => None,
            })
        });
        let settings = settings.unwrap_or_else(|faults| panic!("{faults:?}"));
        let sandbox = Sandbox::new(SandboxOptions {
            public_base: base.clone(),
            webhook_url: Some(format!("{base}/api/webhooks/stripe")),
            webhook_secret: SECRET.to_owned(),
            state_file: None,
        });
        let api = format!("{base}/sandbox/api");
        let clock = Clock::default();
        let ctx = Context::build(settings, db, clock, base.clone(), Some(&api), SECRET).unwrap();
        let email = crate::domain::contact::Email::parse(ADMIN.0).unwrap();
        let role = Role::Owner;
        crate::workflows::admins::put_admin(&ctx, &email, ADMIN.1, role).await.unwrap();
        let options = LeptosOptions::builder().output_name("rolitt").site_root("target/site").site_addr(addr).build();
        let pages = sandbox.pages_router().nest("/sandbox/api", sandbox.api_router());
        let app = router(AppState::new(ctx.clone(), options, None).within(limits), Some(pages));
        tokio::spawn(server::serve(listener, app, limits, CancellationToken::new()));
        let app = Self {
            base,
            ctx,
            http: client(),
            sandbox,
            database: Some(database),
            workers: tokio::sync::Mutex::new(None),
            dead_is_fine: AtomicBool::new(false),
            books_are_cooked: AtomicBool::new(false),
            broken_is_fine: std::sync::Mutex::default(),
            finished: AtomicBool::new(false),
        };
        app.start_workers().await;
        app
    }

    /// Another process on the same database, as far as the outbox can tell.
    pub async fn another_instance(&self) -> Context {
        let db = crate::store::Db::open(&self.ctx.settings.database_url).await.unwrap();
        let (settings, base) = (self.ctx.settings.clone(), self.base.clone());
        let api = format!("{base}/sandbox/api");
        Context::build(settings, db, Clock::default(), base, Some(&api), SECRET).unwrap()
    }

    pub async fn start_workers(&self) {
        let stop = CancellationToken::new();
        let workers = tokio::spawn(crate::outbox::run(self.ctx.clone(), stop.clone()));
        *self.workers.lock().await = Some((stop, workers));
    }

    /// As a process that is told to stop does.
    pub async fn stop_workers(&self) {
        if let Some((stop, workers)) = self.workers.lock().await.take() {
            stop.cancel();
            workers.await.unwrap();
        }
    }

    /// A session of an admin of this role, made if there is none: the cookie that opens it.
    pub async fn sign_in_as(&self, role: Role) -> String {
        let address = format!("{role}@example.com");
        if role != Role::Owner {
            let email = crate::domain::contact::Email::parse(&address).unwrap();
            crate::workflows::admins::put_admin(&self.ctx, &email, ADMIN.1, role).await.unwrap();
        }
        let answer = self.post("/api/admin/login", &[("email", &address), ("password", ADMIN.1)]).await;
        answer.cookie("rolitt_admin").unwrap_or_else(|| panic!("not let in: {}", answer.body))
    }

    /// A page, with this cookie.
    pub async fn get_as(&self, cookie: &str, path: &str) -> Answer {
        Answer::of(self.http.get(format!("{}{path}", self.base)).header("cookie", cookie).send().await.unwrap()).await
    }

    /// A form of the admin's, as a program sends it.
    pub async fn post_as(&self, cookie: &str, path: &str, form: &[(&str, &str)]) -> Answer {
        let request = self.http.post(format!("{}{path}", self.base)).header("cookie", cookie).form(form);
        Answer::of(request.send().await.unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.http.get(format!("{}{path}", self.base)).send().await.unwrap()).await
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        Answer::of(self.http.post(format!("{}{path}", self.base)).form(form).send().await.unwrap()).await
    }

    pub async fn post_json(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.http.post(format!("{}{path}", self.base)).json(body).send().await.unwrap()).await
    }

    /// As a browser without script sends a form: with the page that it stood on.
    pub async fn submit(&self, path: &str, page: &str, form: &[(&str, &str)]) -> Answer {
        let request = self.http.post(format!("{}{path}", self.base)).form(form);
        let request = request.header("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
        Answer::of(request.header("referer", format!("{}{page}", self.base)).send().await.unwrap()).await
    }

    /// A preorder up to Stripe's page: its session and the preorder's id.
    pub async fn checkout(&self, email: &str) -> (String, String) {
        let answer = self.post("/api/handle_checkout", &[("email", email), ("color", "sakura-pink")]).await;
        let session = answer.session();
        let id =
            self.scalar(&format!("SELECT preorder_id FROM checkout_attempts WHERE session_id = '{session}'")).await;
        (session, id.unwrap())
    }

    /// On the sandbox's hosted page.
    pub async fn pay(&self, session: &str, how: Value) -> Value {
        let answer = self.post_json(&format!("/sandbox/checkout/{session}/pay.json"), &how).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    pub async fn pay_by_card(&self, session: &str, number: &str) -> Value {
        self.pay(session, json!({ "card": number })).await
    }

    pub async fn faults(&self, faults: Value) {
        let answer = self.post_json("/sandbox/faults.json", &faults).await;
        assert!(answer.status < 300, "{}", answer.body);
    }

    pub async fn inbox(&self) -> Value {
        self.get("/sandbox/inbox.json").await.json()
    }

    /// Klaviyo's events of a metric that were not repeats.
    pub async fn klaviyo_events(&self, metric: &str) -> Vec<Value> {
        let inbox = self.inbox().await;
        let events = inbox["klaviyo"].as_array().unwrap().clone();
        events.into_iter().filter(|e| e["metric"] == metric && e["status"] == 202 && e["duplicate"] == false).collect()
    }

    pub async fn scalar(&self, sql: &str) -> Option<String> {
        self.ctx.db.text(sql).await
    }

    pub async fn count(&self, sql: &str) -> i64 {
        self.ctx.db.count(sql).await
    }

    /// `status/payment_status` of a preorder.
    pub async fn badges(&self, id: &str) -> String {
        self.scalar(&format!("SELECT status || '/' || payment_status FROM preorders WHERE id = '{id}'")).await.unwrap()
    }

    pub async fn wait_for_badges(&self, id: &str, badges: &str) {
        self.wait_until(&format!("{id} is {badges}"), async || self.badges(id).await == badges).await;
    }

    pub async fn wait_until(&self, what: &str, is_so: impl AsyncFn() -> bool) {
        let began = std::time::Instant::now();
        while !is_so().await {
            assert!(began.elapsed() < PATIENCE, "waited in vain until {what}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Lets time pass, here and at Stripe's post, and the workers notice.
    pub fn advance(&self, by: Duration) {
        self.sandbox.advance(by);
        self.ctx.clock.advance(by);
        self.ctx.bell.ring_all();
    }

    /// Nothing is due and nothing is under way.
    pub async fn settle_down(&self) {
        self.wait_until("the outbox is quiet", async || {
            let open = "SELECT COUNT(*) FROM outbox WHERE state IN ('pending', 'running')";
            let unapplied = "SELECT COUNT(*) FROM webhook_logs WHERE status IN ('received', 'processing')";
            self.count(open).await == 0 && self.count(unapplied).await == 0
        })
        .await;
    }

    /// An event as Stripe would send it: signed now, with our secret.
    pub async fn webhook(&self, body: &str) -> Answer {
        self.signed_webhook(body.as_bytes(), SECRET, self.ctx.clock.now()).await
    }

    pub async fn signed_webhook(&self, body: &[u8], secret: &str, at: Timestamp) -> Answer {
        let header = signature::sign(secret, body, at);
        self.raw_webhook(body, Some(&header)).await
    }

    pub async fn raw_webhook(&self, body: &[u8], signature: Option<&str>) -> Answer {
        let mut request = self.http.post(format!("{}/api/webhooks/stripe", self.base)).body(body.to_vec());
        if let Some(signature) = signature {
            request = request.header("stripe-signature", signature);
        }
        Answer::of(request.send().await.unwrap()).await
    }

    /// For tests that give something up on purpose.
    pub fn expect_dead(&self) {
        self.dead_is_fine.store(true, Ordering::Relaxed);
    }

    /// For tests that write payments, refunds or disputes past settlement.
    pub fn cook_the_books(&self) {
        self.books_are_cooked.store(true, Ordering::Relaxed);
    }

    /// For tests after which these findings are true.
    pub fn expect_broken(&self, names: &[&'static str]) {
        self.broken_is_fine.lock().unwrap().extend(names);
    }

    /// The end of a test of a module: where payments are real to the sandbox, its records are compared with ours.
    pub async fn finish_in(self, module: &str) {
        let is_compared = module.split("::").any(|part| COMPARED.contains(&part));
        let known = self.broken_is_fine.lock().unwrap().contains(&STRIPE);
        if is_compared && !known && !self.books_are_cooked.load(Ordering::Relaxed) {
            self.settle_down().await;
            self.agrees_with_stripe().await;
        }
        self.finish().await;
    }

    /// What events did not say is settled first, as in earnest; what differs then is a broken promise.
    async fn agrees_with_stripe(&self) {
        let no_faults = json!({ "latency_ms": 0, "error_rate": 0.0, "timeout_rate": 0.0, "garbage_rate": 0.0,
            "truncate_rate": 0.0, "reset_rate": 0.0, "lose_answer_rate": 0.0, "late_act_rate": 0.0 });
        self.faults(json!({ "stripe": no_faults, "webhooks": { "duplicate": 0, "delay_ms": 0, "reorder": false,
            "lose_rate": 0.0 } }))
            .await;
        if self.workers.lock().await.is_none() {
            self.start_workers().await;
        }
        super::promises::are_settled_with_stripe(&self.ctx, async || self.settle_down().await).await;
    }

    /// Every delivery has ended, and none was given up unless the test said so.
    pub async fn finish(mut self) {
        self.settle_down().await;
        let dead = "SELECT MIN(kind || ': ' || COALESCE(last_error, '')) FROM outbox WHERE state = 'dead'";
        let dead = self.scalar(dead).await;
        assert!(dead.is_none() || self.dead_is_fine.load(Ordering::Relaxed), "a delivery was given up: {dead:?}");
        if !self.books_are_cooked.load(Ordering::Relaxed) {
            let expected = self.broken_is_fine.lock().unwrap().clone();
            super::promises::are_kept_but(&self.ctx, &expected).await;
            super::promises::were_asked_once(&self.inbox().await);
        }
        self.stop_workers().await;
        self.ctx.db.close().await;
        if let Some(database) = self.database.take() {
            database.remove().await;
        }
        self.finished.store(true, Ordering::Relaxed);
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if let Some((stop, _)) = self.workers.get_mut() {
            stop.cancel();
        }
        let left = !self.finished.load(Ordering::Relaxed) && !std::thread::panicking();
        assert!(!left, "a test ended without `finish`: its deliveries were not checked");
    }
}
