//! The list of preorders: what is searched is found, filters work together, pages lose and repeat nothing, the export is
//! the list, views belong to whoever saved them, and the jump box lands.

use std::fmt::Write;

use super::app::TestApp;
use super::http_client::Answer;
use super::on_both;
use crate::domain::access::Role;
use crate::domain::ids::PreorderNumber;
use crate::store::{Db, search_index};

/// 2026-11-20T00:00:00Z
const DAY: i64 = 1_795_132_800_000;
const HOUR: i64 = 3_600_000;

/// A preorder as a test wants it.
#[derive(Clone)]
struct Seed {
    n: i64,
    email: String,
    name: Option<&'static str>,
    phone: Option<&'static str>,
    color: &'static str,
    status: &'static str,
    payment: &'static str,
    fulfilment: &'static str,
    amount: i64,
    currency: &'static str,
    country: Option<&'static str>,
    locale: &'static str,
    started: i64,
    paid: Option<i64>,
    updated: i64,
}

impl Seed {
    fn new(n: i64, email: &str) -> Self {
        Self {
            n,
            email: email.to_owned(),
            name: None,
            phone: None,
            color: "sakura-pink",
            status: "initiated",
            payment: "unpaid",
            fulfilment: "unfulfilled",
            amount: 49_900,
            currency: "usd",
            country: None,
            locale: "en",
            started: DAY + n * 1000,
            paid: None,
            updated: DAY + n * 1000,
        }
    }

    fn id(&self) -> String {
        format!("pre_{:032}", self.n)
    }

    fn number(&self) -> String {
        // Far apart, so that no number begins like another.
        PreorderNumber::from_random(self.n as u64 * 104_729 + 7).to_string()
    }
}

