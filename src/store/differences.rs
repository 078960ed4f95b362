//! The `differences` table: what Stripe says otherwise than we do, one row an object of Stripe's.

use sqlx::FromRow;

use super::{Db, StoreResult, Tx, on_read, on_tx};
use crate::domain::comparison::{Verdict, Walked};
use crate::domain::ids::{DifferenceId, PreorderId};
use crate::domain::timestamp::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Difference {
    pub id: DifferenceId,
    pub object: Walked,
    /// Stripe's id.
    pub provider_id: String,
    pub preorder_id: Option<PreorderId>,
    /// What people call it.
    pub preorder_number: Option<String>,
    pub verdict: Verdict,
    pub ours: String,
    pub theirs: String,
    pub found_at: Timestamp,
    /// When it was last looked at, and was still there.
    pub seen_at: Timestamp,
    pub settled_at: Option<Timestamp>,
    /// Empty if nobody had to.
    pub settled_by: Option<String>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT d.id, object, provider_id, preorder_id, preorder_number, verdict, ours, theirs, found_at, seen_at, \
             settled_at, settled_by FROM differences d LEFT JOIN preorders p ON p.id = d.preorder_id ",
            $rest
        )
    };
}

/// A new one, or what one that was found before says now. One that was settled and differs again is found anew, unless
/// a person has set it aside just as it is.
pub async fn save(tx: &mut Tx, found: &Difference) -> StoreResult<()> {
    const SQL: &str = "INSERT INTO differences (id, object, provider_id, preorder_id, verdict, ours, theirs, found_at, \
         seen_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (object, provider_id) DO UPDATE SET \
         preorder_id = excluded.preorder_id, verdict = excluded.verdict, ours = excluded.ours, theirs = excluded.theirs, \
         seen_at = excluded.seen_at, found_at = CASE WHEN differences.settled_at IS NULL THEN differences.found_at \
         ELSE excluded.found_at END, settled_at = CASE WHEN differences.settled_by IS NOT NULL \
         AND differences.ours = excluded.ours AND differences.theirs = excluded.theirs THEN differences.settled_at END, \
         settled_by = CASE WHEN differences.ours = excluded.ours AND differences.theirs = excluded.theirs \
         THEN differences.settled_by END";
    Ok(on_tx!(tx, c => {
        sqlx::query(SQL)
            .bind(&found.id)
            .bind(found.object)
            .bind(&found.provider_id)
            .bind(&found.preorder_id)
            .bind(found.verdict)
            .bind(&found.ours)
            .bind(&found.theirs)
            .bind(found.found_at)
            .bind(found.seen_at)
            .execute(c)
            .await
            .map(|_| ())
    })?)
}

/// It was looked at, and nothing more could be learnt.
pub async fn looked_at(tx: &mut Tx, id: &DifferenceId, now: Timestamp) -> StoreResult<()> {
    const SQL: &str = "UPDATE differences SET seen_at = $2 WHERE id = $1";
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(id).bind(now).execute(c).await.map(|_| ()))?)
}

/// Whether a person has taken it off the list just as it is.
pub async fn is_set_aside(db: &Db, object: Walked, provider_id: &str, ours: &str, theirs: &str) -> StoreResult<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM differences WHERE object = $1 AND provider_id = $2 AND ours = $3 \
         AND theirs = $4 AND settled_by IS NOT NULL";
    let aside: i64 = on_read!(db, c => {
        sqlx::query_scalar(SQL).bind(object).bind(provider_id).bind(ours).bind(theirs).fetch_one(c).await
    })?;
    Ok(aside > 0)
}

/// Both say the same again.
pub async fn settle(
    tx: &mut Tx,
    object: Walked,
    provider_id: &str,
    by: Option<&str>,
    now: Timestamp,
) -> StoreResult<()> {
    const SQL: &str = "UPDATE differences SET settled_at = $3, settled_by = $4 \
         WHERE object = $1 AND provider_id = $2 AND settled_at IS NULL";
    Ok(on_tx!(tx, c => {
        sqlx::query(SQL).bind(object).bind(provider_id).bind(now).bind(by).execute(c).await.map(|_| ())
    })?)
}

pub async fn find(db: &Db, id: &DifferenceId) -> StoreResult<Option<Difference>> {
    const SQL: &str = select!("WHERE d.id = $1");
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await)?)
}

/// Those that are open, the oldest first.
pub async fn open(db: &Db, limit: i64) -> StoreResult<Vec<Difference>> {
    const SQL: &str = select!("WHERE settled_at IS NULL ORDER BY found_at, d.id LIMIT $1");
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(limit).fetch_all(c).await)?)
}

/// Those that are open, the ones first that nobody has looked at for longest.
pub async fn longest_unseen(db: &Db, limit: i64) -> StoreResult<Vec<Difference>> {
    const SQL: &str = select!("WHERE settled_at IS NULL ORDER BY seen_at, d.id LIMIT $1");
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(limit).fetch_all(c).await)?)
}

pub async fn count_open(db: &Db) -> StoreResult<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM differences WHERE settled_at IS NULL";
    Ok(on_read!(db, c => sqlx::query_scalar(SQL).fetch_one(c).await)?)
}

/// Those that were settled, the last one first.
pub async fn settled(db: &Db, limit: i64) -> StoreResult<Vec<Difference>> {
    const SQL: &str = select!("WHERE settled_at IS NOT NULL ORDER BY settled_at DESC, d.id LIMIT $1");
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(limit).fetch_all(c).await)?)
}
