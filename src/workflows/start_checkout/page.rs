//! Having Stripe make a payment page for a try, and keeping it. Whoever waits for it longer than others do may find that the
//! order is paid, cancelled or has another page by now: then nobody is sent to this one, and it is closed.

use super::super::cancel_preorder::close_pages;
use super::super::refresh_payment::give_up;
use super::super::{WorkflowError, settle_payment};
use super::{Checkout, PATIENCE, TRIES, TRIES_THAT_FAIL, WAIT_AT_MOST, WAIT_FOR_TWIN};
use crate::context::Context;
use crate::context::breaker::left_alone;
use crate::domain::delivery::{DeliveryKind, Lane};
use crate::domain::payment::AttemptState;
use crate::domain::preorder::{PaymentStatus, PreorderStatus};
use crate::fail_points::{Point, reach};
use crate::providers::ProviderError;
use crate::providers::payments::{NewSession, Session};
use crate::store::attempts::{self, Attempt};
use crate::store::preorders::{self, Preorder};
use crate::telemetry::TraceId;

/// `None`: the page is there, and over already for us. Another look is needed.
pub(super) async fn create(
    ctx: &Context,
    preorder: &Preorder,
    attempt: &Attempt,
) -> Result<Option<Checkout>, WorkflowError> {
    let Some(new) = new_session(ctx, preorder, attempt).await? else {
        give_up(ctx, attempt).await?;
        return Err(WorkflowError::SoldOut);
    };
    let provider = ctx.payments.default();
    let began = tokio::time::Instant::now();
    let mut tries = 0;
    let session = loop {
        tries += 1;
        if let Err(wait) = ctx.breakers.lets_a_buyer_ask(Lane::Stripe, ctx.clock.steady()) {
            return Err(left_alone(Lane::Stripe, wait).into());
        }
        let call = provider.create_session(&new);
        let answer = ctx.breakers.learning_for_a_buyer(Lane::Stripe, &ctx.clock, call).await;
        reach(Point::CheckoutAnswered);
        match answer {
            Ok(session) => break session,
            Err(ref error) if tries < tries_for(error) && began.elapsed() < PATIENCE => {
                tokio::time::sleep(WAIT_FOR_TWIN * tries).await;
            }
            Err(error) => {
                // Refused: no page was made, and none will be. After any other failure there may be one, shown to nobody: the
                // try stays as it is, and Stripe is asked about it within minutes.
                if matches!(error, ProviderError::Permanent(_) | ProviderError::Gone(_)) {
                    give_up(ctx, attempt).await?;
                }
                return Err(error.into());
            }
        }
    };
    if session.amount != Some(preorder.price()) {
        let asked = session.amount.map_or_else(|| "another currency".to_owned(), |asked| asked.to_string());
        // Stripe's own price is another than the catalogue's: nobody is to pay on this page. Nobody has seen it; kept as a
        // page of a try that is over, it is closed at Stripe as well.
        tracing::error!(preorder = %preorder.id, session = session.id, asked, price = %preorder.price(), "Stripe's page asks \
            for another amount than the order's price; see COLOR_PRICE_MAP_JSON");
        give_up(ctx, attempt).await?;
        save(ctx, preorder, attempt, session).await?;
        let said = format!("Stripe's page asks for {asked}, and the order's price is {}", preorder.price());
        return Err(ProviderError::Configuration(said).into());
    }
    let Some(url) = session.url.clone() else {
        // The key's first answer is replayed for a day, and the page it speaks of is over by now.
        settle_payment::settle(ctx, &session.fact.into()).await?;
        return Ok(Some(Checkout::Settled { session_id: Some(session.id) }));
    };
    Ok(match save(ctx, preorder, attempt, session).await? {
        Saved::Payable => Some(Checkout::Pay { url }),
        Saved::NotNeeded(session_id) => Some(Checkout::Settled { session_id }),
        Saved::Over => None,
    })
}

/// What a page is worth once it is saved.
enum Saved {
    Payable,
    /// The preorder was paid on another meanwhile.
    NotNeeded(Option<String>),
    /// Its attempt was given up meanwhile: nobody is sent there, and Stripe is asked to close it.
    Over,
}

