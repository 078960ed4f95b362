//! What a buyer notices of Klaviyo, Firebase and Twilio: the same buyers at the same rate, with workers at work in the same
//! process, while the three are well, never answer, and take half a minute each. And of Stripe, without which nobody can
//! pay: how long until a buyer hears that.

use std::time::Duration;

use crate::Outcome;
use crate::ground::Ground;
use crate::load::Load;
use crate::measures::{checkouts, leads, turned_away};
use crate::table::ms;

/// Buyers a second: what the machine carries with ease, so that what is measured is the wait and not the crowd.
const BUYERS: u32 = 50;

/// Buyers a second who find Stripe silent.
const UNLUCKY: u32 = 5;

const STATES: [(&str, &str); 3] = [
    ("background well", "{}"),
    ("background silent", "{\"timeout_rate\":1}"),
    ("background at 30 s", "{\"latency_ms\":30000}"),
];

pub struct Run {
    pub what: String,
    pub load: Load,
    /// What it compares to.
    pub note: String,
}

pub async fn buyers(ground: &Ground, time: Duration) -> Outcome<Vec<Run>> {
    let mut runs: Vec<Run> = Vec::new();
    let mut well: Option<(Load, Load)> = None;
    for (number, (name, settings)) in STATES.into_iter().enumerate() {
        ground.background(settings).await?;
        // A process of its own: nobody's breaker knows anything yet.
        let shop = ground.shop(&["serve"]).await?;
        let lead = leads(&shop, &format!("o{number}l"), BUYERS, time).await?;
        let checkout = checkouts(&shop, &format!("o{number}c"), BUYERS, time).await?;
        shop.stop().await?;
        let (usual_lead, usual_checkout) = *well.get_or_insert((lead, checkout));
        for (what, load, usual) in
            [("initiate_preorder", lead, usual_lead), ("handle_checkout", checkout, usual_checkout)]
        {
            let note = if number == 0 { String::new() } else { against(load, usual) };
            runs.push(Run { what: format!("{what}, {name}"), load, note });
        }
    }
    ground.background("{}").await?;
    Ok(runs)
}

/// First those who find it out for the others, then those who come after.
pub async fn of_stripe(ground: &Ground, time: Duration) -> Outcome<Vec<Run>> {
    ground.stripe_is_silent().await?;
    let shop = ground.shop(&["serve"]).await?;
    let mut runs = Vec::new();
    for (run, what) in [("s0", "Stripe just silent"), ("s1", "Stripe silent a while")] {
        let load = turned_away(&shop, run, UNLUCKY, time).await?;
        let note = "until 503; one buyer a second asks for all".to_owned();
        runs.push(Run { what: format!("handle_checkout, {what}"), load, note });
    }
    shop.stop().await?;
    ground.background("{}").await?;
    Ok(runs)
}

fn against(load: Load, usual: Load) -> String {
    let times = |now: Duration, then: Duration| now.as_secs_f64() / then.as_secs_f64().max(1e-9);
    let (median, p99) = (times(load.median, usual.median), times(load.p99, usual.p99));
    format!("median {median:.2} ×, p99 {p99:.2} × of {} and {}", ms(usual.median), ms(usual.p99))
}
