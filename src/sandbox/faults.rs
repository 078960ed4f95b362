//! What goes wrong on purpose: the settings of the fault controls, how they are read and checked, and the dice. The acts
//! themselves are in `chaos` (answers) and `webhooks` (deliveries).

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

/// The stand-ins whose answers can be spoilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    Stripe,
    Klaviyo,
    Firebase,
    Twilio,
}

impl Service {
    pub const ALL: [Self; 4] = [Self::Stripe, Self::Klaviyo, Self::Firebase, Self::Twilio];

    pub fn name(self) -> &'static str {
        match self {
            Self::Stripe => "stripe",
            Self::Klaviyo => "klaviyo",
            Self::Firebase => "firebase",
            Self::Twilio => "twilio",
        }
    }
}

/// Faults of one service. Rates are shares between 0 and 1 of all requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServiceFaults {
    /// Requests wait, not acted upon, until this is lifted.
    #[serde(default)]
    pub hold: bool,
    pub latency_ms: u64,
    pub latency_jitter_ms: u64,
    pub error_rate: f64,
    pub error_status: u16,
    /// Only requests whose method and path contain this get errors; empty: all.
    pub error_on: String,
    /// Seconds, sent as `Retry-After` with an error.
    pub retry_after: Option<u64>,
    pub timeout_rate: f64,
    pub garbage_rate: f64,
    pub truncate_rate: f64,
    pub reset_rate: f64,
    /// The act is performed, the answer lost.
    pub lose_answer_rate: f64,
    /// Whoever stands before the service waits no longer and answers that it failed; at Stripe, the act is performed a
    /// moment afterwards.
    #[serde(default)]
    pub late_act_rate: f64,
}

