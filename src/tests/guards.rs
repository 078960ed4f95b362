//! Negative controls: the guards that matter most are turned off, one at a time, and the harm that they keep away is
//! seen; beside it, the very same race with the guard on, and no harm. So we know that the tests would notice. Guards are
//! turned off by fail points, which hold for a whole process: each control is a process of its own, this test binary
//! started again. Pauses are by appointment, not by luck: who must be overtaken waits until it has been.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use super::app::TestApp;
use super::database::Kind;
use crate::domain::access::{Actor, Role};
use crate::domain::delivery::{DeliveryState, Lane};
use crate::domain::money::{Currency, Money};
use crate::domain::payment::{AttemptState, Decline, Fact, PaymentFact};
use crate::domain::refund::RefundReason;
use crate::domain::timestamp::Timestamp;
use crate::store::Db;
use crate::store::outbox::{self, Finished};
use crate::workflows::WorkflowError;
use crate::workflows::check_promises::check_promises;
use crate::workflows::refunds::{RefundWish, request};
use crate::workflows::settle_payment::settle;

const AS_CHILD: &str = "ROLITT_TEST_GUARD";
/// Whoever is waited for comes, if the guard is off.
const APPOINTMENT: Duration = super::PATIENCE;
/// Nobody comes if the guard is on: this is how much time the other had to show it.
const IN_VAIN: Duration = Duration::from_millis(700);

/// Not a test by itself: one control, in a process whose guards are its own.
#[test]
fn a_control_in_a_process_of_its_own() {
    let Ok(words) = std::env::var(AS_CHILD) else { return };
    let [control, kind, guard]: [&str; 3] = words.split(' ').collect::<Vec<_>>().try_into().unwrap();
    let kind = if kind == "sqlite" { Kind::Sqlite } else { Kind::Postgres };
    let on = guard == "on";
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let harm = runtime.block_on(async {
        match control {
            "unique_event" => unique_event(kind, on).await,
            "row_lock" => row_lock(kind, on).await,
            "row_lock_of_refunds" => row_lock_of_refunds(kind, on).await,
            "skip_locked" => skip_locked(kind, on).await,
            "fencing" => fencing(kind, on).await,
            other => panic!("no such control: {other}"),
        }
    });
    println!("\nharm={}", harm.replace('\n', " "));
}

/// What came of a control, in a word; `none` is what a guard is for.
async fn harm(control: &str, kind: Kind, guard: &str) -> String {
    let kind = if kind == Kind::Sqlite { "sqlite" } else { "postgres" };
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", "tests::guards::a_control_in_a_process_of_its_own", "--nocapture"])
        .env(AS_CHILD, format!("{control} {kind} {guard}"))
        .env("RUST_LOG", "error")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = child.output().await.unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = printed.lines().find_map(|line| line.strip_prefix("harm="));
    let told = told.unwrap_or_else(|| panic!("{control}: {printed}{}", String::from_utf8_lossy(&output.stderr)));
    told.to_owned()
}

macro_rules! controls {
    ($(fn $name:ident() { $control:literal on $kind:ident: $harm:literal })+) => {$(
        #[tokio::test]
        async fn $name() {
            let (with, without) =
                tokio::join!(harm($control, Kind::$kind, "on"), harm($control, Kind::$kind, "off"));
            assert_eq!(with, "none", "the guard is on");
            assert!(without.contains($harm), "the guard is off: {without}");
        }
    )+};
}

