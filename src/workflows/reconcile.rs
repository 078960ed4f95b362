//! Stripe's records against ours, since a time: sessions, payments, refunds, disputes and events. What Stripe knows and
//! we do not (or know less of) is missing or different, and is settled by the same workflow as its events; what names
//! no preorder of ours is unknown, and left alone; so is what only we know, which a person must look at.

use std::collections::HashSet;
use std::time::Duration;

use serde::Serialize;

use super::receive_webhook::receive_webhook;
use super::{WorkflowError, settle_payment};
use crate::context::Context;
use crate::domain::payment::{AttemptState, Fact, PaymentFact};
use crate::domain::refund::{DisputeFact, RefundFact};
use crate::domain::text_enum::text_enum;
use crate::domain::timestamp::Timestamp;
use crate::providers::payments::stripe::event::{self, Envelope};
use crate::providers::payments::{Listed, Seen};
use crate::store::attempts::{self, Attempt};
use crate::store::{disputes, preorders, refunds, webhooks};

const JUST_NOW: Duration = Duration::from_mins(1);
/// Stripe counts whole seconds, and its clock is not ours.
const EDGE: Duration = Duration::from_secs(10);

text_enum! {
    pub enum Verdict {
        Match => "match",
        /// Stripe has it, we do not.
        Missing => "missing",
        /// Both have it, and say different things.
        Different => "different",
        /// It names no preorder of ours, or Stripe does not have it.
        Unknown => "unknown",
    }
}

