//! A new version starts while somebody holds what it has to change: it waits, and nobody waits behind it.

use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};

use crate::tests::PATIENCE;
use crate::tests::database::{Kind, TestDatabase};
use crate::tests::program::run_to_end;

/// That migration changes triggers of a table, and may run again.
const AGAIN: &str = "DELETE FROM _sqlx_migrations WHERE version = 21";
const WAITS: &str = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND relation = 'checkout_attempts'::regclass \
     AND mode = 'AccessExclusiveLock'";

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_waits_for_a_dump_lets_everybody_else_by() {
    let database = TestDatabase::create(Kind::Postgres).await;
    let db = database.open().await;
    db.execute(AGAIN).await;
    let mut dump = PgConnection::connect(&database.url).await.unwrap();
    sqlx::raw_sql("BEGIN; LOCK TABLE checkout_attempts IN ACCESS SHARE MODE").execute(&mut dump).await.unwrap();
    // Two of the new version, of which one waits for the other.
    let migrating = [database.url.clone(), database.url.clone()].map(|url| {
        tokio::spawn(async move { run_to_end("migrate", &[("DATABASE_URL", &url), ("RUST_LOG", "warn")], "").await })
    });
    for _ in 0..2 {
        let began = Instant::now();
        while db.count(WAITS).await == 0 {
            assert!(began.elapsed() < PATIENCE, "no migration waits for the table");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // An old instance; it gives up after eight seconds.
        let read = db.try_count("SELECT COUNT(*) FROM checkout_attempts").await;
        assert_eq!(read, Some(0), "a reader waits behind the migration");
    }
    assert!(migrating.iter().all(|migrating| !migrating.is_finished()), "it migrated what somebody holds");
    sqlx::raw_sql("ROLLBACK").execute(&mut dump).await.unwrap();
    dump.close().await.unwrap();
    let mut said = String::new();
    for migrated in migrating {
        let (status, printed) = migrated.await.unwrap();
        assert_eq!(status, 0, "{printed}");
        said += &printed;
    }
    assert!(said.contains("migrations wait until"), "{said}");
    assert_eq!(db.missing_migrations().await.unwrap(), Vec::<String>::new());
    db.close().await;
    database.remove().await;
}
