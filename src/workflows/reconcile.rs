//! Stripe's records against ours, since a time: sessions, payments, refunds, disputes and events. What Stripe knows and
//! we do not (or know less of) is missing or different, and is settled by the same workflow as its events; what names
//! no preorder of ours is unknown, and left alone; so is what only we know, which a person must look at.

mod judge;
mod patience;
pub mod restore;
mod second_look;

use std::collections::HashSet;
use std::time::Duration;

use serde::Serialize;

pub use crate::domain::comparison::Verdict;
pub use judge::compare;
pub use second_look::look_twice;

use super::apply_stripe_event::owner;
use super::receive_webhook::receive_webhook;
use super::{WorkflowError, check_overdue, settle_payment};
use crate::context::Context;
use crate::domain::comparison::{NOT_LISTED, Walked, advice};
use crate::domain::timestamp::Timestamp;
use crate::providers::ProviderError;
use crate::providers::payments::stripe::event::Envelope;
use crate::providers::payments::{Listed, Made, Seen};
use crate::store::provider_ids::{self, Known};
use patience::patiently;

/// What was made so lately was made while we walked.
pub(super) const JUST_NOW: Duration = Duration::from_mins(1);
/// Stripe counts whole seconds, and its clock is not ours.
pub(super) const EDGE: Duration = Duration::from_secs(10);
/// Of our own records that a list did not show, a command looks up so many.
const LOOKED_UP: usize = 1_000;

#[derive(Debug, Clone, Serialize)]
pub struct Difference {
    pub verdict: Verdict,
    pub object: Walked,
    /// Stripe's id.
    pub id: String,
    pub preorder_id: Option<String>,
    pub ours: String,
    pub theirs: String,
    pub fixed: bool,
}

impl Difference {
    /// Why it can't be settled as Stripe says, and what to do then. `None`: it can.
    pub fn advice(&self) -> Option<&'static str> {
        advice(self.object, self.verdict, &self.ours, &self.theirs)
    }
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    pub matched: u64,
    pub differences: Vec<Difference>,
}

impl Report {
    /// Whether something is still wrong. What is of no preorder of ours is somebody else's.
    pub fn is_clean(&self) -> bool {
        self.differences.iter().all(|difference| difference.fixed || difference.verdict == Verdict::Unknown)
    }

    pub fn count(&self, verdict: Verdict) -> usize {
        self.differences.iter().filter(|difference| difference.verdict == verdict).count()
    }
}

/// What the provider calls it.
pub const fn listed(object: Walked) -> Listed {
    match object {
        Walked::Session => Listed::Sessions,
        Walked::Payment => Listed::Payments,
        Walked::Refund => Listed::Refunds,
        Walked::Dispute => Listed::Disputes,
        Walked::Event => Listed::Events,
    }
}

/// Compares everything that Stripe made since then; with `fix`, settles what it knows better.
pub async fn reconcile(ctx: &Context, since: Timestamp, fix: bool) -> Result<Report, WorkflowError> {
    let mut report = Report::default();
    reconcile_into(ctx, since, fix, &mut report).await?;
    Ok(report)
}

