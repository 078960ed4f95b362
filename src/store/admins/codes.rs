//! The second key to an account: the secret that an app makes codes of, and recovery codes for the day it is lost.

use crate::domain::ids::AdminId;
use crate::domain::timestamp::Timestamp;
use crate::store::{Db, StoreResult, Tx, on_read, on_tx};

/// A new secret, or none. It does not count before it is confirmed, and no code of it was used yet.
pub async fn save_secret(tx: &mut Tx, id: &AdminId, secret: Option<&str>) -> StoreResult<()> {
    const SQL: &str =
        "UPDATE admins SET totp_secret = $2, totp_confirmed_at = NULL, totp_last_step = NULL WHERE id = $1";
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(id).bind(secret).execute(c).await.map(|_| ()))?)
}

pub async fn confirm(tx: &mut Tx, id: &AdminId, now: Timestamp) -> StoreResult<()> {
    const SQL: &str = "UPDATE admins SET totp_confirmed_at = $2 WHERE id = $1";
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(id).bind(now).execute(c).await.map(|_| ()))?)
}

/// The code of this step was used, and so is every one before it.
pub async fn save_step(tx: &mut Tx, id: &AdminId, step: i64) -> StoreResult<()> {
    const SQL: &str = "UPDATE admins SET totp_last_step = $2 WHERE id = $1";
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(id).bind(step).execute(c).await.map(|_| ()))?)
}

/// These recovery codes, and no others from before.
pub async fn replace_recovery(tx: &mut Tx, id: &AdminId, hashes: &[String]) -> StoreResult<()> {
    const DELETE: &str = "DELETE FROM admin_recovery_codes WHERE admin_id = $1";
    const INSERT: &str = "INSERT INTO admin_recovery_codes (admin_id, code_hash) VALUES ($1, $2)";
    on_tx!(&mut *tx, c => sqlx::query(DELETE).bind(id).execute(c).await.map(|_| ()))?;
    for hash in hashes {
        on_tx!(&mut *tx, c => sqlx::query(INSERT).bind(id).bind(hash).execute(c).await.map(|_| ()))?;
    }
    Ok(())
}

/// Says whether it was one that was not used before.
pub async fn use_recovery(tx: &mut Tx, id: &AdminId, hash: &str, now: Timestamp) -> StoreResult<bool> {
    const SQL: &str =
        "UPDATE admin_recovery_codes SET used_at = $3 WHERE admin_id = $1 AND code_hash = $2 AND used_at IS NULL";
    let rows = on_tx!(tx, c => {
        sqlx::query(SQL).bind(id).bind(hash).bind(now).execute(c).await.map(|done| done.rows_affected())
    })?;
    Ok(rows == 1)
}

const LEFT: &str = "SELECT COUNT(*) FROM admin_recovery_codes WHERE admin_id = $1 AND used_at IS NULL";

pub async fn count_recovery(db: &Db, id: &AdminId) -> StoreResult<i64> {
    Ok(on_read!(db, c => sqlx::query_scalar(LEFT).bind(id).fetch_one(c).await)?)
}

pub async fn count_recovery_in(tx: &mut Tx, id: &AdminId) -> StoreResult<i64> {
    Ok(on_tx!(tx, c => sqlx::query_scalar(LEFT).bind(id).fetch_one(c).await)?)
}
