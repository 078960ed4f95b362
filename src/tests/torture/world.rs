//! A shop of one process or several on one database, and the providers, which outlive them all: the sandbox runs in this
//! process, over real HTTP.

use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::buyers::{Street, buyer};
use super::score::Score;
use super::staff::staff;
use super::storm::Trouble;
use super::verdict::{Left, judge};
use crate::sandbox::{Sandbox, SandboxOptions};
use crate::tests::app::{ADMIN, SECRET};
use crate::tests::database::{Kind, TestDatabase};
use crate::tests::http_client::client;
use crate::tests::program::{DIES_AT, Program, free_port};
use crate::workflows::check_promises::Harm;

const BUYERS: u64 = 8;
/// Time passes this much faster for what is minutes in earnest.
const SPANS: &str = "span.lease=return(5);span.delivery=return(5);span.retry=return(200);\
     span.breaker_pause=return(20);span.key_holds=return(20);span.round=return(30);span.late=return(100)";
/// More than everything that an epoch's providers are asked and tell.
const ALL: usize = 200_000;
/// Longer than a lease.
const SLEEP: Duration = Duration::from_secs(13);
/// Far more than ending takes.
const AN_END: Duration = Duration::from_mins(1);

pub struct World {
    pub database: TestDatabase,
    pub providers: String,
    sandbox: Sandbox,
    settings: Vec<(String, String)>,
    ports: Vec<u16>,
    shops: Vec<Option<Program>>,
    street: Arc<Street>,
    people: Vec<JoinHandle<()>>,
    end_sandbox: Arc<tokio::sync::Notify>,
    strikes: usize,
}

