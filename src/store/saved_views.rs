//! The `saved_views` table: an admin's own lists of preorders, each a query string under a name.

use sqlx::FromRow;

use super::{Db, StoreResult, Tx, on_read, on_tx};
use crate::domain::ids::{AdminId, ViewId};
use crate::domain::timestamp::Timestamp;

#[derive(Debug, Clone, FromRow)]
pub struct SavedView {
    pub id: ViewId,
    pub name: String,
    pub query: String,
}

/// An admin's views, the oldest first.
pub async fn of_admin(db: &Db, admin: &AdminId) -> StoreResult<Vec<SavedView>> {
    const SQL: &str = "SELECT id, name, query FROM saved_views WHERE admin_id = $1 ORDER BY created_at, id LIMIT 100";
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(admin).fetch_all(c).await)?)
}

pub async fn count(tx: &mut Tx, admin: &AdminId) -> StoreResult<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM saved_views WHERE admin_id = $1";
    Ok(on_tx!(tx, c => sqlx::query_scalar(SQL).bind(admin).fetch_one(c).await)?)
}

/// A name that the admin has used before gets the new query.
pub async fn save(tx: &mut Tx, admin: &AdminId, view: &SavedView, now: Timestamp) -> StoreResult<()> {
    const SQL: &str = "INSERT INTO saved_views (id, admin_id, name, query, created_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (admin_id, name) DO UPDATE SET query = excluded.query";
    Ok(on_tx!(tx, c => {
        sqlx::query(SQL)
            .bind(&view.id)
            .bind(admin)
            .bind(&view.name)
            .bind(&view.query)
            .bind(now)
            .execute(c)
            .await
            .map(|_| ())
    })?)
}

/// Deletes a view of this admin's and gives its name; nobody else's.
pub async fn delete(tx: &mut Tx, admin: &AdminId, id: &ViewId) -> StoreResult<Option<String>> {
    const SQL: &str = "DELETE FROM saved_views WHERE id = $1 AND admin_id = $2 RETURNING name";
    Ok(on_tx!(tx, c => sqlx::query_scalar(SQL).bind(id).bind(admin).fetch_optional(c).await)?)
}
