//! The rooms Webhooks and Background, as the people who work in them use them: over HTTP, with workers running, and
//! providers that fail by the sandbox's faults.

mod background;
mod webhooks;

use std::time::Duration;

use serde_json::{Value, json};

use crate::tests::app::TestApp;
use crate::tests::http_client::Answer;

const BUY: [(&str, &str); 2] = [("email", "ana@example.com"), ("color", "sakura-pink")];
const BACKGROUND: &str = "/admin/background";

/// What an act says it did: the line that the next page shows.
fn notice(answer: &Answer) -> String {
    use base64::Engine;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let cookie = answer.cookie("rolitt_notice").expect("no notice");
    let value = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(cookie.split_once('=').unwrap().1).unwrap();
    serde_json::from_slice::<Value>(&value).unwrap()["text"].as_str().unwrap().to_owned()
}

async fn act(app: &TestApp, cookie: &str, path: &str, form: &[(&str, &str)]) -> String {
    notice(&app.post_as(cookie, path, form).await)
}

/// The words of a page, without its marks.
async fn page(app: &TestApp, cookie: &str, path: &str) -> String {
    let answer = app.get_as(cookie, path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    let mut words = String::new();
    let mut is_mark = false;
    for c in answer.body.chars() {
        match c {
            '<' => is_mark = true,
            '>' => is_mark = false,
            c if !is_mark => words.push(c),
            _ => {}
        }
    }
    words
}

async fn audited(app: &TestApp, action: &str) -> i64 {
    app.count(&format!("SELECT COUNT(*) FROM audit_log WHERE action = '{action}'")).await
}

async fn delivery(app: &TestApp, kind: &str) -> String {
    app.scalar(&format!("SELECT id FROM outbox WHERE kind = '{kind}'")).await.unwrap()
}

async fn state(app: &TestApp, id: &str) -> String {
    app.scalar(&format!("SELECT state FROM outbox WHERE id = '{id}'")).await.unwrap()
}

/// Lets days pass until everything that fails has been given up.
async fn until_dead(app: &TestApp, rows: i64) {
    app.wait_until("they are given up", async || {
        app.advance(Duration::from_hours(12));
        app.count("SELECT COUNT(*) FROM outbox WHERE state = 'dead'").await == rows
    })
    .await;
    app.settle_down().await;
}

async fn klaviyo(app: &TestApp, error_rate: f64) {
    app.faults(json!({ "klaviyo": { "error_rate": error_rate, "error_status": 500 } })).await;
}

fn completed(id: &str, session: &str, preorder: &str) -> String {
    json!({ "id": id, "object": "event", "type": "checkout.session.completed", "created": 1_700_000_000, "data": {
        "object": { "id": session, "payment_status": "paid", "amount_total": 49_900, "currency": "usd",
        "payment_intent": format!("pi_{id}"), "customer_details": { "email": "ana@example.com", "name": "Ana Lovelace" },
        "metadata": { "preorder_id": preorder } } } })
    .to_string()
}

async fn webhook_id(app: &TestApp, stripe_event_id: &str) -> String {
    app.scalar(&format!("SELECT id FROM webhook_logs WHERE stripe_event_id = '{stripe_event_id}'")).await.unwrap()
}

/// Everything that settlement may touch, to be compared with itself later.
async fn records(app: &TestApp) -> Vec<Option<String>> {
    let mut found = Vec::new();
    for sql in [
        "SELECT id || status || payment_status || COALESCE(session_id, '') || CAST(updated_at AS TEXT) FROM preorders",
        "SELECT MAX(id || state || CAST(updated_at AS TEXT)) FROM checkout_attempts",
        "SELECT CAST(COUNT(*) AS TEXT) FROM outbox",
        "SELECT CAST(COUNT(*) AS TEXT) FROM payments_ledger",
        "SELECT CAST(COUNT(*) AS TEXT) FROM audit_log",
        "SELECT MAX(id || status || CAST(attempts AS TEXT)) FROM webhook_logs",
    ] {
        found.push(app.scalar(sql).await);
    }
    found
}
