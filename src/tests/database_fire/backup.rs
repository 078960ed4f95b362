//! The database is lost, and an older copy of it restored. The copy was made while the shop sold; what was sold after it
//! is at Stripe, and nowhere else. `reconcile --fix --restore` makes of the copy the database again: money, orders and
//! states as they were, and nothing that buyers hear of twice. As in earnest: shop, providers and commands are processes.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::cluster::bin;
use crate::clock::Clock;
use crate::config;
use crate::context::Context;
use crate::store::Db;
use crate::tests::PATIENCE;
use crate::tests::app::ADMIN;
use crate::tests::database::{Kind, TestDatabase};
use crate::tests::http_client::{Answer, client};
use crate::tests::program::{Program, free_port, run_to_end};
use crate::tests::promises;

const CARD: &str = "4242424242424242";

/// A shop whose providers live longer than its database.
struct World {
    settings: Vec<(String, String)>,
    shop_port: u16,
    providers: String,
    _sandbox: Program,
}

impl World {
    async fn start(database: &TestDatabase) -> Self {
        let (shop_port, port) = (free_port().await, free_port().await);
        let (host, providers) = (format!("127.0.0.1:{port}"), format!("http://127.0.0.1:{port}"));
        let settings = [
            ("LEPTOS_SITE_ADDR", format!("127.0.0.1:{shop_port}")),
            ("STRIPE_SECRET_KEY", "sk_test_1".to_owned()),
            ("STRIPE_WEBHOOK_SECRET", "whsec_1".to_owned()),
            ("STRIPE_API_BASE", providers.clone()),
            ("STRIPE_REQUESTS_PER_SECOND", "0".to_owned()),
            ("KLAVIYO_API_KEY", "pk_1".to_owned()),
            ("KLAVIYO_API_BASE", providers.clone()),
            ("FIREBASE_PROJECT_ID", "p".to_owned()),
            ("FIREBASE_AUTH_EMULATOR_HOST", host.clone()),
            ("TWILIO_ACCOUNT_SID", "AC1".to_owned()),
            ("TWILIO_AUTH_TOKEN", "x".to_owned()),
            ("TWILIO_FROM", "+15005550006".to_owned()),
            ("TWILIO_API_BASE", providers.clone()),
            ("ADMIN_EMAIL", ADMIN.0.to_owned()),
            ("ADMIN_PASSWORD", ADMIN.1.to_owned()),
        ];
        let settings: Vec<_> = settings.map(|(name, value)| (name.to_owned(), value)).into();
        let command = format!("sandbox --addr {host}");
        let mut sandbox = Program::start_with(&command, shop_port, database, &borrowed(&settings));
        sandbox.base.clone_from(&providers);
        sandbox.ready("/sandbox").await;
        Self { settings, shop_port, providers, _sandbox: sandbox }
    }

    async fn open_shop(&self, database: &TestDatabase) -> Program {
        let shop = Program::start_with("serve", self.shop_port, database, &borrowed(&self.settings));
        shop.ready("/readyz").await;
        shop
    }

    async fn command(&self, command: &str, database: &TestDatabase) -> (i32, String) {
        let mut settings = borrowed(&self.settings);
        settings.push(("DATABASE_URL", &database.url));
        run_to_end(command, &settings, "").await
    }

    fn shop(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.shop_port)
    }

    async fn post(&self, url: String, body: &Value) -> Value {
        let answer = Answer::of(client().post(url).json(body).send().await.unwrap()).await;
        assert!(answer.status < 300, "{} {}", answer.status, answer.body);
        serde_json::from_str(&answer.body).unwrap_or_default()
    }

    /// Up to the payment page: its address.
    async fn order(&self, email: &str, more: &[(&str, &str)]) -> String {
        let form = [&[("email", email), ("color", "sakura-pink")], more].concat();
        let answer = client().post(self.shop("/api/handle_checkout")).form(&form).send().await.unwrap();
        let answer = Answer::of(answer).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        answer.location().to_owned()
    }

    /// The cookie that opens the admin.
    async fn sign_in(&self) -> String {
        let form = [("email", ADMIN.0), ("password", ADMIN.1)];
        let answer = client().post(self.shop("/api/admin/login")).form(&form).send().await.unwrap();
        Answer::of(answer).await.cookie("rolitt_admin").unwrap()
    }

    async fn admin_opens(&self, cookie: &str) -> bool {
        let page = client().get(self.shop("/admin/preorders")).header("cookie", cookie).send().await.unwrap();
        page.status() == 200
    }

    async fn pay(&self, page: &str) {
        self.post(format!("{page}/pay.json"), &json!({ "card": CARD })).await;
    }

    /// What each service has taken, repeats at Klaviyo left out.
    async fn heard(&self) -> (usize, usize, usize) {
        let inbox = client().get(format!("{}/sandbox/inbox.json", self.providers)).send().await.unwrap();
        let inbox: Value = inbox.json().await.unwrap();
        let all = |service: &str| inbox[service].as_array().unwrap().clone();
        let events = all("klaviyo").iter().filter(|e| e["status"] == 202 && e["duplicate"] == false).count();
        let users = all("firebase").iter().filter(|user| user["status"] == 200).count();
        (events, users, all("sms").len())
    }
}

