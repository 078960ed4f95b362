//! Every function of the store, the same suite on SQLite and on PostgreSQL.

use std::time::Duration;

use sqlx::Connection;

use super::database::{Kind, TestDatabase};
use crate::domain::catalog::ColorId;
use crate::domain::contact::{Email, PersonName, Phone};
use crate::domain::delivery::{Delivery, DeliveryState, Lane};
use crate::domain::ids::{AdminId, AttemptId, DeliveryId, PreorderId, PreorderNumber, SessionId, WebhookId};
use crate::domain::locale::Locale;
use crate::domain::money::{Currency, Money};
use crate::domain::payment::AttemptState;
use crate::domain::preorder::{NewPreorder, PaymentStatus, PreorderStatus, Progress};
use crate::domain::timestamp::Timestamp;
use crate::store::admins::sessions::{self, NewSession};
use crate::store::attempts::Attempt;
use crate::store::outbox::{DeliveryAttempt, Enqueued, Finished};
use crate::store::preorders::{Preorder, Settled};
use crate::store::webhooks::{Applied, WebhookStatus};
use crate::store::{Db, StoreError, admins, attempts, catalog, doctor, on_tx, outbox, preorders, webhooks};
use crate::workflows::settle_payment::blank_attempt;

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_123);

macro_rules! on_both_stores {
    ($(async fn $name:ident($db:ident: &Db) $body:block)+) => {$(
        mod $name {
            use super::*;

            async fn test($db: &Db) $body

            async fn run(kind: Kind) {
                let database = TestDatabase::create(kind).await;
                let db = database.open().await;
                test(&db).await;
                db.close().await;
                database.remove().await;
            }

            #[tokio::test]
            async fn on_sqlite() {
                run(Kind::Sqlite).await;
            }

            #[tokio::test]
            async fn on_postgres() {
                run(Kind::Postgres).await;
            }
        }
    )+};
}

fn new_preorder(email: &str) -> NewPreorder {
    NewPreorder {
        email: Email::parse(email).unwrap(),
        name: None,
        phone: None,
        color: ColorId::parse("sakura-pink").unwrap(),
        price: Money::new(49_900, Currency::Usd),
        locale: Locale::Zh,
        marketing_consent: false,
        idempotency_key: None,
    }
}

async fn insert(db: &Db, n: u64, key: &str, new: &NewPreorder, at: Timestamp) -> Preorder {
    let mut tx = db.begin().await.unwrap();
    let id = PreorderId::from_unique(&format!("{n:04}"));
    let number = PreorderNumber::from_random(n);
    let preorder = preorders::insert_or_find(&mut tx, &id, &number, key, new, None, "", at).await.unwrap();
    tx.commit().await.unwrap();
    preorder
}

fn enqueued(n: u64, delivery: Delivery) -> Enqueued {
    Enqueued { id: DeliveryId::from_unique(&format!("{n:04}")), delivery, trace_id: Some("req_1".to_owned()) }
}

async fn stands_as_written(db: &Db) {
    let entry = "SELECT id || ' ' || amount_minor FROM payments_ledger";
    assert_eq!(db.texts(entry).await, ["led_1 100"]);
    assert_eq!(db.texts("SELECT id || ' ' || actor FROM audit_log").await, ["aud_1 ana"]);
}