/// All kinds of preorders, many started in the same moment, paid in the same moment, of the same price.
fn many() -> Vec<Seed> {
    let seeds = (0..230_i64).map(|n| {
        let paid = n % 3 != 0;
        let pick = |words: &[&'static str], by: i64| words[usize::try_from(by).unwrap() % words.len()];
        let host = if n % 4 == 0 { "gmail.com" } else { "example.org" };
        Seed {
            name: (n % 2 == 0).then(|| pick(&["Jürgen Kühn", "李伟", "Olga Petrova"], n / 2)),
            phone: (n % 5 == 0).then_some("+4915123456789"),
            color: pick(&["sakura-pink", "honey-khaki", "cherry-red"], n),
            status: if paid { "completed" } else { pick(&["initiated", "processing", "expired"], n / 3) },
            payment: if paid {
                pick(&["paid", "paid", "paid", "refunded", "disputed"], n)
            } else {
                pick(&["unpaid", "failed"], n / 3)
            },
            fulfilment: if paid && n < 90 { "fulfilled" } else { "unfulfilled" },
            amount: pick_amount(n),
            currency: pick(&["usd", "usd", "jpy", "eur"], n),
            country: paid.then(|| pick(&["DE", "US", "JP", "BR"], n / 2)),
            locale: pick(&["en", "en", "zh"], n / 2),
            started: DAY + (n / 7) * HOUR,
            paid: paid.then_some(DAY + (n / 7) * HOUR + 60_000 + (n % 2) * 1000),
            updated: DAY + (n % 10) * HOUR,
            ..Seed::new(n, &format!("buyer{n}@{host}"))
        }
    });
    seeds.collect()
}

fn pick_amount(n: i64) -> i64 {
    [49_900, 49_900, 74_800, 45_900][usize::try_from(n).unwrap() % 4]
}

async fn plant(app: &TestApp, seeds: &[Seed]) {
    let at = |millis: i64| match app.ctx.db {
        Db::Sqlite(_) => millis.to_string(),
        Db::Postgres(_) => format!("to_timestamp({millis} / 1000.0)"),
    };
    let text =
        |value: Option<&str>| value.map_or_else(|| "NULL".to_owned(), |v| format!("'{}'", v.replace('\'', "''")));
    let mut sql = String::new();
    for seed in seeds {
        let Seed { n, email, color, status, payment, fulfilment, amount, currency, locale, .. } = seed;
        let (id, number) = (seed.id(), seed.number());
        write!(
            sql,
            "INSERT INTO preorders (id, preorder_number, idempotency_key, email, name, phone, color, locale, \
             marketing_consent, status, payment_status, fulfilment_status, amount_minor, currency, country, paid_at, \
             created_at, updated_at) VALUES ('{id}', '{number}', 'key{n}', '{email}', {}, {}, '{color}', '{locale}', TRUE, \
             '{status}', '{payment}', '{fulfilment}', {amount}, '{currency}', {}, {}, {}, {});",
            text(seed.name),
            text(seed.phone),
            text(seed.country),
            seed.paid.map_or_else(|| "NULL".to_owned(), at),
            at(seed.started),
            at(seed.updated),
        )
        .unwrap();
        if let Some(paid) = seed.paid {
            let (paid, started) = (at(paid), at(seed.started));
            write!(
                sql,
                "INSERT INTO checkout_attempts (id, preorder_id, number, provider, idempotency_key, state, session_id, \
                 payment_intent_id, amount_minor, currency, created_at, paid_at, updated_at) VALUES ('chk_{n}', '{id}', 1, \
                 'stripe', 'try{n}', 'paid', 'cs_test_{n}', 'pi_{n}', {amount}, '{currency}', {started}, {paid}, {paid});"
            )
            .unwrap();
        }
    }
    app.ctx.db.execute(&sql).await;
}

/// Ids of the rows of a page, in order.
fn rows(page: &Answer) -> Vec<String> {
    assert_eq!(page.status, 200, "{}", page.body);
    let links = page.body.split("href=\"/admin/preorders/pre_").skip(1);
    links.map(|rest| format!("pre_{}", rest.split('"').next().unwrap())).collect()
}

/// Where a link of this relation leads.
fn link(page: &Answer, rel: &str) -> Option<String> {
    let at = page.body.find(&format!("rel=\"{rel}\""))?;
    let (_, href) = page.body[..at].rsplit_once("href=\"")?;
    Some(href.split('"').next()?.replace("&amp;", "&"))
}

async fn found(app: &TestApp, cookie: &str, q: &str) -> Vec<String> {
    let query = serde_urlencoded::to_string([("q", q)]).unwrap();
    rows(&app.get_as(cookie, &format!("/admin/preorders?{query}")).await)
}

/// All pages from the first on.
async fn whole_list(app: &TestApp, cookie: &str, query: &str) -> (Vec<String>, Answer) {
    let mut page = app.get_as(cookie, &format!("/admin/preorders?{query}")).await;
    let mut seen = rows(&page);
    while let Some(next) = link(&page, "next") {
        page = app.get_as(cookie, &next).await;
        seen.extend(rows(&page));
    }
    (seen, page)
}

/// A query, what it lets through, and the order it gives: a row's sort value.
struct Case {
    query: &'static str,
    lets: fn(&Seed) -> bool,
    key: fn(&Seed) -> (String, i64),
    ascending: bool,
}

const fn case(query: &'static str, lets: fn(&Seed) -> bool) -> Case {
    Case { query, lets, key: |s| (String::new(), s.started), ascending: false }
}

fn cases() -> Vec<Case> {
    let all: fn(&Seed) -> bool = |_| true;
    vec![
        case("", all),
        case("payment=paid", |s| s.payment == "paid"),
        case("payment=failed,disputed", |s| ["failed", "disputed"].contains(&s.payment)),
        case("payment=failed&payment=disputed", |s| ["failed", "disputed"].contains(&s.payment)),
        case("status=expired", |s| s.status == "expired"),
        case("fulfilment=fulfilled&color=cherry-red", |s| s.fulfilment == "fulfilled" && s.color == "cherry-red"),
        case("payment=paid&fulfilment=unfulfilled", |s| s.payment == "paid" && s.fulfilment == "unfulfilled"),
        case("currency=jpy&locale=zh", |s| s.currency == "jpy" && s.locale == "zh"),
        case("country=de,BR", |s| s.country.is_some_and(|c| ["DE", "BR"].contains(&c))),
        case("q=gmail&payment=paid&color=honey-khaki", |s| {
            s.email.ends_with("gmail.com") && s.payment == "paid" && s.color == "honey-khaki"
        }),
        case("q=example.org", |s| s.email.ends_with("example.org")),
        case("from=2026-11-20&to=2026-11-20", |s| s.started < DAY + 24 * HOUR),
        case("from=2026-11-20T03:00:00Z&to=2026-11-20T05:00:00Z", |s| {
            (DAY + 3 * HOUR..DAY + 5 * HOUR).contains(&s.started)
        }),
        case("paid_from=2026-11-20T02:01:00Z&paid_to=2026-11-20T04:01:01Z&currency=usd,eur", |s| {
            s.paid.is_some_and(|p| (DAY + 2 * HOUR + 60_000..DAY + 4 * HOUR + 61_000).contains(&p))
                && s.currency != "jpy"
        }),
        Case { ascending: true, ..case("dir=asc&locale=en", |s| s.locale == "en") },
        Case { key: |s| (String::new(), s.paid.unwrap()), ..case("sort=paid", |s| s.paid.is_some()) },
        Case {
            key: |s| (String::new(), s.paid.unwrap()),
            ascending: true,
            ..case("sort=paid&dir=asc&payment=refunded", |s| s.payment == "refunded")
        },
        Case { key: |s| (s.currency.to_owned(), s.amount), ..case("sort=amount", all) },
        Case {
            key: |s| (s.currency.to_owned(), s.amount),
            ascending: true,
            ..case("sort=amount&dir=asc&status=completed&from=2026-11-20T06:00:00Z", |s| {
                s.status == "completed" && s.started >= DAY + 6 * HOUR
            })
        },
        Case {
            key: |s| (String::new(), s.updated), ..case("sort=updated&q=kühn", |s| s.name == Some("Jürgen Kühn"))
        },
    ]
}

fn expected(seeds: &[Seed], case: &Case) -> Vec<String> {
    let mut fitting: Vec<&Seed> = seeds.iter().filter(|seed| (case.lets)(seed)).collect();
    fitting.sort_by_key(|seed| ((case.key)(seed), seed.n));
    if !case.ascending {
        fitting.reverse();
    }
    fitting.into_iter().map(Seed::id).collect()
}

on_both! {
    async fn every_filter_and_order_shows_each_row_once_forwards_and_back(app: TestApp) {
        let seeds = many();
        plant(app, &seeds).await;
        let cookie = app.sign_in_as(Role::Support).await;
        for read in [false, true] {
            // SQLite's index has read none of them, then all.
            assert!(!read || search_index::catch_up(&app.ctx.db, 100).await.unwrap());
            for case in cases() {
                let expected = expected(&seeds, &case);
                assert!(!expected.is_empty(), "{} tries nothing", case.query);
                let (seen, mut page) = whole_list(app, &cookie, case.query).await;
                assert_eq!(seen, expected, "{}", case.query);
                let mut back = rows(&page);
                while let Some(newer) = link(&page, "prev") {
                    page = app.get_as(&cookie, &newer).await;
                    back.splice(0..0, rows(&page));
                }
                assert_eq!(back, expected, "{} backwards", case.query);
            }
        }
    }

    async fn a_preorder_is_found_by_whatever_somebody_has_of_it(app: TestApp) {
        let ana = Seed {
            name: Some("Ana Lúcia O'Neill"),
            phone: Some("+4915123456789"),
            status: "completed",
            payment: "paid",
            paid: Some(DAY + HOUR),
            ..Seed::new(1, "ana_lucia@example.com")
        };
        let other = Seed { name: Some("王 小明"), ..Seed::new(2, "axlucia@example.net") };
        plant(app, &[ana.clone(), other.clone()]).await;
        app.ctx.db.execute(
            "INSERT INTO refunds (id, preorder_id, provider, idempotency_key, provider_refund_id, amount_minor, currency, \
             state, created_at, updated_at) SELECT 'ref_1', id, 'stripe', 'r', 're_9', 100, 'usd', 'succeeded', created_at, \
             created_at FROM preorders WHERE payment_status = 'paid'; \
             INSERT INTO disputes (id, preorder_id, provider, provider_dispute_id, amount_minor, currency, state, opened_at, \
             updated_at) SELECT 'dis_1', id, 'stripe', 'du_7', 100, 'usd', 'lost', created_at, created_at FROM preorders \
             WHERE payment_status = 'paid'; \
             INSERT INTO webhook_logs (id, provider, event, stripe_event_id, status, preorder_id, raw_data, received_at) \
             SELECT 'wh_1', 'stripe', 'charge.refunded', 'evt_5', 'success', id, '{}', created_at FROM preorders \
             WHERE payment_status = 'paid'",
        ).await;
        let cookie = app.sign_in_as(Role::Viewer).await;
        let number = ana.number();
        let code = &number[4..];
        for read in [false, true] {
            assert!(!read || search_index::catch_up(&app.ctx.db, 100).await.unwrap());
            let typed = [
                number.clone(), number.to_lowercase(), code.to_owned(), format!(" rol {} {} ", &code[..4], &code[4..]),
                number[..7].to_owned(), code[..4].to_lowercase(),
                "ana_lucia@example.com".to_owned(), "_lucia@exam".to_owned(), "ANA_L".to_owned(), "an".to_owned(),
                "lúcia".to_owned(), "LÚCIA".to_owned(), "o'neill".to_owned(), "ne".to_owned(),
                "+49 151 234".to_owned(), "0151/2345 6789".to_owned(), "3456789".to_owned(),
                "cs_test_1".to_owned(), "pi_1".to_owned(), "re_9".to_owned(), "du_7".to_owned(), "evt_5".to_owned(),
                ana.id(), "chk_1".to_owned(), "wh_1".to_owned(), "ref_1".to_owned(),
            ];
            for q in &typed[..] {
                let expected = if q == "ne" { vec![] } else { vec![ana.id()] };
                assert_eq!(found(app, &cookie, q).await, expected, "{q} (read: {read})");
            }
            for q in ["小明", "王 小明", "王"] {
                let expected = if q == "王" { vec![] } else { vec![other.id()] };
                assert_eq!(found(app, &cookie, q).await, expected, "{q} (read: {read})");
            }
            assert_eq!(found(app, &cookie, "lucia@").await, [other.id(), ana.id()]);
            for nothing in ["%", "___", "' OR '1'='1", "\"", "na\" OR \"luc", "\\", "nobody@nowhere", "cs_test_none", "* a*b"] {
                assert_eq!(found(app, &cookie, nothing).await, Vec::<String>::new(), "{nothing} (read: {read})");
            }
            assert_eq!(found(app, &cookie, "ana\0_lucia").await, Vec::<String>::new());
        }
        // A buyer who is corrected is found by what is right, and no longer by what was wrong.
        app.ctx.db.execute("UPDATE preorders SET name = 'Beatriz' WHERE name LIKE 'Ana%'").await;
        assert_eq!(found(app, &cookie, "beatr").await, [ana.id()]);
        assert_eq!(found(app, &cookie, "neill").await, Vec::<String>::new());
        app.ctx.db.execute("DELETE FROM preorders WHERE payment_status = 'unpaid'").await;
        assert_eq!(found(app, &cookie, "lucia@").await, [ana.id()]);
    }

    async fn what_is_not_understood_is_said_and_left_out(app: TestApp) {
        plant(app, &[Seed::new(1, "ana@example.com")]).await;
        let cookie = app.sign_in_as(Role::Support).await;
        let query = "payment=unpaid,nonsense&sort=colour&from=2026-13-01&country=Germany&color=neon&after=soon.pre_x&limit=9";
        let page = app.get_as(&cookie, &format!("/admin/preorders?{query}")).await;
        assert_eq!(rows(&page).len(), 1);
        for word in ["nonsense", "colour", "2026-13-01", "Germany", "neon"] {
            assert!(page.body.contains(&format!("“{word}” is not known")), "{word}");
        }
        let far = format!("/admin/preorders?after={}.{}", i64::MAX, Seed::new(1, "").id());
        assert_eq!(app.get_as(&cookie, &far).await.status, 200);
        let long = format!("/admin/preorders?q={}", "ä".repeat(900));
        assert_eq!(app.get_as(&cookie, &long).await.status, 200);
    }

    async fn the_export_is_the_list_and_no_cell_is_a_formula(app: TestApp) {
        let mut seeds = many();
        seeds[9].name = Some("=cmd|' /C calc'!A0");
        seeds[9].phone = Some("+4917600000000");
        plant(app, &seeds).await;
        let cookie = app.sign_in_as(Role::Support).await;
        for query in ["", "payment=paid,refunded&sort=paid&dir=asc", "q=example&currency=jpy,eur&sort=amount", "q=nobody%40x"] {
            let (list, _) = whole_list(app, &cookie, query).await;
            let file = app.get_as(&cookie, &format!("/admin/preorders.csv?{query}&zone=Asia/Tokyo")).await;
            assert_eq!(file.status, 200, "{}", file.body);
            let text = file.body.strip_prefix('\u{feff}').expect("a byte order mark");
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            let records: Vec<_> = reader.records().map(Result::unwrap).collect();
            let ids: Vec<_> = records.iter().map(|record| record[24].to_owned()).collect();
            assert_eq!(ids, list, "{query}");
            for cell in records.iter().flat_map(csv::StringRecord::iter) {
                assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell} is a formula");
            }
        }
        let file = app.get_as(&cookie, "/admin/preorders.csv?q=buyer9%40&zone=Asia/Tokyo").await;
        let line = file.body.lines().nth(1).unwrap();
        assert!(line.contains("'=cmd|' /C calc'!A0") && line.contains(",'+4917600000000,"), "{line}");
        assert!(line.contains(",459.00,EUR,") || line.contains(",499.00,USD,"), "{line}");
        assert!(line.contains("2026-11-20T10:00:00+09:00"), "{line}");
        assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
        let disposition = file.header("content-disposition");
        assert!(disposition.starts_with("attachment; filename=\"rolitt-preorders-20"), "{disposition}");
        assert_eq!(file.header("cache-control"), "no-store");
        assert_eq!(app.get_as(&cookie, "/admin/preorders.csv?zone=Mars/Olympus").await.status, 422);
        let logged = app.scalar("SELECT MAX(detail) FROM audit_log WHERE action = 'exported' AND actor = 'support@example.com'").await;
        assert!(logged.unwrap().contains("q="), "the filter is in the log");
        let addresses = app.count("SELECT COUNT(*) FROM audit_log WHERE action = 'exported' AND detail LIKE '%buyer9@%'").await;
        assert_eq!(addresses, 0, "the log keeps no buyer's address");
        let away = app.get("/admin/preorders.csv").await;
        assert!(away.status == 303 && away.location().starts_with("/admin/login"), "nobody gets a file");
    }

    async fn a_viewer_reads_no_address_on_the_page_or_in_the_file(app: TestApp) {
        let seed = Seed { name: Some("Jürgen Kühn"), phone: Some("+4915123456789"), ..Seed::new(1, "secret.buyer@example.com") };
        plant(app, &[seed]).await;
        let cookie = app.sign_in_as(Role::Viewer).await;
        for path in ["/admin/preorders?columns=email,name,phone", "/admin/preorders.csv"] {
            let answer = app.get_as(&cookie, path).await;
            assert!(answer.body.contains("s•••@example.com"), "{path}");
            for hidden in ["secret.buyer", "Kühn", "15123456789"] {
                assert!(!answer.body.contains(hidden), "{path} tells {hidden}");
            }
        }
        let page = app.get_as(&cookie, "/admin/preorders").await;
        assert!(!page.body.contains("/api/admin/bulk"), "a viewer is offered acts");
        let support = app.sign_in_as(Role::Support).await;
        let page = app.get_as(&support, "/admin/preorders?select=page").await;
        assert!(page.body.contains("/api/admin/bulk") && page.body.contains("secret.buyer@example.com"));
        let bx = page.body.split("name=\"ids[]\"").nth(1).unwrap().split('>').next().unwrap();
        assert!(bx.contains("checked"), "the page's rows are not chosen: {bx}");
    }

    async fn a_view_belongs_to_who_saved_it_and_its_name_to_the_last_list(app: TestApp) {
        let support = app.sign_in_as(Role::Support).await;
        let viewer = app.sign_in_as(Role::Viewer).await;
        let save = async |cookie: &str, name: &str, query: &str| {
            app.post_as(cookie, "/api/admin/save_view", &[("name", name), ("query", query)]).await
        };
        let saved = save(&support, " Refunds  of Japan ", "currency=jpy&payment=refunded&after=1.pre_1&x=<b>").await;
        assert_eq!((saved.status, saved.location()), (303, "/admin/preorders?payment=refunded&currency=jpy"), "{}", saved.body);
        let has = async |cookie: &str, text: &str| app.get_as(cookie, "/admin/preorders").await.body.contains(text);
        assert!(has(&support, "Refunds of Japan").await);
        assert!(!has(&viewer, "Refunds of Japan").await, "a colleague sees it");
        save(&support, "Refunds of Japan", "currency=eur").await;
        assert!(has(&support, "href=\"/admin/preorders?currency=eur\"").await, "the name keeps the old list");
        assert_eq!(app.count("SELECT COUNT(*) FROM saved_views").await, 1);
        let id = app.scalar("SELECT id FROM saved_views").await.unwrap();
        let stolen = app.post_as(&viewer, "/api/admin/delete_view", &[("id", &id)]).await;
        assert_eq!((stolen.status, app.count("SELECT COUNT(*) FROM saved_views").await), (422, 1));
        let current = app.get_as(&support, "/admin/preorders?currency=eur").await;
        assert!(current.body.contains("/api/admin/delete_view"), "one's own view can't be deleted");
        let deleted = app.post_as(&support, "/api/admin/delete_view", &[("id", &id)]).await;
        assert_eq!((deleted.status, app.count("SELECT COUNT(*) FROM saved_views").await), (303, 0));
        for name in ["", "   ", &"x".repeat(41)] {
            assert_eq!(save(&support, name, "").await.status, 422, "{name:?}");
        }
        for n in 0..30 {
            assert_eq!(save(&support, &format!("View {n}"), "").await.status, 303);
        }
        assert_eq!(save(&support, "One more", "").await.status, 422);
        let acts = app.count("SELECT COUNT(*) FROM audit_log WHERE action IN ('view_saved', 'view_deleted')").await;
        assert_eq!(acts, 33);
    }

    async fn the_jump_box_goes_straight_to_what_is_named(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        app.pay_by_card(&session, "4242424242424242").await;
        app.wait_for_badges(&id, "completed/paid").await;
        app.settle_down().await;
        for color in ["sakura-pink", "cherry-red"] {
            app.post("/api/initiate_preorder", &[("email", "two@example.com"), ("color", color)]).await;
        }
        app.settle_down().await;
        let one = async |sql: &str| app.scalar(sql).await.unwrap();
        let number = one(&format!("SELECT preorder_number FROM preorders WHERE id = '{id}'")).await;
        let intent = one("SELECT MIN(payment_intent_id) FROM checkout_attempts").await;
        let attempt = one("SELECT MIN(id) FROM checkout_attempts").await;
        let event = one("SELECT MIN(stripe_event_id) FROM webhook_logs").await;
        let webhook = one(&format!("SELECT id FROM webhook_logs WHERE stripe_event_id = '{event}'")).await;
        let delivery = one("SELECT MIN(id) FROM outbox").await;
        let page = format!("/admin/preorders/{id}");
        let cookie = app.sign_in_as(Role::Viewer).await;
        for (q, target) in [
            (number.as_str(), page.as_str()),
            (&number[4..].to_lowercase(), &page),
            ("ANA@example.com ", &page),
            (&id, &page),
            (&session, &page),
            (&intent, &page),
            (&attempt, &page),
            (&event, &format!("/admin/webhooks/{webhook}")),
            (&webhook, &format!("/admin/webhooks/{webhook}")),
            (&delivery, &format!("/admin/background?delivery={delivery}")),
            ("two@example.com", "/admin/preorders?q=two%40example.com"),
            ("half an address@", "/admin/preorders?q=half+an+address%40"),
            ("pre_nobody", "/admin/preorders?q=pre_nobody"),
            ("", "/admin/preorders"),
        ] {
            let query = serde_urlencoded::to_string([("q", q)]).unwrap();
            let answer = app.get_as(&cookie, &format!("/admin/jump?{query}")).await;
            assert_eq!((answer.status, answer.location()), (303, target), "{q}");
        }
    }

    async fn a_day_is_the_viewers_day(app: TestApp) {
        // 23:30 in UTC is the next day in Berlin.
        let late = Seed { started: DAY + 23 * HOUR + HOUR / 2, ..Seed::new(1, "late@example.com") };
        plant(app, std::slice::from_ref(&late)).await;
        let cookie = app.sign_in_as(Role::Viewer).await;
        let berlin = format!("{cookie}; rolitt_zone=Europe%2FBerlin");
        let day = async |cookie: &str, day: &str| rows(&app.get_as(cookie, &format!("/admin/preorders?from={day}&to={day}")).await);
        assert_eq!(day(&cookie, "2026-11-20").await, [late.id()]);
        assert_eq!(day(&berlin, "2026-11-20").await, Vec::<String>::new());
        assert_eq!(day(&berlin, "2026-11-21").await, [late.id()]);
    }
}
