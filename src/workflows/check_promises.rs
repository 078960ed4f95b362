//! The promises that the shop makes about records and money, asked of a live database: how many rows break each, and
//! what to do about it. `rolitt doctor` shows them, and every test ends by asking.

use serde::Serialize;

use super::WorkflowError;
use crate::context::Context;
use crate::store::doctor;

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
    pub name: &'static str,
    pub harm: Harm,
    /// How many rows break it: nought is kept.
    pub broken: i64,
    pub remedy: &'static str,
}

/// Asks the database, and nobody else.
pub async fn check_promises(ctx: &Context) -> Result<Vec<Finding>, WorkflowError> {
    let db = &ctx.db;
    Ok(vec![
        Finding {
            promise: 2,
            name: "payments",
            harm: Harm::Wrong,
            broken: doctor::payments_that_disagree(db).await?,
            remedy: "Look at them in the admin, beside Stripe's dashboard; `rolitt reconcile` compares them.",
        },
        Finding {
            promise: 3,
            name: "ledger",
            harm: Harm::Wrong,
            broken: doctor::ledgers_that_disagree(db).await?,
            remedy: "Look at their money in the admin, beside Stripe's dashboard; replay their webhooks.",
        },
        Finding {
            promise: 3,
            name: "refunds",
            harm: Harm::Wrong,
            broken: doctor::refunds_above_captures(db).await?,
            remedy: "Compare them with Stripe's dashboard: a refund made there may have come before its payment's event.",
        },
    ])
}
