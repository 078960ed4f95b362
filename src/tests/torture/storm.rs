//! What goes wrong, drawn from a seed: how a process ends, and what the weather is at the providers meanwhile.

use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use crate::fail_points::Point;

/// What befalls a process.
#[derive(Debug)]
pub enum Trouble {
    /// SIGKILL at a named point, the n-th time that it is reached.
    At(Point, u32),
    /// SIGKILL some time after it began to answer.
    After(Duration),
    /// SIGTERM: it is to finish, and end well.
    Told(Duration),
    /// SIGSTOP for longer than its leases hold; then it goes on for a moment.
    Asleep(Duration),
    /// Every connection to PostgreSQL is cut at the server, and again when they are back.
    Cut(Duration),
}

impl Trouble {
    pub fn draw(dice: &mut StdRng) -> Self {
        let soon = Duration::from_millis(dice.random_range(0..1_500));
        match dice.random_range(0..100) {
            0..60 => {
                let point = Point::ALL[dice.random_range(0..Point::ALL.len())];
                Self::At(point, dice.random_range(1..=3))
            }
            60..88 => Self::After(soon),
            88..92 => Self::Told(soon),
            92..94 => Self::Asleep(soon),
            _ => Self::Cut(soon),
        }
    }
}

/// Mostly fair with showers; now and then a provider is gone.
pub fn weather(dice: &mut StdRng) -> Value {
    let mut all = json!({ "seed": dice.random::<u32>() });
    for service in ["stripe", "klaviyo", "firebase", "twilio"] {
        let gone = dice.random_bool(0.05);
        let mut shower = |most: f64| if dice.random_bool(0.3) { dice.random_range(0.0..most) } else { 0.0 };
        all[service] = json!({
            "error_rate": if gone { 1.0 } else { shower(0.2) },
            "error_status": 503,
            "reset_rate": shower(0.1),
            "garbage_rate": shower(0.1),
            "truncate_rate": shower(0.1),
            "timeout_rate": shower(0.03),
            "lose_answer_rate": shower(0.2),
            "late_act_rate": shower(0.1),
            "latency_ms": 0,
        });
        if dice.random_bool(0.2) {
            all[service]["error_status"] = json!([429, 500, 502][dice.random_range(0..3)]);
            all[service]["latency_ms"] = json!(dice.random_range(0..200));
        }
        if dice.random_bool(0.1) {
            all[service]["retry_after"] = json!(1);
        }
    }
    all["webhooks"] = json!({
        "duplicate": dice.random_range(0..3),
        "delay_ms": if dice.random_bool(0.2) { dice.random_range(0..800) } else { 0 },
        "reorder": dice.random_bool(0.3),
        "lose_rate": if dice.random_bool(0.2) { 0.1 } else { 0.0 },
    });
    all
}
