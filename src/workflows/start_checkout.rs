//! Taking the buyer to the payment page. The attempt and its idempotency key are stored before Stripe is called, and
//! the call is made outside any transaction: a crash between the two finds the same page again by the same key.
//! Before a page is offered again, Stripe is asked what became of the one before: nobody pays twice because we
//! did not know.

mod page;

use std::time::Duration;

use page::create;

use super::refresh_payment::{give_up, refresh_for_buyer};
use super::{WorkflowError, settle_payment};
use crate::context::Context;
use crate::domain::ids::{AttemptId, PreorderId};
use crate::domain::payment::AttemptState;
use crate::fail_points::{Point, Span, reach, span};
use crate::providers::ProviderError;
use crate::store::attempts::{self, Attempt};
use crate::store::preorders::{self, Preorder};
use crate::telemetry::{self, Kind, TraceId, metric};

/// A key whose answer never came is asked with again for so long; then a new key is worth more than the old answer. The
/// page that may then exist twice is shown to nobody: see `save`.
const KEY_HOLDS: Duration = Duration::from_secs(30);
/// A page opened just now needs no question whether it is still open.
const PAGE_IS_FRESH: Duration = Duration::from_secs(10);
/// Another request with our key is under way (a double click): its answer will be ours.
const WAIT_FOR_TWIN: Duration = Duration::from_millis(150);
const TRIES: u32 = 6;
/// A hiccup is over by then; an outage is not helped by asking more.
const TRIES_THAT_FAIL: u32 = 3;
/// Each page that is over makes room for another; more than a few in one request are a riddle, not a reason to go on.
const LOOKS: u32 = 6;
/// Whoever is before us for longer than this is not waited for.
const WAIT_AT_MOST: Duration = Duration::from_secs(1);
/// A first failure slower than this is not repeated while the buyer waits.
const PATIENCE: Duration = Duration::from_secs(3);

/// Where the buyer goes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checkout {
    Pay {
        url: String,
    },
    /// Paid already, or on its way: the success page tells which.
    Settled {
        session_id: Option<String>,
    },
}

pub async fn start_checkout(ctx: &Context, id: &PreorderId) -> Result<Checkout, WorkflowError> {
    telemetry::join(TraceId::of_preorder(id));
    let mut traced = telemetry::Span::within("start_checkout", Kind::Internal);
    // A buyer who leaves takes this task with them: what it came to is counted where it ends, however it ends.
    let asked = Asked::begin();
    let led_to = traced.around(lead(ctx, id)).await;
    let result = came_to(&led_to);
    asked.came_to(result);
    traced.set("rolitt.result", result);
    if led_to.is_err() {
        traced.fail(result);
    }
    led_to
}

/// In a word that [`metric::CHECKOUT_RESULTS`] lists.
const fn came_to(led_to: &Result<Checkout, WorkflowError>) -> &'static str {
    match led_to {
        Ok(Checkout::Pay { .. }) => "page",
        Ok(Checkout::Settled { .. }) => "settled",
        Err(WorkflowError::SoldOut) => "sold_out",
        // Stripe's word, or ours on its behalf: the buyer is told the same.
        Err(WorkflowError::Provider(
            ProviderError::Retry { .. } | ProviderError::NotAsked { .. } | ProviderError::Failed { .. },
        )) => "busy",
        Err(WorkflowError::Provider(error)) => error.word(),
        Err(_) => "failed",
    }
}

