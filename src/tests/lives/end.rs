//! What a life leaves in the tables, as far as it must not depend on the order in which it was told: everything but the
//! times at which we learnt of things, ids of our own making, and which background jobs were needed on the way.

use std::collections::BTreeMap;

use super::life::{Life, PRICE, attempt_id, intent_id, refund_id};
use crate::context::Context;
use crate::domain::catalog::ColorId;
use crate::domain::contact::{Email, Phone};
use crate::domain::delivery::Delivery;
use crate::domain::ids::{PreorderId, PreorderNumber};
use crate::domain::locale::Locale;
use crate::domain::money::Money;
use crate::domain::payment::AttemptState;
use crate::domain::preorder::NewPreorder;
use crate::domain::refund::{LedgerKind, RefundState};
use crate::domain::timestamp::Timestamp;
use crate::store::attempts::{self, Attempt};
use crate::store::ledger::Entry;
use crate::store::refunds::{self, Refund};
use crate::store::{Tx, disputes, on_tx, order_acts, outbox, preorders};
use crate::workflows::settle_payment::blank_attempt;

const LEDGER: &str = "SELECT id, preorder_id, attempt_id, kind, amount_minor, currency, reference, dedupe_key, \
     occurred_at, recorded_at FROM payments_ledger WHERE preorder_id = $1 ORDER BY dedupe_key";
// Closing other pages, and asking which card it was, are needed or not as things come.
const ANNOUNCED: &str = "SELECT dedupe_key FROM outbox WHERE preorder_id = $1 \
     AND kind IN ('klaviyo_preorder_success', 'send_sms') ORDER BY dedupe_key";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    pub badges: String,
    preorder: String,
    attempts: Vec<String>,
    refunds: Vec<String>,
    disputes: Vec<String>,
    ledger: Vec<String>,
    pub ledger_sum: i64,
    pub announced: Vec<String>,
}

/// The preorder and what we remember of its tries.
pub async fn prepare(ctx: &Context, tx: &mut Tx, id: &PreorderId, life: &Life) {
    let now = ctx.clock.now();
    let new = NewPreorder {
        email: Email::parse("ana@example.com").unwrap(),
        name: None,
        phone: Phone::parse("+4915123456789").ok(),
        color: ColorId::parse("sakura-pink").unwrap(),
        price: Money::new(PRICE, life.currency),
        locale: Locale::En,
        marketing_consent: false,
        idempotency_key: None,
    };
    let number = PreorderNumber::from_random(rand::random());
    let owed = [
        ctx.enqueued(Delivery::CreateFirebaseUser { preorder_id: id.clone() }),
        ctx.enqueued(Delivery::KlaviyoPreorderStarted { preorder_id: id.clone() }),
    ];
    let (key, owes) = (format!("open:{id}"), preorders::owed(&owed));
    preorders::insert_or_find(tx, id, &number, &key, &new, None, &owes, now).await.unwrap();
    outbox::enqueue(tx, &owed, now).await.unwrap();
    preorders::begin_processing(tx, id, now).await.unwrap();
    for (number, a_try) in life.tries.iter().enumerate().filter(|_| life.remembered) {
        let attempt = Attempt {
            id: attempt_id(id, number),
            preorder_id: id.clone(),
            number: number as i64 + 1,
            provider: "stripe".to_owned(),
            idempotency_key: format!("{id}-{number}"),
            state: AttemptState::Creating,
            amount_minor: PRICE,
            currency: life.currency,
            ..blank_attempt(now)
        };
        attempts::insert(tx, &attempt).await.unwrap();
        for (at, back) in a_try.refunds.iter().enumerate().filter(|(_, back)| back.here) {
            let asked = Refund {
                id: refund_id(id, number, at),
                preorder_id: id.clone(),
                attempt_id: Some(attempt.id.clone()),
                provider: "stripe".to_owned(),
                idempotency_key: format!("refund-{id}-{number}-{at}"),
                provider_refund_id: None,
                payment_intent_id: Some(intent_id(id, number)),
                amount_minor: back.minor,
                currency: life.currency,
                reason: None,
                state: RefundState::Requested,
                failure_reason: None,
                requested_by: Some("owner@example.com".to_owned()),
                created_at: now,
                updated_at: now,
            };
            refunds::save(tx, &asked).await.unwrap();
        }
    }
}

