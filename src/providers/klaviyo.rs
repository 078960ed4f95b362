//! Klaviyo's Events API: one call, `POST /api/events`. `unique_id` makes Klaviyo drop a repeat of the same event.

use std::time::Duration;

use serde_json::{Value, json};

use super::{ProviderError, http_client, retry_after, watched};
use crate::config::KlaviyoSettings;
use crate::domain::timestamp::Timestamp;

/// The revision of the API that this client was written against.
const REVISION: &str = "2026-07-15";
const SERVICE: &str = "Klaviyo";

pub struct Klaviyo {
    http: reqwest::Client,
    settings: KlaviyoSettings,
}

pub struct Event<'a> {
    pub metric: &'a str,
    pub email: &'a str,
    pub phone: Option<&'a str>,
    pub name: Option<&'a str>,
    pub properties: Value,
    /// The amount in the currency's main unit, as Klaviyo counts value, with the currency's code in capitals.
    pub value: Option<(f64, String)>,
    pub unique_id: &'a str,
    /// RFC 3339
    pub time: String,
}

impl Klaviyo {
    pub fn new(settings: KlaviyoSettings, timeout: Duration) -> Result<Self, reqwest::Error> {
        Ok(Self { http: http_client(timeout)?, settings })
    }

    /// Accepted means kept: Klaviyo works it off later. Gives what it answered.
    pub async fn send(&self, event: &Event<'_>) -> Result<String, ProviderError> {
        let mut profile = json!({ "email": event.email });
        if let Some(phone) = event.phone {
            profile["phone_number"] = phone.into();
        }
        if let Some(name) = event.name {
            profile["first_name"] = name.into();
        }
        let mut attributes = json!({
            "properties": event.properties,
            "metric": { "data": { "type": "metric", "attributes": { "name": event.metric } } },
            "profile": { "data": { "type": "profile", "attributes": profile } },
            "unique_id": event.unique_id,
            "time": event.time,
        });
        if let Some((value, currency)) = &event.value {
            attributes["value"] = json!(value);
            attributes["value_currency"] = json!(currency);
        }
        let body = json!({ "data": { "type": "event", "attributes": attributes } });
        watched("klaviyo", "events", self.post_event(&body)).await
    }

    async fn post_event(&self, body: &Value) -> Result<String, ProviderError> {
        let response = self
            .request(reqwest::Method::POST, "/api/events")
            .json(body)
            .send()
            .await
            .map_err(|e| ProviderError::from_reqwest(SERVICE, &e))?;
        let (status, said) = read(response).await?;
        // Any other success is somebody else's: a proxy that answers in Klaviyo's place. It may have passed the event on.
        if status != reqwest::StatusCode::ACCEPTED {
            return Err(ProviderError::NoAnswer(format!("{said}, where it accepts with 202")));
        }
        Ok(said)
    }

    /// Whether Klaviyo knows our key.
    pub async fn check(&self) -> Result<(), ProviderError> {
        let response = self
            .request(reqwest::Method::GET, "/api/accounts")
            .send()
            .await
            .map_err(|e| ProviderError::from_reqwest(SERVICE, &e))?;
        read(response).await.map(|_| ())
    }

    fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.settings.api_base))
            .header("authorization", format!("Klaviyo-API-Key {}", self.settings.api_key))
            .header("revision", REVISION)
            .header("accept", "application/vnd.api+json")
    }
}

async fn read(response: reqwest::Response) -> Result<(reqwest::StatusCode, String), ProviderError> {
    let (status, after) = (response.status(), retry_after(&response));
    let body = response.text().await.map_err(|e| ProviderError::from_reqwest(SERVICE, &e))?;
    if status.is_success() {
        return Ok((status, format!("{SERVICE} answered {}", status.as_u16())));
    }
    Err(ProviderError::from_status(SERVICE, status, after, &body))
}

/// Klaviyo reads RFC 3339.
pub fn time_of(at: Timestamp) -> String {
    time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.millis()) * 1_000_000)
        .ok()
        .and_then(|t| t.format(&time::format_description::well_known::Rfc3339).ok())
        .unwrap_or_default()
}
