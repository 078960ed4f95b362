//! A process that is killed right after its answer has lost nothing: SIGKILL, a real process, a second one that
//! delivers what the first one owed.

use std::time::{Duration, Instant};

use super::PATIENCE;
use super::database::{Kind, TestDatabase};
use super::http_client::{Answer, client};
use super::program::{Program, free_port};
use super::promises;
use crate::clock::Clock;

/// Kills a shop under load at the moment of its `answers`-th answer, and gives the ids that were answered.
async fn killed_under_load(database: &TestDatabase, answers: usize) -> Vec<String> {
    let program = Program::start("serve --no-workers", free_port().await, database).await;
    let (sender, mut answered) = tokio::sync::mpsc::unbounded_channel();
    for buyer in 0..8 {
        let (base, sender, http) = (program.base.clone(), sender.clone(), client());
        tokio::spawn(async move {
            for n in 0.. {
                let email = format!("buyer{buyer}.{n}@example.com");
                let form = [("email", email.as_str()), ("color", "sakura-pink")];
                let Ok(response) = http.post(format!("{base}/api/initiate_preorder")).form(&form).send().await else {
                    return;
                };
                let answer = Answer::of(response).await;
                let id = serde_json::from_str::<serde_json::Value>(&answer.body).ok();
                let id = id.and_then(|json| json["preorder_id"].as_str().map(str::to_owned));
                let (200, Some(id)) = (answer.status, id) else { return };
                if sender.send(id).is_err() {
                    return;
                }
            }
        });
    }
    drop(sender);
    let mut ids = Vec::new();
    while ids.len() < answers {
        ids.push(answered.recv().await.expect("the shop stopped answering before it was killed"));
    }
    program.kill().await;
    // What was answered until the kill counts as well.
    while let Some(id) = answered.recv().await {
        ids.push(id);
    }
    ids
}

async fn a_killed_process_has_lost_nothing(kind: Kind) {
    let database = TestDatabase::create(kind).await;
    let mut answered = Vec::new();
    for answers in [1, 7, 40] {
        answered.extend(killed_under_load(&database, answers).await);
    }
    let db = database.open().await;
    for id in &answered {
        assert_eq!(db.count(&format!("SELECT COUNT(*) FROM preorders WHERE id = '{id}'")).await, 1, "{id} is lost");
        let due = format!("SELECT COUNT(*) FROM outbox WHERE preorder_id = '{id}' AND state = 'pending'");
        assert_eq!(db.count(&due).await, 2, "a delivery of {id} is lost");
    }
    let second = Program::start("serve", free_port().await, &database).await;
    let open = "SELECT COUNT(*) FROM outbox WHERE state <> 'done'";
    let began = Instant::now();
    while db.count(open).await > 0 {
        assert!(began.elapsed() < PATIENCE, "the second process did not deliver everything");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(db.count("SELECT COUNT(*) FROM preorders WHERE status <> 'processing' OR user_id IS NULL").await, 0);
    promises::are_kept_in(&db, Clock::default().now()).await;
    second.kill().await;
    db.close().await;
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_right_after_its_answer_has_lost_nothing_on_sqlite() {
    a_killed_process_has_lost_nothing(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_right_after_its_answer_has_lost_nothing_on_postgres() {
    a_killed_process_has_lost_nothing(Kind::Postgres).await;
}
