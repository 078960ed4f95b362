//! One thing of Stripe's against what we know of it.

use super::Difference;
use crate::context::Context;
use crate::domain::comparison::{NOT_APPLIED, TWICE, Verdict, Walked};
use crate::domain::ids::{PreorderId, RefundId};
use crate::domain::money::Money;
use crate::domain::payment::{AttemptState, Fact, PaymentFact};
use crate::domain::refund::{DisputeFact, RefundFact};
use crate::providers::payments::Seen;
use crate::providers::payments::stripe::event;
use crate::store::attempts::{self, Attempt};
use crate::store::refunds::Refund;
use crate::store::webhooks::{self, Standing};
use crate::store::{disputes, preorders, refunds};
use crate::workflows::apply_stripe_event::NOT_HERE;
use crate::workflows::{WorkflowError, settle_payment};

/// What we say, and what Stripe says.
struct Judged {
    verdict: Verdict,
    ours: String,
    theirs: String,
}

impl Judged {
    fn new(verdict: Verdict, ours: impl Into<String>, theirs: impl Into<String>) -> Self {
        Self { verdict, ours: ours.into(), theirs: theirs.into() }
    }
}

/// `None`: both say the same.
pub async fn compare(ctx: &Context, object: Walked, seen: &Seen) -> Result<Option<Difference>, WorkflowError> {
    let (id, preorder_id, judged) = match seen {
        Seen::Odd { id, problem, names } => {
            let owner = match names {
                Some(names) => settle_payment::named(&ctx.db, names).await?,
                None => None,
            };
            // What can't be read and is another shop's is nothing to us.
            let verdict = if names.is_some() && owner.is_none() { Verdict::Unknown } else { Verdict::Different };
            (id, owner.map(|id| id.to_string()), Judged::new(verdict, "", problem.as_str()))
        }
        Seen::Event { id, kind, .. } => {
            if !event::is_known(kind) {
                return Ok(None);
            }
            let judged = match webhooks::standing(&ctx.db, id).await? {
                None => Judged::new(Verdict::Missing, "never received", kind.as_str()),
                Some(kept) if kept.is_given_up => of_given_up(&kept, kind),
                Some(_) => return Ok(None),
            };
            (id, None, judged)
        }
        Seen::Fact { id, fact } => {
            let judged = match fact {
                Fact::Payment(payment) => of_payment(ctx, payment).await?,
                Fact::Refund(refund) => of_refund(ctx, fact, refund).await?,
                Fact::Dispute(dispute) => of_dispute(ctx, fact, dispute).await?,
            };
            let owner = match judged.verdict {
                Verdict::Match => None,
                _ => settle_payment::whose(&ctx.db, fact).await?,
            };
            (id, owner.map(|id| id.to_string()), judged)
        }
    };
    let Judged { verdict, ours, theirs } = judged;
    if verdict == Verdict::Match {
        return Ok(None);
    }
    Ok(Some(Difference { verdict, object, id: id.clone(), preorder_id, ours, theirs, fixed: false }))
}

/// What names a preorder that is not here is another shop's, or lost with it.
fn of_given_up(kept: &Standing, kind: &str) -> Judged {
    let verdict = if kept.error.as_deref() == Some(NOT_HERE) { Verdict::Unknown } else { Verdict::Different };
    Judged::new(verdict, NOT_APPLIED, kind)
}

async fn of_payment(ctx: &Context, fact: &PaymentFact) -> Result<Judged, WorkflowError> {
    let theirs = fact.outcome.to_string();
    let Some(attempt) = attempt_of(ctx, fact).await? else {
        // An intent that nobody has paid on is nothing to settle: its session says the same.
        if fact.session_id.is_none() && fact.outcome != AttemptState::Paid {
            return Ok(Judged::new(Verdict::Match, "none", theirs));
        }
        let ours = is_ours(ctx, fact.preorder_id.as_deref()).await?;
        return Ok(Judged::new(if ours { Verdict::Missing } else { Verdict::Unknown }, "none", theirs));
    };
    // A page whose answer never came is asked about within minutes, and closed: until then it is no difference, as long as
    // there is no money on it.
    let is_asked_about = attempt.state == AttemptState::Creating && !fact.outcome.has_money();
    let ahead = attempt.state.join(fact.outcome) != attempt.state && !is_asked_about;
    // We may know of a refused card that a page, still open, does not speak of; never of money that they do not have.
    let only_ours = attempt.state == AttemptState::Paid && fact.outcome != AttemptState::Paid;
    let amounts = fact.received.is_some() && attempt.received() != fact.received;
    // Two payments for one try: settlement keeps the first, and the other is for a person.
    if let (Some(ours), Some(other)) = (&attempt.payment_intent_id, &fact.payment_intent_id)
        && ours != other
        && fact.outcome.has_money()
    {
        let ours = format!("{} {ours}", attempt.state);
        return Ok(Judged::new(Verdict::Different, ours, format!("{theirs} {other}")));
    }
    let verdict = if ahead || only_ours || amounts { Verdict::Different } else { Verdict::Match };
    if !amounts || ahead || only_ours {
        return Ok(Judged::new(verdict, attempt.state.to_string(), theirs));
    }
    let said = |money: Option<Money>| money.map_or_else(|| "nothing".to_owned(), |m| m.to_string());
    Ok(Judged::new(
        verdict,
        format!("{} {}", attempt.state, said(attempt.received())),
        format!("{theirs} {}", said(fact.received)),
    ))
}

