//! A shop whose four providers are reached over lines that can be cut, and a clock that is moved only when nothing is under
//! way.

use std::time::Duration;

use serde_json::{Value, json};

use super::faults::{CALM, Fault, How, Provider};
use super::line::Line;
use crate::context::breaker::Gate;
use crate::domain::access::{Actor, Role};
use crate::domain::delivery::Lane;
use crate::tests::app::{SECRET, TestApp};
use crate::tests::database::Kind;
use crate::tests::http_client::Answer;
use crate::tests::promises::were_asked_once;
use crate::workflows::check_overdue::check;

pub struct Ground {
    pub app: TestApp,
    lines: [Line; 4],
}

impl Ground {
    pub async fn start(kind: Kind, timeout_ms: u64) -> Self {
        let lines: [Line; 4] = std::array::from_fn(|_| Line::new());
        let base = |provider: Provider| format!("127.0.0.1:{}/sandbox/api", lines[provider as usize].port);
        let url = |provider: Provider| format!("http://{}", base(provider));
        let (stripe, klaviyo, twilio) = (url(Provider::Stripe), url(Provider::Klaviyo), url(Provider::Twilio));
        let (firebase, timeout) = (base(Provider::Firebase), timeout_ms.to_string());
        let variables = [
            ("STRIPE_SECRET_KEY", "sk_test_sandbox"),
            ("STRIPE_WEBHOOK_SECRET", SECRET),
            ("STRIPE_API_BASE", &stripe),
            ("KLAVIYO_API_KEY", "pk_sandbox"),
            ("KLAVIYO_API_BASE", &klaviyo),
            ("FIREBASE_PROJECT_ID", "rolitt-sandbox"),
            ("FIREBASE_AUTH_EMULATOR_HOST", &firebase),
            ("TWILIO_ACCOUNT_SID", "ACsandbox"),
            ("TWILIO_AUTH_TOKEN", "sandbox"),
            ("TWILIO_FROM", "+15005550006"),
            ("TWILIO_API_BASE", &twilio),
            ("PROVIDER_TIMEOUT_MS", &timeout),
        ];
        let app = TestApp::start_with(kind, &variables).await;
        let at = app.base.trim_start_matches("http://").parse().unwrap();
        for line in &lines {
            line.lead_to(at);
        }
        Self { app, lines }
    }

    /// A shop alone that asks its Stripe so many times a second at most.
    pub async fn paced(kind: Kind, per_second: usize) -> TestApp {
        let line = Line::new();
        let (base, limit) = (format!("http://127.0.0.1:{}/sandbox/api", line.port), per_second.to_string());
        let settings = [
            ("STRIPE_SECRET_KEY", "sk_test_sandbox"),
            ("STRIPE_WEBHOOK_SECRET", SECRET),
            ("STRIPE_API_BASE", &base),
            ("STRIPE_REQUESTS_PER_SECOND", &limit),
        ];
        let app = TestApp::start_with(kind, &settings).await;
        line.lead_to(app.base.trim_start_matches("http://").parse().unwrap());
        line.keep();
        app
    }

    pub async fn befall(&self, providers: &[Provider], fault: &Fault) {
        for &provider in providers {
            match fault.how {
                How::Cut => self.lines[provider as usize].cut(),
                How::Told(settings) => self.tell(provider, settings).await,
            }
        }
    }

    /// They are well again.
    pub async fn recover(&self, providers: &[Provider], fault: &Fault) {
        for &provider in providers {
            match fault.how {
                How::Cut => self.lines[provider as usize].mend(),
                How::Told(_) => self.tell(provider, CALM).await,
            }
        }
    }

    /// Breaks off what is under way, and goes on.
    pub fn shake(&self, provider: Provider) {
        self.lines[provider as usize].cut();
        self.lines[provider as usize].mend();
    }

    async fn tell(&self, provider: Provider, settings: &str) {
        let settings: Value = serde_json::from_str(settings).unwrap();
        self.app.faults(json!({ provider.word(): settings })).await;
    }