on_both_stores! {
    async fn what_is_committed_is_there_and_what_is_not_never_was(db: &Db) {
        let new = new_preorder("ana@example.com");
        let mut tx = db.begin().await.unwrap();
        let (id, number) = (PreorderId::from_unique("1"), PreorderNumber::from_random(1));
        preorders::insert_or_find(&mut tx, &id, &number, "k", &new, None, "", NOW).await.unwrap();
        drop(tx);
        assert_eq!(preorders::find(db, &id).await.unwrap(), None);
        let saved = insert(db, 1, "k", &new, NOW).await;
        let found = preorders::find(db, &saved.id).await.unwrap().unwrap();
        assert_eq!(found, saved);
        assert_eq!((found.created_at, found.locale, found.price()), (NOW, Locale::Zh, new.price));
        assert_eq!(found.progress(), Progress::NEW);
        let number = PreorderNumber::parse(&found.preorder_number).unwrap();
        assert_eq!(preorders::find_by_number(db, &number).await.unwrap().unwrap().id, saved.id);
    }

    async fn a_second_insert_under_a_key_adds_and_only_its_own_browser_replaces(db: &Db) {
        let contact = |name: &str, phone: &str, marketing_consent| NewPreorder {
            name: PersonName::parse(name).ok(),
            phone: Phone::parse(phone).ok(),
            marketing_consent,
            ..new_preorder("ana@example.com")
        };
        let again = async |new: &NewPreorder, own: Option<&PreorderId>| {
            let mut tx = db.begin().await.unwrap();
            let (id, number) = (PreorderId::from_unique("again"), PreorderNumber::from_random(77));
            let found = preorders::insert_or_find(&mut tx, &id, &number, "k", new, own, "", NOW).await.unwrap();
            tx.commit().await.unwrap();
            (found.id, found.name.unwrap_or_default(), found.phone.unwrap_or_default(), found.marketing_consent)
        };
        let first = insert(db, 1, "k", &new_preorder("ana@example.com"), NOW).await.id;
        let own = Some(&first);
        let told = |name: &str, phone: &str, consent| (first.clone(), name.to_owned(), phone.to_owned(), consent);
        assert_eq!(again(&contact("Ana", "+4915123456789", true), None).await, told("Ana", "+4915123456789", false));
        assert_eq!(again(&contact("Eve", "+4900000000001", true), None).await, told("Ana", "+4915123456789", false));
        assert_eq!(again(&contact("Ann", "", true), own).await, told("Ann", "+4915123456789", true));
        db.execute(&format!("UPDATE preorders SET paid_at = updated_at WHERE id = '{first}'")).await;
        assert_eq!(again(&contact("Late", "+4915100000000", true), own).await, told("Ann", "+4915123456789", true));
    }

    async fn a_number_that_is_taken_is_a_duplicate(db: &Db) {
        insert(db, 1, "k1", &new_preorder("a@example.com"), NOW).await;
        let mut tx = db.begin().await.unwrap();
        let id = PreorderId::from_unique("other");
        let number = PreorderNumber::from_random(1);
        let taken = preorders::insert_or_find(&mut tx, &id, &number, "k2", &new_preorder("b@example.com"), None, "", NOW).await;
        assert!(matches!(taken, Err(StoreError::Duplicate)), "{taken:?}");
    }

    async fn settling_writes_everything_it_is_given(db: &Db) {
        let preorder = insert(db, 1, "open:x", &new_preorder("ana@example.com"), NOW).await;
        let mut tx = db.begin().await.unwrap();
        preorders::begin_processing(&mut tx, &preorder.id, NOW).await.unwrap();
        let locked = preorders::lock(&mut tx, &preorder.id).await.unwrap().unwrap();
        assert_eq!(locked.status, PreorderStatus::Processing);
        let settled = Settled {
            progress: locked.progress().mark_paid(NOW, crate::domain::refund::Returned::default()),
            idempotency_key: "closed:x",
            session_id: Some("cs_1"),
            payment_intent_id: Some("pi_1"),
            shipping_address: Some("Torstraße 1"),
            country: None,
            owes: "",
        };
        preorders::save_settled(&mut tx, &preorder.id, &settled, NOW).await.unwrap();
        preorders::begin_processing(&mut tx, &preorder.id, NOW).await.unwrap();
        preorders::save_user(&mut tx, &preorder.id, "user_1", NOW).await.unwrap();
        preorders::save_klaviyo_sent(&mut tx, &preorder.id, NOW).await.unwrap();
        preorders::save_klaviyo_sent(&mut tx, &preorder.id, NOW + Duration::from_secs(9)).await.unwrap();
        tx.commit().await.unwrap();
        let found = preorders::find(db, &preorder.id).await.unwrap().unwrap();
        assert_eq!((found.status, found.payment_status), (PreorderStatus::Completed, PaymentStatus::Paid));
        assert_eq!((found.paid_at, found.klaviyo_event_sent_at), (Some(NOW), Some(NOW)));
        assert_eq!((found.user_id.as_deref(), found.session_id.as_deref()), (Some("user_1"), Some("cs_1")));
        assert_eq!(catalog::paid_preorders(db).await.unwrap(), 1);
    }

    async fn an_attempt_climbs_and_is_found_by_every_name(db: &Db) {
        let preorder = insert(db, 1, "k", &new_preorder("ana@example.com"), NOW).await;
        let mut attempt = Attempt {
            id: AttemptId::from_unique("1"),
            preorder_id: preorder.id.clone(),
            number: 1,
            provider: "stripe".to_owned(),
            idempotency_key: "key".to_owned(),
            amount_minor: 49_900,
            ..blank_attempt(NOW)
        };
        let mut tx = db.begin().await.unwrap();
        attempts::insert(&mut tx, &attempt).await.unwrap();
        attempt.state = AttemptState::Paid;
        attempt.session_id = Some("cs_1".to_owned());
        attempt.payment_intent_id = Some("pi_1".to_owned());
        attempt.url = Some("https://pay.example".to_owned());
        attempt.received_minor = Some(49_900);
        attempt.received_currency = Some(Currency::Usd);
        attempt.decline_code = Some("generic_decline".to_owned());
        attempt.card_last4 = Some("4242".to_owned());
        attempt.opened_at = Some(NOW);
        attempt.expires_at = Some(NOW + Duration::from_hours(24));
        attempt.paid_at = Some(NOW);
        attempts::save(&mut tx, &attempt, NOW).await.unwrap();
        assert_eq!(attempts::of_preorder(&mut tx, &preorder.id).await.unwrap(), [attempt.clone()]);
        tx.commit().await.unwrap();
        assert_eq!(attempts::list(db, &preorder.id).await.unwrap(), [attempt.clone()]);
        assert_eq!(attempts::find_by_session(db, "cs_1").await.unwrap(), Some(attempt.clone()));
        assert_eq!(attempts::find_by_payment_intent(db, "pi_1").await.unwrap(), Some(attempt.clone()));
        assert_eq!(attempts::find_by_session(db, "cs_2").await.unwrap(), None);
        // The doctor sees a payment that its preorder does not know of.
        assert_eq!(doctor::money::PAYMENTS_THAT_DISAGREE.count(db, NOW).await.unwrap(), 1);
        let mut tx = db.begin().await.unwrap();
        let twice = attempts::insert(&mut tx, &Attempt { id: AttemptId::from_unique("2"), ..attempt }).await;
        assert!(matches!(twice, Err(StoreError::Duplicate)));
    }

    async fn an_event_is_stored_once_and_marked_when_applied(db: &Db) {
        let preorder = insert(db, 1, "k", &new_preorder("ana@example.com"), NOW).await;
        let id = WebhookId::from_unique("1");
        let mut tx = db.begin().await.unwrap();
        assert!(webhooks::insert(&mut tx, &id, "x", "evt_1", "{\"ä\":1}", NOW).await.unwrap());
        assert!(!webhooks::insert(&mut tx, &WebhookId::from_unique("2"), "x", "evt_1", "{}", NOW).await.unwrap());
        let applied = Applied { status: WebhookStatus::Success, preorder_id: Some(&preorder.id), email: Some("ana@example.com"), error: None };
        webhooks::save_applied(&mut tx, &id, &applied, NOW).await.unwrap();
        webhooks::save_klaviyo_sent(&mut tx, &preorder.id, NOW).await.unwrap();
        tx.commit().await.unwrap();
        let found = webhooks::find(db, &id).await.unwrap().unwrap();
        assert_eq!((found.status, found.attempts, found.raw_data.as_str()), (WebhookStatus::Success, 1, "{\"ä\":1}"));
        assert_eq!((found.received_at, found.processed_at), (NOW, Some(NOW)));
        assert_eq!(webhooks::of_preorder(db, &preorder.id).await.unwrap().len(), 1);
        assert!(webhooks::find(db, &WebhookId::from_unique("2")).await.unwrap().is_none());
    }

    async fn a_delivery_is_enqueued_once_claimed_once_and_finished_by_its_holder(db: &Db) {
        let preorder_id = PreorderId::from_unique("1");
        let rows = [
            enqueued(1, Delivery::KlaviyoPreorderStarted { preorder_id: preorder_id.clone() }),
            enqueued(2, Delivery::CreateFirebaseUser { preorder_id: preorder_id.clone() }),
            enqueued(3, Delivery::KlaviyoPreorderStarted { preorder_id: preorder_id.clone() }),
        ];
        let mut tx = db.begin().await.unwrap();
        outbox::enqueue(&mut tx, &rows, NOW).await.unwrap();
        outbox::enqueue(&mut tx, &[], NOW).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(outbox::of_preorder(db, &preorder_id).await.unwrap().len(), 2);
        let (early, later) = (NOW - Duration::from_secs(1), NOW + Duration::from_mins(1));
        assert!(!outbox::any_due(db, Lane::Klaviyo, early).await.unwrap());
        assert!(outbox::any_due(db, Lane::Klaviyo, NOW).await.unwrap());
        assert!(!outbox::any_due(db, Lane::Settlement, NOW).await.unwrap());

        let mut tx = db.begin().await.unwrap();
        let claimed = outbox::claim(&mut tx, Lane::Klaviyo, 10, "token", NOW, later).await.unwrap();
        assert_eq!((claimed.len(), claimed[0].attempts, claimed[0].trace_id.as_deref()), (1, 1, Some("req_1")));
        assert!(outbox::claim(&mut tx, Lane::Klaviyo, 10, "other", NOW, later).await.unwrap().is_empty());
        tx.commit().await.unwrap();
        let id = &claimed[0].id;

        let again = Finished { state: DeliveryState::Pending, run_at: Some(later), error: Some("away") };
        let mut tx = db.begin().await.unwrap();
        assert!(!outbox::finish(&mut tx, id, "other", &again, NOW).await.unwrap());
        assert!(outbox::finish(&mut tx, id, "token", &again, NOW).await.unwrap());
        let attempt = DeliveryAttempt {
            delivery_id: id.clone(), number: 1, started_at: NOW, duration_ms: 5, outcome: "pending".to_owned(),
            answer: "away".to_owned(), retry_at: Some(later), worker: Some("web.1".to_owned()),
        };
        outbox::record_attempt(&mut tx, &attempt).await.unwrap();
        outbox::record_attempt(&mut tx, &attempt).await.unwrap();
        tx.commit().await.unwrap();
        assert!(!outbox::any_due(db, Lane::Klaviyo, NOW).await.unwrap());
        assert_eq!(outbox::attempts_written(db, id, 0).await.unwrap(), 1);
        let tries = outbox::attempts_of_preorder(db, &preorder_id).await.unwrap();
        assert_eq!((tries.len(), tries[0].retry_at), (1, Some(later)));

        let mut tx = db.begin().await.unwrap();
        let second = outbox::claim(&mut tx, Lane::Klaviyo, 10, "token2", later, later).await.unwrap();
        outbox::release(&mut tx, &second[0].id, "token2").await.unwrap();
        let third = outbox::claim(&mut tx, Lane::Klaviyo, 10, "token3", later, later).await.unwrap();
        assert_eq!((second[0].attempts, third[0].attempts), (2, 2));
        tx.commit().await.unwrap();
        let after = later + Duration::from_secs(1);
        assert!(!outbox::any_expired(db, later).await.unwrap());
        assert!(outbox::any_expired(db, after).await.unwrap());
        let mut tx = db.begin().await.unwrap();
        assert_eq!(outbox::release_expired(&mut tx, after, 14).await.unwrap().len(), 1);
        tx.commit().await.unwrap();
        let pending = crate::store::outbox_board::pending(db).await.unwrap();
        assert_eq!(pending.iter().map(|count| count.rows).sum::<i64>(), 2);
    }

    async fn an_admin_signs_in_by_token_until_it_ends(db: &Db) {
        let email = Email::parse("owner@example.com").unwrap();
        assert!(!admins::any_exists(db).await.unwrap());
        let admin = admins::Admin {
            id: AdminId::from_unique("1"), email: email.as_str().to_owned(), password_hash: "h".to_owned(), role: crate::domain::access::Role::Owner,
        };
        let mut tx = db.begin().await.unwrap();
        assert!(admins::insert(&mut tx, &admin, NOW).await.unwrap());
        assert!(!admins::insert(&mut tx, &admins::Admin { id: AdminId::from_unique("2"), ..admin.clone() }, NOW).await.unwrap());
        admins::save_password(&mut tx, &admin.id, "h2").await.unwrap();
        let end = NOW + Duration::from_mins(1);
        for (token_hash, awaits_code) in [("token", false), ("half", true)] {
            let session = NewSession {
                id: SessionId::from_unique(token_hash), token_hash, admin: &admin.id, awaits_code, user_agent: None, address: None, now: NOW, expires_at: end,
            };
            sessions::insert(&mut tx, &session).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert!(admins::any_exists(db).await.unwrap());
        assert_eq!(admins::find(db, &email).await.unwrap().unwrap().password_hash, "h2");
        let opens = async |token, at| sessions::find_admin(db, token, at).await.unwrap().is_some();
        assert!(opens("token", NOW).await && !opens("token", end).await);
        assert!(!opens("half", NOW).await, "a session that awaits its code opens");
        let mut tx = db.begin().await.unwrap();
        admins::save_disabled(&mut tx, &admin.id, Some(NOW)).await.unwrap();
        tx.commit().await.unwrap();
        assert!(!opens("token", NOW).await, "a disabled admin is let in");
        let mut tx = db.begin().await.unwrap();
        admins::save_disabled(&mut tx, &admin.id, None).await.unwrap();
        assert!(sessions::delete(&mut tx, "token").await.unwrap());
        tx.commit().await.unwrap();
        assert!(!opens("token", NOW).await);
    }

    async fn ledger_and_audit_log_are_only_ever_added_to(db: &Db) {
        insert(db, 1, "key", &new_preorder("ana@example.com"), NOW).await;
        let time = if matches!(db, Db::Sqlite(_)) { "1" } else { "now()" };
        db.execute(&format!("INSERT INTO payments_ledger (id, preorder_id, kind, amount_minor, currency, reference, \
             dedupe_key, occurred_at, recorded_at) SELECT 'led_1', id, 'capture', 100, 'usd', 'pi_1', 'capture:1', \
             {time}, {time} FROM preorders")).await;
        db.execute(&format!("INSERT INTO audit_log (id, at, actor, action, detail) VALUES ('aud_1', {time}, 'ana', \
             'exported', '{{}}')")).await;
        let mut refused = vec![
            "UPDATE payments_ledger SET amount_minor = 1".to_owned(),
            "DELETE FROM payments_ledger".to_owned(),
            "UPDATE audit_log SET actor = 'nobody'".to_owned(),
            "DELETE FROM audit_log".to_owned(),
        ];
        match db {
            Db::Postgres(_) => refused.extend(["TRUNCATE payments_ledger".into(), "TRUNCATE audit_log".into()]),
            Db::Sqlite(_) => refused.extend(["REPLACE", "INSERT OR REPLACE"].iter().flat_map(|verb| [
                format!("{verb} INTO audit_log (id, at, actor, action, detail) VALUES ('aud_1', 1, 'nobody', 'x', '')"),
                format!("{verb} INTO payments_ledger SELECT id, preorder_id, attempt_id, kind, 1, currency, reference, \
                     'other', occurred_at, recorded_at FROM payments_ledger"),
            ])),
        }
        for sql in &refused {
            let mut tx = db.begin().await.unwrap();
            let statement = sqlx::AssertSqlSafe(sql.clone());
            let error = on_tx!(&mut tx, c => sqlx::raw_sql(statement).execute(c).await.map(|_| ())).unwrap_err();
            assert!(error.to_string().contains("only ever added to"), "{sql}: {error}");
            tx.rollback().await.unwrap();
        }
        stands_as_written(db).await;
        // The same fact again is dropped, whoever tells it, whatever it says now.
        let again = "INTO payments_ledger SELECT 'led_2', preorder_id, attempt_id, kind, 1, currency, reference, \
             dedupe_key, occurred_at, recorded_at FROM payments_ledger WHERE 1 = 1";
        db.execute(&format!("INSERT {again} ON CONFLICT (dedupe_key) DO NOTHING")).await;
        if matches!(db, Db::Sqlite(_)) {
            db.execute(&format!("INSERT OR REPLACE {again}")).await;
        }
        stands_as_written(db).await;
    }

    async fn the_catalogue_is_seeded_in_order_with_a_price_a_currency(db: &Db) {
        let catalog = catalog::load(db).await.unwrap();
        let ids: Vec<&str> = catalog.colors.iter().map(|color| color.id.as_str()).collect();
        assert_eq!(ids, ["sakura-pink", "honey-khaki", "healing-green", "moonlight-grey", "cherry-red"]);
        assert!(Currency::ALL.iter().all(|&currency| catalog.price(currency).is_some()));
        assert!(db.missing_migrations().await.unwrap().is_empty());
        doctor::ping(db).await.unwrap();
    }
}

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |folder: &str| {
        let path = format!("{}/migrations/{folder}", env!("CARGO_MANIFEST_DIR"));
        let files = std::fs::read_dir(path).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        files.collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(names("sqlite"), names("postgres"));
}

#[tokio::test]
async fn sqlite_is_set_to_survive_a_power_cut() {
    let database = TestDatabase::create(Kind::Sqlite).await;
    let db = database.open().await;
    assert_eq!(db.text("PRAGMA journal_mode").await.as_deref(), Some("wal"));
    // 2 is FULL: every commit waits for the disk.
    assert_eq!(db.count("PRAGMA synchronous").await, 2);
    assert_eq!(db.count("PRAGMA foreign_keys").await, 1);
    db.close().await;
}

/// Whoever opens the file with a tool of their own has not set what the shop's connections set.
#[tokio::test]
async fn sqlite_keeps_its_ledger_from_being_replaced_by_any_connection() {
    let database = TestDatabase::create(Kind::Sqlite).await;
    let db = database.open().await;
    assert_eq!(db.count("PRAGMA recursive_triggers").await, 1);
    insert(&db, 1, "key", &new_preorder("ana@example.com"), NOW).await;
    db.execute(
        "INSERT INTO payments_ledger (id, preorder_id, kind, amount_minor, currency, reference, dedupe_key, \
         occurred_at, recorded_at) SELECT 'led_1', id, 'capture', 100, 'usd', 'pi_1', 'capture:1', 1, 1 FROM preorders",
    )
    .await;
    let mut stranger = sqlx::SqliteConnection::connect(&database.url).await.unwrap();
    let replace = |id: &str, key: &str| {
        sqlx::AssertSqlSafe(format!(
            "INSERT OR REPLACE INTO payments_ledger SELECT '{id}', preorder_id, attempt_id, kind, 1, currency, \
             reference, '{key}', occurred_at, recorded_at FROM payments_ledger"
        ))
    };
    assert!(sqlx::raw_sql(replace("led_1", "other")).execute(&mut stranger).await.is_err());
    sqlx::raw_sql(replace("led_2", "capture:1")).execute(&mut stranger).await.unwrap();
    stranger.close().await.unwrap();
    let entry = "SELECT id || ' ' || amount_minor FROM payments_ledger";
    assert_eq!(db.texts(entry).await, ["led_1 100"]);
    db.close().await;
}
