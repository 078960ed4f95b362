//! Twilio's Messages API. It has no idempotency key: a message whose answer was lost may have been sent, and only a
//! person can decide to send it again.

use std::time::Duration;

use serde_json::Value;

use super::{ProviderError, http_client, retry_after, watched};
use crate::config::TwilioSettings;

const SERVICE: &str = "Twilio";

pub struct Twilio {
    http: reqwest::Client,
    settings: TwilioSettings,
}

impl Twilio {
    pub fn new(settings: TwilioSettings, timeout: Duration) -> Result<Self, reqwest::Error> {
        Ok(Self { http: http_client(timeout)?, settings })
    }

    /// Hands a text over and gives the message's sid.
    pub async fn send(&self, to: &str, body: &str) -> Result<String, ProviderError> {
        watched("twilio", "messages", self.hand_over(to, body)).await
    }

    async fn hand_over(&self, to: &str, body: &str) -> Result<String, ProviderError> {
        let response = self
            .http
            .post(format!("{}/2010-04-01/Accounts/{}/Messages.json", self.settings.api_base, self.settings.account_sid))
            .basic_auth(&self.settings.account_sid, Some(&self.settings.auth_token))
            .form(&[("To", to), ("From", &self.settings.from), ("Body", body)])
            .send()
            .await
            .map_err(|e| ProviderError::from_reqwest(SERVICE, &e))?;
        let (status, after) = (response.status(), retry_after(&response));
        let text = response.text().await.map_err(|e| ProviderError::from_reqwest(SERVICE, &e))?;
        if status.is_server_error() {
            // It may have been handed on before it failed.
            return Err(ProviderError::Failed {
                message: format!("{SERVICE} answered {}", status.as_u16()),
                after,
                replayed: false,
            });
        }
        if !status.is_success() {
            return Err(ProviderError::from_status(SERVICE, status, after, &text));
        }
        let parsed: Value = serde_json::from_str(&text).unwrap_or_default();
        let sid = parsed.get("sid").and_then(Value::as_str);
        sid.map(str::to_owned).ok_or_else(|| ProviderError::NoAnswer(format!("{SERVICE} answered without a sid")))
    }
}