controls! {
    fn without_the_unique_event_a_webhook_is_applied_fifty_times_on_sqlite() {
        "unique_event" on Sqlite: "49 stored again, 49 applied again, promises broken: repeats"
    }
    fn without_the_unique_event_a_webhook_is_applied_fifty_times_on_postgres() {
        "unique_event" on Postgres: "49 stored again, 49 applied again, promises broken: repeats"
    }
    fn without_the_row_lock_a_late_refusal_overwrites_a_payment_on_postgres() {
        "row_lock" on Postgres: "the payment is declined, promises broken: ledger"
    }
    // SQLite notices that what was read is old, and refuses the write: nothing is overwritten, and nothing gets done.
    fn without_the_one_writer_one_of_two_settlements_fails_on_sqlite() {
        "row_lock" on Sqlite: "1 settlement failed"
    }
    fn without_the_row_lock_two_admins_refund_more_than_was_paid_on_postgres() {
        "row_lock_of_refunds" on Postgres: "60000 of 49900 are being refunded, promises broken: refunds"
    }
    fn without_stepping_around_locked_rows_two_workers_hold_one_delivery_on_postgres() {
        "skip_locked" on Postgres: "2 deliveries are held twice"
    }
    fn without_the_fencing_token_a_worker_that_slept_has_a_delivery_performed_again_on_sqlite() {
        "fencing" on Sqlite: "performed 2 times"
    }
    fn without_the_fencing_token_a_worker_that_slept_has_a_delivery_performed_again_on_postgres() {
        "fencing" on Postgres: "performed 2 times"
    }
}

async fn app_with(kind: Kind, on: bool, guards: &[&str]) -> TestApp {
    for guard in guards.iter().filter(|_| !on) {
        fail::cfg(*guard, "return").unwrap();
    }
    let app = TestApp::start(kind).await;
    // What is broken on purpose is this module's to count.
    app.cook_the_books();
    app.expect_dead();
    app
}

async fn and_promises(app: &TestApp, harm: String) -> String {
    let findings = check_promises(&app.ctx).await.unwrap();
    let broken: Vec<_> = findings.iter().filter(|finding| finding.broken != 0).map(|finding| finding.name).collect();
    if broken.is_empty() { harm } else { format!("{harm}, promises broken: {}", broken.join(", ")) }
}

async fn unique_event(kind: Kind, on: bool) -> String {
    let app = app_with(kind, on, &["guard.unique_event"]).await;
    if !on {
        drop_uniqueness_of_events(&app.ctx.db).await;
    }
    let (session, id) = app.checkout("ana@example.com").await;
    let body =
        json!({ "id": "evt_50", "object": "event", "type": "checkout.session.completed", "created": 1_700_000_000,
        "data": { "object": { "id": session, "payment_status": "paid", "amount_total": 49_900, "currency": "usd",
            "payment_intent": "pi_50", "metadata": { "preorder_id": id } } } })
        .to_string();
    let answers = futures::future::join_all((0..50).map(|_| app.webhook(&body))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    app.wait_for_badges(&id, "completed/paid").await;
    app.settle_down().await;
    let stored = app.count("SELECT COUNT(*) FROM webhook_logs WHERE stripe_event_id = 'evt_50'").await - 1;
    let applied = "SELECT COUNT(*) FROM outbox WHERE kind = 'apply_stripe_event' AND state = 'done'";
    let applied = app.count(applied).await - 1;
    // The second line of defence: what follows from a payment has keys of its own.
    assert_eq!(app.count("SELECT COUNT(*) FROM payments_ledger").await, 1);
    assert_eq!(app.klaviyo_events("Preorder Success").await.len(), 1);
    let again = format!("{stored} stored again, {applied} applied again");
    let harm = if (stored, applied) == (0, 0) { "none".to_owned() } else { again };
    let harm = and_promises(&app, harm).await;
    app.finish().await;
    harm
}

async fn drop_uniqueness_of_events(db: &Db) {
    if matches!(db, Db::Postgres(_)) {
        db.execute("ALTER TABLE webhook_logs DROP CONSTRAINT webhook_logs_stripe_event_id_key").await;
        return;
    }
    let made = db.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'webhook_logs'").await.unwrap();
    assert_eq!(made.matches(" UNIQUE").count(), 1, "{made}");
    db.execute("ALTER TABLE webhook_logs RENAME TO guarded").await;
    db.execute(&made.replace(" UNIQUE", "")).await;
}

/// Two who read the same rows. The first one who has read waits until the second has as well; the second one, until
/// the first is done.
#[derive(Default)]
struct Appointment {
    here: AtomicUsize,
    first_is_done: AtomicBool,
}

impl Appointment {
    fn after_the_read(on: bool) -> Arc<Self> {
        let appointment = Arc::new(Self::default());
        let patience = if on { IN_VAIN } else { APPOINTMENT };
        let met = Arc::clone(&appointment);
        fail::cfg_callback("guard.money_read", move || met.arrive(patience)).unwrap();
        appointment
    }

    fn arrive(&self, patience: Duration) {
        let number = self.here.fetch_add(1, Ordering::SeqCst);
        let began = Instant::now();
        let goes_on = || match number {
            0 => self.here.load(Ordering::SeqCst) > 1,
            1 => self.first_is_done.load(Ordering::SeqCst),
            _ => true,
        };
        // In place: whatever else this thread was to do, others do meanwhile.
        tokio::task::block_in_place(|| {
            while !goes_on() && began.elapsed() < patience {
                std::thread::sleep(Duration::from_millis(2));
            }
        });
    }

    /// Runs the two, the first one first.
    async fn of<T: Send + 'static>(
        self: Arc<Self>,
        first: impl Future<Output = T> + Send + 'static,
        second: impl Future<Output = T> + Send + 'static,
    ) -> (T, T) {
        let first = tokio::spawn(first);
        while self.here.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let second = tokio::spawn(second);
        let first = first.await.unwrap();
        self.first_is_done.store(true, Ordering::SeqCst);
        let second = second.await.unwrap();
        fail::remove("guard.money_read");
        (first, second)
    }
}

