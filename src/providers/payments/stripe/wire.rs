//! Stripe's HTTP: one client for the library's requests and for lists. The library brings a client of its own, which opens
//! a connection for every call and tells nothing of `Retry-After`; its requests and objects are used, that is not.

use std::fmt::Display;
use std::time::Duration;

use axum::body::Bytes;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde::Deserialize;
use stripe_client_core::{CustomizedStripeRequest, StripeClient, StripeClientErr, StripeMethod};
use stripe_shared::version::VERSION;

use crate::config::StripeSettings;
use crate::domain::timestamp::Timestamp;
use crate::providers::{ProviderError, excerpt, http_client, retry_after};

const BASE: &str = "https://api.stripe.com";
const SERVICE: &str = "Stripe";
/// How long the same request may still be under way.
const TWIN: Duration = Duration::from_secs(1);
/// Says that this is what Stripe itself had answered to the key before. A failure without it may be a gateway's word,
/// while the request goes on behind it.
const REPLAYED: &str = "idempotent-replayed";

pub struct Wire {
    http: reqwest::Client,
    base: String,
    secret_key: String,
}

/// `{"error":{"type","code","message"}}`
#[derive(Deserialize, Default)]
struct Refusal {
    #[serde(default)]
    error: Details,
}

#[derive(Deserialize, Default)]
struct Details {
    #[serde(rename = "type")]
    kind: Option<String>,
    code: Option<String>,
    message: Option<String>,
}

impl Wire {
    pub fn new(settings: &StripeSettings, timeout: Duration) -> Result<Self, ProviderError> {
        let http = http_client(timeout).map_err(|e| ProviderError::Configuration(format!("{SERVICE}: {e}")))?;
        let base = settings.api_base.as_deref().unwrap_or(BASE).trim_end_matches('/').to_owned();
        Ok(Self { http, base, secret_key: settings.secret_key.clone() })
    }

    /// Reads an address: `path` is what follows `/v1/`.
    pub async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Bytes, ProviderError> {
        let url = url::Url::parse_with_params(&format!("{}/v1/{path}", self.base), query);
        let url = url.map_err(|e| ProviderError::Configuration(format!("STRIPE_API_BASE: {e}")))?;
        self.send(self.http.get(url)).await
    }

    /// Every answer bears it, also one to nobody.
    pub async fn time(&self) -> Result<Option<Timestamp>, ProviderError> {
        let answer = self.http.head(format!("{}/v1", self.base)).send().await;
        let answer = answer.map_err(|e| ProviderError::from_reqwest(SERVICE, &e))?;
        let date = answer.headers().get(reqwest::header::DATE).and_then(|value| value.to_str().ok());
        let date = date.and_then(|text| jiff::fmt::rfc2822::parse(text).ok());
        Ok(date.map(|date| Timestamp::from_millis(date.timestamp().as_millisecond())))
    }

    /// Once: whether to ask again is the workflow's to say.
    async fn send(&self, request: RequestBuilder) -> Result<Bytes, ProviderError> {
        let request = request.bearer_auth(&self.secret_key).header("stripe-version", VERSION.as_str());
        let answer = request.send().await.map_err(|e| ProviderError::from_reqwest(SERVICE, &e))?;
        let (status, after) = (answer.status(), retry_after(&answer));
        let replayed = answer.headers().get(REPLAYED).is_some_and(|value| value == "true");
        let body = answer.bytes().await.map_err(|e| ProviderError::from_reqwest(SERVICE, &e))?;
        if status.is_success() { Ok(body) } else { Err(refused(status, after, replayed, &body)) }
    }
}

/// Stripe's errors by what can be done about them: <https://docs.stripe.com/error-low-level>.
fn refused(status: StatusCode, after: Option<Duration>, replayed: bool, body: &[u8]) -> ProviderError {
    let Details { kind, code, message } = serde_json::from_slice::<Refusal>(body).unwrap_or_default().error;
    let (code, text) = (code.unwrap_or_default(), message.unwrap_or_default());
    let message = format!("{SERVICE} answered {} {code}: {}", status.as_u16(), excerpt(&text));
    match status.as_u16() {
        401 | 403 => ProviderError::Configuration(message),
        // Another request of ours with this key is under way (a double click).
        409 if code == "idempotency_key_in_use" => ProviderError::NotAsked { message, after: TWIN },
        409 | 424 | 429 => ProviderError::Retry { message, after },
        // "Treat the result of the request as indeterminate."
        500..=599 => ProviderError::Failed { message, after, replayed },
        404 => ProviderError::Gone(message),
        // What is named in a parameter is named so; a page's own address answers 404.
        400 if code == "resource_missing" => ProviderError::Gone(message),
        400 if kind.as_deref() == Some("idempotency_error") => ProviderError::KeyTaken(message),
        _ => ProviderError::Permanent(message),
    }
}

/// What a request of the library's came to.
#[derive(Debug)]
pub struct Failed(pub ProviderError);

impl From<Failed> for ProviderError {
    fn from(failed: Failed) -> Self {
        failed.0
    }
}

impl StripeClientErr for Failed {
    fn deserialize_err(problem: impl Display) -> Self {
        Self(ProviderError::NoAnswer(format!("{SERVICE} answered what we can't read: {problem}")))
    }
}

impl StripeClient for Wire {
    type Err = Failed;

    async fn execute(&self, request: CustomizedStripeRequest) -> Result<Bytes, Failed> {
        let (call, chosen) = request.into_pieces();
        let method = match call.method {
            StripeMethod::Get => Method::GET,
            StripeMethod::Post => Method::POST,
            StripeMethod::Delete => Method::DELETE,
        };
        let query = call.query.map(|query| format!("?{query}")).unwrap_or_default();
        let mut request = self.http.request(method, format!("{}/v1{}{query}", self.base, call.path));
        if let Some(key) = chosen.request_strategy.and_then(|strategy| strategy.get_key()) {
            request = request.header("idempotency-key", key.as_str());
        }
        if let Some(body) = call.body {
            request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        }
        self.send(request).await.map_err(Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stripe_refuses_is_sorted_by_what_can_be_done_about_it() {
        let of = |status: u16, after: Option<u64>| {
            let body = br#"{"error":{"code":"rate_limit","message":"Too many for ana@example.com","type":"x"}}"#;
            refused(StatusCode::from_u16(status).unwrap(), after.map(Duration::from_secs), false, body)
        };
        let ProviderError::Retry { message, after } = of(429, Some(30)) else { panic!("not to be repeated") };
        assert_eq!(message, "Stripe answered 429 rate_limit: Too many for …");
        assert_eq!(after, Some(Duration::from_secs(30)));
        assert!(matches!(of(500, None), ProviderError::Failed { after: None, .. }));
        assert!(matches!(of(503, Some(5)), ProviderError::Failed { after: Some(_), .. }));
        assert!(matches!(of(401, None), ProviderError::Configuration(_)));
        assert!(matches!(of(400, None), ProviderError::Permanent(_)));
        assert!(matches!(of(402, None), ProviderError::Permanent(_)));
        assert!(matches!(of(404, None), ProviderError::Gone(_)));
        let garbled = refused(StatusCode::BAD_GATEWAY, None, false, b"<html>\xff");
        assert!(matches!(garbled, ProviderError::Failed { message, .. } if message == "Stripe answered 502 : "));
    }
}
