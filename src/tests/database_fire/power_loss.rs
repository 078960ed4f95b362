//! The power goes: what was only written is gone, what was made durable is there. The program runs on a disk
//! (`disk.c`, compiled here and loaded before it) that counts each `fsync` and keeps what it made durable; then it is
//! killed, its files are put back to what was kept, and every preorder and event that was acknowledged must be in them. Shown to
//! be a test by the setting that would lose some.

use std::path::PathBuf;

use tempfile::TempDir;

use super::load::listed;
use crate::clock::Clock;
use crate::config;
use crate::context::Context;
use crate::providers::payments::stripe::signature;
use crate::store::Db;
use crate::tests::PATIENCE;
use crate::tests::app::SECRET;
use crate::tests::database::TestDatabase;
use crate::tests::http_client::{Answer, client};
use crate::tests::program::{Program, free_port, preload};
use crate::tests::promises;

/// Acknowledged one after the other.
const PREORDERS: usize = 25;

/// A folder that can lose its power, and fill up.
pub struct Disk {
    folder: TempDir,
}

impl Disk {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for part in ["disk", "kept"] {
            std::fs::create_dir(folder.path().join(part)).unwrap();
        }
        preload("database_fire/disk.c", &folder.path().join("disk.so"));
        Self { folder }
    }

    fn part(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    pub fn database(&self) -> TestDatabase {
        TestDatabase::at(&format!("sqlite://{}/rolitt.db", self.part("disk").display()))
    }

    /// For a program that is to write to it.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let of_disk = [("LD_PRELOAD", "disk.so"), ("DISK", "disk"), ("KEPT", "kept"), ("FULL", "full")];
        let of_disk = of_disk.map(|(name, part)| (name, self.part(part).display().to_string()));
        of_disk.into_iter().chain([("STRIPE_WEBHOOK_SECRET", SECRET.to_owned())]).collect()
    }

    pub async fn start(&self, command: &str, more: &[(&str, &str)]) -> Program {
        let of_disk = self.variables();
        let of_disk = of_disk.iter().map(|(name, value)| (*name, value.as_str()));
        let variables: Vec<_> = of_disk.chain(more.iter().copied()).collect();
        let program = Program::start_with(command, free_port().await, &self.database(), &variables);
        program.ready("/readyz").await;
        program
    }

    pub fn fill(&self) {
        std::fs::write(self.part("full"), "").unwrap();
    }

    pub fn make_room(&self) {
        std::fs::remove_file(self.part("full")).unwrap();
    }

    /// How often the log of the database was made durable.
    fn syncs(&self) -> usize {
        let log = std::fs::read_to_string(self.part("kept").join("log")).unwrap_or_default();
        log.lines().filter(|name| *name == "rolitt.db-wal").count()
    }

    /// What was not made durable is gone; so is what only lived in memory.
    fn lose_power(&self) {
        for file in std::fs::read_dir(self.part("disk")).unwrap().flatten() {
            let kept = self.part("kept").join(file.file_name());
            if kept.exists() {
                std::fs::copy(kept, file.path()).unwrap();
            } else {
                std::fs::remove_file(file.path()).unwrap();
            }
        }
    }
}

impl Disk {
    /// What lies there now is what was kept: a test has looked into the database, and SQLite has put its log into it.
    fn keep_all(&self) {
        for file in std::fs::read_dir(self.part("kept")).unwrap().flatten().filter(|file| file.file_name() != "log") {
            std::fs::remove_file(file.path()).unwrap();
        }
        for file in std::fs::read_dir(self.part("disk")).unwrap().flatten() {
            std::fs::copy(file.path(), self.part("kept").join(file.file_name())).unwrap();
        }
    }
}

/// A preorder's id, if it was acknowledged.
pub async fn order(program: &Program, email: &str) -> Result<String, Answer> {
    let form = [("email", email), ("color", "sakura-pink")];
    let answer = client().post(format!("{}/api/initiate_preorder", program.base)).form(&form).send().await.unwrap();
    let answer = Answer::of(answer).await;
    if answer.status == 200 { Ok(answer.json()["preorder_id"].as_str().unwrap().to_owned()) } else { Err(answer) }
}