/// The same for whoever wants to know how far it came when it breaks off.
pub async fn reconcile_into(
    ctx: &Context,
    since: Timestamp,
    fix: bool,
    report: &mut Report,
) -> Result<(), WorkflowError> {
    if fix {
        // Calls whose answer never came: what they made is closed, and is no difference.
        patiently(async || check_overdue::ask_about_calls(ctx).await).await?;
    }
    let until = ctx.shared_now().await? - JUST_NOW;
    for &object in Walked::ALL {
        let mut ids = HashSet::new();
        let mut after: Option<String> = None;
        loop {
            let page = patiently(async || {
                Ok(ctx.payments.default().list(listed(object), Made::since(since), after.as_deref()).await?)
            });
            let page = page.await?;
            for seen in page.seen {
                ids.insert(seen.id().to_owned());
                take(ctx, object, &seen, fix, report).await?;
            }
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        let ours = patiently(async || only_ours(ctx, object, since + EDGE, until, &ids, LOOKED_UP).await).await?;
        if ours.rest_before.is_some() {
            tracing::warn!(%object, looked_up = LOOKED_UP, "Stripe does not list many of ours; not all were looked up");
        }
        report.differences.extend(ours.differences);
    }
    Ok(())
}

async fn take(ctx: &Context, object: Walked, seen: &Seen, fix: bool, report: &mut Report) -> Result<(), WorkflowError> {
    let Some(mut difference) = compare(ctx, object, seen).await? else {
        report.matched += 1;
        return Ok(());
    };
    if fix && difference.advice().is_none() {
        patiently(async || settle(ctx, seen).await).await?;
        difference.fixed = compare(ctx, object, seen).await?.is_none();
    }
    let Difference { id, verdict, fixed, .. } = &difference;
    tracing::warn!(%object, id, %verdict, fixed, "Stripe and we differ");
    report.differences.push(difference);
    Ok(())
}

/// An event that never came is taken in as if it had: stored, and applied by the worker.
async fn settle(ctx: &Context, seen: &Seen) -> Result<(), WorkflowError> {
    match seen {
        Seen::Fact { fact, .. } => {
            // A refund or a dispute may speak of a payment that we do not know yet.
            if owner(ctx, std::slice::from_ref(fact)).await?.is_some() {
                settle_payment::settle(ctx, fact).await?;
            }
        }
        Seen::Event { id, kind, body } => {
            receive_webhook(ctx, &Envelope::named(id, kind), body).await?;
        }
        Seen::Odd { .. } => {}
    }
    Ok(())
}

/// What came of looking up what Stripe's list did not show.
pub(super) struct OnlyOurs {
    pub differences: Vec<Difference>,
    /// What was made before this is still to be looked up. `None`: nothing is.
    pub rest_before: Option<Timestamp>,
}

/// What we have, made in a span, and Stripe's list of that span did not show. Our dates are not Stripe's: each is looked
/// up, and only what Stripe does not know at all is ours alone: another account's key, or a copy of somebody else's
/// database. The newest are first, and after `most` the rest is left.
pub(super) async fn only_ours(
    ctx: &Context,
    object: Walked,
    from: Timestamp,
    until: Timestamp,
    listed_ids: &HashSet<String>,
    most: usize,
) -> Result<OnlyOurs, WorkflowError> {
    let provider = ctx.payments.default();
    let mut unlisted = provider_ids::made_between(&ctx.db, object, provider.name(), from, until).await?;
    unlisted.retain(|known| !listed_ids.contains(&known.id));
    let rest_before = leave_the_rest(&mut unlisted, most);
    let mut differences = Vec::new();
    for Known { id, preorder_id, state, .. } in unlisted {
        match provider.look_up(listed(object), &id).await {
            Ok(seen) => differences.extend(compare(ctx, object, &seen).await?),
            Err(ProviderError::Gone(_)) => differences.push(Difference {
                verdict: Verdict::Different,
                object,
                id,
                preorder_id: Some(preorder_id.to_string()),
                ours: state,
                theirs: NOT_LISTED.to_owned(),
                fixed: false,
            }),
            // It says nothing of the object, and must not hold up the others.
            Err(error @ ProviderError::Permanent(_)) => {
                tracing::warn!(error = error.in_short(), %object, id, "Stripe refuses to speak of one of ours");
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(OnlyOurs { differences, rest_before })
}

/// Keeps the first ones. What was made in the same instant as the last of them is kept with it: the rest was made before.
fn leave_the_rest(unlisted: &mut Vec<Known>, most: usize) -> Option<Timestamp> {
    let last = unlisted.get(most.checked_sub(1)?)?.made_at;
    let kept = unlisted.partition_point(|known| known.made_at >= last);
    let has_more = kept < unlisted.len();
    unlisted.truncate(kept);
    has_more.then_some(last)
}
