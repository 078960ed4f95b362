//! `rolitt demo`: invented orders that hold together like real ones.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::database::{Kind, TestDatabase};
use super::program::run_to_end;
use crate::demo::{Plan, fill};
use crate::domain::delivery::Delivery;
use crate::domain::payment::Fact;
use crate::domain::preorder::{FulfilmentStatus, PaymentStatus, PreorderStatus};
use crate::domain::refund::{DisputeState, LedgerKind, RefundState};
use crate::domain::timestamp::Timestamp;
use crate::providers::payments::stripe::event::{self, Reading};
use crate::store::Db;
use crate::store::bulk_rows::Batch;
use crate::store::filling::Filling;

const UNTIL: &str = "2026-11-01";
const PLAN: Plan = Plan { preorders: 400, seed: 1, days: 365, until: Timestamp::from_seconds(1_793_491_200) };

/// Of the rows of all tables. Ids begin with their rows' times, so these are in it.
async fn digest(db: &Db) -> String {
    let all = [
        "SELECT id || preorder_number || idempotency_key || email || COALESCE(name, '') || color || status || payment_status \
         || fulfilment_status || COALESCE(session_id, '') || COALESCE(shipping_address, '') || COALESCE(tracking_number, '') \
         FROM preorders ORDER BY id",
        "SELECT id || idempotency_key || state || COALESCE(payment_intent_id, '') || COALESCE(decline_code, '') \
         FROM checkout_attempts ORDER BY id",
        "SELECT id || event || status || raw_data FROM webhook_logs ORDER BY id",
        "SELECT id || dedupe_key || payload || state || COALESCE(last_error, '') FROM outbox ORDER BY id",
        "SELECT delivery_id || answer || outcome FROM delivery_attempts ORDER BY delivery_id, number",
        "SELECT id || state || COALESCE(requested_by, '') FROM refunds ORDER BY id",
        "SELECT id || state || COALESCE(reason, '') FROM disputes ORDER BY id",
        "SELECT id || dedupe_key FROM payments_ledger ORDER BY id",
        "SELECT id || body FROM notes ORDER BY id",
        "SELECT id || actor || action || detail FROM audit_log ORDER BY id",
    ];
    assert_eq!(all.len(), Batch::TABLES.len());
    let mut digest = Sha256::new();
    for sql in all {
        for row in db.texts(sql).await {
            digest.update(row.as_bytes());
        }
    }
    format!("{:x}", digest.finalize())
}

