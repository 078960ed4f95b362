//! Buyers, each a life drawn from the seed: they order, pay in one way or another, come back, press twice, or go away. What
//! is answered with anything but success is tried again, as a person does. Whatever the shop acknowledges is written
//! down here, outside of it.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
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
    /// Whose turn it is: people come to all shops alike.
    pub turn: AtomicUsize,
    /// Preorders that the shop said it has.
    pub acknowledged: Mutex<Vec<String>>,
    /// Payment intents that somebody paid, with their preorders.
    pub paid: Mutex<Vec<(String, String)>>,
    /// Refunds that the shop said it will make, by their preorder and their form.
    pub refunds: Mutex<Vec<(String, String)>>,
    /// Answers that nobody should get.
    pub odd: Mutex<Vec<String>>,
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
        loop {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed);
            let shop = &self.shops[turn % self.shops.len()];
            let request = self.http.post(format!("{shop}{path}")).header("cookie", cookie).form(form);
            if let Ok(response) = request.send().await {
                let answer = Answer::of(response).await;
                if answer.status < 500 {
                    self.operations.fetch_add(u64::from(answer.status < 400), Ordering::Relaxed);
                    return Some(answer);
                }
            }
            if self.is_over() || began.elapsed() > PERSISTENCE {
                return None;
            }
            tokio::time::sleep(Duration::from_millis(80)).await;
        }
    }

    /// At the providers', who are always there.
    pub async fn at_stripe(&self, path: &str, order: Value) -> Value {
        let url = format!("{}{path}", self.providers);
        let response = self.http.post(url).json(&order).send().await.unwrap();
        self.operations.fetch_add(u64::from(response.status().is_success()), Ordering::Relaxed);
        response.json().await.unwrap_or_default()
    }

    /// An answer that is no outage and no success.
    pub fn is_odd(&self, what: &str, answer: &Answer) {
        self.odd.lock().unwrap().push(format!("{what} was answered {}: {}", answer.status, answer.body));
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
    if answer.status != 200 {
        return street.is_odd("an order", &answer);
    }
    let id = answer.json()["preorder_id"].as_str().unwrap().to_owned();
    street.acknowledged.lock().unwrap().push(id.clone());
    if dice.random_bool(0.1) {
        return;
    }
    let session = if dice.random_bool(0.2) {
        // A double click, at two processes where there are two. Both lead to the one page.
        let (one, other) = tokio::join!(page(street, &id), page(street, &id));
        if let (Some(one), Some(other)) = (&one, &other)
            && one != other
        {
            street.odd.lock().unwrap().push(format!("two pages for one double click of {id}: {one} and {other}"));
        }
        if dice.random_bool(0.5) { one.or(other) } else { other.or(one) }
    } else {
        page(street, &id).await
    };
    let Some(session) = session else { return };
    if pay(street, dice, &id, &session).await == "paid" || dice.random_bool(0.6) {
        return;
    }
    // Declined, expired, a debit that fails, or away for a moment: back again, to the same page or another.
    tokio::time::sleep(Duration::from_millis(dice.random_range(0..1_500))).await;
    let Some(session) = page(street, &id).await else { return };
    pay_with(street, &id, &session, json!({ "card": "4242424242424242" })).await;
}

/// The payment page that pressing leads to; none if it leads elsewhere, because it is paid for example.
async fn page(street: &Street, id: &str) -> Option<String> {
    let answer = street.post("/api/handle_checkout", "", &[("preorder_id", id)]).await?;
    if answer.status != 303 {
        street.is_odd("a way to the payment page", &answer);
    }
    answer.location().split_once("/checkout/").map(|(_, session)| session.to_owned())
}

/// What came of it, in Stripe's word.
async fn pay(street: &Street, dice: &mut StdRng, id: &str, session: &str) -> String {
    let good = json!({ "card": "4242424242424242" });
    let outcome = match dice.random_range(0..100) {
        0..50 => pay_with(street, id, session, good).await,
        50..65 => {
            pay_with(street, id, session, json!({ "card": "4000000000000002" })).await;
            pay_with(street, id, session, good).await
        }
        65..75 => {
            let debit = json!({ "bank_debit": "succeeds", "delay_ms": dice.random_range(0..900) });
            pay_with(street, id, session, debit).await
        }
        75..80 => {
            let debit = json!({ "bank_debit": "fails", "delay_ms": dice.random_range(0..900) });
            pay_with(street, id, session, debit).await
        }
        80..85 => pay_with(street, id, session, json!({ "card": "4000000000000259" })).await,
        85..92 => {
            street.at_stripe(&format!("/sandbox/sessions/{session}/expire.json"), json!({})).await;
            "expired".to_owned()
        }
        _ => "left".to_owned(),
    };
    if outcome == "paid" && dice.random_bool(0.3) {
        // The way back: the success page settles by itself. It may be down just now.
        let shop = &street.shops[dice.random_range(0..street.shops.len())];
        let back = street.http.get(format!("{shop}/preorder/success?session_id={session}")).send().await;
        if let Ok(back) = back
            && back.status().is_success()
        {
            street.operations.fetch_add(1, Ordering::Relaxed);
        }
    }
    outcome
}

async fn pay_with(street: &Street, id: &str, session: &str, means: Value) -> String {
    let answer = street.at_stripe(&format!("/sandbox/checkout/{session}/pay.json"), means).await;
    let outcome = answer["outcome"].as_str().unwrap_or_default().to_owned();
    if let ("paid", Some(intent)) = (outcome.as_str(), answer["session"]["payment_intent"].as_str()) {
        street.paid.lock().unwrap().push((intent.to_owned(), id.to_owned()));
    }
    outcome
}
