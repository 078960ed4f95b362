//! What a person has to look at, grouped by why.

use super::super::dashboard::in_stripe;
use super::{Due, spelled_out};
use crate::api::ApiError;
use crate::context::Context;
use crate::domain::money::Money;
use crate::domain::timestamp::Timestamp;
use crate::domain::worklist::WorklistReason;
use crate::store::worklist::{self, Item, Limits};

pub struct WorklistGroup {
    pub reason: WorklistReason,
    pub rows: Vec<WorklistRow>,
    /// There are more than are shown; they come up as these are repaired.
    pub more: bool,
}

pub struct WorklistRow {
    pub preorder_id: String,
    pub number: String,
    pub amount: Money,
    pub since: Timestamp,
    pub due: Option<Due>,
    /// In Stripe's words.
    pub said: Option<String>,
    /// Its page in Stripe's dashboard.
    pub in_stripe: Option<String>,
}

const SHOWN: usize = 50;

pub async fn worklist(ctx: &Context) -> Result<Vec<WorklistGroup>, ApiError> {
    let now = ctx.clock.now();
    let found = worklist::list(&ctx.db, Limits::at(now)).await?;
    let group = |(reason, items): (WorklistReason, Vec<Item>)| WorklistGroup {
        reason,
        more: items.len() > SHOWN,
        rows: items.into_iter().take(SHOWN).map(|item| row(ctx, reason, item, now)).collect(),
    };
    Ok(found.into_iter().map(group).collect())
}

fn row(ctx: &Context, reason: WorklistReason, item: Item, now: Timestamp) -> WorklistRow {
    let shelf = match reason {
        WorklistReason::DisputeDue | WorklistReason::Inquiry => "disputes",
        _ => "refunds",
    };
    WorklistRow {
        amount: item.amount(),
        due: item.due_at.map(|at| Due::of(at, now)),
        in_stripe: item.reference.and_then(|reference| in_stripe(ctx, &format!("{shelf}/{reference}"))),
        said: item.said.as_deref().map(spelled_out),
        preorder_id: item.preorder_id.to_string(),
        number: item.preorder_number,
        since: item.since,
    }
}