async fn row_lock(kind: Kind, on: bool) -> String {
    const GUARDS: [&str; 2] = ["guard.row_lock", "guard.one_writer"];
    // SQLite opens its connections by the guard; until the race it is on.
    let app = app_with(kind, on, &GUARDS).await;
    for guard in &GUARDS {
        fail::remove(*guard);
    }
    let (session, id) = app.checkout("ana@example.com").await;
    app.settle_down().await;
    app.stop_workers().await;
    for guard in GUARDS.iter().filter(|_| !on) {
        fail::cfg(*guard, "return").unwrap();
    }
    let fact = |outcome| {
        Fact::from(PaymentFact {
            preorder_id: Some(id.clone()),
            attempt_id: None,
            session_id: Some(session.clone()),
            payment_intent_id: Some("pi_race".to_owned()),
            outcome,
            received: (outcome == AttemptState::Paid).then_some(Money::new(49_900, Currency::Usd)),
            decline: (outcome == AttemptState::Declined)
                .then(|| Decline { code: "refused".to_owned(), message: "no".to_owned() }),
            card: None,
            shipping_address: None,
            shipping_country: None,
            occurred_at: Timestamp::from_seconds(1_700_000_000),
        })
    };
    let settled = |fact: Fact| {
        let ctx = app.ctx.clone();
        async move { settle(&ctx, &fact).await }
    };
    let appointment = Appointment::after_the_read(on);
    let (paid, refused) =
        appointment.of(settled(fact(AttemptState::Paid)), settled(fact(AttemptState::Declined))).await;
    let failed = [paid.err(), refused.err()].into_iter().flatten().count();
    let state = app.scalar("SELECT state FROM checkout_attempts").await.unwrap();
    let harm = match (failed, state.as_str()) {
        (0, "paid") => "none".to_owned(),
        (0, state) => format!("the payment is {state}"),
        (failed, _) => format!("{failed} settlement failed"),
    };
    let harm = and_promises(&app, harm).await;
    for guard in &GUARDS {
        fail::remove(*guard);
    }
    app.start_workers().await;
    app.finish().await;
    harm
}

