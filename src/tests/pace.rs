//! The pace at which Stripe may be asked: shared by instances, a queue that is short, and words when it is not.

use std::time::{Duration, Instant};

use serde_json::json;

use super::app::TestApp;
use super::database::Kind;
use super::http_client::Answer;
use super::providers::Ground;
use crate::context::breaker::Gate;
use crate::domain::delivery::Lane;
use crate::store::pace::take_turn;

/// So long that no machine is too slow to ask for the next turn meanwhile.
const EVERY: Duration = Duration::from_secs(10);
const MOST: Duration = Duration::from_secs(200);

async fn buyers_wait(kind: Kind) {
    let app = Ground::paced(kind, 10).await;
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
    // One at once, then nine a second: the last of twenty-five had to wait for two seconds and more.
    assert!(began.elapsed() > Duration::from_millis(2_600), "{:?}", began.elapsed());
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
    let began = Instant::now();
    for n in 0..20 {
        let pool = if n % 2 == 0 { ours } else { theirs };
        let wait = take_turn(pool, "create_session", EVERY, MOST).await.unwrap().unwrap();
        // Behind all who asked before, wherever they did, and not behind more than those.
        let turn = began.elapsed() + wait;
        assert!(turn + Duration::from_secs(1) > EVERY * n && wait <= EVERY * n, "{n}: {wait:?}, {turn:?}");
    }
    let mut refused = 0;
    for _ in 0..20 {
        refused += usize::from(take_turn(ours, "create_session", EVERY, MOST).await.unwrap().is_none());
    }
    assert!(refused > 0 && take_turn(theirs, "fetch_session", EVERY, MOST).await.unwrap().is_some());
    other.db.close().await;
    app.finish().await;
}

/// When Stripe was asked at an endpoint, in milliseconds, by its own clock.
async fn asked(app: &TestApp, what: &str) -> Vec<i64> {
    let asked = app.get("/sandbox/asked.json").await.json();
    let its =
        asked["stripe"].as_array().unwrap().iter().filter(|request| request["what"].as_str().unwrap().contains(what));
    its.map(|request| request["at_ms"].as_i64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_together_keep_the_limit_of_each_endpoint() {
    const LIMIT: usize = 10;
    let app = Ground::paced(Kind::Postgres, LIMIT).await;
    let other = app.another_instance().await;
    let (began, began_ms) = (Instant::now(), app.ctx.clock.now().millis());
    let ask = |n: usize| {
        let ctx = if n.is_multiple_of(2) { &app.ctx } else { &other };
        async move {
            // Nobody knows these: it is being asked that counts.
            let id = format!("{}_{n}", if n < 30 { "cs" } else { "pi" });
            let provider = ctx.payments.default();
            if n < 30 {
                drop(provider.fetch_session(&id).await);
            } else {
                drop(provider.fetch_payment_intent(&id).await);
            }
        }
    };
    futures::future::join_all((0..45).map(ask)).await;
    let took = began.elapsed();
    // The last of thirty had 29 turns before it, none of which came early; the other endpoint's fifteen had their own.
    assert!(took >= Duration::from_secs(29) / 9, "{took:?}");
    for (what, count) in [("/v1/checkout/sessions/cs_", 30), ("/v1/payment_intents/pi_", 15)] {
        let mut times = asked(&app, what).await;
        times.sort_unstable();
        assert_eq!(times.len(), count, "{what}");
        // A busy machine lets some come late, and so closer to those behind them; none comes before its turn.
        for (turn, at) in (0..).zip(&times) {
            let not_before = turn * 1_000 / 9 - 50;
            assert!(at - began_ms >= not_before, "{what}: the {turn}th after {} ms: {times:?}", at - began_ms);
        }
    }
    other.db.close().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_too_long_is_said_and_is_no_fault_of_stripes() {
    let app = Ground::paced(Kind::Postgres, 10).await;
    let form = [("email", "ana@example.com"), ("color", "sakura-pink")];
    let full = "INSERT INTO provider_pace (endpoint, next_at) VALUES ('create_session', now() + interval '1 minute')";
    app.ctx.db.execute(full).await;
    for _ in 0..8 {
        let told = app.post("/api/handle_checkout", &form).await;
        assert_eq!(told.status, 503, "{}", told.body);
        assert!(told.header("retry-after").parse::<u64>().unwrap() >= 8, "{}", told.header("retry-after"));
        let error = told.json()["error"].clone();
        assert_eq!((error["code"].as_str(), error["failure"].as_str()), (Some("provider_busy"), Some("busy")));
        assert!(error["message"].as_str().unwrap().contains("Your details are saved"), "{error}");
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM preorders").await, 1);
    assert_eq!(
        app.ctx.breakers.gate(Lane::Stripe, app.ctx.clock.steady()),
        Gate::Free,
        "others would be sent away as well"
    );
    assert_eq!(asked(&app, "/v1/checkout/sessions").await.len(), 0);
    app.ctx.db.execute("DELETE FROM provider_pace").await;
    assert_eq!(app.post("/api/handle_checkout", &form).await.status, 303);
    app.finish().await;
}

/// How far the queue at an endpoint reaches.
async fn queue(app: &TestApp, endpoint: &str) -> Option<String> {
    let sql = format!("SELECT CAST(next_at AS TEXT) FROM provider_pace WHERE endpoint = '{endpoint}'");
    app.ctx.db.texts(&sql).await.into_iter().next()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_page_takes_no_turn_that_it_would_not_be_there_for() {
    let app = Ground::paced(Kind::Postgres, 10).await;
    app.faults(json!({ "webhooks": { "lose_rate": 1.0 } })).await;
    let (session, id) = app.checkout("ana@example.com").await;
    app.pay_by_card(&session, "4242424242424242").await;
    let long = "INSERT INTO provider_pace (endpoint, next_at) VALUES ('fetch_session', now() + interval '6 seconds')";
    app.ctx.db.execute(long).await;
    let reaches = queue(&app, "fetch_session").await;
    let page = format!("/preorder/success?session_id={session}");
    assert_eq!(app.get(&page).await.status, 200);
    assert_eq!(queue(&app, "fetch_session").await, reaches, "it took a turn and left");
    assert_eq!(app.badges(&id).await, "processing/unpaid");
    app.ctx.db.execute("DELETE FROM provider_pace").await;
    app.advance(Duration::from_secs(2));
    assert_eq!(app.get(&page).await.status, 200);
    app.wait_for_badges(&id, "completed/paid").await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stripe_that_hangs_shuts_the_breaker_though_pages_do_not_wait_for_its_end() {
    let app = Ground::paced(Kind::Sqlite, 100).await;
    let mut pages = Vec::new();
    for buyer in 0..5 {
        let (session, _) = app.checkout(&format!("buyer{buyer}@example.com")).await;
        pages.push(format!("/preorder/success?session_id={session}"));
    }
    app.faults(json!({ "stripe": { "hold": true } })).await;
    let shown = futures::future::join_all(pages.iter().map(|page| app.get(page))).await;
    assert!(shown.iter().all(|page| page.status == 200));
    assert!(matches!(app.ctx.breakers.gate(Lane::Stripe, app.ctx.clock.steady()), Gate::Shut(_)));
    app.faults(json!({ "stripe": { "hold": false } })).await;
    app.finish().await;
}
