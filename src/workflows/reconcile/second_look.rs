//! What differs is looked at again after a moment: an event may be on its way, and a page that is being made this second
//! is known to Stripe before it is to us.

use std::time::Duration;

use super::patience::patiently;
use super::{Difference, Report, Verdict, compare, listed};
use crate::context::Context;
use crate::providers::ProviderError;
use crate::store::differences;
use crate::workflows::WorkflowError;

const ON_ITS_WAY: Duration = Duration::from_secs(10);
/// Beyond so many it is not the moment's doing.
const MOST: usize = 200;

/// Takes out of a report what does not differ any more, and what a person has looked at and set aside as it is.
pub async fn look_twice(ctx: &Context, report: &mut Report) -> Result<(), WorkflowError> {
    if report.is_clean() {
        return Ok(());
    }
    tokio::time::sleep(ON_ITS_WAY).await;
    let mut looked = 0;
    for mut found in std::mem::take(&mut report.differences) {
        let counts = !found.fixed && found.verdict != Verdict::Unknown;
        if counts && looked < MOST {
            looked += 1;
            match now(ctx, &found).await {
                Ok(Some(still)) => found = still,
                Ok(None) => {
                    report.matched += 1;
                    continue;
                }
                Err(error) => {
                    report.differences.push(found);
                    return Err(error);
                }
            }
        }
        if counts && differences::is_set_aside(&ctx.db, found.object, &found.id, &found.ours, &found.theirs).await? {
            continue;
        }
        report.differences.push(found);
    }
    Ok(())
}

async fn now(ctx: &Context, found: &Difference) -> Result<Option<Difference>, WorkflowError> {
    let asked = patiently(async || match ctx.payments.default().look_up(listed(found.object), &found.id).await {
        Ok(seen) => Ok(Some(seen)),
        Err(ProviderError::Permanent(_) | ProviderError::Gone(_)) => Ok(None),
        Err(error) => Err(error.into()),
    });
    match asked.await? {
        Some(seen) => compare(ctx, found.object, &seen).await,
        // Stripe does not know it, which is what was found.
        None => Ok(Some(found.clone())),
    }
}