async fn row_lock_of_refunds(kind: Kind, on: bool) -> String {
    let app = app_with(kind, on, &["guard.row_lock"]).await;
    let (session, id) = app.checkout("ana@example.com").await;
    app.pay_by_card(&session, "4242424242424242").await;
    app.wait_for_badges(&id, "completed/paid").await;
    app.settle_down().await;
    app.stop_workers().await;
    let ask = |form_key: &str| {
        let wish = RefundWish {
            preorder_id: id.parse().unwrap(),
            amount: Money::new(30_000, Currency::Usd),
            reason: RefundReason::RequestedByCustomer,
            form_key: form_key.to_owned(),
        };
        let ctx = app.ctx.clone();
        async move {
            let owner = Actor {
                id: None,
                name: "owner@example.com".to_owned(),
                role: Role::Owner,
                request_id: None,
                address: None,
            };
            request(&ctx, &owner, &wish).await
        }
    };
    let (first, second) = Appointment::after_the_read(on).of(ask("one"), ask("two")).await;
    assert!(first.is_ok());
    assert!(!on || matches!(second, Err(WorkflowError::Refused { code: "amount_too_high", .. })));
    let asked = app.count("SELECT CAST(SUM(amount_minor) AS BIGINT) FROM refunds").await;
    let harm = if asked > 49_900 { format!("{asked} of 49900 are being refunded") } else { "none".to_owned() };
    let harm = and_promises(&app, harm).await;
    app.start_workers().await;
    app.finish().await;
    harm
}

async fn skip_locked(kind: Kind, on: bool) -> String {
    let app = app_with(kind, on, &["guard.skip_locked"]).await;
    app.stop_workers().await;
    for buyer in ["ana", "bo"] {
        let email = format!("{buyer}@example.com");
        assert_eq!(
            app.post("/api/initiate_preorder", &[("email", &email), ("color", "sakura-pink")]).await.status,
            200
        );
    }
    let claim = |token: &'static str| {
        let ctx = app.ctx.clone();
        async move {
            let now = ctx.clock.now();
            let mut tx = ctx.db.begin().await.unwrap();
            let claimed = outbox::claim(&mut tx, Lane::Klaviyo, 8, token, now, now).await.unwrap();
            (tx, claimed)
        }
    };
    let (tx, first) = claim("first").await;
    let second = tokio::spawn(claim("second"));
    let waits = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    app.wait_until("the second has claimed or waits for the first", async || {
        second.is_finished() || app.count(waits).await > 0
    })
    .await;
    tx.commit().await.unwrap();
    let (tx, second) = second.await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(first.len(), 2);
    let twice = second.iter().filter(|row| first.iter().any(|other| other.id == row.id)).count();
    app.start_workers().await;
    app.finish().await;
    if twice == 0 { "none".to_owned() } else { format!("{twice} deliveries are held twice") }
}

async fn fencing(kind: Kind, on: bool) -> String {
    let app = app_with(kind, on, &["guard.fencing"]).await;
    app.stop_workers().await;
    assert_eq!(
        app.post("/api/initiate_preorder", &[("email", "ana@example.com"), ("color", "sakura-pink")]).await.status,
        200
    );
    // A worker claims, and sleeps past its lease, which was short.
    let now = app.ctx.clock.now();
    let mut tx = app.ctx.db.begin().await.unwrap();
    let held = outbox::claim(&mut tx, Lane::Klaviyo, 1, "sleeper", now, now).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(held.len(), 1);
    // Others find that it did not come back, and perform.
    app.start_workers().await;
    app.settle_down().await;
    // It wakes, believes that its call failed, and writes that down.
    let now = app.ctx.clock.now();
    let failed = Finished { state: DeliveryState::Pending, run_at: Some(now), error: Some("no answer") };
    let mut tx = app.ctx.db.begin().await.unwrap();
    let written = outbox::finish(&mut tx, &held[0].id, "sleeper", &failed, now).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(written, !on);
    app.ctx.bell.ring_all();
    app.settle_down().await;
    let inbox = app.inbox().await;
    let performed = inbox["klaviyo"].as_array().unwrap().iter().filter(|e| e["metric"] == "Preorder Started").count();
    app.finish().await;
    if performed == 1 { "none".to_owned() } else { format!("performed {performed} times") }
}
