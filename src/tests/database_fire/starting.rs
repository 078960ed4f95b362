//! After a power cut the database comes back later than the shop, which waits for it; what is only wrong is not waited for.

use std::path::Path;
use std::time::{Duration, Instant};

use super::cluster::Cluster;
use crate::tests::PATIENCE;
use crate::tests::database::{Kind, TestDatabase};
use crate::tests::program::{Program, free_port, run_to_end};

const WAITS: &str = "waiting for it";
const TELLS: (&str, &str) = ("RUST_LOG", "warn");

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_and_a_worker_that_start_before_their_database_wait_for_it() {
    let cluster = Cluster::start().await;
    cluster.stop("fast");
    let (database, folder) = (TestDatabase::at(&cluster.url()), tempfile::tempdir().unwrap());
    let alive = format!("127.0.0.1:{}", free_port().await);
    let of_worker = [TELLS, ("METRICS_ADDR", &alive)];
    let begin = async |command: &str, variables: &[(&str, &str)]| {
        let log = folder.path().join(format!("{}.log", command.replace(' ', "")));
        (Program::start_written_down(command, free_port().await, &database, variables, &log), log)
    };
    let (shop, shop_log) = begin("serve --no-workers", &[TELLS]).await;
    let (mut worker, worker_log) = begin("work", &of_worker).await;
    let (stopped, stopped_log) = begin("serve", &[TELLS]).await;
    let said = |log: &Path| std::fs::read_to_string(log).unwrap().matches(WAITS).count();
    let began = Instant::now();
    while [&shop_log, &worker_log, &stopped_log].iter().any(|log| said(log) == 0) {
        assert!(began.elapsed() < PATIENCE, "somebody does not say that they wait");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(stopped.stop().await, Some(0), "told to stop, it goes on waiting");
    cluster.resume();
    worker.base = format!("http://{alive}");
    shop.ready("/readyz").await;
    worker.ready("/healthz").await;
    assert_eq!((said(&shop_log), said(&worker_log)), (1, 1));
    assert_eq!((shop.stop().await, worker.stop().await), (Some(0), Some(0)));
    not_waited_for(&cluster.url().replace("/postgres", "/nobodys")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_not_waited_for() {
    let database = TestDatabase::create(Kind::Postgres).await;
    let mut url = url::Url::parse(&database.url).unwrap();
    url.set_password(Some("wrong")).unwrap();
    not_waited_for(url.as_str()).await;
    database.remove().await;
}

async fn not_waited_for(url: &str) {
    for command in ["serve", "work"] {
        let (status, printed) = run_to_end(command, &[("DATABASE_URL", url), TELLS], "").await;
        assert_eq!(status, 1, "{printed}");
        assert!(!printed.contains(WAITS) && printed.contains("rolitt: "), "{printed}");
    }
}
