//! A command is not a delivery, which is tried again by itself: one hiccup of Stripe's must not end an hour's work.

use std::time::Duration;

use crate::providers::ProviderError;
use crate::workflows::WorkflowError;

/// Pauses between tries: a minute in all, for what does not last.
const PAUSES: [Duration; 6] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(6),
    Duration::from_secs(15),
    Duration::from_secs(35),
];
/// Stripe may say when. It is not waited for longer.
const LONGEST: Duration = Duration::from_mins(1);

/// What is harmless to repeat, until it works or has failed for a minute.
pub(super) async fn patiently<T>(ask: impl AsyncFn() -> Result<T, WorkflowError>) -> Result<T, WorkflowError> {
    let mut pauses = PAUSES.into_iter();
    loop {
        let error = match ask().await {
            Err(WorkflowError::Provider(error)) => error,
            other => return other,
        };
        let (Some(pause), Some(said)) = (pauses.next(), may_pass(&error)) else { return Err(error.into()) };
        tracing::warn!(error = error.in_short(), ?pause, "Stripe did not answer; asking again");
        tokio::time::sleep(pause.max(said.min(LONGEST))).await;
    }
}

/// How long it asks to be left alone, if it may work later.
fn may_pass(error: &ProviderError) -> Option<Duration> {
    match error {
        ProviderError::Retry { after, .. } | ProviderError::Failed { after, .. } => Some(after.unwrap_or_default()),
        ProviderError::NotAsked { after, .. } => Some(*after),
        ProviderError::NoAnswer(_) => Some(Duration::ZERO),
        ProviderError::KeyTaken(_)
        | ProviderError::Permanent(_)
        | ProviderError::Gone(_)
        | ProviderError::Configuration(_) => None,
    }
}
