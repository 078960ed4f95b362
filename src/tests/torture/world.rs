//! A shop of one process or several on one database, and the providers, which outlive them all: the sandbox runs in this
//! process, over real HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::buyers::{Street, buyer};
use super::score::{Score, judge};
use super::staff::staff;
use super::storm::Trouble;
use crate::sandbox::{Sandbox, SandboxOptions};
use crate::tests::app::{ADMIN, SECRET};
use crate::tests::database::{Kind, TestDatabase};
use crate::tests::http_client::client;
use crate::tests::program::{DIES_AT, Program, free_port};

const BUYERS: u64 = 8;
/// Time passes this much faster for what is minutes in earnest.
const SPANS: &str = "span.lease=return(10);span.delivery=return(10);span.retry=return(100);\
     span.breaker_pause=return(20);span.key_holds=return(20)";
/// Far more than coming to rest takes.
const REST: Duration = Duration::from_mins(2);

pub struct World {
    pub database: TestDatabase,
    pub providers: String,
    settings: Vec<(String, String)>,
    ports: Vec<u16>,
    shops: Vec<Option<Program>>,
    street: Arc<Street>,
    people: Vec<JoinHandle<()>>,
    end_sandbox: Arc<tokio::sync::Notify>,
}

impl World {
    pub async fn begin(kind: Kind, seed: u64, instances: usize) -> Self {
        let database = TestDatabase::create(kind).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let providers = format!("http://{host}");
        let mut ports = Vec::new();
        for _ in 0..instances {
            ports.push(free_port().await);
        }
        let sandbox = Sandbox::new(SandboxOptions {
            public_base: providers.clone(),
            // One address, as Stripe knows it; whoever is up behind it takes the event in.
            webhook_url: Some(format!("http://127.0.0.1:{}/api/webhooks/stripe", ports[0])),
            webhook_secret: SECRET.to_owned(),
            state_file: None,
        });
        let end_sandbox = Arc::new(tokio::sync::Notify::new());
        let ended = Arc::clone(&end_sandbox);
        tokio::spawn(sandbox.serve(listener, async move { ended.notified().await }));
        let settings = [
            ("STRIPE_SECRET_KEY", "sk_test_1"),
            ("STRIPE_WEBHOOK_SECRET", SECRET),
            ("STRIPE_API_BASE", &providers),
            ("KLAVIYO_API_KEY", "pk_1"),
            ("KLAVIYO_API_BASE", &providers),
            ("FIREBASE_PROJECT_ID", "p"),
            ("FIREBASE_AUTH_EMULATOR_HOST", &host),
            ("TWILIO_ACCOUNT_SID", "AC1"),
            ("TWILIO_AUTH_TOKEN", "x"),
            ("TWILIO_FROM", "+15005550006"),
            ("TWILIO_API_BASE", &providers),
            ("ADMIN_EMAIL", ADMIN.0),
            ("ADMIN_PASSWORD", ADMIN.1),
            ("FAILPOINTS", SPANS),
            ("RUST_LOG", "off"),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let street = Arc::new(Street {
            shops: ports.iter().map(|port| format!("http://127.0.0.1:{port}")).collect(),
            providers: providers.clone(),
            seed,
            http: client(),
            over: AtomicBool::new(false),
            acknowledged: std::sync::Mutex::default(),
            paid: std::sync::Mutex::default(),
            operations: std::sync::atomic::AtomicU64::new(0),
        });
        let shops = (0..instances).map(|_| None).collect();
        let mut world = Self { database, providers, settings, ports, shops, street, people: Vec::new(), end_sandbox };
        for instance in 0..instances {
            world.start(instance, None).await;
        }
        world
    }

    pub fn settings(&self) -> Vec<(&str, &str)> {
        self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// Whether it answers; it may have died before.
    async fn start(&mut self, instance: usize, dies_at: Option<&str>) -> bool {
        let mut settings = self.settings();
        if let Some(place) = dies_at {
            settings.push((DIES_AT, place));
        }
        let mut program = Program::start_with("serve", self.ports[instance], &self.database, &settings);
        let answers = program.ready_or_dead("/readyz").await;
        self.shops[instance] = Some(program);
        answers
    }

    /// From here on people come: buyers, and an admin who refunds.
    pub fn open_the_doors(&mut self, seed: u64) {
        for number in 0..BUYERS {
            self.people.push(tokio::spawn(buyer(Arc::clone(&self.street), seed, number)));
        }
        self.people.push(tokio::spawn(staff(Arc::clone(&self.street), seed)));
    }

    pub async fn weather(&self, faults: &Value) {
        let url = format!("{}/sandbox/faults.json", self.providers);
        let answer = client().put(url).json(faults).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// One process is started anew under this trouble, and dies of it; if its point is not reached, it is killed all the
    /// same. The others are up meanwhile. Says how many were killed, and whether the trouble did it.
    pub async fn strike(&mut self, victim: usize, trouble: &Trouble, patience: Duration) -> (u64, bool) {
        let mut kills = 1;
        for instance in 0..self.shops.len() {
            match self.shops[instance].take() {
                Some(running) if instance == victim => {
                    running.kill().await;
                    kills += 1;
                }
                None if instance != victim => assert!(self.start(instance, None).await, "a shop did not come back"),
                as_it_is => self.shops[instance] = as_it_is,
            }
        }
        let (place, wait) = match trouble {
            Trouble::At(point, times) => (Some(format!("{point}:{times}")), patience),
            Trouble::After(time) => (None, *time),
        };
        self.start(victim, place.as_deref()).await;
        let mut program = self.shops[victim].take().unwrap();
        let died = program.dies_within(wait).await;
        if !died {
            program.kill().await;
        }
        (kills, died)
    }

    /// The storm is over: whoever was killed comes back, everything comes to rest, and the verdict is asked for.
    pub async fn end(mut self) -> Score {
        self.street.over.store(true, Ordering::Relaxed);
        for person in std::mem::take(&mut self.people) {
            person.await.unwrap();
        }
        let spoilt = self.sandbox_state().await["faults_injected"].as_u64().unwrap();
        self.weather(&serde_json::json!({})).await;
        for shop in 0..self.shops.len() {
            if let Some(running) = self.shops[shop].take() {
                running.kill().await;
            }
            assert!(self.start(shop, None).await, "a shop did not come back");
        }
        let mut score = Score { faults: spoilt, ..Score::default() };
        score.operations = self.street.operations.load(Ordering::Relaxed);
        let acknowledged = std::mem::take(&mut *self.street.acknowledged.lock().unwrap());
        let settings = self.settings.clone();
        let db = self.database.open().await;
        score.merge(judge(&db, &self.database, &settings, &self.providers, acknowledged, REST).await);
        db.close().await;
        for shop in self.shops.into_iter().flatten() {
            shop.kill().await;
        }
        self.end_sandbox.notify_one();
        self.database.remove().await;
        score
    }

    async fn sandbox_state(&self) -> Value {
        client().get(format!("{}/sandbox/state.json", self.providers)).send().await.unwrap().json().await.unwrap()
    }
}
