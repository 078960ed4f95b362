//! Which of the provider's objects we know, made in a span: what its own lists of that span should show.

use sqlx::FromRow;

use super::{Db, StoreResult, on_read};
use crate::domain::comparison::Walked;
use crate::domain::ids::PreorderId;
use crate::domain::timestamp::Timestamp;

#[derive(Debug, FromRow)]
pub struct Known {
    /// The provider's.
    pub id: String,
    pub preorder_id: PreorderId,
    /// What we say of it.
    pub state: String,
    pub made_at: Timestamp,
}

/// From the first instant up to the second one, by our own records of when it was made, the newest first. Events are the
/// provider's alone.
pub async fn made_between(
    db: &Db,
    object: Walked,
    provider: &str,
    from: Timestamp,
    to: Timestamp,
) -> StoreResult<Vec<Known>> {
    const SESSIONS: &str = "SELECT session_id AS id, preorder_id, state, created_at AS made_at FROM checkout_attempts \
         WHERE created_at >= $1 AND created_at < $2 AND provider = $3 AND session_id IS NOT NULL \
         ORDER BY created_at DESC";
    const PAYMENTS: &str = "SELECT payment_intent_id AS id, preorder_id, state, paid_at AS made_at \
         FROM checkout_attempts WHERE paid_at >= $1 AND paid_at < $2 AND provider = $3 AND state = 'paid' \
         AND payment_intent_id IS NOT NULL ORDER BY paid_at DESC";
    const REFUNDS: &str = "SELECT provider_refund_id AS id, preorder_id, state, created_at AS made_at FROM refunds \
         WHERE created_at >= $1 AND created_at < $2 AND provider = $3 AND provider_refund_id IS NOT NULL \
         ORDER BY created_at DESC";
    const DISPUTES: &str = "SELECT provider_dispute_id AS id, preorder_id, state, opened_at AS made_at FROM disputes \
         WHERE opened_at >= $1 AND opened_at < $2 AND provider = $3 ORDER BY opened_at DESC";
    let sql = match object {
        Walked::Session => SESSIONS,
        Walked::Payment => PAYMENTS,
        Walked::Refund => REFUNDS,
        Walked::Dispute => DISPUTES,
        Walked::Event => return Ok(Vec::new()),
    };
    Ok(on_read!(db, c => sqlx::query_as(sql).bind(from).bind(to).bind(provider).fetch_all(c).await)?)
}
