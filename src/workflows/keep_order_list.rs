//! Keeping a list of preorders between its preview and the act on it. It names preorders and holds nobody's address.

use std::time::Duration;

use super::WorkflowError;
use crate::context::Context;
use crate::domain::access::{Actor, Right};
use crate::domain::ids::OrderListId;
use crate::store::order_lists::{self, OrderList, OrderListAct};

/// Nobody comes back to a list of last week.
const KEPT: Duration = Duration::from_hours(7 * 24);

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ListRow {
    /// Of the file; 0: it was chosen from the list of preorders.
    pub line: u64,
    /// The preorder's number, or what stood in its place.
    pub number: String,
    pub tracking: String,
}

pub async fn keep(
    ctx: &Context,
    actor: &Actor,
    act: OrderListAct,
    rows: &[ListRow],
    back: &str,
) -> Result<OrderListId, WorkflowError> {
    let admin_id = actor.id.clone().filter(|_| actor.may(Right::Act)).ok_or(WorkflowError::Forbidden)?;
    let now = ctx.clock.now();
    let list = OrderList {
        id: OrderListId::from_unique(&ctx.unique()),
        admin_id,
        act,
        rows: serde_json::to_string(rows).map_err(|error| WorkflowError::Odd(error.to_string()))?,
        back: back.to_owned(),
        created_at: now,
    };
    let mut tx = ctx.db.begin().await?;
    order_lists::insert(&mut tx, &list, now - KEPT).await?;
    tx.commit().await?;
    Ok(list.id)
}

/// What was typed beside the rows since.
pub async fn save_rows(ctx: &Context, list: &OrderList, rows: &[ListRow]) -> Result<(), WorkflowError> {
    let rows = serde_json::to_string(rows).map_err(|error| WorkflowError::Odd(error.to_string()))?;
    let mut tx = ctx.db.begin().await?;
    order_lists::save_rows(&mut tx, &list.id, &rows).await?;
    Ok(tx.commit().await?)
}

/// The actor's own list and its rows.
pub async fn find(
    ctx: &Context,
    actor: &Actor,
    id: &OrderListId,
) -> Result<Option<(OrderList, Vec<ListRow>)>, WorkflowError> {
    let Some(admin_id) = &actor.id else { return Ok(None) };
    let list = order_lists::find(&ctx.db, id, admin_id).await?;
    Ok(list.map(|list| {
        let rows = serde_json::from_str(&list.rows).unwrap_or_default();
        (list, rows)
    }))
}
