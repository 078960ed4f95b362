//! Who may speak as Stripe: signatures that are good, old, early, altered, of somebody else, or none at all.

use std::time::Duration;

use serde_json::json;

use super::{event, logged, paid_session, rows, says_nothing_inward};
use crate::domain::timestamp::Timestamp;
use crate::providers::payments::stripe::signature::{TOLERANCE_SECONDS, sign};
use crate::tests::app::{SECRET, TestApp};
use crate::tests::database::Kind;
use crate::tests::on_both;

const OTHER: &str = "whsec_of_somebody_else";

/// A header's name in words, the header, and whether it opens.
fn headers(body: &[u8], now: Timestamp) -> Vec<(&'static str, String, bool)> {
    let ours = sign(SECRET, body, now);
    let (t, v1) = ours.split_once(',').unwrap();
    let theirs = sign(OTHER, body, now);
    let (_, foreign) = theirs.split_once(',').unwrap();
    let nought = format!("v1={}", "0".repeat(64));
    let many = |last: &str| format!("{t},{}{last}", format!("{nought},").repeat(50));
    let tolerance = Duration::from_secs(TOLERANCE_SECONDS.unsigned_abs());
    let (second, slack) = (Duration::from_secs(1), Duration::from_secs(20));
    let nearly = tolerance.saturating_sub(slack);
    vec![
        ("as Stripe writes it", ours.clone(), true),
        ("in another order", format!("{v1},{t}"), true),
        ("with spaces", format!("{t}, {v1}"), true),
        ("with a scheme of tomorrow", format!("{t},v2=abc,{v1}"), true),
        ("with Stripe's own test scheme beside it", format!("{t},{v1},v0={}", "1".repeat(64)), true),
        ("ours among many", many(v1), true),
        ("nearly five minutes old", sign(SECRET, body, now - nearly), true),
        ("nearly five minutes ahead", sign(SECRET, body, now + nearly), true),
        ("too old", sign(SECRET, body, now - (tolerance + second)), false),
        ("too far ahead", sign(SECRET, body, now + (tolerance + slack)), false),
        ("of another secret", theirs.clone(), false),
        ("many, none of them ours", many(foreign), false),
        ("at another time than was signed", format!("t={},{v1}", now.seconds() + 1), false),
        ("at two times, the wrong one last", format!("{t},{v1},t={}", now.seconds() - 1), false),
        ("without a time", v1.to_owned(), false),
        ("without a signature", t.to_owned(), false),
        ("v0 alone", format!("{t},{}", v1.replace("v1=", "v0=")), false),
        ("cut short", ours[..ours.len() - 2].to_owned(), false),
        ("a bit too long", format!("{ours}00"), false),
        ("a time that is no number", format!("t=now,{v1}"), false),
        ("a time beyond all numbers", format!("t=99999999999999999999999,{v1}"), false),
        ("a time before all times", format!("t=-9223372036854775808,{v1}"), false),
        ("nothing", String::new(), false),
        ("garbage", "nonsense; v1=, t=,,,==".to_owned(), false),
        ("very long", format!("{t},{}", "v1=00,".repeat(1_000)), false),
    ]
}