async fn filled(kind: Kind, plan: Plan) -> (TestDatabase, Db) {
    let database = TestDatabase::create(kind).await;
    let db = database.open().await;
    fill(&db, plan, |_| ()).await.unwrap();
    (database, db)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_makes_the_same_rows_on_either_database_and_another_seed_makes_others() {
    let mut digests = Vec::new();
    for (kind, seed) in [(Kind::Sqlite, 1), (Kind::Sqlite, 1), (Kind::Postgres, 1), (Kind::Sqlite, 2)] {
        let (database, db) = filled(kind, Plan { seed, ..PLAN }).await;
        digests.push(digest(&db).await);
        db.close().await;
        database.remove().await;
    }
    assert_eq!(digests[0], digests[1], "the same seed made other rows");
    assert_eq!(digests[0], digests[2], "PostgreSQL has other rows than SQLite");
    assert_ne!(digests[0], digests[3], "another seed made the same rows");
}

async fn records_agree(kind: Kind) {
    let (database, db) = filled(kind, PLAN).await;
    assert_eq!(db.count("SELECT COUNT(*) FROM preorders").await, 400);

    // What the doctor looks for.
    super::promises::are_kept_in(&db, PLAN.until).await;

    // The ledger says of each preorder what attempts, refunds and disputes say.
    let books = "SELECT COUNT(*) FROM preorders p WHERE \
         (SELECT COALESCE(SUM(amount_minor), 0) FROM payments_ledger l WHERE l.preorder_id = p.id) <> \
         (SELECT COALESCE(SUM(received_minor), 0) FROM checkout_attempts a WHERE a.preorder_id = p.id AND a.state = 'paid') - \
         (SELECT COALESCE(SUM(amount_minor), 0) FROM refunds r WHERE r.preorder_id = p.id \
          AND r.state IN ('requires_action', 'pending', 'succeeded')) - \
         (SELECT COALESCE(SUM(amount_minor), 0) FROM disputes d WHERE d.preorder_id = p.id \
          AND d.state IN ('needs_response', 'under_review', 'lost'))";
    assert_eq!(db.count(books).await, 0, "the ledger does not add up");
    for (badge, sum) in [
        ("paid", "= p.amount_minor"),
        ("refunded", "= 0"),
        ("partially_refunded", "BETWEEN 1 AND p.amount_minor - 1"),
        ("unpaid", "= 0"),
    ] {
        let odd = format!(
            "SELECT COUNT(*) FROM preorders p WHERE payment_status = '{badge}' AND NOT \
             (SELECT COALESCE(SUM(amount_minor), 0) FROM payments_ledger l WHERE l.preorder_id = p.id) {sum}"
        );
        assert_eq!(db.count(&odd).await, 0, "{badge}");
    }
    for odd in [
        "preorders WHERE (paid_at IS NOT NULL) <> (status = 'completed')",
        "preorders WHERE (paid_at IS NOT NULL) <> (payment_status IN ('paid', 'refunded', 'partially_refunded', 'disputed'))",
        "preorders WHERE (tracking_number IS NOT NULL) <> (fulfilment_status = 'fulfilled')",
        "preorders WHERE (fulfilled_at IS NOT NULL) <> (fulfilment_status = 'fulfilled')",
        "preorders WHERE (cancelled_at IS NOT NULL) <> (status = 'cancelled')",
        "preorders WHERE (country IS NULL) <> (paid_at IS NULL)",
        "preorders WHERE country IS NOT NULL AND shipping_address NOT LIKE '%, ' || country",
        "preorders WHERE updated_at < created_at OR paid_at < created_at OR fulfilled_at < paid_at",
        "preorders WHERE email NOT LIKE '%@%example%'",
        "outbox WHERE (state = 'pending') <> (finished_at IS NULL)",
        "outbox WHERE (state = 'done') <> (last_error IS NULL) AND attempts > 0",
        "outbox o WHERE o.attempts <> (SELECT COUNT(*) FROM delivery_attempts d WHERE d.delivery_id = o.id)",
        "webhook_logs WHERE (preorder_id IS NULL) <> (email IS NULL)",
        "disputes WHERE state IN ('needs_response', 'warning_needs_response') AND due_at IS NULL",
    ] {
        assert_eq!(db.count(&format!("SELECT COUNT(*) FROM {odd}")).await, 0, "{odd}");
    }
    for (table, time) in [
        ("preorders", "updated_at"),
        ("webhook_logs", "processed_at"),
        ("outbox", "finished_at"),
        ("checkout_attempts", "updated_at"),
        ("refunds", "updated_at"),
        ("disputes", "updated_at"),
        ("audit_log", "at"),
        ("notes", "created_at"),
    ] {
        let until = match kind {
            Kind::Sqlite => PLAN.until.millis().to_string(),
            Kind::Postgres => format!("'{UNTIL}T00:00:00Z'::timestamptz"),
        };
        let late = format!("SELECT COUNT(*) FROM {table} WHERE {time} > {until}");
        assert_eq!(db.count(&late).await, 0, "{table} speaks of the future");
    }
    let dead = db.count("SELECT COUNT(*) FROM outbox WHERE state = 'dead'").await;
    assert!((1..40).contains(&dead), "{dead} deliveries were given up");
    db.close().await;
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invented_records_agree_with_each_other_on_sqlite() {
    records_agree(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invented_records_agree_with_each_other_on_postgres() {
    records_agree(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_hundred_preorders_hold_every_end_that_there_is() {
    let (database, db) = filled(Kind::Sqlite, PLAN).await;
    let every = [
        ("status FROM preorders", words(PreorderStatus::ALL)),
        ("payment_status FROM preorders", words(PaymentStatus::ALL)),
        ("fulfilment_status FROM preorders", words(FulfilmentStatus::ALL)),
        ("state FROM disputes", words(DisputeState::ALL)),
        ("kind FROM payments_ledger", words(LedgerKind::ALL)),
        ("state FROM refunds", words(&RefundState::ALL[1..])),
        ("state FROM outbox", ["dead", "done", "pending"].map(str::to_owned).to_vec()),
        ("status FROM webhook_logs", ["failed", "ignored", "success"].map(str::to_owned).to_vec()),
        (
            "state FROM checkout_attempts",
            ["declined", "expired", "failed", "open", "paid", "pending"].map(str::to_owned).to_vec(),
        ),
    ];
    for (column, mut words) in every {
        words.sort();
        let sql = format!("SELECT DISTINCT {column} ORDER BY 1");
        assert_eq!(db.texts(&sql).await, words, "{column}");
    }
    assert!(
        db.texts("SELECT DISTINCT decline_code FROM checkout_attempts WHERE decline_code IS NOT NULL").await.len() > 3
    );
    assert!(db.texts("SELECT DISTINCT country FROM preorders WHERE country IS NOT NULL").await.len() > 8);
    assert!(
        db.count("SELECT COUNT(*) FROM outbox WHERE state = 'done' AND attempts > 1").await > 0,
        "nothing was tried again"
    );
    let paid = db.count("SELECT COUNT(*) FROM preorders WHERE paid_at IS NOT NULL").await;
    assert!((220..290).contains(&paid), "{paid} of 400 paid");
    db.close().await;
    database.remove().await;
}

fn words<T: std::fmt::Display>(all: &[T]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_providers_are_said_to_have_sent_is_read_like_what_they_send() {
    let (database, db) = filled(Kind::Sqlite, PLAN).await;
    let attempts: BTreeMap<String, String> = db
        .texts("SELECT id || ' ' || state FROM checkout_attempts")
        .await
        .iter()
        .filter_map(|row| row.split_once(' ').map(|(id, state)| (id.to_owned(), state.to_owned())))
        .collect();
    for row in db
        .texts(
            "SELECT status || ' ' || raw_data FROM webhook_logs WHERE event LIKE 'checkout%' OR event LIKE 'payment%'",
        )
        .await
    {
        let (status, raw) = row.split_once(' ').unwrap();
        match (status, event::read(raw)) {
            ("success", Reading::Fact(Fact::Payment(fact))) => {
                let state = &attempts[&fact.attempt_id.unwrap()];
                let known = state.parse::<crate::domain::payment::AttemptState>().unwrap();
                assert_eq!(known.join(fact.outcome), known, "an event knows more than its attempt: {raw}");
            }
            ("ignored", Reading::Ignored) | ("failed", Reading::Odd(_) | Reading::Fact(_)) => {}
            (status, reading) => panic!("{status} but {reading:?}: {raw}"),
        }
    }
    for row in db.texts("SELECT dedupe_key || ' ' || payload FROM outbox").await {
        let (key, payload) = row.split_once(' ').unwrap();
        assert_eq!(serde_json::from_str::<Delivery>(payload).unwrap().dedupe_key(), key);
    }
    for detail in db.texts("SELECT detail FROM audit_log").await {
        assert!(serde_json::from_str::<serde_json::Value>(&detail).is_ok_and(|detail| detail.is_object()), "{detail}");
    }
    db.close().await;
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn indexes_that_were_put_aside_are_all_there_again_whether_it_ended_well_or_broke_off() {
    const INDEXES: &str = "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() ORDER BY 1";
    let database = TestDatabase::create(Kind::Postgres).await;
    let db = database.open().await;
    let before = db.texts(INDEXES).await;
    assert!(before.len() > 20, "{before:?}");
    let broken_off = Filling::begin(&db, true, true).await.unwrap();
    let Filling::Postgres { indexes, .. } = &broken_off else { panic!("not PostgreSQL") };
    assert!(indexes.len() > 10 && indexes.iter().all(|index| !index.contains("UNIQUE")), "{indexes:?}");
    drop(broken_off);
    assert_eq!(db.texts(INDEXES).await, before);
    Filling::begin(&db, true, true).await.unwrap().finish().await.unwrap();
    assert_eq!(db.texts(INDEXES).await, before);
    db.close().await;
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_fills_an_empty_database_and_asks_before_it_touches_another() {
    let database = TestDatabase::create(Kind::Sqlite).await;
    let url = ("DATABASE_URL", database.url.as_str());
    let command = "demo --preorders 30 --until 2026-11-01";
    let (status, printed) = run_to_end(command, &[url], "").await;
    assert_eq!(status, 0, "{printed}");
    assert!(printed.contains("30 preorders") && printed.contains("rolitt serve"), "{printed}");
    let (status, printed) = run_to_end("doctor", &[url], "").await;
    assert!(printed.contains("✓ payments") && printed.contains("✓ amounts"), "{status}: {printed}");

    let (status, printed) = run_to_end(command, &[url], "").await;
    assert!(status == 2 && printed.contains("--i-know"), "{status}: {printed}");
    let (status, printed) = run_to_end(&format!("{command} --i-know"), &[url], "").await;
    assert!(status == 1 && printed.contains("--seed"), "{status}: {printed}");
    let (status, printed) = run_to_end(&format!("{command} --i-know --seed 2"), &[url], "").await;
    assert_eq!(status, 0, "{printed}");
    let db = database.open().await;
    assert_eq!(db.count("SELECT COUNT(*) FROM preorders").await, 60);
    db.close().await;

    let (status, printed) = run_to_end("demo", &[url], "").await;
    assert_eq!(status, 2, "{printed}");
    let (status, printed) = run_to_end("demo --preorders 3 --until tomorrow", &[url], "").await;
    assert_eq!(status, 2, "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_invented_in_production_nor_told_to_a_real_provider() {
    let database = TestDatabase::create(Kind::Sqlite).await;
    let production = [
        ("DATABASE_URL", database.url.as_str()),
        ("ROLITT_ENV", "production"),
        ("PUBLIC_BASE_URL", "https://shop.example"),
        ("STRIPE_SECRET_KEY", "sk_live_1"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_1"),
    ];
    let (status, printed) = run_to_end("demo --preorders 3 --i-know", &production, "").await;
    assert!(status == 1 && printed.contains("ROLITT_ENV"), "{status}: {printed}");
    let real = [("DATABASE_URL", database.url.as_str()), ("KLAVIYO_API_KEY", "pk_1")];
    let (status, printed) = run_to_end("demo --preorders 3", &real, "").await;
    assert!(status == 2 && printed.contains("KLAVIYO_API_KEY"), "{status}: {printed}");
    let db = database.open().await;
    assert_eq!(db.count("SELECT COUNT(*) FROM preorders").await, 0);
    db.close().await;
}
