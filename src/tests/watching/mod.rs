//! What the shop tells of itself, watched from outside: a real process, scraped, with a collector and a Sentry that are a
//! page of code each, and all that it prints in a file.

mod alerts;
mod errors;
mod exposition;
mod logs;
mod metrics;
mod traces;

use std::time::{Duration, Instant};

use serde_json::Value;

use super::PATIENCE;
use super::database::TestDatabase;
use super::http_client::{Answer, client};
use super::program::Program;
use super::promises;
use crate::clock::Clock;
use crate::store::Db;

async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < PATIENCE, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A process, and the database that it works on.
struct Shop {
    program: Program,
    db: Db,
    http: reqwest::Client,
}

impl Shop {
    async fn new(program: Program, database: &TestDatabase) -> Self {
        program.ready("/readyz").await;
        Self { program, db: database.open().await, http: client() }
    }

    async fn get(&self, path: &str) -> Answer {
        Answer::of(self.http.get(format!("{}{path}", self.program.base)).send().await.unwrap()).await
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        Answer::of(self.http.post(format!("{}{path}", self.program.base)).form(form).send().await.unwrap()).await
    }

    async fn post_json(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.http.post(format!("{}{path}", self.program.base)).json(body).send().await.unwrap()).await
    }

    /// To Stripe's page: the session.
    async fn checkout(&self, email: &str) -> String {
        self.post("/api/handle_checkout", &[("email", email), ("color", "sakura-pink")]).await.session()
    }

    async fn pay(&self, session: &str, card: &str) {
        let how = serde_json::json!({ "card": card });
        let paid = self.post_json(&format!("/sandbox/checkout/{session}/pay.json"), &how).await;
        assert_eq!(paid.status, 200);
    }

    async fn wait_for(&self, sql: &str, count: i64) {
        until(&format!("{sql} says {count}"), async || self.db.count(sql).await == count).await;
    }

    /// With an outbox that has come to rest.
    async fn keeps_its_promises(&self) {
        promises::are_kept_in(&self.db, Clock::default().now()).await;
    }

    async fn close(self) {
        self.db.close().await;
        assert_eq!(self.program.stop().await, Some(0), "it did not end well");
    }
}