    /// Nothing is under way, and nothing could be: what is due is due at providers who are left alone.
    pub async fn rest(&self) {
        let app = &self.app;
        app.wait_until("nothing is to be done at this time", async || {
            let (now, steady) = (app.ctx.clock.now(), app.ctx.clock.steady());
            let shut = |lane: &Lane| matches!(app.ctx.breakers.gate(*lane, steady), Gate::Shut(_));
            let asked: Vec<String> = Lane::ALL.iter().filter(|lane| !shut(lane)).map(|l| format!("'{l}'")).collect();
            let (asked, millis) = (asked.join(", "), now.millis());
            let due = match app.ctx.db.postgres() {
                Some(_) => format!("run_at <= to_timestamp({millis} / 1000.0)"),
                None => format!("run_at <= {millis}"),
            };
            // One look at one moment: what is claimed between two looks would be seen by neither.
            let open = format!("state = 'running' OR (state = 'pending' AND {due} AND lane IN ({asked}))");
            let idle = app.count(&format!("SELECT COUNT(*) FROM outbox WHERE {open}")).await == 0;
            if !idle {
                app.ctx.bell.ring_all();
            }
            idle
        })
        .await;
    }

    pub async fn pass(&self, time: Duration) {
        self.rest().await;
        self.app.advance(time);
        self.rest().await;
    }

    /// Time passes until every delivery has ended.
    pub async fn drain(&self) {
        let open = "SELECT COUNT(*) FROM outbox WHERE state IN ('pending', 'running')";
        for _ in 0..40 {
            self.rest().await;
            if self.app.count(open).await == 0 {
                return;
            }
            self.app.advance(Duration::from_hours(12));
        }
        let stuck = "SELECT MIN(kind || ': ' || COALESCE(last_error, '')) FROM outbox WHERE state = 'pending'";
        panic!("a delivery does not end: {:?}", self.app.scalar(stuck).await);
    }

    /// A buyer with a number to text to, on the way to the payment page.
    pub async fn go_to_pay(&self, buyer: &Buyer) -> Answer {
        let form = [("email", buyer.email.as_str()), ("color", "sakura-pink"), ("phone", buyer.phone.as_str())];
        self.app.post("/api/handle_checkout", &form).await
    }

    pub async fn preorder_of(&self, buyer: &Buyer) -> String {
        let sql = format!("SELECT id FROM preorders WHERE email = '{}'", buyer.email);
        let found = self.app.ctx.db.texts(&sql).await;
        assert_eq!(found.len(), 1, "the lead of {} is lost, or there twice", buyer.email);
        found.into_iter().next().unwrap()
    }

    /// Requests that reached a provider, by its own clock.
    pub async fn asked(&self, provider: Provider) -> Vec<i64> {
        let asked = self.app.get("/sandbox/asked.json").await.json();
        asked[provider.word()].as_array().unwrap().iter().map(|request| request["at_ms"].as_i64().unwrap()).collect()
    }

    /// Every act was done once at its provider, and the promises are kept.
    pub async fn finish(self) {
        were_asked_once(&self.app.inbox().await);
        // The clock has been moved, and the rounds that go by real minutes have not come: calls without an answer are
        // asked about.
        check(&self.app.ctx).await.unwrap();
        self.app.finish().await;
    }

    /// If it was said when to come back, nobody came before: of its requests from this one on.
    pub async fn nobody_came_too_early(&self, provider: Provider, since: usize, fault: &Fault) {
        let Some(says) = fault.says else { return };
        for pair in self.asked(provider).await[since..].windows(2) {
            let gap = Duration::from_millis(u64::try_from(pair[1] - pair[0]).unwrap());
            assert!(gap >= says, "{provider:?} was asked again after {gap:?}");
        }
    }
}

pub struct Buyer {
    pub email: String,
    pub phone: String,
}

impl Buyer {
    pub fn number(number: usize) -> Self {
        Self { email: format!("buyer{number}@example.com"), phone: format!("+4915100{number:06}") }
    }
}

pub fn owner() -> Actor {
    Actor { id: None, name: "owner@example.com".to_owned(), role: Role::Owner, request_id: None, address: None }
}
