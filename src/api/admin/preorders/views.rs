//! Saved views: an admin's own lists under names of their own. Whoever may look may save how they look.

use leptos::prelude::*;

use super::query::{ListQuery, address};
use crate::api::admin::{answer, require};
use crate::api::{ApiError, context};
use crate::domain::access::Right;
use crate::workflows::saved_views;

const LIST: &str = "/admin/preorders";

#[server(endpoint = "admin/save_view", prefix = "/api")]
pub async fn save_view(#[server(default)] name: String, #[server(default)] query: String) -> Result<(), ApiError> {
    let login = require(Right::See)?;
    let saved = async {
        let ctx = context()?;
        let catalog = ctx.shop().await?.catalog;
        // As it was understood: a view holds no nonsense, and no place in the list.
        let target = address(ListQuery::parse(&query, &catalog).pairs());
        let query = target.split_once('?').map_or("", |(_, query)| query);
        saved_views::save(&ctx, &login.actor(), &name, query).await?;
        Ok::<_, ApiError>(target)
    };
    let target = saved.await.map_err(ApiError::answered)?;
    answer::done(Some(&target), LIST, format!("The view “{}” is saved.", name.trim()));
    Ok(())
}

#[server(endpoint = "admin/delete_view", prefix = "/api")]
pub async fn delete_view(#[server(default)] id: String) -> Result<(), ApiError> {
    let login = require(Right::See)?;
    let deleted = async {
        let ctx = context()?;
        Ok::<_, ApiError>(saved_views::delete(&ctx, &login.actor(), &id).await?)
    };
    let name = deleted.await.map_err(ApiError::answered)?;
    answer::done(None, LIST, format!("The view “{name}” is deleted."));
    Ok(())
}
