//! The nine promises that the shop makes, asked of a live database: how many rows break each, what harm that is, and what
//! to do about it. `rolitt doctor` and the admin's health page show them, and every test ends by asking.

mod list;

use std::time::Duration;

use serde::Serialize;

use super::WorkflowError;
use crate::context::Context;
use crate::domain::timestamp::Timestamp;
use crate::store::doctor::NAMED;
use crate::store::{Db, StoreResult};
use list::QUESTIONS;

/// What a broken promise did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Harm {
    /// Something that was acknowledged is gone, or will never happen.
    Lost,
    /// Something happened twice.
    Duplicated,
    /// Records contradict each other.
    Wrong,
}

#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// Of the nine.
    pub promise: u8,
    /// A word for it, unique among them.
    pub name: &'static str,
    /// What `broken` counts.
    pub what: &'static str,
    pub harm: Harm,
    /// How many rows break it: nought is kept.
    pub broken: i64,
    /// Some of these rows, by what the admin looks for.
    pub ids: Vec<String>,
    pub remedy: &'static str,
}

/// The promises in short.
pub const PROMISES: [(u8, &str); 9] = [
    (1, "acknowledged preorders exist"),
    (2, "a payment counts once"),
    (3, "money adds up"),
    (4, "webhooks take effect once"),
    (5, "state never runs backwards"),
    (6, "every delivery ends"),
    (7, "no act happens twice"),
    (8, "Stripe and we agree"),
    (9, "a restart recovers"),
];

/// For each question to a very large database, where nobody waits for it.
pub const LONGEST_QUESTION: Duration = Duration::from_mins(10);

/// Asks the database, and nobody else.
pub async fn check_promises(ctx: &Context) -> Result<Vec<Finding>, WorkflowError> {
    // Whose lease ran out is the database's to say.
    Ok(ask(&ctx.db, ctx.shared_now().await?).await?)
}

/// One question after the other, so that a shop at work has the rest of its database.
pub async fn ask(db: &Db, now: Timestamp) -> StoreResult<Vec<Finding>> {
    let mut findings = Vec::with_capacity(QUESTIONS.len());
    for asked in QUESTIONS {
        let (mut broken, mut ids) = (0, Vec::new());
        for question in asked.questions {
            let count = question.count(db, now).await?;
            broken += count;
            if count > 0 && ids.len() < NAMED {
                ids.extend(question.some(db, now).await?);
                ids.truncate(NAMED);
            }
        }
        let &list::Asked { promise, name, what, harm, remedy, .. } = asked;
        findings.push(Finding { promise, name, what, harm, broken, ids, remedy });
    }
    Ok(findings)
}

/// How many rows are (lost, duplicated, wrong).
pub fn tally(findings: &[Finding]) -> (i64, i64, i64) {
    let of = |harm| findings.iter().filter(|finding| finding.harm == harm).map(|finding| finding.broken).sum();
    (of(Harm::Lost), of(Harm::Duplicated), of(Harm::Wrong))
}
