//! Whether the records agree with each other. Looking through all of them takes as long as there are many: it is done
//! once at a time, and goes on when nobody waits for it any more, so that impatient callers do not pile it up.

use std::sync::Arc;
use std::time::Duration;

use super::{Check, durability};
use crate::context::Context;
use crate::domain::delivery::DeliveryKind;
use crate::domain::metrics::Backlog;
use crate::store::outbox_acts::{self, Pause};
use crate::store::{StoreResult, metrics_machinery, patience};
use crate::workflows::check_promises::{Finding, LONGEST_QUESTION, PROMISES, check_promises};

/// `unfinished` is what is said when it takes longer.
pub async fn records(ctx: &Context, patience: Duration, unfinished: Check) -> Vec<Check> {
    let Ok(only_one) = Arc::clone(&ctx.looking).try_lock_owned() else { return vec![unfinished] };
    let ctx = ctx.clone();
    let look = tokio::spawn(async move {
        let checks = patience::with(LONGEST_QUESTION, look(&ctx)).await;
        drop(only_one);
        checks
    });
    match tokio::time::timeout(patience, look).await {
        Ok(Ok(checks)) => checks,
        Ok(Err(_)) => vec![Check::bad("records", "could not be looked through", "Read why in the log.")],
        Err(_) => vec![unfinished],
    }
}

/// No fault: there are many.
pub fn unfinished() -> Check {
    Check::good("records", "still being looked through; check again in a minute, or run `rolitt doctor`")
}

pub fn not_asked(patience: Duration) -> Check {
    let found =
        format!("not looked through within {} s: whether the promises are kept is not known", patience.as_secs());
    Check::bad("records", found, "Look at the database: it is slow, or somebody holds it up. Then ask again.")
}

async fn look(ctx: &Context) -> Vec<Check> {
    let findings = check_promises(ctx).await;
    let (pauses, backlog, dead) = futures::join!(
        outbox_acts::pauses(&ctx.db),
        metrics_machinery::backlog(&ctx.db),
        metrics_machinery::dead_by_kind(&ctx.db),
    );
    let mut checks = match findings {
        Ok(findings) => [promises(&findings), money(&findings)].concat(),
        Err(error) => vec![Check::bad("promises", error.to_string(), "See the database's check.")],
    };
    checks.push(deliveries(backlog, dead));
    checks.extend(paused(pauses));
    checks.extend(durability::file(ctx).await);
    checks
}

/// One check a promise.
fn promises(findings: &[Finding]) -> Vec<Check> {
    let check = |&(number, sentence): &(u8, &str)| {
        let of_this = |finding: &&Finding| finding.promise == number;
        judged(&format!("promise {number}: {sentence}"), "kept", &findings.iter().filter(of_this).collect::<Vec<_>>())
    };
    PROMISES.iter().map(check).collect()
}

/// The shop's money by the words that people ask for.
fn money(findings: &[Finding]) -> Vec<Check> {
    const MONEY: [(&str, &[&str], &str); 4] = [
        ("payments", &["payments"], "every paid preorder has its payment"),
        ("amounts", &["amounts", "paid twice"], "every payment is of its preorder's price, and none came twice"),
        ("ledger", &["ledger"], "captured − refunded − disputed is what the ledger says"),
        ("refunds", &["refunds"], "no refund exceeds what was captured"),
    ];
    let check = |&(name, names, good): &(&str, &[&str], &str)| {
        let of_these = |finding: &&Finding| names.contains(&finding.name);
        judged(name, good, &findings.iter().filter(of_these).collect::<Vec<_>>())
    };
    MONEY.iter().map(check).collect()
}

/// Good if all of them are nought; otherwise what is broken, and what to do about the first.
fn judged(name: &str, good: &str, findings: &[&Finding]) -> Check {
    let broken: Vec<_> = findings.iter().filter(|finding| finding.broken != 0).collect();
    let Some(first) = broken.first() else { return Check::good(name, good) };
    let said = broken.iter().map(|finding| match finding.ids.as_slice() {
        [] => format!("{} {}", finding.broken, finding.what),
        ids => format!("{} {} ({})", finding.broken, finding.what, ids.join(", ")),
    });
    Check::bad(name, said.collect::<Vec<_>>().join("; "), first.remedy)
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
