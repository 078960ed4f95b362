//! Promise 8, asked of Stripe itself: what it made in the last day, against what we know. For whoever can wait: it lists
//! all of it.

use std::time::Duration;

use super::{Check, NO_SANDBOX, within};
use crate::context::Context;
use crate::domain::comparison::Verdict;
use crate::providers::ProviderError;
use crate::workflows::WorkflowError;
use crate::workflows::reconcile::{Difference, look_twice, reconcile};

const SPAN: Duration = Duration::from_hours(24);
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
            )) if ctx.settings.stripe.is_none() => Check::good("reconcile", NO_SANDBOX),
            Err(error) => Check::bad("reconcile", error.to_string(), "See Stripe's check."),
        }
    })
    .await
}

/// What is said instead where Stripe did not answer a moment ago: the comparison would ask again and again for a minute.
pub fn not_compared(checks: &[Check]) -> Option<Check> {
    let stripe = checks.iter().find(|check| check.name == "stripe")?;
    if stripe.found == NO_SANDBOX {
        return Some(Check::good("reconcile", NO_SANDBOX));
    }
    let found = "not compared with Stripe, which could not be asked";
    (!stripe.ok).then(|| Check::bad("reconcile", found, "See Stripe's check."))
}

/// How much matches, and what differs and still does so a moment later.
async fn lasting(ctx: &Context) -> Result<(u64, Vec<Difference>), WorkflowError> {
    let mut report = reconcile(ctx, ctx.shared_now().await? - SPAN, false).await?;
    look_twice(ctx, &mut report).await?;
    report.differences.retain(|found| found.verdict != Verdict::Unknown);
    Ok((report.matched, report.differences))
}
