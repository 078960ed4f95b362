//! Klaviyo's two events. `unique_id` is made of the metric and the preorder, so a repeat is dropped there.

use serde_json::{Value, json};

use super::perform::Effect;
use crate::context::Context;
use crate::domain::timestamp::Timestamp;
use crate::providers::ProviderError;
use crate::providers::klaviyo::{Event, time_of};
use crate::store::preorders::Preorder;

const STARTED: &str = "Preorder Started";
const SUCCESS: &str = "Preorder Success";

pub async fn preorder_started(ctx: &Context, preorder: &Preorder) -> Result<(String, Effect), ProviderError> {
    let answer = send(ctx, STARTED, preorder, preorder.created_at).await?;
    Ok((answer, Effect::KlaviyoStarted))
}

pub async fn preorder_success(ctx: &Context, preorder: &Preorder) -> Result<(String, Effect), ProviderError> {
    let answer = send(ctx, SUCCESS, preorder, preorder.paid_at.unwrap_or(preorder.updated_at)).await?;
    Ok((answer, Effect::KlaviyoSuccess))
}

async fn send(ctx: &Context, metric: &str, preorder: &Preorder, at: Timestamp) -> Result<String, ProviderError> {
    let klaviyo = ctx.klaviyo.as_ref();
    let klaviyo = klaviyo.ok_or_else(|| ProviderError::Configuration("Klaviyo is switched off".to_owned()))?;
    let unique_id = format!("{}:{}", metric.to_lowercase().replace(' ', "_"), preorder.id);
    // Klaviyo's flows compare numbers: here, at the very edge, money may become one.
    let amount = preorder.price().decimal().parse::<f64>().ok();
    let event = Event {
        metric,
        email: &preorder.email,
        phone: preorder.phone.as_deref(),
        name: preorder.name.as_deref(),
        properties: properties(preorder, amount),
        value: amount.map(|value| (value, preorder.currency.as_str().to_uppercase())),
        unique_id: &unique_id,
        time: time_of(at),
    };
    match klaviyo.send(&event).await {
        // A number that Klaviyo does not take must not cost the event.
        Err(ProviderError::Permanent(_)) if event.phone.is_some() => {
            klaviyo.send(&Event { phone: None, ..event }).await
        }
        answer => answer,
    }
}

fn properties(preorder: &Preorder, amount: Option<f64>) -> Value {
    json!({
        "color": preorder.color,
        "preorder_id": preorder.id,
        "preorder_number": preorder.preorder_number,
        "locale": preorder.locale,
        "amount": amount,
        "currency": preorder.currency.as_str().to_uppercase(),
        "session_id": preorder.session_id,
        "marketing_consent": preorder.marketing_consent,
    })
}
