//! Several processes of the shop on one database, and the providers as another: what a deployment is, on one machine.

use std::time::Duration;

use serde_json::{Value, json};

use super::PATIENCE;
use super::database::{Kind, TestDatabase};
use super::http_client::{Answer, client};
use super::program::{Program, free_port};
use crate::clock::Clock;
use crate::config;
use crate::context::Context;
use crate::store::Db;

pub const SECRET: &str = "whsec_fleet";

pub struct Fleet {
    pub database: TestDatabase,
    pub db: Db,
    pub http: reqwest::Client,
    providers: String,
    sandbox: Program,
}

impl Fleet {
    /// The providers run; Stripe's events go to that port.
    pub async fn start(kind: Kind, webhooks_to: u16) -> Self {
        let database = TestDatabase::create(kind).await;
        let host = format!("127.0.0.1:{}", free_port().await);
        let to = format!("http://127.0.0.1:{webhooks_to}/api/webhooks/stripe");
        let command = format!("sandbox --addr {host} --webhook-url {to}");
        let secret = [("STRIPE_WEBHOOK_SECRET", SECRET)];
        let mut sandbox = Program::start_with(&command, webhooks_to, &database, &secret);
        let providers = format!("http://{host}");
        sandbox.base.clone_from(&providers);
        sandbox.ready("/sandbox").await;
        // Opened for looking, before the shop has its tables.
        let db = Db::open(&database.url).await.unwrap();
        Self { database, db, http: client(), providers, sandbox }
    }

    fn keys(&self) -> Vec<(&'static str, String)> {
        let host = self.providers.trim_start_matches("http://").to_owned();
        let providers = &self.providers;
        vec![
            ("STRIPE_SECRET_KEY", "sk_test_1".to_owned()),
            ("STRIPE_WEBHOOK_SECRET", SECRET.to_owned()),
            ("STRIPE_API_BASE", providers.clone()),
            ("KLAVIYO_API_KEY", "pk_1".to_owned()),
            ("KLAVIYO_API_BASE", providers.clone()),
            ("FIREBASE_PROJECT_ID", "p".to_owned()),
            ("FIREBASE_AUTH_EMULATOR_HOST", host),
            ("TWILIO_ACCOUNT_SID", "AC1".to_owned()),
            ("TWILIO_AUTH_TOKEN", "x".to_owned()),
            ("TWILIO_FROM", "+15005550006".to_owned()),
            ("TWILIO_API_BASE", providers.clone()),
            ("ADMIN_EMAIL", "owner@example.com".to_owned()),
            ("ADMIN_PASSWORD", "a-long-password".to_owned()),
        ]
    }

    /// An instance; whether it must be ready is the caller's to say.
    pub fn begin(&self, command: &str, port: u16, variables: &[(&str, &str)]) -> Program {
        let keys = self.keys();
        let mut all: Vec<(&str, &str)> = keys.iter().map(|(name, value)| (*name, value.as_str())).collect();
        all.extend(variables);
        Program::start_with(command, port, &self.database, &all)
    }

    /// An instance of the site that is ready.
    pub async fn serve(&self, command: &str, port: u16, variables: &[(&str, &str)]) -> Program {
        let program = self.begin(command, port, variables);
        program.ready("/readyz").await;
        program
    }

    pub async fn faults(&self, faults: Value) {
        let set = self.http.post(format!("{}/sandbox/faults.json", self.providers)).json(&faults).send().await.unwrap();
        assert!(set.status().is_success(), "{}", set.status());
    }

    pub async fn inbox(&self) -> Value {
        let inbox = self.http.get(format!("{}/sandbox/inbox.json", self.providers)).send().await.unwrap();
        inbox.json().await.unwrap()
    }

    /// How many requests reached a provider, whatever became of them.
    pub async fn asked(&self, provider: &str) -> usize {
        let asked = self.http.get(format!("{}/sandbox/asked.json", self.providers)).send().await.unwrap();
        asked.json::<Value>().await.unwrap()[provider].as_array().unwrap().len()
    }

    /// Klaviyo's events that were taken: first ones, and repeats that it dropped.
    pub async fn klaviyo(&self) -> (usize, usize) {
        let inbox = self.inbox().await;
        let taken: Vec<&Value> = inbox["klaviyo"].as_array().unwrap().iter().filter(|e| e["status"] == 202).collect();
        let repeats = taken.iter().filter(|e| e["duplicate"] == true).count();
        (taken.len() - repeats, repeats)
    }

    pub async fn wait_until(&self, what: &str, is_so: impl AsyncFn() -> bool) {
        let began = std::time::Instant::now();
        while !is_so().await {
            assert!(began.elapsed() < PATIENCE, "waited in vain until {what}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Nothing is due and nothing is under way.
    pub async fn settled(&self) {
        self.wait_until("the outbox is quiet", async || {
            let open = "SELECT COUNT(*) FROM outbox WHERE state IN ('pending', 'running')";
            let unapplied = "SELECT COUNT(*) FROM webhook_logs WHERE status IN ('received', 'processing')";
            self.db.count(open).await == 0 && self.db.count(unapplied).await == 0
        })
        .await;
    }

    /// Pays on the hosted page that an answer leads to.
    pub async fn pay(&self, answer: &Answer) {
        let page = answer.location().to_owned();
        assert_eq!(answer.status, 303, "{}", answer.body);
        let card = json!({ "card": "4242424242424242" });
        let paid = self.http.post(format!("{page}/pay.json")).json(&card).send().await.unwrap();
        assert_eq!(paid.status(), 200, "{}", paid.text().await.unwrap());
    }

    /// The promises, once everything has come to rest; then the end of it.
    pub async fn finish(self, instances: Vec<Program>) {
        self.settled().await;
        let dead = "SELECT MIN(kind || ': ' || COALESCE(last_error, '')) FROM outbox WHERE state = 'dead'";
        assert_eq!(self.db.text(dead).await, None, "a delivery was given up");
        let keys = self.keys();
        let settings = config::read(|name| {
            let found = keys.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone());
            found.or_else(|| (name == "DATABASE_URL").then(|| self.database.url.clone()))
        });
        let base = "http://127.0.0.1:3000".to_owned();
        let db = self.db.clone();
        let ctx = Context::build(settings.unwrap(), db, Clock::default(), base, None, SECRET).unwrap();
        super::promises::are_kept(&ctx).await;
        if !instances.is_empty() {
            let no_faults = json!({ "latency_ms": 0, "error_rate": 0.0, "lose_answer_rate": 0.0 });
            self.faults(json!({ "stripe": no_faults, "webhooks": { "lose_rate": 0.0 } })).await;
            super::promises::are_settled_with_stripe(&ctx, async || self.settled().await).await;
            super::promises::are_kept(&ctx).await;
        }
        for instance in instances {
            instance.kill().await;
        }
        self.sandbox.kill().await;
        self.db.close().await;
        self.database.remove().await;
    }
}

/// A preorder by a form, at any instance.
pub async fn post(http: &reqwest::Client, base: &str, path: &str, form: &[(&str, &str)]) -> Answer {
    Answer::of(http.post(format!("{base}{path}")).form(form).send().await.unwrap()).await
}