/// How often it is asked while the buyer waits, if this is what it comes to.
const fn tries_for(error: &ProviderError) -> u32 {
    match error {
        ProviderError::Retry { after: None, .. } | ProviderError::NoAnswer(_) => TRIES_THAT_FAIL,
        // Our twin's turn, not a queue's.
        ProviderError::NotAsked { after, .. } if after.as_millis() <= WAIT_AT_MOST.as_millis() => TRIES,
        // It says when, and nobody waits that long before a page; or it will never work.
        _ => 1,
    }
}

/// `None` if the colour is sold out by now.
async fn new_session(
    ctx: &Context,
    preorder: &Preorder,
    attempt: &Attempt,
) -> Result<Option<NewSession>, WorkflowError> {
    let catalog = ctx.shop().await?.catalog;
    let color = catalog.color(&preorder.color);
    if color.is_none_or(|color| color.sold_out) {
        return Ok(None);
    }
    let base = &ctx.public_base_url;
    Ok(Some(NewSession {
        preorder_id: preorder.id.to_string(),
        preorder_number: preorder.preorder_number.clone(),
        attempt_id: attempt.id.to_string(),
        trace_id: TraceId::of_preorder(&preorder.id).to_string(),
        idempotency_key: attempt.idempotency_key.clone(),
        price: preorder.price(),
        // Stripe's own price is today's; this preorder may have been promised another.
        at_list_price: catalog.price(preorder.currency) == Some(preorder.price()),
        color: preorder.color.clone(),
        product_name: catalog.product_name.clone(),
        color_name: color.map_or_else(|| preorder.color.clone(), |color| color.name.clone()),
        email: preorder.email.clone(),
        locale: preorder.locale.to_string(),
        success_url: format!("{base}/preorder/success?session_id={{CHECKOUT_SESSION_ID}}"),
        cancel_url: format!("{base}/preorder/cancel?preorder_id={}", preorder.id),
    }))
}

/// Saves the page, and says whether somebody may be sent to it.
async fn save(ctx: &Context, preorder: &Preorder, attempt: &Attempt, session: Session) -> Result<Saved, WorkflowError> {
    let mut tx = ctx.db.begin().await?;
    let locked = preorders::lock(&mut tx, &preorder.id).await?.ok_or(WorkflowError::NoSuchPreorder)?;
    let now = ctx.shared_now_in(&mut tx).await?;
    // Read again under the lock: a webhook may have been quicker than this answer.
    let attempts = attempts::of_preorder(&mut tx, &preorder.id).await?;
    // Paid (on an older page) or cancelled while Stripe made this one: nobody is to pay on it.
    let not_needed = locked.status == PreorderStatus::Cancelled
        || !matches!(locked.payment_status, PaymentStatus::Unpaid | PaymentStatus::Failed);
    // Whoever came after us waited for this answer no longer, and has another page: this one is given up.
    let is_replaced = attempts.iter().any(|other| other.number > attempt.number);
    let mut over = false;
    if let Some(mut stored) = attempts.into_iter().find(|stored| stored.id == attempt.id) {
        stored.state = stored.state.join(if is_replaced { AttemptState::Expired } else { AttemptState::Open });
        stored.url = session.url;
        stored.expires_at = session.expires_at;
        stored.opened_at = stored.opened_at.or(Some(now));
        stored.session_id = stored.session_id.or_else(|| Some(session.id.clone()));
        stored.payment_intent_id = stored.payment_intent_id.or(session.fact.payment_intent_id);
        attempts::save(&mut tx, &stored, now).await?;
        over = !stored.state.is_payable();
        if !over && !not_needed {
            preorders::save_session(&mut tx, &preorder.id, &session.id, now).await?;
        }
        if over || not_needed {
            close_pages(ctx, &mut tx, &preorder.id, now).await?;
        }
    }
    reach(Point::CheckoutSessionSaved);
    tx.commit().await?;
    reach(Point::CheckoutCommitted);
    if over || not_needed {
        ctx.bell.ring_here(DeliveryKind::CloseOpenPages.lane());
    }
    Ok(match (not_needed, over) {
        (true, _) => Saved::NotNeeded(locked.session_id),
        (false, true) => Saved::Over,
        (false, false) => Saved::Payable,
    })
}
