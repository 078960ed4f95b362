//! The `walks` table: walks through Stripe's records, and how far each has come.

use sqlx::FromRow;

use super::{Db, StoreResult, Tx, on_read, on_tx};
use crate::domain::comparison::{WalkScope, WalkState, Walked};
use crate::domain::ids::WalkId;
use crate::domain::timestamp::Timestamp;

#[derive(Debug, Clone, FromRow)]
pub struct Walk {
    pub id: WalkId,
    pub scope: WalkScope,
    /// Of what was made since then.
    pub since: Timestamp,
    /// Who asked for it; `None`: it was begun by itself.
    pub asked_by: Option<String>,
    pub state: WalkState,
    /// What is being listed.
    pub object: Walked,
    /// After which of Stripe's ids the next page begins.
    pub after_id: Option<String>,
    /// Each part is a delivery of its own.
    pub part: i64,
    pub matched: i64,
    pub differing: i64,
    /// Of no preorder of ours.
    pub strangers: i64,
    pub created_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    /// When the newest event that it has seen was made, by Stripe's clock.
    pub newest_at: Option<Timestamp>,
    /// Which of our own records this part is still to compare: those made before.
    pub ours_until: Option<Timestamp>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, scope, since, asked_by, state, object, after_id, part, matched, differing, strangers, created_at, \
             finished_at, newest_at, ours_until FROM walks ",
            $rest
        )
    };
}

/// Says whether it is new: instances that begin the same one by themselves begin it once.
pub async fn insert(tx: &mut Tx, walk: &Walk) -> StoreResult<bool> {
    const SQL: &str = "INSERT INTO walks (id, scope, since, asked_by, state, object, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING";
    let rows = on_tx!(tx, c => {
        sqlx::query(SQL)
            .bind(&walk.id)
            .bind(walk.scope)
            .bind(walk.since)
            .bind(&walk.asked_by)
            .bind(walk.state)
            .bind(walk.object)
            .bind(walk.created_at)
            .execute(c)
            .await
            .map(|done| done.rows_affected())
    })?;
    Ok(rows == 1)
}

/// How far it is now. Says whether it was where the caller believes it to be: two workers do not walk the same page.
pub async fn save(tx: &mut Tx, walk: &Walk, was: &Walk) -> StoreResult<bool> {
    const SQL: &str = "UPDATE walks SET state = $2, object = $3, after_id = $4, part = $5, matched = $6, differing = $7, \
         strangers = $12, finished_at = $8, newest_at = $13, ours_until = $14 WHERE id = $1 AND part = $9 AND object = $10 AND COALESCE(after_id, '') = $11 \
         AND state = 'walking'";
    let rows = on_tx!(tx, c => {
        sqlx::query(SQL)
            .bind(&walk.id)
            .bind(walk.state)
            .bind(walk.object)
            .bind(&walk.after_id)
            .bind(walk.part)
            .bind(walk.matched)
            .bind(walk.differing)
            .bind(walk.finished_at)
            .bind(was.part)
            .bind(was.object)
            .bind(was.after_id.as_deref().unwrap_or_default())
            .bind(walk.strangers)
            .bind(walk.newest_at)
            .bind(walk.ours_until)
            .execute(c)
            .await
            .map(|done| done.rows_affected())
    })?;
    Ok(rows == 1)
}

pub async fn find(db: &Db, id: &WalkId) -> StoreResult<Option<Walk>> {
    const SQL: &str = select!("WHERE id = $1");
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await)?)
}

/// The latest walks through everything, the last one first.
pub async fn latest(db: &Db, limit: i64) -> StoreResult<Vec<Walk>> {
    const SQL: &str = select!("WHERE scope = 'everything' ORDER BY created_at DESC, id DESC LIMIT $1");
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(limit).fetch_all(c).await)?)
}

/// The last one of a scope that began by itself and came to its end. (What a person asks for may be an hour alone.)
pub async fn last_finished(db: &Db, scope: WalkScope) -> StoreResult<Option<Walk>> {
    const SQL: &str =
        select!("WHERE scope = $1 AND state = 'done' AND asked_by IS NULL ORDER BY created_at DESC, id DESC LIMIT 1");
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(scope).fetch_optional(c).await)?)
}

/// From when on the first one of a scope that began by itself was to see what was made.
pub async fn first_since(db: &Db, scope: WalkScope) -> StoreResult<Option<Timestamp>> {
    const SQL: &str = "SELECT MIN(since) FROM walks WHERE scope = $1 AND asked_by IS NULL";
    Ok(on_read!(db, c => sqlx::query_scalar(SQL).bind(scope).fetch_one(c).await)?)
}

/// Those that began by themselves before a time are of no interest any more.
pub async fn forget(tx: &mut Tx, before: Timestamp) -> StoreResult<()> {
    const SQL: &str = "DELETE FROM walks WHERE created_at < $1 AND asked_by IS NULL AND state = 'done'";
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(before).execute(c).await.map(|_| ()))?)
}

/// Whether one has not come to its end yet and goes on before a time, by its part's delivery: one that was given up does
/// not, nor one whose next try is later.
pub async fn is_under_way(db: &Db, scope: WalkScope, before: Timestamp) -> StoreResult<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM walks w JOIN outbox o \
         ON o.dedupe_key = 'walk_stripe:' || w.id || ':' || CAST(w.part AS TEXT) \
         WHERE w.scope = $1 AND w.state = 'walking' AND (o.state = 'running' OR (o.state = 'pending' AND o.run_at < $2))";
    let walking: i64 = on_read!(db, c => sqlx::query_scalar(SQL).bind(scope).bind(before).fetch_one(c).await)?;
    Ok(walking > 0)
}
