//! What goes wrong, drawn from a seed: where a process dies, and what the weather is at the providers meanwhile.

use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use crate::fail_points::Point;

/// How a process ends.
pub enum Trouble {
    /// At a named point, the n-th time that it is reached.
    At(Point, u32),
    /// Some time after it began to answer.
    After(Duration),
}

impl Trouble {
    pub fn draw(dice: &mut StdRng) -> Self {
        if dice.random_bool(0.6) {
            let point = Point::ALL[dice.random_range(0..Point::ALL.len())];
            Self::At(point, dice.random_range(1..=3))
        } else {
            Self::After(Duration::from_millis(dice.random_range(0..1_500)))
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
            "lose_answer_rate": shower(0.2),
            "latency_ms": 0,
        });
        if dice.random_bool(0.2) {
            all[service]["error_status"] = json!([429, 500, 502][dice.random_range(0..3)]);
            all[service]["latency_ms"] = json!(dice.random_range(0..200));
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
