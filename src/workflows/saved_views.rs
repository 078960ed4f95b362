//! An admin's own views of the list of preorders: saved under a name, saved again over it, deleted. Nobody reaches
//! another's.

use serde_json::json;

use super::WorkflowError;
use super::audit::{self, Act};
use crate::context::Context;
use crate::domain::access::Actor;
use crate::domain::audit::AuditAction;
use crate::domain::ids::ViewId;
use crate::store::saved_views::{self, SavedView};

/// Characters of a name: a tab has to hold it.
const LONGEST_NAME: usize = 40;
const LONGEST_QUERY: usize = 4_000;
/// Views of one admin; more are found by nobody.
const MOST: i64 = 30;

pub async fn save(ctx: &Context, actor: &Actor, name: &str, query: &str) -> Result<(), WorkflowError> {
    let admin = actor.id.as_ref().ok_or(WorkflowError::Forbidden)?;
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() {
        return Err(WorkflowError::refused("name", "name_missing", "Give the view a name."));
    }
    if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        let message = format!("A view's name has at most {LONGEST_NAME} characters.");
        return Err(WorkflowError::refused("name", "name_invalid", message));
    }
    if query.len() > LONGEST_QUERY {
        return Err(WorkflowError::refused("query", "query_too_long", "This list is too long to be saved."));
    }
    let view = SavedView { id: ViewId::from_unique(&ctx.unique()), name, query: query.to_owned() };
    let mut tx = ctx.db.begin().await?;
    saved_views::save(&mut tx, admin, &view, ctx.clock.now()).await?;
    if saved_views::count(&mut tx, admin).await? > MOST {
        let message = format!("{MOST} views are the most there can be: delete one first.");
        return Err(WorkflowError::refused("name", "too_many_views", message));
    }
    audit::record(ctx, &mut tx, actor, Act::on(AuditAction::ViewSaved, &view.name, json!({}))).await?;
    tx.commit().await?;
    Ok(())
}

/// Gives the name of the view that is no more.
pub async fn delete(ctx: &Context, actor: &Actor, id: &str) -> Result<String, WorkflowError> {
    let unknown = || WorkflowError::refused("id", "view_unknown", "You have no such view.");
    let admin = actor.id.as_ref().ok_or(WorkflowError::Forbidden)?;
    let id: ViewId = id.parse().map_err(|_| unknown())?;
    let mut tx = ctx.db.begin().await?;
    let name = saved_views::delete(&mut tx, admin, &id).await?.ok_or_else(unknown)?;
    audit::record(ctx, &mut tx, actor, Act::on(AuditAction::ViewDeleted, &name, json!({}))).await?;
    tx.commit().await?;
    Ok(name)
}