on_both! {
    async fn what_is_forged_leaves_no_trace_and_what_is_signed_is_kept(app: TestApp) {
        let now = app.ctx.clock.now();
        let mut kept = 0;
        for number in 0..headers(b"", now).len() {
            let id = format!("evt_{number}");
            let body = event(&id, "customer.created", json!({ "id": "cus_1" }));
            let (name, header, opens) = headers(body.as_bytes(), now).swap_remove(number);
            let answer = app.raw_webhook(body.as_bytes(), Some(&header)).await;
            assert_eq!(answer.status, if opens { 200 } else { 400 }, "{name}: {}", answer.body);
            says_nothing_inward(&answer);
            kept += i64::from(opens);
            assert_eq!(logged(app, &id).await.is_some(), opens, "{name}");
            assert_eq!(rows(app).await, kept, "{name}");
        }
    }

    async fn one_altered_byte_anywhere_is_a_forgery(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        let body = event("evt_1", "checkout.session.completed", paid_session(&session, &id)).into_bytes();
        let header = sign(SECRET, &body, app.ctx.clock.now());
        for at in (0..body.len()).step_by(body.len() / 12) {
            let mut altered = body.clone();
            altered[at] ^= 1;
            assert_eq!(app.raw_webhook(&altered, Some(&header)).await.status, 400, "the byte at {at}");
        }
        let longer = [body.as_slice(), b" "].concat();
        assert_eq!(app.raw_webhook(&longer, Some(&header)).await.status, 400);
        assert_eq!(rows(app).await, 0);
        assert!(app.badges(&id).await.ends_with("/unpaid"));
    }

    async fn the_same_bytes_again_change_nothing_and_after_the_tolerance_are_refused(app: TestApp) {
        let (session, id) = app.checkout("ana@example.com").await;
        let body = event("evt_1", "checkout.session.completed", paid_session(&session, &id)).into_bytes();
        let header = sign(SECRET, &body, app.ctx.clock.now());
        for _ in 0..3 {
            assert_eq!(app.raw_webhook(&body, Some(&header)).await.status, 200);
        }
        app.wait_for_badges(&id, "completed/paid").await;
        app.settle_down().await;
        app.advance(Duration::from_secs(TOLERANCE_SECONDS.unsigned_abs() + 2));
        let late = app.raw_webhook(&body, Some(&header)).await;
        assert_eq!(late.status, 400, "{}", late.body);
        // Stripe signs anew when it sends again: that is no replay, and no news either.
        assert_eq!(app.signed_webhook(&body, SECRET, app.ctx.clock.now()).await.status, 200);
        app.settle_down().await;
        assert_eq!(rows(app).await, 1);
        assert_eq!(app.count("SELECT COUNT(*) FROM outbox WHERE kind = 'apply_stripe_event'").await, 1);
        assert_eq!(app.klaviyo_events("Preorder Success").await.len(), 1);
    }
}

/// While a secret is rotated both open; afterwards the old one does not.
async fn a_rotated_secret(kind: Kind) {
    let body = event("evt_1", "customer.created", json!({ "id": "cus_1" }));
    let app = TestApp::start_with(kind, &[("STRIPE_WEBHOOK_SECRET", "whsec_old,whsec_new")]).await;
    let now = app.ctx.clock.now();
    assert_eq!(app.signed_webhook(body.as_bytes(), "whsec_old", now).await.status, 200);
    assert_eq!(app.signed_webhook(body.as_bytes(), "whsec_new", now).await.status, 200);
    // Stripe signs with both of them meanwhile.
    let both = format!("{},{}", sign("whsec_old", body.as_bytes(), now), sign("whsec_new", body.as_bytes(), now));
    assert_eq!(app.raw_webhook(body.as_bytes(), Some(&both)).await.status, 200);
    assert_eq!(rows(&app).await, 1);
    app.finish().await;
    let app = TestApp::start_with(kind, &[("STRIPE_WEBHOOK_SECRET", "whsec_new")]).await;
    let now = app.ctx.clock.now();
    assert_eq!(app.signed_webhook(body.as_bytes(), "whsec_old", now).await.status, 400);
    assert_eq!(rows(&app).await, 0);
    assert_eq!(app.signed_webhook(body.as_bytes(), "whsec_new", now).await.status, 200);
    assert_eq!(app.raw_webhook(body.as_bytes(), Some(&both)).await.status, 200);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_secrets_open_while_one_is_rotated_and_a_removed_one_does_not_on_sqlite() {
    a_rotated_secret(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_secrets_open_while_one_is_rotated_and_a_removed_one_does_not_on_postgres() {
    a_rotated_secret(Kind::Postgres).await;
}
