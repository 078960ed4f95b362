//! The pace at which Stripe may be asked: shared by instances, a queue that is short, and words when it is not.

use std::time::{Duration, Instant};

use super::app::TestApp;
use super::database::Kind;
use super::http_client::Answer;
use crate::store::pace::take_turn;

const EVERY: Duration = Duration::from_millis(100);
const MOST: Duration = Duration::from_secs(2);

async fn app(kind: Kind, per_second: &str) -> TestApp {
    // A server of somebody's that speaks Stripe's API is asked at the pace that is set.
    let app = TestApp::start(kind).await;
    let base = format!("{}/sandbox/api", app.base);
    let paced = TestApp::start_with(
        kind,
        &[
            ("STRIPE_SECRET_KEY", "sk_test_sandbox"),
            ("STRIPE_API_BASE", &base),
            ("STRIPE_REQUESTS_PER_SECOND", per_second),
        ],
    )
    .await;
    app.finish().await;
    paced
}

async fn buyers_wait(kind: Kind) {
    let app = app(kind, "10").await;
    let began = Instant::now();
    let buyers = (0..25).map(|n| {
        let email = format!("buyer{n}@example.com");
        let app = &app;
        async move { app.post("/api/handle_checkout", &[("email", &email), ("color", "sakura-pink")]).await }
    });
    let answers: Vec<Answer> = futures::future::join_all(buyers).await;
    assert!(
        answers.iter().all(|answer| answer.status == 303),
        "{:?}",
        answers.iter().map(|a| a.status).collect::<Vec<_>>()
    );
    // Five at once, then ten a second: the last of twenty-five had two seconds to wait.
    assert!(began.elapsed() > Duration::from_millis(1_800), "{:?}", began.elapsed());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn buyers_beyond_the_limit_wait_for_their_turn_on_sqlite() {
    buyers_wait(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn buyers_beyond_the_limit_wait_for_their_turn_on_postgres() {
    buyers_wait(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_share_one_queue_and_one_that_is_too_long_takes_nobody() {
    let app = TestApp::start(Kind::Postgres).await;
    let other = app.another_instance().await;
    let (ours, theirs) = (app.ctx.db.postgres().unwrap(), other.db.postgres().unwrap());
    let mut waits = Vec::new();
    for n in 0..24 {
        let pool = if n % 2 == 0 { ours } else { theirs };
        waits.push(take_turn(pool, "create_session", EVERY, 5, MOST).await.unwrap());
    }
    let last = waits[23].unwrap();
    assert!(last > Duration::from_millis(1_200) && last <= Duration::from_millis(1_900), "{waits:?}");
    let mut refused = 0;
    for _ in 0..20 {
        refused += usize::from(take_turn(ours, "create_session", EVERY, 5, MOST).await.unwrap().is_none());
    }
    assert!(refused > 0 && take_turn(theirs, "fetch_session", EVERY, 5, MOST).await.unwrap().is_some());
    other.db.close().await;
    app.finish().await;
}
