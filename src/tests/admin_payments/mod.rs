//! The rooms Payments and Customers: what is on the worklist and why, what the lists find, and who sees addresses.

mod customers;
mod lists;
mod worklist;

use std::time::Duration;

use crate::domain::ids::{AttemptId, DisputeId, PreorderId, RefundId};
use crate::domain::money::Currency;
use crate::domain::payment::AttemptState;
use crate::domain::refund::{DisputeState, RefundState};
use crate::domain::timestamp::Timestamp;
use crate::store::attempts::{self, Attempt};
use crate::store::disputes::{self, Dispute};
use crate::store::refunds::{self, Refund};
use crate::tests::app::TestApp;
use crate::workflows::settle_payment::blank_attempt;

const DAY: Duration = Duration::from_hours(24);
const HOUR: Duration = Duration::from_hours(1);

/// A paid preorder: its id and number.
async fn paid(app: &TestApp, email: &str) -> (PreorderId, String) {
    let (session, id) = app.checkout(email).await;
    app.pay_by_card(&session, "4242424242424242").await;
    app.wait_for_badges(&id, "completed/paid").await;
    // A late event would write over what a test changes.
    app.settle_down().await;
    (id.parse().unwrap(), number(app, &id).await)
}

async fn number(app: &TestApp, id: &str) -> String {
    app.scalar(&format!("SELECT preorder_number FROM preorders WHERE id = '{id}'")).await.unwrap()
}

async fn change(app: &TestApp, id: &PreorderId, to: &str) {
    app.cook_the_books();
    app.ctx.db.execute(&format!("UPDATE preorders SET {to} WHERE id = '{id}'")).await;
}

/// Another try of the preorder's.
async fn try_to_pay(
    app: &TestApp,
    id: &PreorderId,
    which: i64,
    state: AttemptState,
    code: Option<&str>,
    at: Timestamp,
) {
    app.cook_the_books();
    let attempt = Attempt {
        id: AttemptId::from_unique(&app.ctx.unique()),
        preorder_id: id.clone(),
        number: which,
        provider: "stripe".to_owned(),
        idempotency_key: format!("{id}-{which}"),
        state,
        amount_minor: 49_900,
        decline_code: code.map(str::to_owned),
        ..blank_attempt(at)
    };
    let mut tx = app.ctx.db.begin().await.unwrap();
    attempts::insert(&mut tx, &Attempt { state: AttemptState::Creating, ..attempt.clone() }).await.unwrap();
    if state != AttemptState::Creating {
        attempts::save(&mut tx, &attempt, at).await.unwrap();
    }
    tx.commit().await.unwrap();
}

fn refund(app: &TestApp, id: &PreorderId, state: RefundState, minor: i64) -> Refund {
    let (unique, now) = (app.ctx.unique(), app.ctx.clock.now());
    Refund {
        id: RefundId::from_unique(&unique),
        preorder_id: id.clone(),
        attempt_id: None,
        provider: "stripe".to_owned(),
        idempotency_key: unique.clone(),
        provider_refund_id: Some(format!("re_{unique}")),
        payment_intent_id: None,
        amount_minor: minor,
        currency: Currency::Usd,
        reason: Some("requested_by_customer".to_owned()),
        state,
        failure_reason: (state == RefundState::Failed).then(|| "lost_or_stolen_card".to_owned()),
        requested_by: None,
        created_at: now,
        updated_at: now,
    }
}

async fn save_refund(app: &TestApp, refund: &Refund) {
    let mut tx = app.ctx.db.begin().await.unwrap();
    refunds::save(&mut tx, refund).await.unwrap();
    tx.commit().await.unwrap();
}

fn dispute(app: &TestApp, id: &PreorderId, state: DisputeState, due_at: Option<Timestamp>) -> Dispute {
    let (unique, now) = (app.ctx.unique(), app.ctx.clock.now());
    Dispute {
        id: DisputeId::from_unique(&unique),
        preorder_id: id.clone(),
        attempt_id: None,
        provider: "stripe".to_owned(),
        provider_dispute_id: format!("dp_{unique}"),
        payment_intent_id: None,
        amount_minor: 49_900,
        currency: Currency::Usd,
        amount_said_at: None,
        taken_minor: None,
        moved: None,
        reason: Some("product_not_received".to_owned()),
        state,
        due_at,
        opened_at: now,
        updated_at: now,
    }
}

async fn save_dispute(app: &TestApp, dispute: &Dispute) {
    let mut tx = app.ctx.db.begin().await.unwrap();
    disputes::save(&mut tx, dispute).await.unwrap();
    tx.commit().await.unwrap();
}

fn href(body: &str, marker: &str) -> Option<String> {
    let link = body.split("<a ").find(|link| link.split("</a>").next().unwrap().contains(marker))?;
    Some(link.split("href=\"").nth(1)?.split('"').next()?.replace("&amp;", "&"))
}

/// All pages, one after the other.
async fn all_pages(app: &TestApp, cookie: &str, first: &str) -> Vec<String> {
    let (mut pages, mut next) = (Vec::new(), Some(first.to_owned()));
    while let Some(path) = next {
        let page = app.get_as(cookie, &path).await;
        assert_eq!(page.status, 200, "{path}");
        next = href(&page.body, "rel=\"next\"");
        pages.push(page.body);
        assert!(pages.len() < 20, "the pages do not end");
    }
    pages
}
