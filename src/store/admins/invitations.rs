//! The `admin_invitations` table. The token itself is in the link alone; here is its hash.

use sqlx::FromRow;

use crate::domain::access::Role;
use crate::domain::contact::Email;
use crate::domain::ids::{AdminId, InvitationId};
use crate::domain::timestamp::Timestamp;
use crate::store::{Db, StoreResult, Tx, on_read, on_tx};

#[derive(Debug, Clone, FromRow)]
pub struct Invitation {
    pub id: InvitationId,
    pub email: String,
    pub role: Role,
    pub invited_by: AdminId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// All of these are still to be answered, or were too late.
macro_rules! select_open {
    ($rest:literal) => {
        concat!(
            "SELECT id, email, role, invited_by, created_at, expires_at FROM admin_invitations \
             WHERE accepted_at IS NULL AND withdrawn_at IS NULL AND ",
            $rest
        )
    };
}

pub async fn insert(tx: &mut Tx, invitation: &Invitation, token_hash: &str) -> StoreResult<()> {
    const SQL: &str = "INSERT INTO admin_invitations (id, token_hash, email, role, invited_by, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)";
    Ok(on_tx!(tx, c => {
        sqlx::query(SQL)
            .bind(&invitation.id)
            .bind(token_hash)
            .bind(&invitation.email)
            .bind(invitation.role)
            .bind(&invitation.invited_by)
            .bind(invitation.created_at)
            .bind(invitation.expires_at)
            .execute(c)
            .await
            .map(|_| ())
    })?)
}

/// The one that this link is for, if it still opens.
pub async fn find(db: &Db, token_hash: &str, now: Timestamp) -> StoreResult<Option<Invitation>> {
    const SQL: &str = select_open!("token_hash = $1 AND expires_at > $2");
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(token_hash).bind(now).fetch_optional(c).await)?)
}

/// The same, and nobody else accepts or withdraws it meanwhile.
pub async fn lock(tx: &mut Tx, token_hash: &str, now: Timestamp) -> StoreResult<Option<Invitation>> {
    let sql = match tx {
        Tx::Sqlite(_) => select_open!("token_hash = $1 AND expires_at > $2"),
        Tx::Postgres(_) => select_open!("token_hash = $1 AND expires_at > $2 FOR UPDATE"),
    };
    Ok(on_tx!(tx, c => sqlx::query_as(sql).bind(token_hash).bind(now).fetch_optional(c).await)?)
}

/// Those that nobody has answered, newest first: also those that came to their end since `since`.
pub async fn list(db: &Db, since: Timestamp) -> StoreResult<Vec<Invitation>> {
    const SQL: &str = select_open!("expires_at > $1 ORDER BY created_at DESC, id DESC LIMIT 100");
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(since).fetch_all(c).await)?)
}

pub async fn accept(tx: &mut Tx, id: &InvitationId, now: Timestamp) -> StoreResult<()> {
    const SQL: &str = "UPDATE admin_invitations SET accepted_at = $2 WHERE id = $1";
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(id).bind(now).execute(c).await.map(|_| ()))?)
}

/// Gives the address that it was for, if nobody answered it.
pub async fn withdraw(tx: &mut Tx, id: &InvitationId, now: Timestamp) -> StoreResult<Option<String>> {
    const SQL: &str = "UPDATE admin_invitations SET withdrawn_at = $2 \
         WHERE id = $1 AND accepted_at IS NULL AND withdrawn_at IS NULL RETURNING email";
    Ok(on_tx!(tx, c => sqlx::query_scalar(SQL).bind(id).bind(now).fetch_optional(c).await)?)
}

/// Whatever was sent to this address before no longer opens.
pub async fn withdraw_to(tx: &mut Tx, email: &Email, now: Timestamp) -> StoreResult<u64> {
    const SQL: &str = "UPDATE admin_invitations SET withdrawn_at = $2 \
         WHERE email = $1 AND accepted_at IS NULL AND withdrawn_at IS NULL";
    Ok(on_tx!(tx, c => {
        sqlx::query(SQL).bind(email.as_str()).bind(now).execute(c).await.map(|done| done.rows_affected())
    })?)
}

/// Nor does what this person sent.
pub async fn withdraw_from(tx: &mut Tx, admin: &AdminId, now: Timestamp) -> StoreResult<u64> {
    const SQL: &str = "UPDATE admin_invitations SET withdrawn_at = $2 \
         WHERE invited_by = $1 AND accepted_at IS NULL AND withdrawn_at IS NULL";
    Ok(on_tx!(tx, c => {
        sqlx::query(SQL).bind(admin).bind(now).execute(c).await.map(|done| done.rows_affected())
    })?)
}
