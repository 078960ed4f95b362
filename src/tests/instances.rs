//! Several processes on one database: nothing is done twice, work is shared, and one that goes is missed by nobody.

use std::collections::BTreeMap;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use super::database::Kind;
use super::fleet::{Fleet, post};
use super::program::{Program, free_port};

const BUYERS: usize = 40;
const BUY: [(&str, &str); 2] = [("email", "ana@example.com"), ("color", "sakura-pink")];
/// A worker that waits for an answer as long as a machine that is busy with other tests may take.
const PATIENT: (&str, &str) = ("PROVIDER_TIMEOUT_MS", "20000");

async fn buy(fleet: &Fleet, base: &str, buyer: usize) {
    let email = format!("buyer{buyer}@example.com");
    let form = [("email", email.as_str()), ("color", "sakura-pink")];
    let saved = post(&fleet.http, base, "/api/initiate_preorder", &form).await;
    assert_eq!(saved.status, 200, "{}", saved.body);
}

/// The site takes preorders, two others work them off.
async fn work_is_shared(kind: Kind) {
    let port = free_port().await;
    let fleet = Fleet::start(kind, port).await;
    fleet.faults(json!({ "klaviyo": { "latency_ms": 150 }, "firebase": { "latency_ms": 150 } })).await;
    let shop = fleet.serve("serve --no-workers", port, &[]).await;
    let workers = [fleet.begin("work", port, &[]), fleet.begin("work", port, &[])];
    // Until both have begun, or the first would have done all.
    let tries = "SELECT COUNT(DISTINCT worker) FROM delivery_attempts";
    let mut buyer = 0;
    while fleet.db.count(tries).await < 2 {
        assert!(buyer < 2000, "the second one never got anything");
        futures::future::join_all((buyer..buyer + BUYERS).map(|n| buy(&fleet, &shop.base, n))).await;
        buyer += BUYERS;
        fleet.settled().await;
    }
    let before = fleet.db.count("SELECT COUNT(*) FROM delivery_attempts").await;
    futures::future::join_all((buyer..buyer + BUYERS).map(|n| buy(&fleet, &shop.base, n))).await;
    buyer += BUYERS;
    fleet.settled().await;
    // Each delivery was tried once, by one of them.
    assert_eq!(fleet.db.count("SELECT COUNT(*) FROM outbox WHERE attempts <> 1").await, 0);
    assert_eq!(fleet.db.count("SELECT COUNT(*) FROM delivery_attempts").await, 2 * buyer as i64);
    assert_eq!(fleet.klaviyo().await, (buyer, 0));
    let users = fleet.inbox().await["firebase"].as_array().unwrap().len();
    assert_eq!(users, buyer, "a user was asked for twice");
    let of_last = format!(
        "SELECT worker FROM delivery_attempts ORDER BY started_at DESC, delivery_id LIMIT {}",
        2 * buyer as i64 - before
    );
    let mut shares: BTreeMap<String, usize> = BTreeMap::new();
    for worker in fleet.db.texts(&of_last).await {
        *shares.entry(worker).or_default() += 1;
    }
    // An even share is half; a fifth is more than somebody gets who only takes what is left over.
    assert!(shares.len() == 2 && shares.values().all(|share| *share >= 2 * BUYERS / 5), "{shares:?}");
    let [one, two] = workers;
    fleet.finish(vec![shop, one, two]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_share_the_deliveries_and_none_is_performed_twice_on_sqlite() {
    work_is_shared(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_share_the_deliveries_and_none_is_performed_twice_on_postgres() {
    work_is_shared(Kind::Postgres).await;
}

/// The first worker has asked Klaviyo for something, and Klaviyo lets it wait.
async fn one_that_holds(kind: Kind) -> (Fleet, Program, Program) {
    let port = free_port().await;
    let fleet = Fleet::start(kind, port).await;
    let shop = fleet.serve("serve --no-workers", port, &[]).await;
    fleet.faults(json!({ "klaviyo": { "hold": true } })).await;
    let first = fleet.begin("work", port, &[PATIENT]);
    assert_eq!(post(&fleet.http, &shop.base, "/api/initiate_preorder", &BUY).await.status, 200);
    fleet
        .wait_until("the first has it in hand, and nothing else", async || {
            let of = async |state: &str, lane: &str| {
                fleet
                    .db
                    .count(&format!("SELECT COUNT(*) FROM outbox WHERE state = '{state}' AND lane = '{lane}'"))
                    .await
            };
            let begun = "SELECT COUNT(*) FROM preorders WHERE status = 'processing' AND user_id IS NOT NULL";
            of("running", "klaviyo").await == 1
                && of("done", "firebase").await == 1
                && fleet.db.count(begun).await == 1
                && fleet.asked("klaviyo").await == 1
        })
        .await;
    (fleet, shop, first)
}

/// A lease is a minute by the database's clock; a test moves its end instead of waiting for it.
async fn its_lease_runs_out(fleet: &Fleet) {
    fleet.db.execute("UPDATE outbox SET lease_until = created_at WHERE state = 'running'").await;
}

async fn sleeps_past_its_lease(kind: Kind) {
    let (fleet, shop, sleeper) = one_that_holds(kind).await;
    // Asleep, and not with a hand on SQLite's one lock, which nobody could take from it.
    loop {
        sleeper.signal(Signal::STOP);
        if let Ok(Ok(tx)) = tokio::time::timeout(Duration::from_secs(1), fleet.db.begin()).await {
            tx.rollback().await.unwrap();
            break;
        }
        sleeper.signal(Signal::CONT);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Klaviyo takes the event; the answer lies there unread.
    fleet.faults(json!({ "klaviyo": { "hold": false } })).await;
    fleet.wait_until("Klaviyo has heard it", async || fleet.klaviyo().await == (1, 0)).await;
    its_lease_runs_out(&fleet).await;
    let second = fleet.begin("work", free_port().await, &[PATIENT]);
    fleet.settled().await;
    let told = "SELECT attempts || ' ' || state FROM outbox WHERE lane = 'klaviyo'";
    assert_eq!(fleet.db.text(told).await.as_deref(), Some("2 done"));
    assert_eq!(fleet.klaviyo().await, (1, 1), "Klaviyo has heard it twice, and dropped the second");
    let tries = "SELECT number || ' ' || outcome || ' ' || worker FROM delivery_attempts a \
                 JOIN outbox o ON o.id = a.delivery_id WHERE o.lane = 'klaviyo'";
    let before = fleet.db.texts(tries).await;
    // It wakes, finds Klaviyo's answer, and may write nothing.
    second.kill().await;
    sleeper.signal(Signal::CONT);
    let another = [("email", "bea@example.com"), ("color", "sakura-pink")];
    assert_eq!(post(&fleet.http, &shop.base, "/api/initiate_preorder", &another).await.status, 200);
    // That it performs another one shows that it is awake; that it ends, that it is past the first.
    fleet.settled().await;
    assert_eq!(sleeper.stop().await, Some(0));
    let after = fleet.db.texts(tries).await;
    assert_eq!(after.len(), 2, "{after:?}");
    assert!(before.len() == 1 && after.contains(&before[0]), "{before:?} {after:?}");
    assert_eq!(fleet.klaviyo().await, (2, 1), "in effect once, though it was sent twice");
    fleet.finish(vec![shop]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_sleeps_past_its_lease_wakes_and_writes_nothing_on_sqlite() {
    sleeps_past_its_lease(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_sleeps_past_its_lease_wakes_and_writes_nothing_on_postgres() {
    sleeps_past_its_lease(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_process_held_is_taken_over_by_another_without_a_hand() {
    let (fleet, shop, first) = one_that_holds(Kind::Postgres).await;
    let second = fleet.begin("work", free_port().await, &[PATIENT]);
    first.kill().await;
    fleet.faults(json!({ "klaviyo": { "hold": false } })).await;
    its_lease_runs_out(&fleet).await;
    fleet.settled().await;
    let told = "SELECT attempts || ' ' || state FROM outbox WHERE lane = 'klaviyo'";
    assert_eq!(fleet.db.text(told).await.as_deref(), Some("2 done"));
    assert_eq!(fleet.klaviyo().await.0, 1);
    fleet.finish(vec![shop, second]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_that_start_at_once_on_an_empty_database_all_come_up() {
    for (kind, commands) in [
        (Kind::Postgres, vec!["serve", "serve", "serve"]),
        (Kind::Sqlite, vec!["serve --no-workers", "serve --no-workers"]),
    ] {
        let fleet = Fleet::start(kind, free_port().await).await;
        let mut instances = Vec::new();
        for command in commands {
            instances.push(fleet.begin(command, free_port().await, &[]));
        }
        futures::future::join_all(instances.iter().map(|instance| instance.ready("/readyz"))).await;
        assert_eq!(fleet.db.count("SELECT COUNT(*) FROM admins").await, 1);
        assert_eq!(fleet.db.count("SELECT COUNT(*) FROM audit_log WHERE action = 'admin_created'").await, 1);
        fleet.finish(instances).await;
    }
}

/// The database after a newer version has migrated it: tables were added to, and there is a migration that we know not.
#[tokio::test(flavor = "multi_thread")]
async fn an_old_instance_goes_on_and_starts_beside_a_newer_one_that_has_migrated() {
    let port = free_port().await;
    let fleet = Fleet::start(Kind::Postgres, port).await;
    let old = fleet.serve("serve", port, &[]).await;
    let newer = "ALTER TABLE preorders ADD COLUMN of_tomorrow TEXT; ALTER TABLE outbox ADD COLUMN of_tomorrow TEXT; \
         INSERT INTO _sqlx_migrations (version, description, installed_on, success, checksum, execution_time) \
         VALUES (9999, 'tomorrow', now(), true, '\\x00', 1)";
    fleet.db.execute(newer).await;
    let bought = post(&fleet.http, &old.base, "/api/handle_checkout", &BUY).await;
    fleet.pay(&bought).await;
    // And one of the old ones starts again.
    let again = fleet.serve("serve", free_port().await, &[]).await;
    fleet
        .wait_until("it is paid", async || {
            fleet.db.count("SELECT COUNT(*) FROM preorders WHERE payment_status = 'paid'").await == 1
        })
        .await;
    fleet.finish(vec![old, again]).await;
}
