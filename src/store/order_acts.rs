//! What a person changes about a preorder. The caller holds its lock (`preorders::lock`) and has asked the domain.

use super::{StoreResult, Tx, on_tx};
use crate::domain::fulfilment::TrackingNumber;
use crate::domain::ids::PreorderId;
use crate::domain::postal::PostalAddress;
use crate::domain::preorder::{FulfilmentStatus, PreorderStatus};
use crate::domain::timestamp::Timestamp;

/// `key`: what the preorder is found by from now on, so that the same form makes a new one.
pub async fn save_cancelled(
    tx: &mut Tx,
    id: &PreorderId,
    status: PreorderStatus,
    key: &str,
    now: Timestamp,
) -> StoreResult<()> {
    const SQL: &str = "UPDATE preorders SET status = $2, idempotency_key = $3, \
         cancelled_at = COALESCE(cancelled_at, $4), updated_at = $4 WHERE id = $1";
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(id).bind(status).bind(key).bind(now).execute(c).await.map(|_| ()))?)
}

pub async fn save_fulfilled(
    tx: &mut Tx,
    id: &PreorderId,
    status: FulfilmentStatus,
    tracking: &TrackingNumber,
    now: Timestamp,
) -> StoreResult<()> {
    const SQL: &str = "UPDATE preorders SET fulfilment_status = $2, tracking_number = $3, fulfilled_at = $4, \
         updated_at = $4 WHERE id = $1";
    Ok(on_tx!(tx, c => {
        sqlx::query(SQL).bind(id).bind(status).bind(tracking.as_str()).bind(now).execute(c).await.map(|_| ())
    })?)
}

/// Anywhere but fulfilled: what was said about a parcel no longer holds.
pub async fn save_unfulfilled(
    tx: &mut Tx,
    id: &PreorderId,
    status: FulfilmentStatus,
    now: Timestamp,
) -> StoreResult<()> {
    const SQL: &str = "UPDATE preorders SET fulfilment_status = $2, tracking_number = NULL, fulfilled_at = NULL, \
         updated_at = $3 WHERE id = $1";
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(id).bind(status).bind(now).execute(c).await.map(|_| ()))?)
}

pub async fn save_address(tx: &mut Tx, id: &PreorderId, address: &PostalAddress, now: Timestamp) -> StoreResult<()> {
    const SQL: &str = "UPDATE preorders SET shipping_address = $2, country = $3, address_edited_at = $4, \
         updated_at = $4 WHERE id = $1";
    Ok(on_tx!(tx, c => {
        sqlx::query(SQL).bind(id).bind(address.as_str()).bind(address.country()).bind(now).execute(c).await.map(|_| ())
    })?)
}

/// `key`: as with a cancelled one; the open key says what was ordered, and that is another colour now.
pub async fn save_color(tx: &mut Tx, id: &PreorderId, color: &str, key: &str, now: Timestamp) -> StoreResult<()> {
    const SQL: &str = "UPDATE preorders SET color = $2, idempotency_key = $3, updated_at = $4 WHERE id = $1";
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(id).bind(color).bind(key).bind(now).execute(c).await.map(|_| ()))?)
}
