//! The sandbox over real HTTP: a rig with the sandbox on one port, a listener for its webhooks on another, and the clients
//! the shop uses. Each test has its own.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod chaos;
mod checkout;
mod events;
mod other_services;
mod pages;
mod stripe_api;
mod stripe_client;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Sandbox, SandboxOptions};

pub const SECRET: &str = "whsec_for_tests";
/// Far more than anything here takes on a machine that is busy; a hang fails instead of waiting for ever.
const PATIENCE: Duration = Duration::from_mins(3);

/// What the listener got: the signature header and the body, in order of arrival.
#[derive(Clone, Default)]
pub struct Heard {
    pub calls: Arc<Mutex<Vec<(String, String)>>>,
    /// Statuses to answer with before it answers 200.
    pub refusals: Arc<Mutex<Vec<u16>>>,
}

async fn hear(State(heard): State<Heard>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let signature =
        headers.get("stripe-signature").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    heard.calls.lock().unwrap().push((signature, String::from_utf8(body.to_vec()).unwrap()));
    let refusal = heard.refusals.lock().unwrap().pop();
    refusal.map_or(StatusCode::OK, |status| StatusCode::from_u16(status).unwrap())
}

pub struct Rig {
    pub sandbox: Sandbox,
    pub base: String,
    pub http: reqwest::Client,
    pub heard: Heard,
}

impl Rig {
    pub async fn new() -> Self {
        Self::with_state(None).await
    }

    pub async fn with_state(state_file: Option<std::path::PathBuf>) -> Self {
        let heard = Heard::default();
        let ears = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hook = format!("http://{}/hook", ears.local_addr().unwrap());
        let app = Router::new().route("/hook", post(hear)).with_state(heard.clone());
        tokio::spawn(async move { axum::serve(ears, app).await.unwrap() });

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let sandbox = Sandbox::new(SandboxOptions {
            public_base: base.clone(),
            webhook_url: Some(hook),
            webhook_secret: SECRET.to_owned(),
            state_file,
        });
        tokio::spawn(sandbox.clone().serve(listener, std::future::pending()));
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { sandbox, base, http, heard }
    }

    /// A Stripe call with the parameters as given; the status and the JSON.
    pub async fn stripe(&self, method: &str, path: &str, fields: &[(&str, &str)]) -> (u16, Value) {
        self.stripe_with_key(method, path, fields, None).await
    }

    pub async fn stripe_with_key(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        key: Option<&str>,
    ) -> (u16, Value) {
        let answer = self.stripe_request(method, path, fields, key).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub fn stripe_request(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        key: Option<&str>,
    ) -> reqwest::RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let query =
            if method == "GET" { format!("?{}", serde_urlencoded::to_string(fields).unwrap()) } else { String::new() };
        let request = self.http.request(method.clone(), format!("{}{path}{query}", self.base)).bearer_auth("sk_test_x");
        let request = match key {
            Some(key) => request.header("Idempotency-Key", key),
            None => request,
        };
        if method == "POST" { request.form(fields) } else { request }
    }

    /// An open session over 499.00 US dollars.
    pub async fn open_session(&self) -> Value {
        let (status, session) = self.stripe("POST", "/v1/checkout/sessions", &ORDER).await;
        assert_eq!(status, 200, "{session}");
        session
    }

    /// Posts JSON to a sandbox control.
    pub async fn control(&self, path: &str, body: Value) -> (u16, Value) {
        let answer = self.http.post(format!("{}{path}", self.base)).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub async fn pay(&self, session: &Value, body: Value) -> Value {
        let (status, answer) =
            self.control(&format!("/sandbox/checkout/{}/pay.json", session["id"].as_str().unwrap()), body).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    pub async fn faults(&self, patch: Value) {
        let (status, answer) = self.control("/sandbox/faults.json", patch).await;
        assert_eq!(status, 200, "{answer}");
    }

    pub async fn inbox(&self) -> Value {
        self.http.get(format!("{}/sandbox/inbox.json", self.base)).send().await.unwrap().json().await.unwrap()
    }

    pub async fn text(&self, path: &str) -> String {
        self.http.get(format!("{}{path}", self.base)).send().await.unwrap().text().await.unwrap()
    }

    /// How many requests came to Stripe, whatever became of them.
    pub async fn stripe_was_asked(&self) -> usize {
        json_of(&self.text("/sandbox/asked.json").await)["stripe"].as_array().unwrap().len()
    }

    pub async fn wait_until(&self, what: &str, is_so: impl AsyncFn() -> bool) {
        let began = Instant::now();
        while !is_so().await {
            assert!(began.elapsed() < PATIENCE, "waited in vain until {what}; heard {:?}", self.types_so_far());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The types of the events heard, once there are `count` of them.
    pub async fn heard_types(&self, count: usize) -> Vec<String> {
        self.wait_until(&format!("{count} events came"), async || self.types_so_far().len() >= count).await;
        self.types_so_far()
    }

    pub fn types_so_far(&self) -> Vec<String> {
        let calls = self.heard.calls.lock().unwrap();
        calls.iter().map(|(_, body)| json_of(body)["type"].as_str().unwrap().to_owned()).collect()
    }
}

pub fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

pub fn text_of<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("{field} in {value}"))
}

pub const ORDER: [(&str, &str); 11] = [
    ("mode", "payment"),
    ("client_reference_id", "pre_1"),
    ("customer_email", "ada@example.com"),
    ("metadata[preorder_id]", "pre_1"),
    ("payment_intent_data[metadata][preorder_id]", "pre_1"),
    ("line_items[0][quantity]", "1"),
    ("line_items[0][price_data][currency]", "usd"),
    ("line_items[0][price_data][unit_amount]", "49900"),
    ("line_items[0][price_data][product_data][name]", "Rolitt in Sakura Pink"),
    ("success_url", "http://shop.test/preorder/success?session_id={CHECKOUT_SESSION_ID}"),
    ("cancel_url", "http://shop.test/preorder/cancel?preorder_id=pre_1"),
];

/// The order with some parameters changed, added, or (by an empty value) left out.
pub fn order_with<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut order: Vec<(&str, &str)> =
        ORDER.into_iter().filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name)).collect();
    order.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    order
}

/// For tests that only need something to be there.
pub fn nothing() -> Value {
    json!({})
}
