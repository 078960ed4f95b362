//! Stripe's records against ours, since a time: sessions, payments, refunds, disputes and events. What Stripe knows and
//! we do not (or know less of) is missing or different, and is settled by the same workflow as its events; what names
//! no preorder of ours is unknown, and left alone; so is what only we know, which a person must look at.

mod judge;
pub mod restore;

use std::collections::HashSet;
use std::time::Duration;

use serde::Serialize;

pub use crate::domain::comparison::Verdict;
pub use judge::compare;

use super::apply_stripe_event::owner;
use super::receive_webhook::receive_webhook;
use super::{WorkflowError, settle_payment};
use crate::context::Context;
use crate::domain::comparison::{NOT_LISTED, Walked, advice};
use crate::domain::ids::PreorderId;
use crate::domain::payment::AttemptState;
use crate::domain::timestamp::Timestamp;
use crate::providers::payments::stripe::event::Envelope;
use crate::providers::payments::{Listed, Seen};
use crate::store::attempts;

const JUST_NOW: Duration = Duration::from_mins(1);
/// Stripe counts whole seconds, and its clock is not ours.
const EDGE: Duration = Duration::from_secs(10);

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
    let mut sessions = HashSet::new();
    for &object in Walked::ALL {
        let mut after: Option<String> = None;
        loop {
            let page = ctx.payments.default().list(listed(object), since, after.as_deref()).await?;
            for seen in page.seen {
                if object == Walked::Session {
                    sessions.insert(seen.id().to_owned());
                }
                take(ctx, object, &seen, fix, &mut report).await?;
            }
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
    }
    report.differences.extend(only_ours(ctx, since, ctx.clock.now(), &sessions).await?);
    Ok(report)
}

async fn take(ctx: &Context, object: Walked, seen: &Seen, fix: bool, report: &mut Report) -> Result<(), WorkflowError> {
    let Some(mut difference) = compare(ctx, object, seen).await? else {
        report.matched += 1;
        return Ok(());
    };
    if fix && difference.advice().is_none() {
        settle(ctx, seen).await?;
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

/// Pages that we have and Stripe does not list: another account's key, or a copy of somebody else's database. Those that
/// were made in the last moment before `until` are no difference: they were made while we walked.
pub(super) async fn only_ours(
    ctx: &Context,
    since: Timestamp,
    until: Timestamp,
    sessions: &HashSet<String>,
) -> Result<Vec<Difference>, WorkflowError> {
    let ours = attempts::sessions_between(&ctx.db, since + EDGE, until - JUST_NOW).await?;
    let unlisted = ours.into_iter().filter(|(session, _, _)| !sessions.contains(session));
    let difference = |(session, preorder_id, state): (String, PreorderId, AttemptState)| Difference {
        verdict: Verdict::Different,
        object: Walked::Session,
        id: session,
        preorder_id: Some(preorder_id.to_string()),
        ours: state.to_string(),
        theirs: NOT_LISTED.to_owned(),
        fixed: false,
    };
    Ok(unlisted.map(difference).collect())
}
