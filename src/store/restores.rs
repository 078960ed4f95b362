//! The `restores` table, and what a copy of the database needs before it is the database again: it does not know what
//! the one that was lost has done since.

use super::preorders::Preorder;
use super::{StoreResult, Tx, on_tx};
use crate::domain::delivery::DeliveryKind;
use crate::domain::timestamp::Timestamp;

/// By whom the kinds are paused in a copy, until it is reconciled.
pub const BY_BACKUP: &str = "rolitt backup";

pub async fn record(tx: &mut Tx, at: Timestamp) -> StoreResult<()> {
    const SQL: &str = "INSERT INTO restores (restored_at) VALUES ($1) ON CONFLICT (restored_at) DO NOTHING";
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(at).execute(c).await.map(|_| ()))?)
}

/// Whether the lost database may have known of something of this time.
pub async fn was_before(tx: &mut Tx, at: Timestamp) -> StoreResult<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM restores WHERE restored_at >= $1";
    let later: i64 = on_tx!(tx, c => sqlx::query_scalar(SQL).bind(at).fetch_one(c).await)?;
    Ok(later > 0)
}

/// Leaves deliveries of a kind that have not ended to a person. Says how many.
pub async fn park(tx: &mut Tx, kind: DeliveryKind, reason: &str, now: Timestamp) -> StoreResult<u64> {
    const SQL: &str = "UPDATE outbox SET state = 'dead', finished_at = $3, last_error = $2, lease_until = NULL, \
         lease_token = NULL WHERE kind = $1 AND state IN ('pending', 'running')";
    Ok(on_tx!(tx, c => {
        sqlx::query(SQL).bind(kind).bind(reason).bind(now).execute(c).await.map(|done| done.rows_affected())
    })?)
}

/// The same for one that was enqueued just now.
pub async fn park_one(tx: &mut Tx, dedupe_key: &str, reason: &str, now: Timestamp) -> StoreResult<()> {
    const SQL: &str = "UPDATE outbox SET state = 'dead', finished_at = $3, last_error = $2 \
         WHERE dedupe_key = $1 AND state = 'pending'";
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(dedupe_key).bind(reason).bind(now).execute(c).await.map(|_| ()))?)
}

/// Deliveries that were under way when the copy was made: whoever held them is gone.
pub async fn let_go(tx: &mut Tx) -> StoreResult<()> {
    const SQL: &str = "UPDATE outbox SET state = 'pending', lease_until = NULL, lease_token = NULL \
         WHERE state = 'running'";
    Ok(on_tx!(tx, c => sqlx::query(SQL).execute(c).await.map(|_| ()))?)
}

/// Refunds that were to be made: counted as tried once, so that the next try looks at Stripe first.
pub async fn may_have_been_made(tx: &mut Tx) -> StoreResult<()> {
    const SQL: &str = "UPDATE outbox SET attempts = attempts + 1 \
         WHERE kind = 'request_refund' AND state IN ('pending', 'running')";
    Ok(on_tx!(tx, c => sqlx::query(SQL).execute(c).await.map(|_| ()))?)
}

/// Sessions that were ended since the copy was made are open in it: everybody signs in again.
pub async fn end_sessions(tx: &mut Tx) -> StoreResult<()> {
    const SQL: &str = "DELETE FROM admin_sessions";
    Ok(on_tx!(tx, c => sqlx::query(SQL).execute(c).await.map(|_| ()))?)
}

/// Ends the pauses that the copy was made with.
pub async fn resume(tx: &mut Tx) -> StoreResult<()> {
    const SQL: &str = "DELETE FROM outbox_pauses WHERE paused_by = $1";
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(BY_BACKUP).execute(c).await.map(|_| ()))?)
}

/// Events that came for preorders which were not there yet, and were given up for this reason: due again. Says how many.
pub async fn retry_events(tx: &mut Tx, reason: &str, now: Timestamp) -> StoreResult<u64> {
    const SQL: &str = "UPDATE outbox SET state = 'pending', run_at = $2, earlier_attempts = attempts, \
         finished_at = NULL WHERE kind = 'apply_stripe_event' AND state = 'dead' AND discarded_at IS NULL \
         AND last_error = $1";
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(reason).bind(now).execute(c).await.map(|done| done.rows_affected()))?)
}

/// A preorder as it was made, with the id and the number that its buyer knows. `owes`: which deliveries come with it.
pub async fn insert(tx: &mut Tx, preorder: &Preorder, owes: &str) -> StoreResult<()> {
    const SQL: &str = "INSERT INTO preorders (id, preorder_number, idempotency_key, email, name, color, locale, \
         marketing_consent, status, payment_status, fulfilment_status, amount_minor, currency, session_id, created_at, \
         updated_at, owes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    Ok(on_tx!(tx, c => {
        sqlx::query(SQL)
            .bind(&preorder.id)
            .bind(&preorder.preorder_number)
            .bind(&preorder.idempotency_key)
            .bind(&preorder.email)
            .bind(&preorder.name)
            .bind(&preorder.color)
            .bind(preorder.locale)
            .bind(preorder.marketing_consent)
            .bind(preorder.status)
            .bind(preorder.payment_status)
            .bind(preorder.fulfilment_status)
            .bind(preorder.amount_minor)
            .bind(preorder.currency)
            .bind(&preorder.session_id)
            .bind(preorder.created_at)
            .bind(preorder.updated_at)
            .bind(owes)
            .execute(c)
            .await
            .map(|_| ())
    })?)
}

/// For [`super::backup`]: SQLite alone.
pub(super) const PAUSE_IN_COPY: &str = "INSERT INTO outbox_pauses (kind, reason, paused_by, paused_at) \
     VALUES ($1, $2, $3, $4) ON CONFLICT (kind) DO NOTHING";

/// What must not happen twice, and can't be made harmless by a key.
pub(super) const HELD_BACK: &[DeliveryKind] = &[DeliveryKind::SendSms, DeliveryKind::RequestRefund];
