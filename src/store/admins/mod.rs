//! `admins` and what hangs on them: who may come in, by what, and who is in.

pub mod codes;
pub mod invitations;
pub mod sessions;

use sqlx::FromRow;

use super::{Db, StoreResult, Tx, on_read, on_tx};
use crate::domain::access::Role;
use crate::domain::contact::Email;
use crate::domain::ids::AdminId;
use crate::domain::timestamp::Timestamp;

/// Who somebody is.
#[derive(Debug, Clone, FromRow)]
pub struct Admin {
    pub id: AdminId,
    pub email: String,
    pub password_hash: String,
    pub role: Role,
}

/// The same with all that decides whether they come in.
#[derive(Debug, Clone, FromRow)]
pub struct Account {
    pub id: AdminId,
    pub email: String,
    pub password_hash: String,
    pub role: Role,
    pub disabled_at: Option<Timestamp>,
    /// Base32. It counts once it is confirmed.
    pub totp_secret: Option<String>,
    pub totp_confirmed_at: Option<Timestamp>,
    pub totp_last_step: Option<i64>,
    /// Wrong passwords and codes since the last sign-in.
    pub failed_logins: i64,
    pub locked_until: Option<Timestamp>,
}

impl Account {
    pub const fn asks_for_code(&self) -> bool {
        self.totp_secret.is_some() && self.totp_confirmed_at.is_some()
    }
}

macro_rules! select_account {
    ($rest:literal) => {
        concat!(
            "SELECT id, email, password_hash, role, disabled_at, totp_secret, totp_confirmed_at, totp_last_step, \
             failed_logins, locked_until FROM admins WHERE ",
            $rest
        )
    };
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

pub async fn find(db: &Db, email: &Email) -> StoreResult<Option<Account>> {
    const SQL: &str = select_account!("email = $1");
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(email.as_str()).fetch_optional(c).await)?)
}

pub async fn find_by_id(db: &Db, id: &AdminId) -> StoreResult<Option<Account>> {
    const SQL: &str = select_account!("id = $1");
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await)?)
}

pub async fn any_exists(db: &Db) -> StoreResult<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM admins LIMIT 1) AS one";
    let count: i64 = on_read!(db, c => sqlx::query_scalar(SQL).fetch_one(c).await)?;
    Ok(count > 0)
}

/// Reads an admin and keeps others from changing them until this transaction ends: guesses stand in line.
pub async fn lock(tx: &mut Tx, id: &AdminId) -> StoreResult<Option<Account>> {
    // SQLite has one writer, and this is it: the lock is the transaction.
    let sql = match tx {
        Tx::Sqlite(_) => select_account!("id = $1"),
        Tx::Postgres(_) => select_account!("id = $1 FOR UPDATE"),
    };
    Ok(on_tx!(tx, c => sqlx::query_as(sql).bind(id).fetch_optional(c).await)?)
}

pub async fn lock_by_email(tx: &mut Tx, email: &Email) -> StoreResult<Option<Account>> {
    let sql = match tx {
        Tx::Sqlite(_) => select_account!("email = $1"),
        Tx::Postgres(_) => select_account!("email = $1 FOR UPDATE"),
    };
    Ok(on_tx!(tx, c => sqlx::query_as(sql).bind(email.as_str()).fetch_optional(c).await)?)
}

/// All who are owners and not disabled, locked in one order: two owners who act on each other do so one after the
/// other, and the second finds what the first did.
pub async fn lock_owners(tx: &mut Tx) -> StoreResult<Vec<AdminId>> {
    let sql = match tx {
        Tx::Sqlite(_) => "SELECT id FROM admins WHERE role = 'owner' AND disabled_at IS NULL ORDER BY id",
        Tx::Postgres(_) => "SELECT id FROM admins WHERE role = 'owner' AND disabled_at IS NULL ORDER BY id FOR UPDATE",
    };
    Ok(on_tx!(tx, c => sqlx::query_scalar(sql).fetch_all(c).await)?)
}

/// A person in the list of people.
#[derive(Debug, Clone, FromRow)]
pub struct Listed {
    pub id: AdminId,
    pub email: String,
    pub role: Role,
    pub created_at: Timestamp,
    pub disabled_at: Option<Timestamp>,
    pub totp_confirmed_at: Option<Timestamp>,
    pub locked_until: Option<Timestamp>,
    pub last_login_at: Option<Timestamp>,
    /// Sessions that are open now.
    pub sessions: i64,
}

/// Everybody, in the order in which they came; the disabled last.
pub async fn list(db: &Db, now: Timestamp) -> StoreResult<Vec<Listed>> {
    const SQL: &str = "SELECT id, email, role, created_at, disabled_at, totp_confirmed_at, locked_until, last_login_at, \
         (SELECT COUNT(*) FROM admin_sessions s WHERE s.admin_id = admins.id AND s.expires_at > $1 \
         AND NOT s.awaits_code) AS sessions \
         FROM admins ORDER BY CASE WHEN disabled_at IS NULL THEN 0 ELSE 1 END, created_at, id LIMIT 500";
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(now).fetch_all(c).await)?)
}

pub async fn save_password(tx: &mut Tx, id: &AdminId, password_hash: &str) -> StoreResult<()> {
    const SQL: &str = "UPDATE admins SET password_hash = $2 WHERE id = $1";
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(id).bind(password_hash).execute(c).await.map(|_| ()))?)
}

pub async fn save_role(tx: &mut Tx, id: &AdminId, role: Role) -> StoreResult<()> {
    const SQL: &str = "UPDATE admins SET role = $2 WHERE id = $1";
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(id).bind(role).execute(c).await.map(|_| ()))?)
}

pub async fn save_disabled(tx: &mut Tx, id: &AdminId, at: Option<Timestamp>) -> StoreResult<()> {
    const SQL: &str = "UPDATE admins SET disabled_at = $2 WHERE id = $1";
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(id).bind(at).execute(c).await.map(|_| ()))?)
}

/// How many wrong answers in a row there are by now, and until when no other is heard.
pub async fn save_failure(tx: &mut Tx, id: &AdminId, failed: i64, until: Option<Timestamp>) -> StoreResult<()> {
    const SQL: &str = "UPDATE admins SET failed_logins = $2, locked_until = $3 WHERE id = $1";
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(id).bind(failed).bind(until).execute(c).await.map(|_| ()))?)
}

pub async fn save_login(tx: &mut Tx, id: &AdminId, now: Timestamp) -> StoreResult<()> {
    const SQL: &str = "UPDATE admins SET failed_logins = 0, locked_until = NULL, last_login_at = $2 WHERE id = $1";
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(id).bind(now).execute(c).await.map(|_| ()))?)
}
