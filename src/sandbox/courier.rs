//! Carries webhooks: takes what is due from the post office, posts it over HTTP, notes the answer. Nothing is decided here;
//! schedules and retries are the post office's.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::core::{Core, lock};
use super::ids;
use super::webhooks::{Attempt, Delivery, signature};

/// How long the next event of an act waits for the one before it to be answered.
const PATIENCE: Duration = Duration::from_secs(1);

/// Begins carrying; ends when the sandbox is dropped.
pub fn start(core: &Arc<Core>) {
    let weak = Arc::downgrade(core);
    let wake = core.wake.clone();
    tokio::spawn(async move {
        loop {
            let pause = {
                let Some(core) = weak.upgrade() else { return };
                let mut post = lock(&core.post);
                for batch in post.take_due(ids::now_millis()) {
                    tokio::spawn(carry(core.clone(), batch));
                }
                post.next_due().map_or(1_000, |due| (due - ids::now_millis()).clamp(0, 1_000))
            };
            tokio::select! {
                () = wake.notified() => {}
                () = tokio::time::sleep(Duration::from_millis(pause as u64)) => {}
            }
        }
    });
}

async fn carry(core: Arc<Core>, batch: Vec<(u64, Delivery)>) {
    for (number, delivery) in batch {
        let Ok(permit) = core.couriers.clone().acquire_owned().await else { return };
        let attempt = tokio::spawn({
            let core = core.clone();
            async move {
                let attempt = post(&core, &delivery).await;
                drop(permit);
                lock(&core.post).note(number, attempt);
                core.dirty.store(true, Ordering::Relaxed);
                core.wake.notify_one();
            }
        });
        // A receiver that is slow with one event does not hold up the rest for ever.
        tokio::time::timeout(PATIENCE, attempt).await.ok();
    }
}

async fn post(core: &Core, delivery: &Delivery) -> Attempt {
    let at = ids::now_rfc3339();
    let begun = Instant::now();
    let Some(http) = &core.http else {
        return Attempt { at, status: None, error: Some("no HTTP client".to_owned()), took_ms: 0 };
    };
    let signed = signature(&delivery.secret, core.now_ms().div_euclid(1000), &delivery.body.0);
    let answer = http
        .post(&delivery.url)
        .header("Content-Type", "application/json; charset=utf-8")
        .header("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
        .header("Stripe-Signature", signed)
        .body(delivery.body.0.to_string())
        .send()
        .await;
    let took_ms = begun.elapsed().as_millis() as i64;
    match answer {
        Ok(response) => {
            let status = response.status().as_u16();
            // Read to the end so that the connection can be used again.
            response.bytes().await.ok();
            Attempt { at, status: Some(status), error: None, took_ms }
        }
        Err(error) => {
            let error = if error.is_timeout() { "timed out".to_owned() } else { error.without_url().to_string() };
            Attempt { at, status: None, error: Some(error), took_ms }
        }
    }
}
