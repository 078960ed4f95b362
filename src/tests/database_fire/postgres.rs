//! PostgreSQL killed, stopped, held still and cut off while buyers buy: they hear so and lose nothing, and the shop goes
//! on by itself when it is back.

use std::time::Duration;

use super::cluster::Cluster;
use super::load::{Load, all_is_there, everybody_hears_that_it_is_away, leases_run_out};
use super::proxy::{Proxy, Weather};
use crate::context::pace::SharedPace;
use crate::domain::access::Role;
use crate::providers::payments::paced::Pace;
use crate::store::patience;
use crate::tests::app::TestApp;
use crate::tests::database::{Kind, TestDatabase};

const BUYERS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_crashes_or_is_stopped_under_load_costs_nothing_but_patience() {
    let cluster = Cluster::start().await;
    let app = shop(TestDatabase::at(&cluster.url())).await;
    let load = Load::start(&app, BUYERS);
    load.sells(&app, 10).await;
    for end in ["kill", "immediate", "fast"] {
        match end {
            "kill" => cluster.kill().await,
            mode => cluster.stop(mode),
        }
        let away = load.away();
        app.wait_until("buyers hear of it", async || load.away() > away).await;
        cluster.resume();
        load.sells(&app, 10).await;
    }
    ends_well(app, load).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_without_closing_a_connection_holds_nobody_for_ever() {
    let cluster = Cluster::start().await;
    let app = shop(TestDatabase::at(&cluster.url())).await;
    let admin = app.sign_in_as(Role::Owner).await;
    let load = Load::start(&app, BUYERS);
    load.sells(&app, 10).await;
    let away = load.away();
    cluster.hold_still();
    // Else the buyers might have noticed nothing.
    app.wait_until("buyers hear of it", async || load.away() > away).await;
    everybody_hears_that_it_is_away(&app, &admin).await;
    // Turns at Stripe can't be shared: our own pace is better than none.
    let pace = SharedPace::new(app.ctx.db.clone(), 10);
    let turn = patience::with(Duration::from_secs(1), pace.turn("create_session", Duration::from_secs(1))).await;
    assert_eq!(turn, Ok(Duration::ZERO));
    cluster.go_on();
    load.sells(&app, 10).await;
    ends_well(app, load).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_is_cut_and_slow_afterwards_costs_nothing_but_patience() {
    let (app, proxy) = behind_a_network().await;
    let admin = app.sign_in_as(Role::Owner).await;
    let load = Load::start(&app, BUYERS);
    load.sells(&app, 10).await;
    proxy.turn(Weather::Cut);
    everybody_hears_that_it_is_away(&app, &admin).await;
    proxy.turn(Weather::Slow(Duration::from_millis(30)));
    load.sells(&app, 5).await;
    proxy.turn(Weather::Fine);
    load.sells(&app, 10).await;
    ends_well(app, load).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_connections_than_the_pool_has_are_swallowed_and_the_shop_sells_over_new_ones() {
    let (app, proxy) = behind_a_network().await;
    // More than there are connections, each in no hurry: a backlog would be waited for afterwards.
    let load = Load::start_with(&app, 30, Duration::from_millis(500));
    load.sells(&app, 60).await;
    proxy.turn(Weather::Swallows);
    let away = load.away();
    app.wait_until("buyers hear of it", async || load.away() > away + 30).await;
    proxy.turn(Weather::Fine);
    // The old connections are still open, and as silent as before.
    load.sells(&app, 30).await;
    let listening = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    app.wait_until("it listens again, over a new one", async || app.ctx.db.try_count(listening).await > Some(1)).await;
    ends_well(app, load).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_were_swallowed_while_nobody_needed_them_turn_nobody_away() {
    let database = TestDatabase::create(Kind::Postgres).await;
    let proxy = Proxy::before(&database.url).await;
    let by_way = proxy.url(&database.url);
    let app = TestApp::start_on(database.by_way_of(&by_way), &[]).await;
    let order = |n: usize| {
        let email = format!("buyer{n}@example.com");
        let app = &app;
        async move { app.post("/api/initiate_preorder", &[("email", email.as_str()), ("color", "sakura-pink")]).await }
    };
    futures::future::join_all((0..20).map(order)).await;
    app.settle_down().await;
    let idle = app.ctx.db.connections()[0].2;
    assert!(idle > 2, "{idle} connections are idle");
    proxy.turn(Weather::Swallows);
    proxy.turn(Weather::Fine);
    for n in 20..24 {
        let answer = order(n).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_makes_one_preorder_and_not_two() {
    let (app, proxy) = behind_a_network().await;
    app.stop_workers().await;
    for buyer in 0..5 {
        let email = format!("lost{buyer}@example.com");
        let form = [("email", email.as_str()), ("color", "sakura-pink"), ("idempotency_key", email.as_str())];
        // With a key of the buyer's, and without one.
        let form = &form[..2 + buyer % 2];
        proxy.turn(Weather::LosesNextCommit);
        let lost = app.post("/api/initiate_preorder", form).await;
        assert_eq!((lost.status, proxy.commits_lost()), (503, buyer + 1), "{}", lost.body);
        let saved = format!("SELECT COUNT(*) FROM preorders WHERE email = '{email}'");
        assert_eq!(app.count(&saved).await, 1, "the proxy has lost more than the answer");
        let again = app.post("/api/initiate_preorder", form).await;
        assert_eq!((again.status, app.count(&saved).await), (200, 1), "{}", again.body);
    }
    // The attempt to pay; then the page that Stripe made for it.
    let id = app.scalar("SELECT id FROM preorders WHERE email = 'lost0@example.com'").await.unwrap();
    let pay = [("preorder_id", id.as_str())];
    for step in ["attempt", "page"] {
        proxy.turn(Weather::LosesNextCommit);
        let lost = app.post("/api/handle_checkout", &pay).await;
        assert_eq!(lost.status, 503, "{step}: {}", lost.body);
    }
    let session = app.post("/api/handle_checkout", &pay).await.session();
    assert_eq!(app.count("SELECT COUNT(*) FROM checkout_attempts").await, 1);
    assert_eq!(app.count("SELECT COUNT(*) FROM preorders WHERE email = 'lost0@example.com'").await, 1);
    // An event: not acknowledged, sent again, and counted once.
    let event = r#"{"id":"evt_lost","type":"customer.created","created":1,"data":{"object":{}}}"#;
    proxy.turn(Weather::LosesNextCommit);
    assert_eq!(app.webhook(event).await.status, 503);
    assert_eq!(app.webhook(event).await.status, 200);
    assert_eq!(app.count("SELECT COUNT(*) FROM webhook_logs WHERE stripe_event_id = 'evt_lost'").await, 1);
    // And the workers' own: a settlement that was committed, and a claim.
    app.pay_by_card(&session, "4242424242424242").await;
    app.wait_until("the events are in", async || {
        app.count("SELECT COUNT(*) FROM webhook_logs WHERE event = 'checkout.session.completed'").await == 1
    })
    .await;
    app.start_workers().await;
    for _ in 0..6 {
        let before = proxy.commits_lost();
        proxy.turn(Weather::LosesNextCommit);
        tokio::time::sleep(Duration::from_millis(150)).await;
        if proxy.commits_lost() == before {
            break;
        }
    }
    proxy.turn(Weather::Fine);
    leases_run_out(&app).await;
    app.wait_until("leases ran out", async || {
        app.count("SELECT COUNT(*) FROM outbox WHERE state = 'running'").await == 0
    })
    .await;
    app.advance(Duration::from_mins(10));
    app.settle_down().await;
    assert_eq!(app.klaviyo_events("Preorder Success").await.len(), 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_was_cut_off_hears_of_others_again() {
    let (app, proxy) = behind_a_network().await;
    let heard = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    app.wait_until("it listens", async || app.count(heard).await == 1).await;
    proxy.turn(Weather::Cut);
    app.wait_until("it is cut off", async || app.get("/readyz").await.status == 503).await;
    proxy.turn(Weather::Fine);
    app.wait_until("it listens again", async || app.ctx.db.try_count(heard).await == Some(1)).await;
    app.finish().await;
}

async fn behind_a_network() -> (TestApp, Proxy) {
    let database = TestDatabase::create(Kind::Postgres).await;
    let proxy = Proxy::before(&database.url).await;
    let by_way = proxy.url(&database.url);
    (shop(database.by_way_of(&by_way)).await, proxy)
}

/// One that waits for a connection not quite as long as in earnest, so that its buyers hear sooner.
async fn shop(database: TestDatabase) -> TestApp {
    patience::with(Duration::from_secs(2), TestApp::start_on(database, &[])).await
}

async fn ends_well(app: TestApp, load: Load) {
    let told = load.end().await;
    assert!(told.away > 0, "nobody noticed anything");
    all_is_there(&app, &told).await;
    assert_eq!(app.get("/readyz").await.status, 200);
    app.finish().await;
}