impl World {
    /// `loosened`: guards that are off, for the test that asks whether the verdict would notice.
    pub async fn begin(kind: Kind, seed: u64, instances: usize, loosened: &str) -> Self {
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
            webhook_url: None,
            webhook_secret: SECRET.to_owned(),
            state_file: None,
        });
        sandbox.remember(ALL);
        let end_sandbox = Arc::new(tokio::sync::Notify::new());
        let ended = Arc::clone(&end_sandbox);
        tokio::spawn(sandbox.clone().serve(listener, async move { ended.notified().await }));
        let spans = format!("{SPANS};{loosened}");
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
            // A provider that hangs is let go soon, as everything is quicker here. One that is well has to answer within
            // that on a busy machine.
            ("PROVIDER_TIMEOUT_MS", "4000"),
            ("ADMIN_EMAIL", ADMIN.0),
            ("ADMIN_PASSWORD", ADMIN.1),
            ("FAILPOINTS", &spans),
            ("RUST_LOG", "off"),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let street = Arc::new(Street {
            shops: ports.iter().map(|port| format!("http://127.0.0.1:{port}")).collect(),
            providers: providers.clone(),
            seed,
            http: client(),
            over: AtomicBool::new(false),
            turn: AtomicUsize::new(0),
            acknowledged: std::sync::Mutex::default(),
            paid: std::sync::Mutex::default(),
            refunds: std::sync::Mutex::default(),
            odd: std::sync::Mutex::default(),
            operations: AtomicU64::new(0),
        });
        let shops = (0..instances).map(|_| None).collect();
        let people = Vec::new();
        let mut world =
            Self { database, providers, sandbox, settings, ports, shops, street, people, end_sandbox, strikes: 0 };
        world.webhooks_go_to(0);
        for instance in 0..instances {
            assert!(world.start(instance, None).await, "a shop did not start");
        }
        world
    }

    /// Each process has an address of its own, which its payment pages lead back to: so one key may come with other words,
    /// as it does while a setting is being changed.
    ///
    /// Stripe knows one address; who is behind it changes.
    fn webhooks_go_to(&self, instance: usize) {
        self.sandbox.set_webhook_url(format!("http://127.0.0.1:{}/api/webhooks/stripe", self.ports[instance]));
    }

    fn settings(&self) -> Vec<(&str, &str)> {
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
    /// same. The others are up meanwhile. Says what came of it, and whether it died where it was to.
    pub async fn strike(&mut self, victim: usize, trouble: &Trouble, patience: Duration) -> (Score, bool) {
        let mut score = Score::default();
        self.strikes += 1;
        self.webhooks_go_to(self.strikes % self.ports.len());
        for instance in 0..self.shops.len() {
            match self.shops[instance].take() {
                Some(running) if instance == victim => {
                    running.kill().await;
                    score.kills += 1;
                }
                None if instance != victim => assert!(self.start(instance, None).await, "a shop did not come back"),
                as_it_is => self.shops[instance] = as_it_is,
            }
        }
        let place = match trouble {
            Trouble::At(point, times) => Some(format!("{point}:{times}")),
            _ => None,
        };
        self.start(victim, place.as_deref()).await;
        let mut program = self.shops[victim].take().unwrap();
        let wait = match trouble {
            Trouble::At(..) => patience,
            Trouble::After(time) | Trouble::Told(time) | Trouble::Asleep(time) | Trouble::Cut(time) => *time,
        };
        match program.ends_within(wait).await {
            None => {}
            // By its own hand, at its point.
            Some(status) if status.signal() == Some(9) && place.is_some() => {
                score.kills += 1;
                if let Trouble::At(point, _) = trouble {
                    score.reached.insert(point.as_str(), 1);
                }
                return (score, true);
            }
            Some(status) => {
                score.find(Harm::Wrong, 1, format!("process that ended by itself, with {status}, under {trouble:?}"));
                return (score, false);
            }
        }
        score.merge(self.suffer(trouble, &program).await);
        if matches!(trouble, Trouble::Told(_)) {
            score.merge(is_told_to_stop(program).await);
        } else {
            program.kill().await;
            score.kills += 1;
        }
        (score, !matches!(trouble, Trouble::At(..)))
    }

    async fn suffer(&self, trouble: &Trouble, program: &Program) -> Score {
        let mut score = Score::default();
        match trouble {
            Trouble::Asleep(_) => {
                program.signal(Signal::STOP);
                tokio::time::sleep(SLEEP).await;
                program.signal(Signal::CONT);
                tokio::time::sleep(Duration::from_millis(500)).await;
                score.nuisances += 1;
            }
            Trouble::Cut(_) => {
                for _ in 0..2 {
                    score.nuisances += self.database.cut().await;
                    tokio::time::sleep(Duration::from_millis(400)).await;
                }
            }
            Trouble::At(..) | Trouble::After(_) | Trouble::Told(_) => {}
        }
        score
    }

    /// The storm is over: whoever was killed comes back, everything comes to rest, and the verdict is asked for.
    pub async fn end(mut self) -> Score {
        self.street.over.store(true, Ordering::Relaxed);
        let mut score = Score::default();
        for person in std::mem::take(&mut self.people) {
            if let Err(error) = person.await {
                score.find(Harm::Wrong, 1, format!("person fell over: {error}"));
            }
        }
        score.faults = self.sandbox_state().await["faults_injected"].as_u64().unwrap();
        self.weather(&serde_json::json!({})).await;
        for shop in 0..self.shops.len() {
            if let Some(running) = self.shops[shop].take() {
                running.kill().await;
                score.kills += 1;
            }
            assert!(self.start(shop, None).await, "a shop did not come back");
        }
        score.operations = self.street.operations.load(Ordering::Relaxed);
        let db = self.database.open().await;
        let left = Left {
            db: &db,
            database: &self.database,
            settings: &self.settings,
            providers: &self.providers,
            street: &self.street,
        };
        score.merge(judge(left).await);
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

async fn is_told_to_stop(mut program: Program) -> Score {
    let mut score = Score { nuisances: 1, ..Score::default() };
    program.signal(Signal::TERM);
    match program.ends_within(AN_END).await {
        Some(status) if status.success() => {}
        Some(status) => score.find(Harm::Wrong, 1, format!("process that was told to stop ended with {status}")),
        None => {
            score.find(Harm::Wrong, 1, "process that was told to stop did not");
            program.kill().await;
        }
    }
    score
}
