//! Pages that were asked for and whose answer never came, also those that the buyer did not wait for: the next try has
//! another key, and this one's page, if it was made, was shown to nobody. Stripe is asked what it made around then; each
//! page bears its try's id.

use std::collections::HashMap;
use std::time::Duration;

use crate::context::Context;
use crate::domain::payment::{AttemptState, Fact, PaymentFact};
use crate::domain::timestamp::Timestamp;
use crate::providers::ProviderError;
use crate::providers::payments::{Listed, Made, Seen};
use crate::store::attempts::{self, Attempt};
use crate::workflows::refresh_payment::give_up;
use crate::workflows::{WorkflowError, settle_payment};

/// A page is made within so long of its try, or never: far more than a call and its repetitions take, and than clocks are
/// apart.
const MADE_WITHIN: Duration = Duration::from_mins(5);
/// Tries no further apart are asked about with one list.
const TOGETHER: Duration = Duration::from_mins(1);
/// Pages of a hundred sessions each, for one list.
const MOST_PAGES: usize = 50;
/// A round asks about so many, and the next about the rest.
const ROUND: i64 = 50;

/// Asks about calls that were made before a time, for as long as there is time. Says about how many, and of how many the
/// end is known now.
pub async fn ask(
    ctx: &Context,
    before: Timestamp,
    is_in_time: impl Fn() -> bool,
) -> Result<(usize, usize), WorkflowError> {
    let unanswered = attempts::unanswered(&ctx.db, before, ROUND).await?;
    let (mut learnt, mut rest) = (0, unanswered.as_slice());
    while let Some(first) = rest.first() {
        let last = first.created_at + TOGETHER;
        let (together, later) = rest.split_at(rest.partition_point(|attempt| attempt.created_at <= last));
        learnt +=
            ask_together(ctx, together, Made::between(first.created_at - MADE_WITHIN, last + MADE_WITHIN)).await?;
        rest = later;
        if !is_in_time() {
            break;
        }
    }
    Ok((unanswered.len() - rest.len(), learnt))
}

/// The list has an end on both sides: however much is sold later, what was never made is known to be so.
async fn ask_together(ctx: &Context, calls: &[Attempt], made: Made) -> Result<usize, WorkflowError> {
    let mut pages: HashMap<String, PaymentFact> = HashMap::new();
    let mut after: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let page = ctx.payments.default().list(Listed::Sessions, made, after.as_deref()).await?;
        for seen in page.seen {
            if let Seen::Fact { fact: Fact::Payment(fact), .. } = seen
                && let Some(attempt) = fact.attempt_id.clone()
            {
                pages.insert(attempt, *fact);
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let mut learnt = 0;
    for attempt in calls {
        match pages.remove(attempt.id.as_str()) {
            Some(fact) => take(ctx, attempt, fact).await?,
            // Stripe has told all, and this was not among it: it was never made.
            None if after.is_none() => give_up(ctx, attempt).await?,
            None => continue,
        }
        learnt += 1;
    }
    Ok(learnt)
}

/// A page that nobody was shown is closed; what was paid on it all the same counts.
async fn take(ctx: &Context, attempt: &Attempt, made: PaymentFact) -> Result<(), WorkflowError> {
    let provider = ctx.payments.default();
    let mut fact = match (&made.session_id, made.outcome) {
        (Some(session), AttemptState::Open) => match provider.expire_session(session).await {
            Ok(session) => session.fact,
            Err(ProviderError::Permanent(_) | ProviderError::Gone(_)) => provider.fetch_session(session).await?.fact,
            Err(error) => return Err(error.into()),
        },
        _ => made,
    };
    fact.preorder_id = Some(attempt.preorder_id.to_string());
    fact.attempt_id = Some(attempt.id.to_string());
    settle_payment::settle(ctx, &fact.into()).await?;
    Ok(())
}