/// As settlement finds it: by the try's own name first, for a page whose answer was lost is known by nothing else.
async fn attempt_of(ctx: &Context, fact: &PaymentFact) -> Result<Option<Attempt>, WorkflowError> {
    if let Some(named) = fact.attempt_id.as_deref().and_then(|id| id.parse().ok())
        && let Some(attempt) = attempts::find(&ctx.db, &named).await?
        && fact.preorder_id.as_deref().is_none_or(|id| id == attempt.preorder_id.as_str())
    {
        return Ok(Some(attempt));
    }
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

async fn of_refund(ctx: &Context, fact: &Fact, refund: &RefundFact) -> Result<Judged, WorkflowError> {
    let theirs = format!("{} {}", refund.state, refund.amount);
    let Some(known) = refunds::find_by_provider_id(&ctx.db, &refund.provider_refund_id).await? else {
        return Ok(Judged::new(missing(ctx, fact).await?, "none", theirs));
    };
    let ours = format!("{} {}", known.state, known.amount());
    // It bears the name of a request that another refund of Stripe's answers already.
    if is_answered_by_another(ctx, refund, &known).await? {
        return Ok(Judged::new(Verdict::Different, ours, format!("{TWICE} for one request, {theirs}")));
    }
    let same = known.state.join(refund.state) == known.state && known.amount() == refund.amount;
    Ok(Judged::new(if same { Verdict::Match } else { Verdict::Different }, ours, theirs))
}

async fn is_answered_by_another(ctx: &Context, refund: &RefundFact, known: &Refund) -> Result<bool, WorkflowError> {
    let Some(asked) = refund.refund_id.as_deref().filter(|asked| *asked != known.id.as_str()) else { return Ok(false) };
    // A copy of the database that was restored may have lost the request: then this is its only answer.
    let Ok(asked) = asked.parse::<RefundId>() else { return Ok(false) };
    Ok(refunds::find(&ctx.db, &asked).await?.is_some_and(|request| request.provider_refund_id.is_some()))
}

async fn of_dispute(ctx: &Context, fact: &Fact, dispute: &DisputeFact) -> Result<Judged, WorkflowError> {
    let theirs = format!("{} {}", dispute.state, dispute.amount);
    let Some(known) = disputes::find_by_provider_id(&ctx.db, &dispute.provider_dispute_id).await? else {
        return Ok(Judged::new(missing(ctx, fact).await?, "none", theirs));
    };
    let after = settle_payment::dispute_after(&known, dispute);
    let same = (after.state, after.amount(), after.taken()) == (known.state, known.amount(), known.taken())
        && dispute.amount.currency == known.currency;
    if same || after.taken() == known.taken() {
        let ours = format!("{} {}", known.state, known.amount());
        return Ok(Judged::new(if same { Verdict::Match } else { Verdict::Different }, ours, theirs));
    }
    let said = |word: String, taken: Money| format!("{word}, {taken} taken");
    let ours = said(format!("{} {}", known.state, known.amount()), known.taken());
    Ok(Judged::new(Verdict::Different, ours, said(theirs, after.taken())))
}

async fn missing(ctx: &Context, fact: &Fact) -> Result<Verdict, WorkflowError> {
    let owner = settle_payment::whose(&ctx.db, fact).await?;
    let ours = is_ours(ctx, owner.as_ref().map(PreorderId::as_str)).await?;
    Ok(if ours { Verdict::Missing } else { Verdict::Unknown })
}

async fn is_ours(ctx: &Context, preorder_id: Option<&str>) -> Result<bool, WorkflowError> {
    match preorder_id.and_then(|id| id.parse().ok()) {
        Some(id) => Ok(preorders::find(&ctx.db, &id).await?.is_some()),
        None => Ok(false),
    }
}
