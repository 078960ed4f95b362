//! The `order_lists` table: rows that a person is about to act on, kept between the preview and the act; and the
//! preorders that such rows name.

use sqlx::FromRow;

use super::preorders::{Preorder, columns};
use super::{Db, StoreResult, Tx, on_read, on_tx};
use crate::domain::ids::{AdminId, OrderListId, PreorderId};
use crate::domain::text_enum::text_enum;
use crate::domain::timestamp::Timestamp;

text_enum! {
    pub enum OrderListAct {
        Fulfil => "fulfil",
        Cancel => "cancel",
    }
}

#[derive(Debug, Clone, FromRow)]
pub struct OrderList {
    pub id: OrderListId,
    pub admin_id: AdminId,
    pub act: OrderListAct,
    /// JSON.
    pub rows: String,
    pub back: String,
    pub created_at: Timestamp,
}

/// Lists from before `stale` go: nobody comes back to them.
pub async fn insert(tx: &mut Tx, list: &OrderList, stale: Timestamp) -> StoreResult<()> {
    const FORGET: &str = "DELETE FROM order_lists WHERE created_at < $1";
    const SQL: &str =
        "INSERT INTO order_lists (id, admin_id, act, rows, back, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    on_tx!(tx, c => sqlx::query(FORGET).bind(stale).execute(&mut *c).await.map(|_| ()))?;
    Ok(on_tx!(tx, c => {
        sqlx::query(SQL)
            .bind(&list.id)
            .bind(&list.admin_id)
            .bind(list.act)
            .bind(&list.rows)
            .bind(&list.back)
            .bind(list.created_at)
            .execute(c)
            .await
            .map(|_| ())
    })?)
}

/// An admin's own list.
pub async fn find(db: &Db, id: &OrderListId, admin_id: &AdminId) -> StoreResult<Option<OrderList>> {
    const SQL: &str =
        "SELECT id, admin_id, act, rows, back, created_at FROM order_lists WHERE id = $1 AND admin_id = $2";
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(id).bind(admin_id).fetch_optional(c).await)?)
}

/// Within what both databases bind in one statement.
const AT_ONCE: usize = 500;

macro_rules! select_in {
    ($db:expr, $column:literal, $values:expr) => {{
        let mut found: Vec<Preorder> = Vec::new();
        for some in $values.chunks(AT_ONCE) {
            macro_rules! fetch {
                ($c:expr, $kind:ty) => {{
                    let mut sql = sqlx::QueryBuilder::<$kind>::new(concat!(
                        "SELECT ",
                        columns!(),
                        " FROM preorders WHERE ",
                        $column,
                        " IN ("
                    ));
                    let mut listed = sql.separated(", ");
                    for value in some {
                        listed.push_bind(value.as_str());
                    }
                    sql.push(")");
                    sql.build_query_as().fetch_all($c).await?
                }};
            }
            found.extend(match $db {
                Db::Sqlite(db) => fetch!(&db.read, sqlx::Sqlite),
                Db::Postgres(pool) => fetch!(pool, sqlx::Postgres),
            });
        }
        Ok(found)
    }};
}

/// In no order.
pub async fn by_numbers(db: &Db, numbers: &[String]) -> StoreResult<Vec<Preorder>> {
    select_in!(db, "preorder_number", numbers)
}

/// In no order.
pub async fn by_ids(db: &Db, ids: &[PreorderId]) -> StoreResult<Vec<Preorder>> {
    select_in!(db, "id", ids)
}

pub async fn save_rows(tx: &mut Tx, id: &OrderListId, rows: &str) -> StoreResult<()> {
    const SQL: &str = "UPDATE order_lists SET rows = $2 WHERE id = $1";
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(id).bind(rows).execute(c).await.map(|_| ()))?)
}
