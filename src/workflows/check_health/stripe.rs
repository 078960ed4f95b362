//! Promise 8, asked of Stripe itself: what it made in the last day, against what we know. For whoever can wait: it lists
//! all of it.

use std::collections::HashSet;
use std::time::Duration;

use super::{Check, within};
use crate::context::Context;
use crate::domain::comparison::{Verdict, Walked};
use crate::providers::ProviderError;
use crate::workflows::WorkflowError;
use crate::workflows::reconcile::{Difference, reconcile};

const SPAN: Duration = Duration::from_hours(24);
/// What differs is looked at again after this long: an event may be on its way.
const ON_ITS_WAY: Duration = Duration::from_secs(10);
const REMEDY: &str =
    "See them with `rolitt reconcile`, and settle them with `--fix`, or in the admin, under Reconcile.";

pub async fn stripe_agrees(ctx: &Context, patience: Duration) -> Check {
    within(patience, "reconcile", async {
        match Box::pin(lasting(ctx)).await {
            Ok((matched, found)) if found.is_empty() => {
                Check::good("reconcile", format!("{matched} of Stripe's records of the last 24 h are as ours"))
            }
            Ok((matched, found)) => {
                let first = &found[0];
                let example = format!("{} {}: ours {}, Stripe's {}", first.object, first.id, first.ours, first.theirs);
                Check::bad("reconcile", format!("{matched} match, {} differ, as {example}", found.len()), REMEDY)
            }
            Err(WorkflowError::Provider(
                ProviderError::Retry { .. } | ProviderError::NoAnswer(_) | ProviderError::Failed { .. },
            )) if ctx.settings.stripe.is_none() => {
                Check::good("reconcile", "the sandbox stands in, and is not running")
            }
            Err(error) => Check::bad("reconcile", error.to_string(), "See Stripe's check."),
        }
    })
    .await
}

/// How much matches, and what differs and still does so a moment later.
async fn lasting(ctx: &Context) -> Result<(u64, Vec<Difference>), WorkflowError> {
    let since = ctx.clock.now() - SPAN;
    let first = reconcile(ctx, since, false).await?;
    if first.is_clean() {
        return Ok((first.matched, Vec::new()));
    }
    let before: HashSet<(Walked, String)> =
        first.differences.into_iter().map(|found| (found.object, found.id)).collect();
    tokio::time::sleep(ON_ITS_WAY).await;
    let second = reconcile(ctx, since, false).await?;
    let lasting = second
        .differences
        .into_iter()
        .filter(|found| found.verdict != Verdict::Unknown && before.contains(&(found.object, found.id.clone())));
    Ok((second.matched, lasting.collect()))
}
