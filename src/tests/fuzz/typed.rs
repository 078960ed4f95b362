//! What people type, browsers keep and providers answer: read without a panic, and what was read reads back as itself.

use proptest::prelude::*;

use super::{holds, runtime};
use crate::domain::access::Role;
use crate::domain::contact::PersonName;
use crate::domain::money::{Currency, Money};
use crate::domain::postal::{PostalAddress, lines_and_country};
use crate::domain::search_term::SearchTerm;
use crate::tests::app::TestApp;
use crate::tests::database::Kind;
use crate::tests::http_client::Answer;

#[test]
fn a_search_may_be_anything_and_is_never_longer_than_it_may_be() {
    let typed = prop_oneof![any::<String>(), "[ROLrol0-9 +@._%'\"\\\\-]{0,400}"];
    holds("search terms", 800, true, &typed, |typed| {
        if let Some(term) = SearchTerm::parse(&typed) {
            prop_assert!(!term.typed.trim().is_empty() && term.typed.chars().count() <= 254);
            prop_assert!(!term.typed.chars().any(char::is_control));
            let again = SearchTerm::parse(&term.typed);
            prop_assert_eq!(again, Some(term));
        }
        Ok(())
    });
}

#[test]
fn an_address_that_was_taken_reads_back_as_itself() {
    let country = prop_oneof![Just("DE".to_owned()), Just(" jp ".to_owned()), any::<String>()];
    let lines = prop_oneof![any::<String>(), "([^\u{0}-\u{1f}]{0,40}\n){0,8}"];
    holds("addresses", 1000, true, &(lines, country), |(lines, country)| {
        if let Ok(address) = PostalAddress::parse(&lines, &country) {
            prop_assert!(!address.as_str().chars().any(char::is_control));
            prop_assert!(address.as_str().ends_with(address.country()));
            let (lines, country) = lines_and_country(address.as_str());
            prop_assert_eq!(PostalAddress::parse(&lines, &country), Ok(address));
        }
        Ok(())
    });
}

#[test]
fn a_name_that_was_taken_reads_back_as_itself() {
    holds("names", 1000, true, &any::<String>(), |typed| {
        if let Ok(name) = PersonName::parse(&typed) {
            prop_assert_eq!(PersonName::parse(name.as_str()), Ok(name.clone()));
        }
        Ok(())
    });
}

#[test]
fn an_amount_that_was_typed_is_never_another() {
    let typed = prop_oneof![any::<String>(), "[0-9.,+e -]{0,25}", "[0-9]{1,3}(,[0-9]{3}){0,3}(\\.[0-9]{0,3})?"];
    holds("amounts", 1000, true, &typed, |typed| {
        for &currency in Currency::ALL {
            if let Some(money) = Money::from_decimal(&typed, currency) {
                prop_assert!(money.minor >= 0);
                prop_assert_eq!(Money::from_decimal(&money.decimal(), currency), Some(money));
            }
        }
        Ok(())
    });
}

#[test]
fn a_retry_after_may_be_anything() {
    let header = prop_oneof![any::<String>(), "[0-9]{0,30}", "[0-9]{1,3}\\.[0-9]", Just("-1".to_owned())];
    holds("Retry-After", 1000, true, &header, |header| {
        let Ok(value) = reqwest::header::HeaderValue::from_str(&header) else { return Ok(()) };
        let mut answer = http::Response::new("");
        answer.headers_mut().insert("retry-after", value);
        let after = crate::providers::retry_after(&reqwest::Response::from(answer));
        let whole: Option<u64> = header.trim().parse().ok();
        if let Some(after) = after {
            prop_assert!(whole.is_some());
            // Whatever a provider asks for, the time it leads to exists.
            let _ = crate::domain::timestamp::Timestamp::from_seconds(1_700_000_000) + after;
        }
        Ok(())
    });
}

/// Addresses, cookies and uploads of the admin's, over HTTP: refused perhaps, and never an error of ours.
fn whatever_an_admin_sends(kind: Kind, quick: u32) {
    let runtime = runtime();
    let (app, owner) = runtime.block_on(async {
        let app = TestApp::start(kind).await;
        let owner = app.sign_in_as(Role::Owner).await;
        assert_eq!(
            app.post("/api/initiate_preorder", &[("email", "ana@example.com"), ("color", "sakura-pink")]).await.status,
            200
        );
        (app, owner)
    });
    let text = prop_oneof![any::<String>(), "[a-zA-Z0-9%_@.'\"\\\\ -]{0,60}", "ROL-?[2-9A-Z]{0,8}"];
    let page = proptest::sample::select(vec![
        "preorders",
        "customers",
        "payments",
        "webhooks",
        "background",
        "audit",
        "fulfil",
    ]);
    let name = proptest::sample::select(vec![
        "q", "payment", "status", "sort", "after", "from", "to", "page", "color", "kind",
    ]);
    let query = proptest::collection::vec((name, text.clone()), 0..4);
    let upload = (text.clone(), any::<Vec<u8>>(), "[ROL0-9A-Z,;\t\"\n-]{0,300}");
    let cookie = "[ -:<-~]{0,60}";
    holds("what an admin sends", quick, false, &(page, query, upload, cookie), |(page, query, upload, cookie)| {
        runtime.block_on(async {
            let query = serde_urlencoded::to_string(&query).unwrap();
            let with = format!("{cookie}; {owner}");
            let path = format!("/admin/{page}?{query}");
            let shown = app.get_as(&with, &path).await;
            prop_assert!(shown.status < 500, "{path}: {} {}", shown.status, shown.body);
            let stranger = app.get_as(&cookie, &path).await;
            prop_assert!(stranger.status == 303 || stranger.status == 302, "{}", stranger.status);
            let (list, bytes, rows) = &upload;
            let file = [bytes.as_slice(), rows.as_bytes()].concat();
            let part = |name: &str, value: &[u8]| {
                let head = format!("--cut\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
                [head.as_bytes(), value, b"\r\n"].concat()
            };
            let body = [part("list", list.as_bytes()), part("file", &file), b"--cut--\r\n".to_vec()].concat();
            let request = app.http.post(format!("{}/api/admin/preview_fulfilment", app.base)).header("cookie", &owner);
            let request = request.header("content-type", "multipart/form-data; boundary=cut").body(body);
            let answer = Answer::of(request.send().await.unwrap()).await;
            prop_assert!(answer.status < 500, "{} {}", answer.status, answer.body);
            Ok(())
        })
    });
    runtime.block_on(app.finish());
}

#[test]
fn whatever_an_admin_sends_is_no_error_of_ours_on_sqlite() {
    whatever_an_admin_sends(Kind::Sqlite, 40);
}

#[test]
fn whatever_an_admin_sends_is_no_error_of_ours_on_postgres() {
    whatever_an_admin_sends(Kind::Postgres, 30);
}
