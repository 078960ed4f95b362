//! The `audit_log` table: every act of a person, written in the transaction of the act. Only added to; the database
//! itself refuses anything else.

use serde_json::Value;
use sqlx::FromRow;

use super::{Db, StoreResult, Tx, on_read, on_tx};
use crate::domain::access::Actor;
use crate::domain::audit::AuditAction;
use crate::domain::ids::{AuditId, PreorderId};
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

/// An act as a preorder's story tells it.
#[derive(Debug, Clone, FromRow)]
pub struct ActLine {
    pub id: AuditId,
    pub at: Timestamp,
    pub actor: String,
    pub action: AuditAction,
    /// JSON.
    pub detail: String,
}

/// The newest acts on a preorder.
pub async fn acts_of_preorder(db: &Db, id: &PreorderId, limit: i64) -> StoreResult<Vec<ActLine>> {
    const SQL: &str = "SELECT id, at, actor, action, detail FROM audit_log WHERE preorder_id = $1 \
         ORDER BY at DESC, id DESC LIMIT $2";
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(id).bind(limit).fetch_all(c).await)?)
}
