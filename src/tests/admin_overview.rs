//! The overview: its numbers are what was done, its links lead to the rows behind them, it hears of changes; and health
//! as a page.

use std::time::{Duration, Instant};

use serde_json::json;

use super::app::TestApp;
use super::database::{Kind, TestDatabase};
use super::program::{Program, free_port};
use super::{PATIENCE, on_both};
use crate::domain::access::Role;
use crate::domain::period::Period;
use crate::domain::timestamp::Timestamp;
use crate::store::{metrics, metrics_machinery};

const DECLINED: &str = "4000000000000002";
const GOOD: &str = "4242424242424242";

/// Three started: one paid, one declined, one that never came to a bank.
async fn three_preorders(app: &TestApp) {
    let (paid, id) = app.checkout("ana@example.com").await;
    app.pay_by_card(&paid, GOOD).await;
    app.wait_for_badges(&id, "completed/paid").await;
    let (declined, refused) = app.checkout("ben@example.com").await;
    app.pay_by_card(&declined, DECLINED).await;
    app.wait_for_badges(&refused, "processing/failed").await;
    app.post("/api/initiate_preorder", &[("email", "cleo@example.com"), ("color", "cherry-red")]).await;
    app.settle_down().await;
}

/// What a tile of the page says: its number and where it leads.
fn tile(page: &str, id: &str) -> (String, String) {
    let from = page.find(&format!("id=\"{id}-label\"")).unwrap_or_else(|| panic!("no tile {id}"));
    let value = &page[from + page[from..].find("tile-value").unwrap()..];
    let (_, rest) = value.split_once("href=\"").unwrap();
    let (href, rest) = rest.split_once('"').unwrap();
    let (_, rest) = rest.split_once('>').unwrap();
    (rest.split('<').next().unwrap().to_owned(), href.replace("&amp;", "&"))
}

async fn refund(app: &TestApp, kind: &str, amount: i64) {
    let (db, now) = (&app.ctx.db, app.ctx.clock.now().millis());
    let at = match db.postgres() {
        Some(_) => format!("to_timestamp({now} / 1000.0)"),
        None => now.to_string(),
    };
    db.execute(&format!(
        "INSERT INTO payments_ledger (id, preorder_id, kind, amount_minor, currency, reference, dedupe_key, occurred_at, \
         recorded_at) SELECT 'led_{kind}', preorder_id, '{kind}', {amount}, 'usd', 're_1', '{kind}:re_1', {at}, {at} \
         FROM checkout_attempts WHERE state = 'paid'"
    ))
    .await;
}

/// The money of a purchase, where settling does not write it down.
async fn captured(app: &TestApp) {
    if app.count("SELECT COUNT(*) FROM payments_ledger WHERE kind = 'capture'").await == 0 {
        refund(app, "capture", 49_900).await;
    }
}

