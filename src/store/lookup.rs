//! What an id or a whole number names, by unique indexes alone.

use super::{Db, StoreResult, on_read};
use crate::domain::contact::Email;
use crate::domain::ids::{PreorderId, WebhookId};

/// The preorders that an id of ours or a provider's belongs to; none if there is no such id.
pub async fn preorders_of(db: &Db, id: &str) -> StoreResult<Vec<PreorderId>> {
    let sql = match id.split_once('_').map_or("", |(prefix, _)| prefix) {
        "pre" => "SELECT id FROM preorders WHERE id = $1",
        "chk" => "SELECT preorder_id FROM checkout_attempts WHERE id = $1",
        "cs" => {
            "SELECT preorder_id FROM checkout_attempts WHERE session_id = $1 \
             UNION SELECT id FROM preorders WHERE session_id = $1"
        }
        "pi" => {
            "SELECT preorder_id FROM checkout_attempts WHERE payment_intent_id = $1 \
             UNION SELECT id FROM preorders WHERE payment_intent_id = $1"
        }
        "re" => "SELECT preorder_id FROM refunds WHERE provider_refund_id = $1",
        "ref" => "SELECT preorder_id FROM refunds WHERE id = $1",
        "du" | "dp" => "SELECT preorder_id FROM disputes WHERE provider_dispute_id = $1",
        "evt" => "SELECT preorder_id FROM webhook_logs WHERE stripe_event_id = $1",
        "wh" => "SELECT preorder_id FROM webhook_logs WHERE id = $1",
        "dlv" => "SELECT preorder_id FROM outbox WHERE id = $1",
        _ => return Ok(Vec::new()),
    };
    let found: Vec<Option<PreorderId>> = on_read!(db, c => sqlx::query_scalar(sql).bind(id).fetch_all(c).await)?;
    Ok(found.into_iter().flatten().collect())
}

pub async fn by_number(db: &Db, number: &str) -> StoreResult<Option<PreorderId>> {
    const SQL: &str = "SELECT id FROM preorders WHERE preorder_number = $1";
    Ok(on_read!(db, c => sqlx::query_scalar(SQL).bind(number).fetch_optional(c).await)?)
}

/// Up to two preorders of an address: whether it is one.
pub async fn two_of_email(db: &Db, email: &Email) -> StoreResult<Vec<PreorderId>> {
    const SQL: &str = "SELECT id FROM preorders WHERE email = $1 LIMIT 2";
    Ok(on_read!(db, c => sqlx::query_scalar(SQL).bind(email.as_str()).fetch_all(c).await)?)
}

/// The webhook of an event of Stripe's, or of our own id.
pub async fn webhook(db: &Db, id: &str) -> StoreResult<Option<WebhookId>> {
    const SQL: &str =
        "SELECT id FROM webhook_logs WHERE stripe_event_id = $1 UNION SELECT id FROM webhook_logs WHERE id = $1";
    Ok(on_read!(db, c => sqlx::query_scalar(SQL).bind(id).fetch_optional(c).await)?)
}

pub async fn delivery_exists(db: &Db, id: &str) -> StoreResult<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM outbox WHERE id = $1";
    let found: i64 = on_read!(db, c => sqlx::query_scalar(SQL).bind(id).fetch_one(c).await)?;
    Ok(found > 0)
}

/// The countries that preorders ship to, one step of the index each.
pub async fn countries(db: &Db) -> StoreResult<Vec<String>> {
    const SQL: &str = "WITH RECURSIVE known (country) AS (\
         SELECT (SELECT MIN(country) FROM preorders WHERE country IS NOT NULL) \
         UNION ALL SELECT (SELECT MIN(p.country) FROM preorders p WHERE p.country > known.country) \
         FROM known WHERE known.country IS NOT NULL) \
         SELECT country FROM known WHERE country IS NOT NULL LIMIT 250";
    Ok(on_read!(db, c => sqlx::query_scalar(SQL).fetch_all(c).await)?)
}
