//! What the providers received, against what the orders call for: each thing once in effect, and all of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::score::Score;
use super::verdict::Left;
use crate::tests::http_client::client;
use crate::workflows::check_promises::Harm;

/// Why a text waits for a person: it may have been sent.
const MAY_HAVE_BEEN_SENT: [&str; 7] = [
    "may have been sent",
    "did not answer in time",
    "broke off its answer",
    "Twilio answered 5",
    "without a sid",
    "did not come back",
    "no end within the time for a delivery",
];

pub async fn received(score: &mut Score, left: &Left<'_>) {
    let url = format!("{}/sandbox/inbox.json", left.providers);
    let inbox: Value = client().get(url).send().await.unwrap().json().await.unwrap();
    texts(score, left, &inbox).await;
    klaviyo(score, left, &inbox).await;
    firebase(score, left, &inbox).await;
    pages(score, left).await;
}

fn all<'a>(inbox: &'a Value, tray: &str) -> impl Iterator<Item = &'a Value> {
    inbox[tray].as_array().unwrap().iter()
}

/// A text to everybody who paid and left a number: sent once; or parked, because it may have been sent.
async fn texts(score: &mut Score, left: &Left<'_>, inbox: &Value) {
    let mut sent: BTreeMap<&str, u64> = BTreeMap::new();
    for message in all(inbox, "sms").filter(|message| message["error"].is_null()) {
        *sent.entry(message["to"].as_str().unwrap()).or_default() += 1;
    }
    score.texts += sent.values().sum::<u64>();
    for (to, count) in &sent {
        score.find(Harm::Duplicated, count - 1, format!("SMS to {to}"));
    }
    let parked = "SELECT preorder_id || '|' || COALESCE(last_error, '') FROM outbox \
         WHERE kind = 'send_sms' AND state = 'dead'";
    let parked = left.db.texts(parked).await;
    let parked: BTreeMap<&str, &str> = parked.iter().filter_map(|row| row.split_once('|')).collect();
    score.parked += parked.len() as u64;
    for (preorder, why) in &parked {
        let is_good = MAY_HAVE_BEEN_SENT.iter().any(|reason| why.contains(reason));
        score.find(Harm::Lost, u64::from(!is_good), format!("SMS of {preorder}, given up: {why}"));
    }
    let owed = "SELECT id || '|' || phone FROM preorders WHERE paid_at IS NOT NULL AND phone IS NOT NULL";
    for row in left.db.texts(owed).await {
        let (preorder, phone) = row.split_once('|').unwrap();
        let is_known = sent.remove(phone).is_some() || parked.contains_key(preorder);
        score.find(Harm::Lost, u64::from(!is_known), format!("SMS of {preorder}"));
    }
    for to in sent.keys() {
        score.find(Harm::Wrong, 1, format!("SMS to {to}, who has not paid"));
    }
}

async fn klaviyo(score: &mut Score, left: &Left<'_>, inbox: &Value) {
    let mut told: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let counted = |event: &&Value| event["status"] == 202 && event["duplicate"] == false;
    for event in all(inbox, "klaviyo").filter(counted) {
        let preorder = event["payload"]["data"]["attributes"]["properties"]["preorder_id"].as_str().unwrap();
        *told.entry((event["metric"].as_str().unwrap(), preorder)).or_default() += 1;
    }
    for ((metric, preorder), count) in &told {
        score.find(Harm::Duplicated, count - 1, format!("Klaviyo's {metric} of {preorder}"));
    }
    for (metric, whose) in [
        ("Preorder Started", "SELECT id FROM preorders"),
        ("Preorder Success", "SELECT id FROM preorders WHERE paid_at IS NOT NULL"),
    ] {
        let due: BTreeSet<String> = left.db.texts(whose).await.into_iter().collect();
        for preorder in &due {
            let is_told = told.contains_key(&(metric, preorder.as_str()));
            score.find(Harm::Lost, u64::from(!is_told), format!("Klaviyo's {metric} of {preorder}"));
        }
        for (_, preorder) in told.keys().filter(|(of, preorder)| *of == metric && !due.contains(*preorder)) {
            score.find(Harm::Wrong, 1, format!("Klaviyo's {metric} of {preorder}, without a cause"));
        }
    }
}

async fn firebase(score: &mut Score, left: &Left<'_>, inbox: &Value) {
    let mut made: BTreeMap<&str, u64> = BTreeMap::new();
    for user in all(inbox, "firebase").filter(|user| user["status"] == 200 && user["action"] == "create") {
        *made.entry(user["email"].as_str().unwrap_or_default()).or_default() += 1;
    }
    for (email, count) in &made {
        score.find(Harm::Duplicated, count - 1, format!("Firebase user {email}"));
    }
    for row in left.db.texts("SELECT email || '|' || COALESCE(user_id, '') FROM preorders").await {
        let (email, user) = row.split_once('|').unwrap();
        let is_made = made.contains_key(email) && !user.is_empty();
        score.find(Harm::Lost, u64::from(!is_made), format!("Firebase user of {email}"));
    }
}

/// At Stripe, a try to pay has one page; and an order that is paid or cancelled has none on which somebody could pay.
async fn pages(score: &mut Score, left: &Left<'_>) {
    let over = "SELECT id FROM preorders WHERE paid_at IS NOT NULL OR status = 'cancelled'";
    let over: BTreeSet<String> = left.db.texts(over).await.into_iter().collect();
    let mut tries = BTreeSet::new();
    let mut after = String::new();
    loop {
        let url = format!("{}/v1/checkout/sessions?limit=100{after}", left.providers);
        let page = client().get(url).bearer_auth("sk_test_1").send().await.unwrap();
        let page: Value = page.json().await.unwrap();
        let sessions = page["data"].as_array().unwrap();
        for session in sessions {
            let of = session["metadata"]["attempt_id"].as_str().unwrap_or_default();
            let is_first = tries.insert(of.to_owned());
            score.find(Harm::Duplicated, u64::from(!is_first), format!("payment page of the try {of:?}"));
            let preorder = session["metadata"]["preorder_id"].as_str().unwrap_or_default();
            if session["status"] == "open" && over.contains(preorder) {
                let tries = format!(
                    "SELECT number || ': ' || id || ' ' || state || ' ' || COALESCE(session_id, 'without a page') || \
                     ' since ' || CAST(created_at AS TEXT) FROM checkout_attempts WHERE preorder_id = '{preorder}'"
                );
                let tries = left.db.texts(&tries).await;
                let page = format!("{} of {of}, made at {}", session["id"], session["created"]);
                score.find(Harm::Wrong, 1, format!("open page {page}, of {preorder}, which is over: {tries:#?}"));
            }
        }
        let Some(last) = sessions.last().filter(|_| page["has_more"] == true) else { return };
        after = format!("&starting_after={}", last["id"].as_str().unwrap());
    }
}
