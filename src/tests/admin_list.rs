//! The list of preorders: what is searched is found, filters work together, pages lose and repeat nothing, and the jump
//! box lands.

use super::app::TestApp;
use super::http_client::Answer;
use super::on_both;
use super::preorder_seeds::{DAY, HOUR, Seed, many, plant};
use crate::domain::access::Role;
use crate::store::search_index;

/// Ids of the rows of a page, in order.
pub fn rows(page: &Answer) -> Vec<String> {
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
pub async fn whole_list(app: &TestApp, cookie: &str, query: &str) -> (Vec<String>, Answer) {
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
