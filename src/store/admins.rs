//! `admins` and `admin_sessions`: who may look, and who is looking.

use sqlx::FromRow;

use super::{Db, StoreResult, Tx, on_read, on_tx};
use crate::domain::access::Role;
use crate::domain::contact::Email;
use crate::domain::ids::AdminId;
use crate::domain::timestamp::Timestamp;

#[derive(Debug, Clone, FromRow)]
pub struct Admin {
    pub id: AdminId,
    pub email: String,
    pub password_hash: String,
    pub role: Role,
}

/// Says whether the admin is new: an address that has one keeps it.
pub async fn insert(tx: &mut Tx, admin: &Admin, now: Timestamp) -> StoreResult<bool> {
    const SQL: &str = "INSERT INTO admins (id, email, password_hash, role, created_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (email) DO NOTHING";
    let rows = on_tx!(tx, c => {
        sqlx::query(SQL)
            .bind(&admin.id)
            .bind(&admin.email)
            .bind(&admin.password_hash)
            .bind(admin.role)
            .bind(now)
            .execute(c)
            .await
            .map(|done| done.rows_affected())
    })?;
    Ok(rows == 1)
}

/// Ends the admin's sessions as well: a new password is often an answer to a stolen one.
pub async fn set_password(tx: &mut Tx, email: &Email, password_hash: &str) -> StoreResult<()> {
    const SESSIONS: &str = "DELETE FROM admin_sessions WHERE admin_id IN (SELECT id FROM admins WHERE email = $1)";
    const SQL: &str = "UPDATE admins SET password_hash = $2 WHERE email = $1";
    on_tx!(&mut *tx, c => sqlx::query(SESSIONS).bind(email.as_str()).execute(c).await.map(|_| ()))?;
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(email.as_str()).bind(password_hash).execute(c).await.map(|_| ()))?)
}

pub async fn find(db: &Db, email: &Email) -> StoreResult<Option<Admin>> {
    const SQL: &str = "SELECT id, email, password_hash, role FROM admins WHERE email = $1";
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(email.as_str()).fetch_optional(c).await)?)
}

pub async fn any_exists(db: &Db) -> StoreResult<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM admins LIMIT 1) AS one";
    let count: i64 = on_read!(db, c => sqlx::query_scalar(SQL).fetch_one(c).await)?;
    Ok(count > 0)
}

pub async fn insert_session(
    tx: &mut Tx,
    token_hash: &str,
    admin: &AdminId,
    now: Timestamp,
    expires_at: Timestamp,
) -> StoreResult<()> {
    const SWEEP: &str = "DELETE FROM admin_sessions WHERE expires_at < $1";
    const SQL: &str =
        "INSERT INTO admin_sessions (token_hash, admin_id, created_at, expires_at) VALUES ($1, $2, $3, $4)";
    on_tx!(&mut *tx, c => sqlx::query(SWEEP).bind(now).execute(c).await.map(|_| ()))?;
    Ok(on_tx!(tx, c => {
        sqlx::query(SQL).bind(token_hash).bind(admin).bind(now).bind(expires_at).execute(c).await.map(|_| ())
    })?)
}

pub async fn find_by_session(db: &Db, token_hash: &str, now: Timestamp) -> StoreResult<Option<Admin>> {
    const SQL: &str = "SELECT a.id, a.email, a.password_hash, a.role FROM admin_sessions s \
         JOIN admins a ON a.id = s.admin_id WHERE s.token_hash = $1 AND s.expires_at > $2";
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(token_hash).bind(now).fetch_optional(c).await)?)
}

pub async fn delete_session(tx: &mut Tx, token_hash: &str) -> StoreResult<()> {
    const SQL: &str = "DELETE FROM admin_sessions WHERE token_hash = $1";
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(token_hash).execute(c).await.map(|_| ()))?)
}
