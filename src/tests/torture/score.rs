//! The verdict over what is left. What counts as lost, duplicated or wrong is what the promises' checks find in the
//! database, what `rolitt reconcile` finds at Stripe, and what the providers received.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::clock::Clock;
use crate::config;
use crate::context::Context;
use crate::store::Db;
use crate::tests::database::TestDatabase;
use crate::tests::http_client::client;
use crate::tests::program::run_to_end;
use crate::workflows::check_promises::{Harm, check_promises};

#[derive(Default)]
pub struct Score {
    pub operations: u64,
    pub kills: u64,
    pub faults: u64,
    pub lost: u64,
    pub duplicated: u64,
    pub wrong: u64,
    /// What was found, in words.
    pub findings: Vec<String>,
    pub reached: BTreeSet<&'static str>,
    /// Deliveries that were given up and wait for a person: seen, and not lost.
    pub parked: u64,
}

impl Score {
    pub fn merge(&mut self, other: Self) {
        self.operations += other.operations;
        self.kills += other.kills;
        self.faults += other.faults;
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.wrong += other.wrong;
        self.parked += other.parked;
        self.findings.extend(other.findings);
        self.reached.extend(other.reached);
    }

    fn find(&mut self, harm: Harm, count: u64, what: String) {
        if count == 0 {
            return;
        }
        match harm {
            Harm::Lost => self.lost += count,
            Harm::Duplicated => self.duplicated += count,
            Harm::Wrong => self.wrong += count,
        }
        self.findings.push(format!("{harm:?}: {count} {what}"));
    }

    pub fn announce(&self, of: &str) {
        println!(
            "torture, {of}: {} operations, {} kills, {} faults injected, {} lost, {} duplicated, {} wrong ({} parked)",
            self.operations, self.kills, self.faults, self.lost, self.duplicated, self.wrong, self.parked
        );
    }

    pub fn assert_nothing_broken(&self) {
        assert!(self.findings.is_empty(), "{:#?}", self.findings);
    }
}

/// Waits until every delivery has ended. What has not by then is as good as lost.
async fn come_to_rest(score: &mut Score, db: &Db, patience: Duration) {
    const UNDER_WAY: &str = "SELECT kind || ' ' || state || ' ' || attempts || ' due ' || CAST(run_at AS TEXT) || ': ' || \
         COALESCE(last_error, '') FROM outbox WHERE state IN ('pending', 'running')";
    let began = Instant::now();
    loop {
        let under_way = db.texts(UNDER_WAY).await;
        if under_way.is_empty() {
            return;
        }
        if began.elapsed() > patience {
            let now = Clock::default().now().millis();
            score.find(Harm::Lost, under_way.len() as u64, format!("still under way at {now}: {under_way:#?}"));
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub async fn judge(
    db: &Db,
    database: &TestDatabase,
    settings: &[(String, String)],
    providers: &str,
    acknowledged: Vec<String>,
    patience: Duration,
) -> Score {
    let mut score = Score::default();
    come_to_rest(&mut score, db, patience).await;
    // What Stripe's webhooks lost, were it on purpose or because nobody answered.
    let mut variables: Vec<(&str, &str)> =
        settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    variables.push(("DATABASE_URL", &database.url));
    let (_, fixed) = run_to_end("reconcile --since 2h --fix", &variables, "").await;
    come_to_rest(&mut score, db, patience).await;
    let (status, compared) = run_to_end("reconcile --since 2h", &variables, "").await;
    score.find(Harm::Wrong, u64::from(status != 0), format!("at Stripe, after\n{fixed}\nthere is\n{compared}"));

    for id in acknowledged {
        let known = db.count(&format!("SELECT COUNT(*) FROM preorders WHERE id = '{id}'")).await;
        score.find(Harm::Lost, u64::from(known == 0), format!("acknowledged preorder {id}"));
    }
    let ctx = context(db.clone(), &variables);
    for finding in check_promises(&ctx).await.unwrap() {
        let broken = u64::try_from(finding.broken).unwrap();
        score.find(finding.harm, broken, format!("of promise {}, {}", finding.promise, finding.name));
    }
    received(&mut score, db, providers).await;
    let parked = "SELECT COUNT(*) FROM outbox WHERE state = 'dead'";
    score.parked = u64::try_from(db.count(parked).await).unwrap();
    let given_up = db
        .texts(
            "SELECT kind || ': ' || COALESCE(last_error, '') FROM outbox WHERE state = 'dead' AND kind <> 'send_sms'",
        )
        .await;
    for delivery in given_up {
        score.find(Harm::Lost, 1, format!("delivery given up: {delivery}"));
    }
    score
}

fn context(db: Db, variables: &[(&str, &str)]) -> Context {
    let settings = config::read(|name| {
        variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
    });
    let settings = settings.unwrap_or_else(|faults| panic!("{faults:?}"));
    let base = "http://127.0.0.1:1".to_owned();
    Context::build(settings, db, Clock::default(), base, None, "").unwrap()
}

/// What the providers received: each thing once in effect.
async fn received(score: &mut Score, db: &Db, providers: &str) {
    let inbox: Value =
        client().get(format!("{providers}/sandbox/inbox.json")).send().await.unwrap().json().await.unwrap();
    // The sandbox remembers so many; the seeds are to stay below it.
    let remembered = ["klaviyo", "sms"].iter().all(|service| inbox[service].as_array().unwrap().len() < 2_000);
    assert!(remembered, "more was received than the sandbox remembers: make the epochs shorter");
    let mut messages: BTreeMap<&str, u64> = BTreeMap::new();
    for message in inbox["sms"].as_array().unwrap().iter().filter(|message| message["error"].is_null()) {
        *messages.entry(message["to"].as_str().unwrap()).or_default() += 1;
    }
    for (to, count) in messages {
        score.find(Harm::Duplicated, count - 1, format!("SMS to {to}"));
    }
    let mut events: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let counted = |event: &&Value| event["status"] == 202 && event["duplicate"] == false;
    for event in inbox["klaviyo"].as_array().unwrap().iter().filter(counted) {
        let preorder = event["payload"]["data"]["attributes"]["properties"]["preorder_id"].as_str().unwrap();
        *events.entry((event["metric"].as_str().unwrap(), preorder)).or_default() += 1;
    }
    for ((metric, preorder), count) in &events {
        score.find(Harm::Duplicated, count - 1, format!("Klaviyo's {metric} of {preorder}"));
    }
    let started = events.keys().filter(|(metric, _)| *metric == "Preorder Started").count();
    let succeeded = events.keys().filter(|(metric, _)| *metric == "Preorder Success").count();
    let all = db.count("SELECT COUNT(*) FROM preorders").await;
    let paid = db.count("SELECT COUNT(*) FROM preorders WHERE paid_at IS NOT NULL").await;
    score.find(Harm::Lost, missing(all, started), "of Klaviyo's Preorder Started".to_owned());
    score.find(Harm::Lost, missing(paid, succeeded), "of Klaviyo's Preorder Success".to_owned());
    let strangers = db.count("SELECT COUNT(*) FROM preorders WHERE user_id IS NULL").await;
    score.find(Harm::Lost, u64::try_from(strangers).unwrap(), "preorders without a Firebase user".to_owned());
}

fn missing(wanted: i64, there: usize) -> u64 {
    u64::try_from(wanted).unwrap().saturating_sub(there as u64)
}