/// As an admin cancels: what is paid, or on its way, can't be.
pub async fn cancel(ctx: &Context, tx: &mut Tx, id: &PreorderId) {
    let before = preorders::lock(tx, id).await.unwrap().unwrap().progress();
    if let Ok(after) = before.cancel()
        && after != before
    {
        let now = ctx.clock.now();
        order_acts::save_cancelled(tx, id, after.status, &format!("closed:{id}"), now).await.unwrap();
    }
}

/// Whole rows, but for what is of our own making (`id`, `recorded_at`), and:
///
/// * a payment's time is that of whoever told first of it;
/// * a refund or dispute that was told before its payment names no try: its reference leads there;
/// * of a dispute whose objects do not list what moved only the sum is the same, for a row can't be changed when
///   something else turns out to be true: another row makes up for it.
fn rows(entries: &[Entry], listed: &[String]) -> Vec<String> {
    let (mut rows, mut sums) = (Vec::new(), BTreeMap::new());
    for entry in entries {
        let Entry { attempt_id, kind, amount_minor, currency, reference, dedupe_key, occurred_at, .. } = entry;
        let dispute = dedupe_key.split(':').nth(1).unwrap().to_owned();
        let of_dispute = matches!(kind, LedgerKind::Dispute | LedgerKind::DisputeReturned);
        if of_dispute && !listed.contains(&dispute) {
            *sums.entry(dispute).or_insert(0) += amount_minor;
            continue;
        }
        let more = if *kind == LedgerKind::Capture { format!("{attempt_id:?}") } else { format!("{occurred_at:?}") };
        rows.push(format!("{dedupe_key} {kind} {amount_minor} {currency} {reference} {more}"));
    }
    rows.extend(sums.into_iter().filter(|(_, sum)| *sum != 0).map(|(dispute, sum)| format!("{dispute} {sum}")));
    rows
}

async fn texts(tx: &mut Tx, sql: &'static str, id: &PreorderId) -> Vec<String> {
    on_tx!(tx, c => sqlx::query_scalar(sql).bind(id).fetch_all(c).await).unwrap()
}

pub async fn read(tx: &mut Tx, id: &PreorderId, life: &Life) -> End {
    let preorder = preorders::lock(tx, id).await.unwrap().unwrap();
    let mut tries: Vec<_> = attempts::of_preorder(tx, id).await.unwrap();
    tries.sort_by(|a, b| a.id.cmp(&b.id));
    let seconds = |at: Option<Timestamp>| at.map(Timestamp::seconds);
    let attempts = tries.iter().map(|a| {
        let money = (a.received_minor, a.received_currency, a.amount_minor);
        let learnt = (&a.decline_code, &a.card_last4, &a.shipping_address, seconds(a.paid_at));
        format!("{} {} {:?} {:?} {money:?} {learnt:?}", a.id, a.state, a.session_id, a.payment_intent_id)
    });
    let mut refunds: Vec<_> = refunds::of_preorder(tx, id)
        .await
        .unwrap()
        .iter()
        .filter(|refund| refund.state != RefundState::Requested)
        .map(|r| {
            let of = (&r.attempt_id, &r.failure_reason, &r.requested_by);
            format!("{:?} {} {} {of:?}", r.provider_refund_id, r.state, r.amount())
        })
        .collect();
    refunds.sort();
    let mut disputes: Vec<_> = disputes::of_preorder(tx, id)
        .await
        .unwrap()
        .iter()
        .map(|d| {
            let of = (&d.attempt_id, &d.reason, seconds(d.due_at));
            format!("{} {} {} {} {of:?}", d.provider_dispute_id, d.state, d.amount(), d.taken())
        })
        .collect();
    disputes.sort();
    let ledger: Vec<Entry> = on_tx!(tx, c => sqlx::query_as(LEDGER).bind(id).fetch_all(c).await).unwrap();
    // Of several tries that are under way or over, which was told of last; unless we remember which was made last.
    let telling = preorder.paid_at.is_some() || life.remembered;
    // The key closes when a payment is on its way, which may be heard of or not before it bounces.
    let key = preorder.paid_at.map(|_| preorder.idempotency_key);
    let pages = (preorder.session_id, preorder.payment_intent_id, preorder.shipping_address, preorder.country);
    End {
        badges: format!("{}/{}", preorder.status, preorder.payment_status),
        preorder: format!("{:?} {:?} {key:?}", seconds(preorder.paid_at), telling.then_some(pages)),
        attempts: attempts.collect(),
        refunds,
        disputes,
        ledger_sum: ledger.iter().map(|entry| entry.amount_minor).sum(),
        ledger: rows(&ledger, &life.listed_disputes(id)),
        announced: texts(tx, ANNOUNCED, id).await,
    }
}
