//! SQLite without room, locked by somebody else, read-only, deleted, replaced, damaged.

use std::time::Duration;

use serde_json::Value;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::load::{Load, all_is_there, listed};
use super::power_loss::{Disk, ends_well, event, order, whole};
use crate::tests::app::TestApp;
use crate::tests::database::{Kind, TestDatabase};
use crate::tests::http_client::{Answer, client};
use crate::tests::on_both;
use crate::tests::program::run_to_end;
use crate::workflows::check_health::{Check, check_health};

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_refuses_orders_shows_the_shop_and_loses_nothing() {
    let disk = Disk::new();
    let program = disk.start("serve --no-workers", &[]).await;
    let mut saved = Vec::new();
    for round in 0..3 {
        for buyer in 0..10 {
            saved.push(order(&program, &format!("r{round}.b{buyer}@example.com")).await.ok().unwrap());
        }
        disk.fill();
        for buyer in 0..5 {
            let refused = order(&program, &format!("full{round}.b{buyer}@example.com")).await.unwrap_err();
            assert_eq!(refused.status, 503, "{}", refused.body);
            assert!(!refused.header("retry-after").is_empty());
            assert_eq!(refused.json()["error"]["code"], "database_away");
        }
        let front = client().get(format!("{}/zh", program.base)).send().await.unwrap();
        assert_eq!(Answer::of(front).await.status, 200, "reads go on");
        let sent = format!("evt_{round}");
        let refused = event(&program, &sent).await;
        assert_eq!((refused.status, refused.header("retry-after").is_empty()), (503, false), "{}", refused.body);
        let full = writes(&disk).await;
        assert!(full["ok"] == false && full["remedy"].is_string(), "{full}");
        disk.make_room();
        assert_eq!(event(&program, &sent).await.status, 200, "Stripe sends it again");
        let has_room = writes(&disk).await;
        assert!(has_room["ok"] == true, "{has_room}");
    }
    saved.push(order(&program, "afterwards@example.com").await.ok().unwrap());
    program.kill().await;
    let db = disk.database().open().await;
    whole(&db).await;
    let there = format!("SELECT COUNT(*) FROM preorders WHERE id IN ({})", listed(&saved));
    assert_eq!(db.count(&there).await, saved.len() as i64, "an acknowledged preorder is lost");
    assert_eq!(db.count("SELECT COUNT(*) FROM preorders WHERE email LIKE 'full%'").await, 0);
    assert_eq!(db.count("SELECT COUNT(*) FROM webhook_logs").await, 3);
    db.close().await;
    ends_well(&disk.database()).await;
}

/// What the doctor says of it.
async fn writes(disk: &Disk) -> Value {
    let (url, of_disk) = (disk.database().url, disk.variables());
    // Copies of what is durable are the shop's to keep: two at it would get in each other's way.
    let of_disk = of_disk.iter().map(|(name, value)| (*name, value.as_str())).filter(|(name, _)| *name != "KEPT");
    let variables: Vec<_> = of_disk.chain([("DATABASE_URL", url.as_str())]).collect();
    let (_, printed) = run_to_end("doctor --json", &variables, "").await;
    let json = printed.lines().find(|line| line.starts_with('{')).unwrap_or_else(|| panic!("{printed}"));
    let report: Value = serde_json::from_str(json).unwrap();
    let writes = report["checks"].as_array().unwrap().iter().find(|check| check["name"] == "writes");
    writes.unwrap_or_else(|| panic!("the doctor is silent about it: {report}")).clone()
}