on_both! {
    async fn the_numbers_are_what_was_done(app: TestApp) {
        three_preorders(app).await;
        captured(app).await;
        refund(app, "refund", -10_000).await;
        let now = app.ctx.clock.now();
        let (db, day) = (&app.ctx.db, Period::new(now - Duration::from_hours(1), now + Duration::from_mins(1)));
        let buckets = metrics::buckets(db, &[Period::new(day.from, now - Duration::from_mins(30)), day]).await.unwrap();
        assert_eq!(buckets.iter().map(|b| (b.started, b.paid)).collect::<Vec<_>>(), [(0, 0), (3, 1)]);
        let funnel = metrics::funnel(db, day).await.unwrap();
        assert_eq!((funnel.reached, funnel.tried, funnel.paid), (2, 2, 1));
        let money = metrics::money(db, day).await.unwrap();
        assert_eq!(money.len(), 1, "{money:?}");
        assert_eq!((money[0].captured, money[0].captures, money[0].refunded, money[0].refunds), (49_900, 1, 10_000, 1));
        let payments = metrics::payments(db, day).await.unwrap();
        assert_eq!((payments.paid, payments.failed, payments.declined), (1, 0, 1));
        assert_eq!(payments.reasons.iter().map(|(_, count)| count).sum::<i64>(), 1);
        let webhooks = metrics_machinery::webhooks(db, day).await.unwrap();
        let logged = app.count("SELECT COUNT(*) FROM webhook_logs").await;
        assert!(logged > 0 && webhooks.success + webhooks.ignored == logged && webhooks.failed == 0, "{webhooks:?}");
        assert!(webhooks.median.unwrap() <= webhooks.p95.unwrap());
        let (klaviyo, firebase) = metrics_machinery::deliveries(db, day).await.unwrap();
        let done = async |like: &str| app.count(&format!("SELECT COUNT(*) FROM outbox WHERE kind LIKE '{like}' AND state = 'done'")).await;
        assert_eq!((klaviyo.done, firebase.done), (done("klaviyo%").await, done("create_firebase%").await));
        assert!(klaviyo.done >= 4 && klaviyo.dead == 0);
        // A refund that comes back is none.
        refund(app, "refund_returned", 10_000).await;
        assert_eq!(metrics::money(db, day).await.unwrap()[0].refunds, 0);
        assert_eq!(metrics::buckets(db, &[]).await.unwrap(), []);
        let before = Period::new(day.from - Duration::from_hours(1), day.from);
        assert_eq!(metrics::funnel(db, before).await.unwrap().reached, 0);
        assert_eq!(metrics::money(db, before).await.unwrap(), []);
    }

    async fn the_page_shows_them_to_everybody_and_addresses_to_some(app: TestApp) {
        three_preorders(app).await;
        captured(app).await;
        for &role in Role::ALL {
            let cookie = app.sign_in_as(role).await;
            let page = app.get_as(&cookie, "/admin").await;
            assert_eq!(page.status, 200);
            let values = ["started", "paid", "revenue", "payments", "refunds"].map(|id| tile(&page.body, id).0);
            assert_eq!(values, ["3", "1", "$499", "50.0 %", "0"], "{role}");
            assert_eq!(page.body.contains("cleo@example.com"), role.sees_addresses(), "{role}");
            assert_eq!(page.body.contains("c•••@example.com"), !role.sees_addresses(), "{role}");
            assert!(page.body.contains("<noscript><meta http-equiv=\"refresh\" content=\"60\""), "no refresh without script");
            assert!(!page.body.contains(" style="), "inline styles are refused by the policy");
        }
        let cookie = app.sign_in_as(Role::Viewer).await;
        let elsewhere = app.get_as(&cookie, "/admin/health").await;
        assert!(!elsewhere.body.contains("http-equiv=\"refresh\""));
    }

    async fn every_number_leads_to_its_rows_by_exact_instants(app: TestApp) {
        three_preorders(app).await;
        let cookie = app.sign_in_as(Role::Viewer).await;
        let page = app.get_as(&cookie, "/admin?span=24h").await.body;
        let kinds = [
            ("started", "/admin/preorders?from="),
            ("paid", "/admin/preorders?paid_from="),
            ("revenue", "/admin/preorders?paid_from="),
            ("payments", "/admin/payments?from="),
            ("refunds", "/admin/payments?from="),
            ("webhooks", "/admin/webhooks?from="),
            ("delay", "/admin/webhooks?from="),
            ("backlog", "/admin/background?state=pending"),
            ("klaviyo", "/admin/background?from="),
            ("firebase", "/admin/background?from="),
        ];
        for (id, begins) in kinds {
            let (_, href) = tile(&page, id);
            assert!(href.starts_with(begins), "{id}: {href}");
            assert_eq!(app.get_as(&cookie, &href).await.status, 200, "{href}");
        }
        // The instants of a link, read again, hold as many rows as the number says.
        let (started, href) = tile(&page, "started");
        let url = url::Url::parse(&format!("{}{href}", app.base)).unwrap();
        let instant = |name: &str| {
            let text = url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
            Timestamp::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
        };
        let period = Period::new(instant("from"), instant("to"));
        let counted = metrics::buckets(&app.ctx.db, &[period]).await.unwrap();
        assert_eq!(counted[0].started.to_string(), started);
        let hours = period.length().as_secs_f64() / 3600.0;
        assert!((23.0..=24.0).contains(&hours), "{hours}");
    }

    async fn a_span_and_a_zone_are_chosen_and_kept(app: TestApp) {
        let cookie = app.sign_in_as(Role::Viewer).await;
        let set = app.post_as(&cookie, "/api/admin/choose_zone", &[("zone", "europe/berlin"), ("back", "/admin?span=30d")]).await;
        assert_eq!((set.status, set.location()), (303, "/admin?span=30d"), "{}", set.body);
        let zone = set.cookie("rolitt_zone").unwrap();
        assert_eq!(zone, "rolitt_zone=Europe/Berlin");
        let wrong = app.post_as(&cookie, "/api/admin/choose_zone", &[("zone", "Mars/Olympus")]).await;
        assert_eq!((wrong.status, wrong.json()["error"]["field"].as_str()), (422, Some("zone")));
        let both = format!("{cookie}; {zone}");
        // The day that summer time begins has 23 hours, from 23:00 UTC to 22:00 UTC.
        let page = app.get_as(&both, "/admin?span=custom&from=2026-03-29&to=2026-03-29").await.body;
        assert!(page.contains("from=2026-03-28T23%3A00%3A00Z&amp;to=2026-03-29T22%3A00%3A00Z"), "not that day");
        assert!(page.contains("29 March 2026") && page.contains("28 March 2026"));
        let rows = page.split("id=\"series-table\"").nth(1).unwrap().split("</table>").next().unwrap().matches("<tr>").count();
        assert_eq!(rows, 24, "23 hours and a head");
        assert!(page.contains("Sun 03:00") && !page.contains("Sun 02:00"));
        for (span, buckets) in [("today", None), ("24h", Some(24)), ("7d", Some(7)), ("30d", Some(30)), ("90d", Some(90)), ("nonsense", Some(7))] {
            let page = app.get_as(&both, &format!("/admin?span={span}")).await;
            let table = page.body.split("id=\"series-table\"").nth(1).unwrap().split("</table>").next().unwrap().to_owned();
            let rows = table.matches("<tr>").count() - 1;
            assert!(buckets.is_none_or(|buckets| buckets == rows) && rows > 0, "{span}: {rows}");
        }
    }

    async fn who_listens_hears_of_a_purchase_and_nobody_else_may(app: TestApp) {
        assert_eq!(app.get("/admin/live").await.status, 401);
        assert_eq!(app.get_as("rolitt_admin=forged", "/admin/live").await.status, 401);
        let cookie = app.sign_in_as(Role::Viewer).await;
        let request = app.http.get(format!("{}/admin/live", app.base)).header("cookie", &cookie);
        let mut stream = request.send().await.unwrap();
        assert_eq!(stream.headers()["content-type"], "text/event-stream");
        assert!(stream.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
        let mut heard = String::new();
        while !heard.contains("event: hello") {
            heard.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap());
        }
        app.checkout("ana@example.com").await;
        while !heard.contains("event: changed") {
            heard.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap());
        }
        // The session ends, and with it what it listens to.
        let out = app.post_as(&cookie, "/api/admin/logout", &[]).await;
        assert_eq!(out.status, 303);
        let over = async { while stream.chunk().await.unwrap().is_some() {} };
        tokio::time::timeout(PATIENCE, over).await.expect("the stream outlives its session");
        assert_eq!(app.get_as(&cookie, "/admin/live").await.status, 401);
    }

    async fn what_fails_asks_for_somebody(app: TestApp) {
        let cookie = app.sign_in_as(Role::Support).await;
        assert!(app.get_as(&cookie, "/admin").await.body.contains("Nothing waits for you."));
        app.faults(json!({ "klaviyo": { "error_rate": 1.0, "error_status": 400 } })).await;
        app.post("/api/initiate_preorder", &[("email", "ana@example.com"), ("color", "sakura-pink")]).await;
        app.settle_down().await;
        app.expect_dead();
        let page = app.get_as(&cookie, "/admin").await.body;
        assert!(page.contains("given up · klaviyo preorder started"), "nobody is asked");
        assert!(page.contains("/admin/background?kind=klaviyo_preorder_started&amp;state=dead"));
        // Numbers are kept for a moment, in proportion to what they cost.
        app.wait_until("Klaviyo's share is nought", async || {
            tile(&app.get_as(&cookie, "/admin").await.body, "klaviyo").0 == "0.0 %"
        })
        .await;
    }

    async fn health_says_what_was_checked_and_does_not_wait_for_the_slow(app: TestApp) {
        let cookie = app.sign_in_as(Role::Viewer).await;
        let page = app.get_as(&cookie, "/admin/health").await;
        assert_eq!(page.status, 200);
        for said in ["Everything is well", "migrations", "Check again", env!("CARGO_PKG_VERSION"), "id=\"keys\""] {
            assert!(page.body.contains(said), "{said}");
        }
        app.faults(json!({ "klaviyo": { "hold": true }, "stripe": { "hold": true } })).await;
        // They never answer, and the page does, before the shop's clients have given them up.
        let page = app.get_as(&cookie, "/admin/health").await;
        assert!(page.body.contains("checks found faults") && page.body.contains("no answer within 4 s"));
        let (bad, good) = (page.body.find("✕</span>").unwrap(), page.body.find("✓</span>").unwrap());
        assert!(bad < good, "failures come first");
        app.faults(json!({ "klaviyo": { "hold": false }, "stripe": { "hold": false } })).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_told_to_stop_waits_for_no_listener() {
    let database = TestDatabase::create(Kind::Sqlite).await;
    let owner = [("ADMIN_EMAIL", "owner@example.com"), ("ADMIN_PASSWORD", "a-long-password")];
    let shop = Program::start_with("serve", free_port().await, &database, &owner);
    shop.ready("/readyz").await;
    let http = super::http_client::client();
    let form = [("email", "owner@example.com"), ("password", "a-long-password")];
    let login = http.post(format!("{}/api/admin/login", shop.base)).form(&form).send().await.unwrap();
    let cookie = login.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let mut stream = http.get(format!("{}/admin/live", shop.base)).header("cookie", cookie).send().await.unwrap();
    assert!(stream.chunk().await.unwrap().is_some());
    let began = Instant::now();
    let status = shop.stop().await;
    // What is under way would be waited for until 7.5 s.
    assert!(began.elapsed() < Duration::from_secs(7) && status == Some(0), "{status:?} after {:?}", began.elapsed());
    while stream.chunk().await.unwrap().is_some() {}
}