fn borrowed(settings: &[(String, String)]) -> Vec<(&str, &str)> {
    settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

async fn wait_until(what: &str, is_so: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < PATIENCE, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn comes_to_rest(db: &Db) {
    let open = "SELECT COUNT(*) FROM outbox WHERE state IN ('pending', 'running')";
    let unapplied = "SELECT COUNT(*) FROM webhook_logs WHERE status IN ('received', 'processing')";
    wait_until("all is delivered", async || db.count(open).await == 0 && db.count(unapplied).await == 0).await;
}

/// Everything about orders that their buyers could tell.
async fn orders(db: &Db, which: &str) -> Vec<String> {
    db.texts(&format!(
        "SELECT p.id || ' ' || p.preorder_number || ' ' || p.email || ' ' || p.color || ' ' || p.locale || ' ' || \
         p.currency || ' ' || CAST(p.amount_minor AS TEXT) || ' ' || p.status || ' ' || p.payment_status || ' ' || \
         COALESCE((SELECT CAST(SUM(l.amount_minor) AS TEXT) FROM payments_ledger l WHERE l.preorder_id = p.id), '-') \
         FROM preorders p WHERE {which} ORDER BY p.id"
    ))
    .await
}

/// PostgreSQL's own programs, as whoever we are: they only speak to the server.
fn run(program: &str, words: &[&str]) {
    let output = Command::new(bin().join(program)).args(words).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
}

/// As the README says.
async fn back_up(world: &World, database: &TestDatabase, kind: Kind, folder: &TempDir) -> String {
    let copy = folder.path().join("copy").display().to_string();
    match kind {
        Kind::Sqlite => {
            let (status, printed) = world.command(&format!("backup --to {copy}"), database).await;
            assert_eq!(status, 0, "{printed}");
            let (status, printed) = world.command(&format!("backup --to {copy}"), database).await;
            assert!(status == 1 && printed.contains("is there already"), "{printed}");
        }
        Kind::Postgres => {
            let (status, printed) = world.command(&format!("backup --to {copy}"), database).await;
            assert!(status == 2 && printed.contains("pg_dump"), "{printed}");
            run("pg_dump", &["-Fc", "-f", &copy, &database.url]);
        }
    }
    copy
}

/// As the README says.
async fn put_back(copy: &str, kind: Kind, lost: &TestDatabase) -> TestDatabase {
    match kind {
        Kind::Sqlite => {
            let file = lost.url.strip_prefix("sqlite://").unwrap();
            for part in ["", "-wal", "-shm"] {
                drop(std::fs::remove_file(format!("{file}{part}")));
            }
            std::fs::copy(copy, file).unwrap();
            TestDatabase::at(&lost.url)
        }
        Kind::Postgres => {
            let fresh = TestDatabase::create(Kind::Postgres).await;
            run("pg_restore", &["--no-owner", "--exit-on-error", "-d", &fresh.url, copy]);
            fresh
        }
    }
}

async fn a_lost_database_is_restored(kind: Kind) {
    let database = TestDatabase::create(kind).await;
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(&database).await;
    let shop = world.open_shop(&database).await;
    let db = database.open().await;
    let phone = [("phone", "+4915123456789")];
    let before = world.order("before@example.com", &phone).await;
    world.pay(&before).await;
    let later = world.order("later@example.com", &phone).await;
    comes_to_rest(&db).await;

    let cookie = world.sign_in().await;
    assert!(world.admin_opens(&cookie).await);

    // A copy, while buyers buy.
    let selling = async {
        for buyer in 0..6 {
            let page = world.order(&format!("meanwhile{buyer}@example.com"), &[]).await;
            world.pay(&page).await;
        }
    };
    let (copy, ()) = futures::join!(back_up(&world, &database, kind, &folder), selling);

    let out = client().post(world.shop("/api/admin/logout")).header("cookie", &cookie).send().await.unwrap();
    assert!(out.status().as_u16() < 400 && !world.admin_opens(&cookie).await);

    // After the copy: a payment of an order that it knows, one of an order that it does not, a page that is open, a
    // refund of an order that it knows, and one of an order that it does not.
    world.pay(&later).await;
    for (email, more) in [("new@example.com", &phone[..]), ("returned@example.com", &[("locale", "zh")])] {
        let page = world.order(email, more).await;
        world.pay(&page).await;
    }
    world.order("open@example.com", &[]).await;
    let unsettled = "SELECT COUNT(*) FROM preorders WHERE email <> 'open@example.com' AND payment_status <> 'paid'";
    wait_until("all is paid", async || db.count(unsettled).await == 0).await;
    for email in ["before@example.com", "returned@example.com"] {
        let intent = format!("SELECT payment_intent_id FROM preorders WHERE email = '{email}'");
        let intent = db.text(&intent).await.unwrap();
        let refund = format!("{}/sandbox/payment_intents/{intent}/refund.json", world.providers);
        world.post(refund, &json!({ "amount": 10_000 })).await;
    }
    let refunded = "SELECT COUNT(*) FROM preorders WHERE payment_status = 'partially_refunded'";
    wait_until("the refunds are known", async || db.count(refunded).await == 2).await;
    comes_to_rest(&db).await;
    let (sold, heard) = (orders(&db, "1 = 1").await, world.heard().await);
    assert_eq!((sold.len(), heard.1, heard.2), (11, 11, 3));
    // Another shop on the same account: its orders are none of ours.
    foreign(&world).await;

    shop.kill().await;
    db.close().await;
    let restored = put_back(&copy, kind, &database).await;
    let db = restored.open().await;
    assert!(orders(&db, "1 = 1").await.len() < sold.len(), "the copy has lost nothing: this test proves nothing");
    if kind == Kind::Sqlite {
        // Nothing that can't be taken back goes out of a copy that nobody has reconciled.
        assert_eq!(db.count("SELECT COUNT(*) FROM outbox_pauses WHERE paused_by = 'rolitt backup'").await, 2);
    }
    let (status, printed) = world.command("reconcile --since 1h --fix --restore", &restored).await;
    assert_eq!(status, 0, "{printed}");
    assert!(printed.matches("restored   preorder pre_").count() >= 3, "{printed}");
    assert!(printed.contains("1 unknown"), "{printed}");
    let shop = world.open_shop(&restored).await;
    comes_to_rest(&db).await;

    assert!(!world.admin_opens(&cookie).await, "a session that was ended is open again");
    assert_eq!(orders(&db, "1 = 1").await, sold, "the orders are not what they were");
    assert_eq!(world.heard().await, heard, "somebody heard of something twice");
    // Each text of which the copy does not know that it was sent waits for a person; the buyer's number is ours alone,
    // and lost with an order that the copy did not have.
    let parked = "SELECT COUNT(*) FROM outbox o JOIN preorders p ON p.id = o.preorder_id WHERE o.kind = 'send_sms' \
         AND o.state = 'dead' AND o.last_error LIKE 'parked after%' AND p.email = 'later@example.com'";
    assert_eq!(db.count(parked).await, 1);
    assert_eq!(db.count("SELECT COUNT(*) FROM outbox WHERE state = 'dead'").await, 1);
    let marked = "SELECT COUNT(*) FROM audit_log l JOIN preorders p ON p.id = l.preorder_id \
         WHERE l.action = 'preorder_restored' AND p.email IN ('new@example.com', 'returned@example.com', 'open@example.com')";
    assert_eq!(db.count(marked).await, 3);
    assert_eq!(db.count("SELECT COUNT(*) FROM outbox_pauses").await, 0);
    // The shop goes on: the page that was open is paid, and a new order is made.
    let open = "SELECT url FROM checkout_attempts a JOIN preorders p ON p.id = a.preorder_id WHERE p.email = 'open@example.com'";
    assert_eq!(db.text(open).await, None, "the page's address is Stripe's to give");
    let again = world.order("afterwards@example.com", &phone).await;
    world.pay(&again).await;
    wait_until("the new order is paid", async || {
        db.count("SELECT COUNT(*) FROM preorders WHERE email = 'afterwards@example.com' AND payment_status = 'paid'")
            .await
            == 1
    })
    .await;
    comes_to_rest(&db).await;
    assert_eq!(world.heard().await.2, heard.2 + 1, "texts about new payments go out by themselves");
    let (status, printed) = world.command("reconcile --since 1h", &restored).await;
    assert!(status == 0 && printed.contains(" 0 missing, 0 different, 1 unknown"), "{printed}");

    shop.kill().await;
    let settings = config::read(|name| (name == "DATABASE_URL").then(|| restored.url.clone())).unwrap();
    let ctx = Context::build(settings, db, Clock::default(), String::new(), Some("http://127.0.0.1:9"), "whsec_1");
    let ctx = ctx.unwrap();
    promises::are_kept(&ctx).await;
    ctx.db.close().await;
    restored.remove().await;
    database.remove().await;
}

/// A test shop on the same Stripe account, with an order that looks like ours.
async fn foreign(world: &World) {
    let form = [
        ("mode", "payment"),
        ("success_url", "https://staging.example.com/preorder/success"),
        ("customer_email", "tester@example.com"),
        ("metadata[preorder_id]", "pre_staging1"),
        ("metadata[preorder_number]", "ROL-22222222"),
        ("metadata[color]", "sakura-pink"),
        ("line_items[0][quantity]", "1"),
        ("line_items[0][price_data][currency]", "usd"),
        ("line_items[0][price_data][unit_amount]", "49900"),
        ("line_items[0][price_data][product_data][name]", "Rolitt"),
    ];
    let made = client().post(format!("{}/v1/checkout/sessions", world.providers)).bearer_auth("sk_test_1").form(&form);
    assert_eq!(made.send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_database_is_restored_from_an_older_copy_and_all_is_well_on_sqlite() {
    a_lost_database_is_restored(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_database_is_restored_from_an_older_copy_and_all_is_well_on_postgres() {
    a_lost_database_is_restored(Kind::Postgres).await;
}