#[derive(Debug, Clone, Serialize)]
pub struct Difference {
    pub verdict: Verdict,
    /// `session`, `payment`, `refund`, `dispute`, `event`.
    pub object: &'static str,
    /// Stripe's id.
    pub id: String,
    pub preorder_id: Option<String>,
    pub ours: String,
    pub theirs: String,
    pub fixed: bool,
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

/// Payments before refunds and disputes, which speak of them; events last, when what they say is known.
const ORDER: &[(Listed, &str)] = &[
    (Listed::Sessions, "session"),
    (Listed::Payments, "payment"),
    (Listed::Refunds, "refund"),
    (Listed::Disputes, "dispute"),
    (Listed::Events, "event"),
];

/// Compares everything that Stripe made since then; with `fix`, settles what it knows better.
pub async fn reconcile(ctx: &Context, since: Timestamp, fix: bool) -> Result<Report, WorkflowError> {
    let mut report = Report::default();
    let mut sessions = HashSet::new();
    for &(what, object) in ORDER {
        let mut after: Option<String> = None;
        loop {
            let page = ctx.payments.default().list(what, since, after.as_deref()).await?;
            for seen in page.seen {
                if what == Listed::Sessions {
                    sessions.insert(seen.id().to_owned());
                }
                compare(ctx, object, seen, fix, &mut report).await?;
            }
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
    }
    only_ours(ctx, since, &sessions, &mut report).await?;
    Ok(report)
}

/// Pages that we have and Stripe does not list: another account's key, or a copy of somebody else's database.
async fn only_ours(
    ctx: &Context,
    since: Timestamp,
    sessions: &HashSet<String>,
    report: &mut Report,
) -> Result<(), WorkflowError> {
    // Made while we walked: not a difference.
    let until = ctx.clock.now() - JUST_NOW;
    for (session, preorder_id, state) in attempts::sessions_between(&ctx.db, since + EDGE, until).await? {
        if !sessions.contains(&session) {
            report.differences.push(Difference {
                verdict: Verdict::Different,
                object: "session",
                id: session,
                preorder_id: Some(preorder_id.to_string()),
                ours: state.to_string(),
                theirs: "none".to_owned(),
                fixed: false,
            });
        }
    }
    Ok(())
}

async fn compare(
    ctx: &Context,
    object: &'static str,
    seen: Seen,
    fix: bool,
    report: &mut Report,
) -> Result<(), WorkflowError> {
    let (id, fact) = match seen {
        Seen::Fact { id, fact } => (id, fact),
        Seen::Odd { id, problem } => {
            let (ours, theirs) = (String::new(), problem);
            let verdict = Verdict::Different;
            report.differences.push(Difference { verdict, object, id, preorder_id: None, ours, theirs, fixed: false });
            return Ok(());
        }
        Seen::Event { id, kind, body } => return compare_event(ctx, id, &kind, &body, fix, report).await,
    };
    let (verdict, ours, theirs) = judge(ctx, &fact).await?;
    if verdict == Verdict::Match {
        report.matched += 1;
        return Ok(());
    }
    let mut difference = Difference {
        verdict,
        object,
        id,
        preorder_id: fact.preorder_id().map(str::to_owned),
        ours,
        theirs,
        fixed: false,
    };
    if fix && verdict != Verdict::Unknown {
        settle_payment::settle(ctx, &fact).await?;
        difference.fixed = judge(ctx, &fact).await?.0 == Verdict::Match;
    }
    tracing::warn!(object, id = difference.id, %verdict, fixed = difference.fixed, "Stripe and we differ");
    report.differences.push(difference);
    Ok(())
}

/// An event that never came is taken in as if it had: stored, and applied by the worker.
async fn compare_event(
    ctx: &Context,
    id: String,
    kind: &str,
    body: &str,
    fix: bool,
    report: &mut Report,
) -> Result<(), WorkflowError> {
    if !event::is_known(kind) || webhooks::find_by_event(&ctx.db, &id).await?.is_some() {
        report.matched += 1;
        return Ok(());
    }
    if fix {
        let envelope = Envelope { id: id.clone(), kind: kind.to_owned() };
        receive_webhook(ctx, &envelope, body).await?;
    }
    let (ours, theirs) = ("never received".to_owned(), kind.to_owned());
    let verdict = Verdict::Missing;
    report.differences.push(Difference { verdict, object: "event", id, preorder_id: None, ours, theirs, fixed: fix });
    Ok(())
}

async fn judge(ctx: &Context, fact: &Fact) -> Result<(Verdict, String, String), WorkflowError> {
    match fact {
        Fact::Payment(payment) => judge_payment(ctx, payment).await,
        Fact::Refund(refund) => judge_refund(ctx, fact, refund).await,
        Fact::Dispute(dispute) => judge_dispute(ctx, fact, dispute).await,
    }
}

async fn judge_payment(ctx: &Context, fact: &PaymentFact) -> Result<(Verdict, String, String), WorkflowError> {
    let theirs = fact.outcome.to_string();
    let Some(attempt) = attempt_of(ctx, fact).await? else {
        // An intent that nobody has paid on is nothing to settle: its session says the same.
        if fact.session_id.is_none() && fact.outcome != AttemptState::Paid {
            return Ok((Verdict::Match, "none".to_owned(), theirs));
        }
        let ours = is_ours(ctx, fact.preorder_id.as_deref()).await?;
        let verdict = if ours { Verdict::Missing } else { Verdict::Unknown };
        return Ok((verdict, "none".to_owned(), theirs));
    };
    let ours = attempt.state.to_string();
    let ahead = attempt.state.join(fact.outcome) != attempt.state;
    // We may know of a refused card that a page, still open, does not speak of; never of money that they do not have.
    let only_ours = attempt.state == AttemptState::Paid && fact.outcome != AttemptState::Paid;
    let amounts = fact.received.is_some() && attempt.received() != fact.received;
    let verdict = if ahead || only_ours || amounts { Verdict::Different } else { Verdict::Match };
    Ok((verdict, ours, theirs))
}

async fn attempt_of(ctx: &Context, fact: &PaymentFact) -> Result<Option<Attempt>, WorkflowError> {
    if let Some(session) = &fact.session_id
        && let Some(attempt) = attempts::find_by_session(&ctx.db, session).await?
    {
        return Ok(Some(attempt));
    }
    match &fact.payment_intent_id {
        Some(intent) => Ok(attempts::find_by_payment_intent(&ctx.db, intent).await?),
        None => Ok(None),
    }
}

async fn judge_refund(
    ctx: &Context,
    fact: &Fact,
    refund: &RefundFact,
) -> Result<(Verdict, String, String), WorkflowError> {
    let theirs = format!("{} {}", refund.state, refund.amount);
    let Some(known) = refunds::find_by_provider_id(&ctx.db, &refund.provider_refund_id).await? else {
        return Ok((missing(ctx, fact).await?, "none".to_owned(), theirs));
    };
    let same = known.state.join(refund.state) == known.state && known.amount() == refund.amount;
    let verdict = if same { Verdict::Match } else { Verdict::Different };
    Ok((verdict, format!("{} {}", known.state, known.amount()), theirs))
}

async fn judge_dispute(
    ctx: &Context,
    fact: &Fact,
    dispute: &DisputeFact,
) -> Result<(Verdict, String, String), WorkflowError> {
    let theirs = dispute.state.to_string();
    let Some(known) = disputes::find_by_provider_id(&ctx.db, &dispute.provider_dispute_id).await? else {
        return Ok((missing(ctx, fact).await?, "none".to_owned(), theirs));
    };
    let same = known.state.join(dispute.state) == known.state;
    let verdict = if same { Verdict::Match } else { Verdict::Different };
    Ok((verdict, known.state.to_string(), theirs))
}

async fn missing(ctx: &Context, fact: &Fact) -> Result<Verdict, WorkflowError> {
    let owner = settle_payment::whose(&ctx.db, fact).await?;
    let ours = is_ours(ctx, owner.as_ref().map(crate::domain::ids::PreorderId::as_str)).await?;
    Ok(if ours { Verdict::Missing } else { Verdict::Unknown })
}

async fn is_ours(ctx: &Context, preorder_id: Option<&str>) -> Result<bool, WorkflowError> {
    match preorder_id.and_then(|id| id.parse().ok()) {
        Some(id) => Ok(preorders::find(&ctx.db, &id).await?.is_some()),
        None => Ok(false),
    }
}