/// A buyer's request for the payment page. One that is dropped without a word has been left by its buyer.
struct Asked(&'static str);

impl Asked {
    const fn begin() -> Self {
        Self("left")
    }

    fn came_to(mut self, result: &'static str) {
        self.0 = result;
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        metrics::counter!(metric::CHECKOUTS, "result" => self.0).increment(1);
    }
}

/// Looks again as often as what it found is over by the time it is asked about, asks again where Stripe failed, and takes
/// another key where this one leads nowhere.
async fn lead(ctx: &Context, id: &PreorderId) -> Result<Checkout, WorkflowError> {
    let began = tokio::time::Instant::now();
    let (mut failed, mut spent) = (0, None);
    for _ in 0..LOOKS {
        let found = match next_step(ctx, id, spent.as_ref()).await? {
            Step::Settled(session_id) => return Ok(Checkout::Settled { session_id }),
            Step::Ask(attempt) => ask_again(ctx, id, &attempt).await?,
            Step::Create(preorder, attempt) => match create(ctx, &preorder, &attempt).await {
                Err(WorkflowError::Provider(
                    error @ (ProviderError::Failed { after: None, .. } | ProviderError::KeyTaken(_)),
                )) if failed + 1 < TRIES_THAT_FAIL && began.elapsed() < PATIENCE => {
                    failed += 1;
                    if error.key_is_spent() {
                        spent = Some(attempt.id);
                    }
                    tokio::time::sleep(WAIT_FOR_TWIN * failed).await;
                    None
                }
                created => created?,
            },
        };
        if let Some(checkout) = found {
            return Ok(checkout);
        }
    }
    let message = "one page after the other was over before it was shown".to_owned();
    Err(ProviderError::Retry { message, after: Some(WAIT_AT_MOST) }.into())
}

enum Step {
    Settled(Option<String>),
    /// There is a page: is it still open?
    Ask(Attempt),
    /// Call Stripe with this attempt's key.
    Create(Box<Preorder>, Attempt),
}

/// Decides under the preorder's lock, so that two clicks decide the same. `spent`: a try whose key leads nowhere.
async fn next_step(ctx: &Context, id: &PreorderId, spent: Option<&AttemptId>) -> Result<Step, WorkflowError> {
    reach(Point::CheckoutBegun);
    let mut tx = ctx.db.begin().await?;
    let preorder = preorders::lock(&mut tx, id).await?.ok_or(WorkflowError::NoSuchPreorder)?;
    // Another instance may have begun the attempt: whether its key still holds is no matter of our own clock.
    let now = ctx.shared_now_in(&mut tx).await?;
    if !preorder.is_to_be_paid() {
        tx.rollback().await?;
        return Ok(Step::Settled(preorder.session_id));
    }
    let attempts = attempts::of_preorder(&mut tx, id).await?;
    if let Some(last) = attempts.last() {
        let reusable = match last.state {
            AttemptState::Creating => {
                spent != Some(&last.id) && now.since(last.created_at) < span(Span::KeyHolds, KEY_HOLDS)
            }
            state => state.is_payable() && last.url.is_some(),
        };
        if reusable {
            tx.rollback().await?;
            let last = last.clone();
            return Ok(match last.state {
                AttemptState::Creating => Step::Create(Box::new(preorder), last),
                _ => Step::Ask(last),
            });
        }
    }
    // One whose answer never came stays as it is. If it made a page, nobody was shown it: Stripe is asked within minutes
    // (`check_overdue`), and the page is closed. Should it be paid all the same, that counts.
    let attempt_id = AttemptId::from_unique(&ctx.unique());
    let attempt = Attempt {
        idempotency_key: format!("{}-{attempt_id}", preorder.id),
        id: attempt_id,
        preorder_id: preorder.id.clone(),
        number: attempts.last().map_or(1, |last| last.number + 1),
        provider: ctx.payments.default().name().to_owned(),
        state: AttemptState::Creating,
        amount_minor: preorder.amount_minor,
        currency: preorder.currency,
        ..settle_payment::blank_attempt(now)
    };
    attempts::insert(&mut tx, &attempt).await?;
    reach(Point::CheckoutAttemptInserted);
    tx.commit().await?;
    reach(Point::CheckoutAttemptStored);
    Ok(Step::Create(Box::new(preorder), attempt))
}

/// The open page's address, if Stripe (or the clock) says that it is still open.
async fn ask_again(ctx: &Context, id: &PreorderId, attempt: &Attempt) -> Result<Option<Checkout>, WorkflowError> {
    let now = ctx.shared_now().await?;
    let page = attempt.url.clone().map(|url| Checkout::Pay { url });
    let fresh = attempt.opened_at.is_some_and(|at| now.since(at) < PAGE_IS_FRESH);
    let stale = attempt.expires_at.is_some_and(|at| at <= now);
    if fresh && !stale {
        return Ok(page);
    }
    match refresh_for_buyer(ctx, attempt).await {
        Ok(AttemptState::Open | AttemptState::Declined | AttemptState::Creating) => Ok(page),
        Ok(AttemptState::Paid | AttemptState::Pending) => {
            let session_id = preorders::find(&ctx.db, id).await?.and_then(|preorder| preorder.session_id);
            Ok(Some(Checkout::Settled { session_id: session_id.or_else(|| attempt.session_id.clone()) }))
        }
        Ok(AttemptState::Expired | AttemptState::Failed) => Ok(None),
        // The page is not Stripe's any more: another account's, or a sandbox's that has forgotten. Another refusal
        // says nothing of the page, on which somebody may still pay.
        Err(WorkflowError::Provider(error @ ProviderError::Gone(_))) => {
            tracing::warn!(error = error.in_short(), preorder = %id, "an open page is gone; making another");
            give_up(ctx, attempt).await?;
            Ok(None)
        }
        // Stripe is away. The page that it gave us is safe to show: it lets nobody pay twice by itself.
        Err(WorkflowError::Provider(error)) if !stale => {
            tracing::warn!(error = error.in_short(), preorder = %id, "could not ask about an open page; showing it again");
            Ok(page)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::breaker::left_alone;
    use crate::domain::delivery::Lane;

    #[test]
    fn every_way_that_a_checkout_ends_is_a_word_that_metrics_know() {
        let busy = |after| ProviderError::NotAsked { message: "busy".into(), after };
        let failed = |error: ProviderError| came_to(&Err(error.into()));
        for (result, word) in [
            (failed(busy(Duration::from_secs(8))), "busy"),
            (failed(left_alone(Lane::Stripe, Duration::from_secs(1))), "busy"),
            (failed(ProviderError::Retry { message: "429".into(), after: None }), "busy"),
            (failed(ProviderError::NoAnswer("away".into())), "no_answer"),
            (failed(ProviderError::Permanent("no".into())), "refused"),
            (failed(ProviderError::Configuration("key".into())), "configuration"),
            (came_to(&Err(WorkflowError::NoSuchPreorder)), "failed"),
            (came_to(&Err(WorkflowError::SoldOut)), "sold_out"),
            (came_to(&Ok(Checkout::Settled { session_id: None })), "settled"),
            (came_to(&Ok(Checkout::Pay { url: String::new() })), "page"),
            (Asked::begin().0, "left"),
        ] {
            assert_eq!(result, word);
            assert!(metric::CHECKOUT_RESULTS.contains(&word), "{word}");
        }
    }
}