fn path_of(app: &TestApp) -> std::path::PathBuf {
    app.ctx.settings.database_url.strip_prefix("sqlite://").unwrap().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_somebody_else_has_locked_is_away_until_they_let_go() {
    let app = TestApp::start(Kind::Sqlite).await;
    // Filled, so that what is kept is served.
    assert_eq!(app.get("/zh").await.status, 200);
    let load = Load::start(&app, 4);
    load.sells(&app, 10).await;
    let somebody = sqlx::sqlite::SqliteConnectOptions::new().filename(path_of(&app));
    let mut somebody: SqliteConnection = somebody.busy_timeout(Duration::from_secs(20)).connect().await.unwrap();
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut somebody).await.unwrap();
    let away = load.away();
    app.wait_until("buyers hear of it", async || load.away() >= away + 4).await;
    assert_eq!(app.get("/zh").await.status, 200, "reads go on");
    sqlx::query("ROLLBACK").execute(&mut somebody).await.unwrap();
    somebody.close().await.unwrap();
    load.sells(&app, 10).await;
    let told = load.end().await;
    all_is_there(&app, &told).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_taken_away_or_replaced_is_not_written_to_and_everybody_is_told() {
    let app = TestApp::start(Kind::Sqlite).await;
    let (file, aside) = (path_of(&app), path_of(&app).with_extension("aside"));
    let form = |email| [("email", email), ("color", "sakura-pink")];
    let says = async |word: &str| {
        let refused = app.post("/api/initiate_preorder", &form("ana@example.com")).await;
        assert_eq!((refused.status, refused.header("retry-after")), (503, "5"), "{}", refused.body);
        assert_eq!(app.get("/readyz").await.status, 503);
        let checks = check_health(&app.ctx, Duration::from_secs(10)).await;
        let database = checks.iter().find(|check| check.name == "database").unwrap();
        assert!(!database.ok && database.found.contains(word) && database.remedy.is_some(), "{database:?}");
    };
    std::fs::rename(&file, &aside).unwrap();
    says("is gone").await;
    std::fs::write(&file, "").unwrap();
    says("was replaced").await;
    std::fs::rename(&aside, &file).unwrap();
    assert_eq!(app.post("/api/initiate_preorder", &form("ana@example.com")).await.status, 200);
    assert_eq!(app.get("/readyz").await.status, 200);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_damaged_or_read_only_stops_the_start_with_a_line_that_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rolitt.db");
    std::fs::write(&file, "this is a letter to my grandmother, and no database at all. ".repeat(200)).unwrap();
    let url = format!("sqlite://{}", file.display());
    for command in ["serve", "doctor"] {
        let (status, printed) = run_to_end(command, &[("DATABASE_URL", &url)], "").await;
        assert_eq!(status, 1, "{printed}");
        assert!(printed.contains("is damaged") && printed.contains("restore a backup"), "{printed}");
        assert!(!printed.contains("panicked") && !printed.contains("backtrace"), "{printed}");
    }
    let database = TestDatabase::create(Kind::Sqlite).await;
    database.open().await.close().await;
    let read_only = format!("{}?mode=ro", database.url);
    let (status, printed) = run_to_end("serve", &[("DATABASE_URL", &read_only)], "").await;
    assert_eq!(status, 1, "{printed}");
    assert!(printed.contains("rolitt: ") && !printed.contains("panicked"), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_a_page_that_rotted_away() {
    let database = TestDatabase::create(Kind::Sqlite).await;
    database.open().await.close().await;
    let file = database.url.strip_prefix("sqlite://").unwrap();
    let mut bytes = std::fs::read(file).unwrap();
    let (from, to) = (bytes.len() / 2, bytes.len());
    bytes[from..to].fill(0x5a);
    std::fs::write(file, bytes).unwrap();
    let (status, printed) = run_to_end("doctor", &[("DATABASE_URL", &database.url)], "").await;
    assert_eq!(status, 1, "{printed}");
    assert!(printed.contains("damaged") && printed.contains("restore a backup"), "{printed}");
}

fn durability(checks: &[Check]) -> &Check {
    checks.iter().find(|check| check.name == "durability").expect("the doctor is silent about it")
}

on_both! {
    async fn the_doctor_asks_the_live_connections_whether_a_commit_survives_a_power_cut(app: TestApp) {
        let checks = check_health(&app.ctx, Duration::from_secs(10)).await;
        let good = durability(&checks);
        let expected = match app.ctx.db.postgres() {
            None => "journal_mode wal, synchronous FULL",
            Some(_) => "fsync on, synchronous_commit on, full_page_writes on",
        };
        assert!(good.ok && good.found == expected, "{good:?}");
        let Some(pool) = app.ctx.db.postgres() else {
            app.ctx.db.loosen().await;
            let checks = check_health(&app.ctx, Duration::from_secs(10)).await;
            let bad = durability(&checks);
            assert!(!bad.ok && bad.found.contains("synchronous NORMAL") && bad.remedy.is_some(), "{bad:?}");
            return;
        };
        let name = pool.connect_options().get_database().unwrap().to_owned();
        app.ctx.db.execute(&format!("ALTER DATABASE {name} SET synchronous_commit = off")).await;
        let other = app.another_instance().await;
        let checks = check_health(&other, Duration::from_secs(10)).await;
        let bad = durability(&checks);
        assert!(!bad.ok && bad.found.contains("synchronous_commit off"), "{bad:?}");
        assert!(bad.remedy.as_ref().unwrap().contains("postgresql.conf"));
        other.db.close().await;
    }
}