impl Default for ServiceFaults {
    fn default() -> Self {
        Self {
            hold: false,
            latency_ms: 0,
            latency_jitter_ms: 0,
            error_rate: 0.0,
            error_status: 500,
            error_on: String::new(),
            retry_after: None,
            timeout_rate: 0.0,
            garbage_rate: 0.0,
            truncate_rate: 0.0,
            reset_rate: 0.0,
            lose_answer_rate: 0.0,
            late_act_rate: 0.0,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct StripeFaults {
    #[serde(flatten)]
    pub service: ServiceFaults,
    /// Every card is declined, whatever its number.
    pub decline_all: bool,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct WebhookFaults {
    /// Extra copies of each delivery.
    pub duplicate: u32,
    pub delay_ms: u64,
    /// The events of one act are sent last first.
    pub reorder: bool,
    pub lose_rate: f64,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Faults {
    /// Makes the dice repeatable.
    pub seed: Option<u64>,
    pub stripe: StripeFaults,
    pub klaviyo: ServiceFaults,
    pub firebase: ServiceFaults,
    pub twilio: ServiceFaults,
    pub webhooks: WebhookFaults,
}

/// Why a setting was refused, and which.
#[derive(Debug, Clone)]
pub struct BadFault {
    pub field: String,
    pub message: String,
}

impl Faults {
    pub fn of(&self, service: Service) -> &ServiceFaults {
        match service {
            Service::Stripe => &self.stripe.service,
            Service::Klaviyo => &self.klaviyo,
            Service::Firebase => &self.firebase,
            Service::Twilio => &self.twilio,
        }
    }

    /// These settings with those named in `patch` laid over them, checked.
    pub fn merged(&self, patch: &Value) -> Result<Self, BadFault> {
        let bad = |field: &str, message: String| BadFault { field: field.to_owned(), message };
        let mut all = serde_json::to_value(self).map_err(|error| bad("", error.to_string()))?;
        lay_over(&mut all, patch, "")?;
        let merged: Self = serde_json::from_value(all).map_err(|error| bad("", error.to_string()))?;
        merged.check()?;
        Ok(merged)
    }

    fn check(&self) -> Result<(), BadFault> {
        let bad = |field: String, message: &str| Err(BadFault { field, message: message.to_owned() });
        for service in Service::ALL {
            let (name, faults) = (service.name(), self.of(service));
            for (field, rate) in [
                ("error_rate", faults.error_rate),
                ("timeout_rate", faults.timeout_rate),
                ("garbage_rate", faults.garbage_rate),
                ("truncate_rate", faults.truncate_rate),
                ("reset_rate", faults.reset_rate),
                ("lose_answer_rate", faults.lose_answer_rate),
                ("late_act_rate", faults.late_act_rate),
            ] {
                if !(0.0..=1.0).contains(&rate) {
                    return bad(format!("{name}.{field}"), "must be between 0 and 1");
                }
            }
            if !(400..=599).contains(&faults.error_status) {
                return bad(format!("{name}.error_status"), "must be between 400 and 599");
            }
            for (field, ms) in [("latency_ms", faults.latency_ms), ("latency_jitter_ms", faults.latency_jitter_ms)] {
                if ms > 600_000 {
                    return bad(format!("{name}.{field}"), "must be at most 600000 (ten minutes)");
                }
            }
            if faults.retry_after.is_some_and(|seconds| seconds > 86_400) {
                return bad(format!("{name}.retry_after"), "must be at most 86400 seconds");
            }
        }
        if !(0.0..=1.0).contains(&self.webhooks.lose_rate) {
            return bad("webhooks.lose_rate".to_owned(), "must be between 0 and 1");
        }
        if self.webhooks.duplicate > 20 {
            return bad("webhooks.duplicate".to_owned(), "must be at most 20 copies");
        }
        if self.webhooks.delay_ms > 3_600_000 {
            return bad("webhooks.delay_ms".to_owned(), "must be at most 3600000 (an hour)");
        }
        Ok(())
    }
}

/// Lays `patch` over `base`, which knows every name there is.
fn lay_over(base: &mut Value, patch: &Value, at: &str) -> Result<(), BadFault> {
    let Some(patch) = patch.as_object() else {
        return Err(BadFault { field: at.to_owned(), message: "must be a JSON object".to_owned() });
    };
    for (name, value) in patch {
        let field = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
        let Some(known) = base.get_mut(name) else {
            return Err(BadFault { field, message: "is no known fault setting".to_owned() });
        };
        if known.is_object() {
            lay_over(known, value, &field)?;
            continue;
        }
        let fits = match known {
            Value::Bool(_) => value.is_boolean(),
            Value::String(_) => value.is_string(),
            Value::Number(number) if number.is_f64() => value.is_number(),
            Value::Number(_) => value.as_u64().is_some_and(|number| u32::try_from(number).is_ok()),
            // The two settings that may be absent are whole numbers.
            _ => value.is_null() || value.is_u64(),
        };
        let may_be_absent = matches!(name.as_str(), "retry_after" | "seed");
        if !(fits || may_be_absent && (value.is_null() || value.is_u64())) {
            let wanted = match known {
                Value::Bool(_) => "must be true or false",
                Value::String(_) => "must be a text",
                Value::Number(number) if number.is_f64() => "must be a number",
                _ => "must be a whole number, not negative",
            };
            return Err(BadFault { field, message: wanted.to_owned() });
        }
        *known = if known.is_f64() { value.as_f64().map_or(Value::Null, Value::from) } else { value.clone() };
    }
    Ok(())
}

/// The settings in force and the dice that decide by them.
#[derive(Debug)]
pub struct FaultDesk {
    faults: watch::Sender<Faults>,
    dice: StdRng,
    injected: u64,
}

impl Default for FaultDesk {
    fn default() -> Self {
        Self::new(Faults::default())
    }
}

impl FaultDesk {
    pub fn new(faults: Faults) -> Self {
        let dice = dice(&faults);
        Self { faults: watch::Sender::new(faults), dice, injected: 0 }
    }

    /// New settings, and fresh dice, so that a seed begins anew. Whoever waits for them hears of it.
    pub fn set(&mut self, faults: Faults) {
        self.dice = dice(&faults);
        self.faults.send_replace(faults);
    }

    /// The settings in force and those to come.
    pub fn subscribe(&self) -> watch::Receiver<Faults> {
        self.faults.subscribe()
    }

    /// How many requests and webhooks were spoilt so far.
    pub fn injected(&self) -> u64 {
        self.injected
    }

    pub fn count(&mut self, spoilt: u64) {
        self.injected += spoilt;
    }

    pub fn faults(&self) -> watch::Ref<'_, Faults> {
        self.faults.borrow()
    }

    /// True for a share `rate` of calls. The dice are left alone when the answer is certain.
    pub fn happens(&mut self, rate: f64) -> bool {
        let happens = rate >= 1.0 || (rate > 0.0 && self.dice.random::<f64>() < rate);
        self.injected += u64::from(happens);
        happens
    }

    pub fn up_to(&mut self, most: u64) -> u64 {
        if most == 0 { 0 } else { self.dice.random_range(0..=most) }
    }
}

fn dice(faults: &Faults) -> StdRng {
    faults.seed.map_or_else(StdRng::from_os_rng, StdRng::seed_from_u64)
}