/// An event of Stripe's.
pub async fn event(program: &Program, id: &str) -> Answer {
    let body = format!(r#"{{"id":"{id}","type":"customer.created","created":1,"data":{{"object":{{}}}}}}"#);
    let signature = signature::sign(SECRET, body.as_bytes(), Clock::default().now());
    let sent = client().post(format!("{}/api/webhooks/stripe", program.base)).header("stripe-signature", signature);
    Answer::of(sent.body(body).send().await.unwrap()).await
}

pub async fn whole(db: &Db) {
    assert_eq!(db.text("PRAGMA integrity_check").await.as_deref(), Some("ok"));
}

/// A second process delivers what is due, and the promises are kept.
pub async fn ends_well(database: &TestDatabase) {
    let db = database.open().await;
    let second = Program::start("serve", free_port().await, database).await;
    let began = std::time::Instant::now();
    while db.count("SELECT COUNT(*) FROM outbox WHERE state <> 'done'").await > 0 {
        assert!(began.elapsed() < PATIENCE, "the second process did not deliver everything");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    second.kill().await;
    let settings = config::read(|name| (name == "DATABASE_URL").then(|| database.url.clone())).unwrap();
    let ctx = Context::build(settings, db, Clock::default(), String::new(), Some("http://127.0.0.1:9"), "whsec_1");
    let ctx = ctx.unwrap();
    promises::are_kept(&ctx).await;
    ctx.db.close().await;
}

/// Sells, loses its power right after the last answer: (times made durable meanwhile, acknowledged, of these there).
async fn sold_until_the_power_went(disk: &Disk, settings: &[(&str, &str)]) -> (usize, usize, usize) {
    let program = disk.start("serve --no-workers", settings).await;
    let before = disk.syncs();
    let mut saved = Vec::new();
    for buyer in 0..PREORDERS {
        let syncs = disk.syncs();
        saved.push(order(&program, &format!("{}.{buyer}@example.com", free_port().await)).await.ok().unwrap());
        if settings.is_empty() {
            assert!(disk.syncs() > syncs, "an answer came before its fsync");
        }
    }
    let acknowledged = format!("evt_{}", free_port().await);
    let synced = disk.syncs();
    assert_eq!(event(&program, &acknowledged).await.status, 200);
    if settings.is_empty() {
        assert!(disk.syncs() > synced, "an event was answered before its fsync");
    }
    let syncs = disk.syncs() - before;
    program.kill().await;
    disk.lose_power();
    let db = disk.database().open().await;
    whole(&db).await;
    let found = format!("SELECT COUNT(*) FROM preorders WHERE id IN ({})", listed(&saved));
    let there = db.count(&found).await as usize;
    let due = format!("SELECT COUNT(*) FROM outbox WHERE preorder_id IN ({})", listed(&saved));
    assert_eq!(db.count(&due).await as usize, 2 * there, "a preorder is there without its deliveries");
    if settings.is_empty() {
        let kept = format!("SELECT COUNT(*) FROM webhook_logs WHERE stripe_event_id = '{acknowledged}'");
        assert_eq!(db.count(&kept).await, 1, "an acknowledged event is lost");
    }
    db.close().await;
    disk.keep_all();
    (syncs, saved.len(), there)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_was_on_the_disk_before_its_answer_and_is_there_when_the_power_comes_back() {
    let disk = Disk::new();
    for _ in 0..2 {
        let (syncs, acknowledged, there) = sold_until_the_power_went(&disk, &[]).await;
        assert!(syncs >= acknowledged, "{syncs} fsyncs of the log for {acknowledged} preorders");
        assert_eq!(there, acknowledged, "an acknowledged preorder is lost");
    }
    ends_well(&disk.database()).await;
}

/// The same test goes red when commits are not waited for.
#[tokio::test(flavor = "multi_thread")]
async fn with_synchronous_normal_the_power_would_take_acknowledged_preorders_along() {
    let disk = Disk::new();
    let normal = [("FAILPOINTS", "sqlite_synchronous_normal=return")];
    // The log may have been moved into the file just then, which makes it durable.
    for _ in 0..12 {
        let (_, acknowledged, there) = sold_until_the_power_went(&disk, &normal).await;
        if there < acknowledged {
            return;
        }
    }
    panic!("nothing was ever lost: this disk proves nothing");
}
