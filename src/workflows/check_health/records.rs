//! Whether the records agree with each other. Looking through all of them takes as long as there are many: it is done
//! once at a time, and goes on when nobody waits for it any more, so that impatient callers do not pile it up.

use std::sync::Arc;
use std::time::Duration;

use super::Check;
use crate::context::Context;
use crate::domain::delivery::DeliveryKind;
use crate::domain::metrics::Backlog;
use crate::store::outbox_acts::{self, Pause};
use crate::store::{StoreResult, doctor, metrics_machinery};

pub async fn records(ctx: &Context, patience: Duration) -> Vec<Check> {
    let Ok(only_one) = Arc::clone(&ctx.looking).try_lock_owned() else { return vec![unfinished()] };
    let ctx = ctx.clone();
    let look = tokio::spawn(async move {
        let checks = look(&ctx).await;
        drop(only_one);
        checks
    });
    match tokio::time::timeout(patience, look).await {
        Ok(Ok(checks)) => checks,
        Ok(Err(_)) => vec![Check::bad("records", "could not be looked through", "Read why in the log.")],
        Err(_) => vec![unfinished()],
    }
}

/// No fault: there are many.
fn unfinished() -> Check {
    Check::good("records", "still being looked through; check again in a minute, or run `rolitt doctor`")
}

async fn look(ctx: &Context) -> Vec<Check> {
    let (disagree, amounts, ledger, refunds, pauses, backlog, dead) = futures::join!(
        doctor::payments_that_disagree(&ctx.db),
        doctor::payments_of_another_amount(&ctx.db),
        doctor::ledgers_that_disagree(&ctx.db),
        doctor::refunds_above_captures(&ctx.db),
        outbox_acts::pauses(&ctx.db),
        metrics_machinery::backlog(&ctx.db),
        metrics_machinery::dead_by_kind(&ctx.db),
    );
    let mut checks = vec![
        none(
            "payments",
            disagree,
            "every paid preorder has its payment",
            "preorders and their payments disagree",
            "Look at them in the admin, beside Stripe's dashboard; `rolitt reconcile` compares them.",
        ),
        none(
            "amounts",
            amounts,
            "every payment is of its preorder's price, and none came twice",
            "preorders were paid twice or with another amount",
            "Compare them with Stripe's dashboard, and refund what is too much.",
        ),
        none(
            "ledger",
            ledger,
            "captured − refunded − disputed is what the ledger says",
            "preorders have another balance in the ledger",
            "Look at their money in the admin, beside Stripe's dashboard; replay their webhooks.",
        ),
        none(
            "refunds",
            refunds,
            "no refund exceeds what was captured",
            "payments were refunded beyond what came in",
            "Compare them with Stripe's dashboard: a refund made there may have come before its payment's event.",
        ),
        deliveries(backlog, dead),
    ];
    checks.extend(paused(pauses));
    checks
}

/// A count that should be nought.
fn none(name: &str, count: StoreResult<i64>, good: &str, bad: &str, remedy: &str) -> Check {
    match count {
        Ok(0) => Check::good(name, good),
        Ok(count) => Check::bad(name, format!("{count} {bad}"), remedy),
        Err(error) => unread(name, &error),
    }
}

/// Somebody meant it: worth a word, and no fault.
fn paused(pauses: StoreResult<Vec<Pause>>) -> Option<Check> {
    let pauses = match pauses {
        Ok(pauses) if pauses.is_empty() => return None,
        Ok(pauses) => pauses,
        Err(error) => return Some(unread("pauses", &error)),
    };
    let said = pauses.iter().map(|pause| format!("{} by {}: {}", pause.kind, pause.paused_by, pause.reason));
    let said = said.collect::<Vec<_>>().join("; ");
    Some(Check::good("pauses", format!("held back until a person resumes them: {said}")))
}

fn deliveries(backlog: StoreResult<Backlog>, dead: StoreResult<Vec<(DeliveryKind, i64)>>) -> Check {
    let (backlog, dead) = match (backlog, dead) {
        (Ok(backlog), Ok(dead)) => (backlog, dead),
        (Err(error), _) | (_, Err(error)) => return unread("deliveries", &error),
    };
    let waiting = backlog.pending + backlog.running;
    match dead.iter().map(|(_, count)| count).sum::<i64>() {
        0 => Check::good("deliveries", format!("{waiting} waiting, none given up")),
        dead => Check::bad(
            "deliveries",
            format!("{dead} given up, {waiting} waiting"),
            "Read why in the admin, under Background; then retry or discard them.",
        ),
    }
}

fn unread(name: &str, error: &crate::store::StoreError) -> Check {
    Check::bad(name, error.to_string(), "See the database's check.")
}
