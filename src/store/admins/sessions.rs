//! The `admin_sessions` table. The token itself is in the cookie alone; here is its hash.

use sqlx::FromRow;

use super::Admin;
use crate::domain::ids::{AdminId, SessionId};
use crate::domain::timestamp::Timestamp;
use crate::store::{Db, StoreResult, Tx, on_read, on_tx};

/// A session to open.
pub struct NewSession<'a> {
    pub id: SessionId,
    pub token_hash: &'a str,
    pub admin: &'a AdminId,
    /// The code is still asked for: nothing opens yet.
    pub awaits_code: bool,
    pub user_agent: Option<&'a str>,
    pub address: Option<&'a str>,
    pub now: Timestamp,
    pub expires_at: Timestamp,
}

pub async fn insert(tx: &mut Tx, session: &NewSession<'_>) -> StoreResult<()> {
    const SWEEP: &str = "DELETE FROM admin_sessions WHERE expires_at < $1";
    const SQL: &str = "INSERT INTO admin_sessions (token_hash, admin_id, created_at, expires_at, id, user_agent, address, \
         last_seen_at, awaits_code) VALUES ($1, $2, $3, $4, $5, $6, $7, $3, $8)";
    on_tx!(&mut *tx, c => sqlx::query(SWEEP).bind(session.now).execute(c).await.map(|_| ()))?;
    Ok(on_tx!(tx, c => {
        sqlx::query(SQL)
            .bind(session.token_hash)
            .bind(session.admin)
            .bind(session.now)
            .bind(session.expires_at)
            .bind(&session.id)
            .bind(session.user_agent)
            .bind(session.address)
            .bind(session.awaits_code)
            .execute(c)
            .await
            .map(|_| ())
    })?)
}

/// Who is looking, and when they were last seen.
#[derive(Debug, Clone, FromRow)]
pub struct Opened {
    #[sqlx(flatten)]
    pub admin: Admin,
    pub last_seen_at: Option<Timestamp>,
}

pub async fn find_admin(db: &Db, token_hash: &str, now: Timestamp) -> StoreResult<Option<Opened>> {
    const SQL: &str = "SELECT a.id, a.email, a.password_hash, a.role, s.last_seen_at FROM admin_sessions s \
         JOIN admins a ON a.id = s.admin_id \
         WHERE s.token_hash = $1 AND s.expires_at > $2 AND NOT s.awaits_code AND a.disabled_at IS NULL";
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(token_hash).bind(now).fetch_optional(c).await)?)
}

/// Whose code is awaited by this token.
pub async fn find_awaited(db: &Db, token_hash: &str, now: Timestamp) -> StoreResult<Option<AdminId>> {
    const SQL: &str = "SELECT a.id FROM admin_sessions s JOIN admins a ON a.id = s.admin_id \
         WHERE s.token_hash = $1 AND s.expires_at > $2 AND s.awaits_code AND a.disabled_at IS NULL";
    Ok(on_read!(db, c => sqlx::query_scalar(SQL).bind(token_hash).bind(now).fetch_optional(c).await)?)
}

pub async fn touch(tx: &mut Tx, token_hash: &str, now: Timestamp) -> StoreResult<()> {
    const SQL: &str = "UPDATE admin_sessions SET last_seen_at = $2 WHERE token_hash = $1";
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(token_hash).bind(now).execute(c).await.map(|_| ()))?)
}

/// Says whether there was one.
pub async fn delete(tx: &mut Tx, token_hash: &str) -> StoreResult<bool> {
    const SQL: &str = "DELETE FROM admin_sessions WHERE token_hash = $1";
    let rows = on_tx!(tx, c => sqlx::query(SQL).bind(token_hash).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// One of an admin's own. Gives its token's hash.
pub async fn delete_named(tx: &mut Tx, admin: &AdminId, id: &SessionId) -> StoreResult<Option<String>> {
    const SQL: &str = "DELETE FROM admin_sessions WHERE admin_id = $1 AND id = $2 RETURNING token_hash";
    Ok(on_tx!(tx, c => sqlx::query_scalar(SQL).bind(admin).bind(id).fetch_optional(c).await)?)
}

/// All of an admin's but the one whose token's hash is `kept`. Says how many.
pub async fn delete_all(tx: &mut Tx, admin: &AdminId, kept: Option<&str>) -> StoreResult<u64> {
    const SQL: &str = "DELETE FROM admin_sessions WHERE admin_id = $1 AND token_hash <> $2";
    let kept = kept.unwrap_or_default();
    Ok(on_tx!(tx, c => {
        sqlx::query(SQL).bind(admin).bind(kept).execute(c).await.map(|done| done.rows_affected())
    })?)
}

#[derive(Debug, Clone, FromRow)]
pub struct Session {
    /// Empty for one that was opened before sessions had names.
    pub id: Option<SessionId>,
    pub token_hash: String,
    pub user_agent: Option<String>,
    pub address: Option<String>,
    pub created_at: Timestamp,
    pub last_seen_at: Option<Timestamp>,
}

/// An admin's open sessions, the one seen last first.
pub async fn list(db: &Db, admin: &AdminId, now: Timestamp) -> StoreResult<Vec<Session>> {
    const SQL: &str = "SELECT id, token_hash, user_agent, address, created_at, last_seen_at FROM admin_sessions \
         WHERE admin_id = $1 AND expires_at > $2 AND NOT awaits_code \
         ORDER BY COALESCE(last_seen_at, created_at) DESC LIMIT 100";
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(admin).bind(now).fetch_all(c).await)?)
}
