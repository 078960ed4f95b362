//! The `audit_log` table: every act of a person, written in the transaction of the act. Only added to; the database
//! itself refuses anything else.

use serde_json::Value;
use sqlx::FromRow;

use super::{Db, StoreResult, Tx, on_read, on_tx};
use crate::domain::access::Actor;
use crate::domain::audit::AuditAction;
use crate::domain::ids::{AdminId, AuditId, PreorderId};
use crate::domain::timestamp::Timestamp;

/// One act, as it is written down.
pub struct Entry<'a> {
    pub id: AuditId,
    pub actor: &'a Actor,
    pub action: AuditAction,
    /// What it was done to: an id, an address, a kind.
    pub subject: Option<&'a str>,
    pub preorder_id: Option<&'a PreorderId>,
    /// What exactly, as an object.
    pub detail: Value,
    pub at: Timestamp,
}

pub async fn record(tx: &mut Tx, entry: &Entry<'_>) -> StoreResult<()> {
    const SQL: &str = "INSERT INTO audit_log (id, at, actor_id, actor, action, subject, preorder_id, detail, \
         request_id, address) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    Ok(on_tx!(tx, c => {
        sqlx::query(SQL)
            .bind(&entry.id)
            .bind(entry.at)
            .bind(entry.actor.id.as_ref())
            .bind(&entry.actor.name)
            .bind(entry.action)
            .bind(entry.subject)
            .bind(entry.preorder_id)
            .bind(entry.detail.to_string())
            .bind(entry.actor.request_id.as_deref())
            .bind(entry.actor.address.as_deref())
            .execute(c)
            .await
            .map(|_| ())
    })?)
}

/// One act, as it is read.
#[derive(Debug, Clone, FromRow)]
pub struct AuditLine {
    pub id: AuditId,
    pub at: Timestamp,
    /// Empty for somebody who was not (yet) known, and for the command line.
    pub actor_id: Option<AdminId>,
    pub actor: String,
    pub action: AuditAction,
    pub subject: Option<String>,
    pub preorder_id: Option<PreorderId>,
    /// The preorder's, if it is about one.
    pub preorder_number: Option<String>,
    /// JSON, an object.
    pub detail: String,
    pub request_id: Option<String>,
    pub address: Option<String>,
}

macro_rules! select {
    () => {
        "SELECT l.id, l.at, l.actor_id, l.actor, l.action, l.subject, l.preorder_id, p.preorder_number, l.detail, \
         l.request_id, l.address FROM audit_log l LEFT JOIN preorders p ON p.id = l.preorder_id"
    };
}

/// What people did to a preorder, the newest first.
pub async fn of_preorder(db: &Db, id: &PreorderId, limit: i64) -> StoreResult<Vec<AuditLine>> {
    const SQL: &str = concat!(select!(), " WHERE l.preorder_id = $1 ORDER BY l.at DESC, l.id DESC LIMIT $2");
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(id).bind(limit).fetch_all(c).await)?)
}

/// Which lines are asked for; what is empty does not narrow.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The actor's address, whole.
    pub actor: Option<String>,
    pub action: Option<AuditAction>,
    pub subject: Option<String>,
    pub preorder_id: Option<PreorderId>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

/// A page of the log, newest first: `before` is the last line of the page before. Walks the index of time and stops at
/// `limit`; the rarer what is asked for, the further it walks, and people's acts are not many.
pub async fn list(
    db: &Db,
    filter: &Filter,
    before: Option<&(Timestamp, AuditId)>,
    limit: i64,
) -> StoreResult<Vec<AuditLine>> {
    macro_rules! list {
        ($c:expr, $db:ty) => {{
            let mut sql = sqlx::QueryBuilder::<$db>::new(concat!(select!(), " WHERE 1 = 1"));
            if let Some(actor) = &filter.actor {
                sql.push(" AND l.actor = ").push_bind(actor);
            }
            if let Some(action) = filter.action {
                sql.push(" AND l.action = ").push_bind(action);
            }
            if let Some(subject) = &filter.subject {
                sql.push(" AND l.subject = ").push_bind(subject);
            }
            if let Some(id) = &filter.preorder_id {
                sql.push(" AND l.preorder_id = ").push_bind(id);
            }
            if let Some(since) = filter.since {
                sql.push(" AND l.at >= ").push_bind(since);
            }
            if let Some(until) = filter.until {
                sql.push(" AND l.at < ").push_bind(until);
            }
            if let Some((at, id)) = before {
                sql.push(" AND (l.at, l.id) < (").push_bind(*at).push(", ").push_bind(id).push(")");
            }
            sql.push(" ORDER BY l.at DESC, l.id DESC LIMIT ").push_bind(limit);
            sql.build_query_as().fetch_all($c).await?
        }};
    }
    Ok(match db {
        Db::Sqlite(db) => list!(&db.read, sqlx::Sqlite),
        Db::Postgres(pool) => list!(pool, sqlx::Postgres),
    })
}
