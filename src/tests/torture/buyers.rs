//! Buyers, each a life drawn from the seed: they order, pay in one way or another, come back, press twice, or go away. What
//! is answered with anything but success is tried again, as a person does; an acknowledged preorder is written down.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::tests::http_client::Answer;

/// What everybody out there shares.
pub struct Street {
    pub shops: Vec<String>,
    pub providers: String,
    pub seed: u64,
    pub http: reqwest::Client,
    pub over: AtomicBool,
    /// Preorders that the shop said it has.
    pub acknowledged: std::sync::Mutex<Vec<String>>,
    /// Payment intents that somebody paid, with their preorders.
    pub paid: std::sync::Mutex<Vec<(String, String)>>,
    /// Requests that were answered well.
    pub operations: AtomicU64,
}

/// As long as somebody tries.
const PERSISTENCE: Duration = Duration::from_secs(12);

impl Street {
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Posts a form to whichever process answers, again and again, until one answers with less than 500.
    pub async fn post(&self, path: &str, cookie: &str, form: &[(&str, &str)]) -> Option<Answer> {
        let began = Instant::now();
        for attempt in 0.. {
            let shop = &self.shops[attempt % self.shops.len()];
            let request = self.http.post(format!("{shop}{path}")).header("cookie", cookie).form(form);
            if let Ok(response) = request.send().await {
                let answer = Answer::of(response).await;
                if answer.status < 500 {
                    self.operations.fetch_add(1, Ordering::Relaxed);
                    return Some(answer);
                }
            }
            if self.is_over() || began.elapsed() > PERSISTENCE {
                return None;
            }
            tokio::time::sleep(Duration::from_millis(80)).await;
        }
        None
    }

    /// At the providers', who are always there.
    pub async fn at_stripe(&self, path: &str, order: Value) -> Value {
        let url = format!("{}{path}", self.providers);
        let response = self.http.post(url).json(&order).send().await.unwrap();
        self.operations.fetch_add(1, Ordering::Relaxed);
        response.json().await.unwrap_or_default()
    }
}

pub async fn buyer(street: Arc<Street>, seed: u64, number: u64) {
    let mut dice = StdRng::seed_from_u64(seed.wrapping_mul(31).wrapping_add(number));
    for purchase in 0.. {
        if street.is_over() {
            return;
        }
        buy(&street, &mut dice, number, purchase).await;
        tokio::time::sleep(Duration::from_millis(dice.random_range(20..200))).await;
    }
}

async fn buy(street: &Street, dice: &mut StdRng, number: u64, purchase: u64) {
    let email = format!("buyer{number}.{purchase}@example.com");
    let key = format!("key-{}-{number}-{purchase}", street.seed);
    let phone = format!("+4915{number:01}{purchase:07}");
    let mut form = vec![("email", email.as_str()), ("color", "sakura-pink"), ("idempotency_key", &key)];
    if dice.random_bool(0.5) {
        form.push(("phone", &phone));
    }
    let Some(answer) = street.post("/api/initiate_preorder", "", &form).await else { return };
    assert_eq!(answer.status, 200, "{}", answer.body);
    let id = answer.json()["preorder_id"].as_str().unwrap().to_owned();
    street.acknowledged.lock().unwrap().push(id.clone());
    if dice.random_bool(0.1) {
        return;
    }
    let presses = if dice.random_bool(0.2) { 2 } else { 1 };
    let mut session = None;
    for _ in 0..presses {
        let Some(answer) = street.post("/api/handle_checkout", "", &[("preorder_id", &id)]).await else { return };
        session = answer.location().split_once("/checkout/").map(|(_, session)| session.to_owned());
    }
    let Some(session) = session else { return };
    pay(street, dice, &id, &session).await;
}

async fn pay(street: &Street, dice: &mut StdRng, id: &str, session: &str) {
    let page = format!("/sandbox/checkout/{session}/pay.json");
    let card = |number: &str| json!({ "card": number });
    let outcome = match dice.random_range(0..100) {
        0..50 => street.at_stripe(&page, card("4242424242424242")).await,
        50..65 => {
            street.at_stripe(&page, card("4000000000000002")).await;
            street.at_stripe(&page, card("4242424242424242")).await
        }
        65..75 => {
            street.at_stripe(&page, json!({ "bank_debit": "succeeds", "delay_ms": dice.random_range(0..900) })).await
        }
        75..80 => {
            street.at_stripe(&page, json!({ "bank_debit": "fails", "delay_ms": dice.random_range(0..900) })).await
        }
        80..85 => street.at_stripe(&page, card("4000000000000259")).await,
        85..92 => street.at_stripe(&format!("/sandbox/sessions/{session}/expire.json"), json!({})).await,
        _ => return,
    };
    if outcome["outcome"] != "paid" {
        return;
    }
    if let Some(intent) = outcome["session"]["payment_intent"].as_str() {
        street.paid.lock().unwrap().push((intent.to_owned(), id.to_owned()));
    }
    if dice.random_bool(0.3) {
        // The way back: the success page settles by itself. It may be down just now.
        let shop = &street.shops[dice.random_range(0..street.shops.len())];
        drop(street.http.get(format!("{shop}/preorder/success?session_id={session}")).send().await);
    }
}
