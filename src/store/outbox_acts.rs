//! What a person does to deliveries: start them again, discard the dead, hold a kind back while its provider is down.

use sqlx::FromRow;

use super::clock::{postgres_now, sqlite_now};
use super::{Db, StoreResult, Tx, on_read, on_tx};
use crate::domain::delivery::{DeliveryKind, DeliveryState};
use crate::domain::ids::{DeliveryId, PreorderId};
use crate::domain::timestamp::Timestamp;

/// The row that a person acts on, locked until the transaction ends.
#[derive(Debug, Clone, FromRow)]
pub struct Target {
    pub id: DeliveryId,
    pub kind: DeliveryKind,
    pub state: DeliveryState,
    pub attempts: i64,
    pub run_at: Timestamp,
    pub preorder_id: Option<PreorderId>,
    pub discarded_at: Option<Timestamp>,
    pub last_error: Option<String>,
    pub payload: String,
}

impl Target {
    /// A worker has it, or will have it within the second: there is nothing to start.
    pub fn is_under_way(&self, now: Timestamp) -> bool {
        match self.state {
            DeliveryState::Running => true,
            DeliveryState::Pending => self.run_at <= now,
            DeliveryState::Done | DeliveryState::Dead => false,
        }
    }
}

macro_rules! select_target {
    ($rest:literal) => {
        concat!(
            "SELECT id, kind, state, attempts, run_at, preorder_id, discarded_at, last_error, payload \
             FROM outbox WHERE ",
            $rest
        )
    };
}

/// As it is, for a look beforehand.
pub async fn find(db: &Db, id: &DeliveryId) -> StoreResult<Option<Target>> {
    const SQL: &str = select_target!("id = $1");
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await)?)
}

pub async fn lock(tx: &mut Tx, id: &DeliveryId) -> StoreResult<Option<Target>> {
    let sql = match tx {
        Tx::Sqlite(_) => select_target!("id = $1"),
        Tx::Postgres(_) => select_target!("id = $1 FOR UPDATE"),
    };
    Ok(on_tx!(tx, c => sqlx::query_as(sql).bind(id).fetch_optional(c).await)?)
}

/// The delivery that a key names, locked.
pub async fn lock_by_key(tx: &mut Tx, dedupe_key: &str) -> StoreResult<Option<Target>> {
    let sql = match tx {
        Tx::Sqlite(_) => select_target!("dedupe_key = $1"),
        Tx::Postgres(_) => select_target!("dedupe_key = $1 FOR UPDATE"),
    };
    Ok(on_tx!(tx, c => sqlx::query_as(sql).bind(dedupe_key).fetch_optional(c).await)?)
}

/// Due again at once, with a schedule that begins anew. Says whether it moved: what runs now is left alone.
pub async fn restart(tx: &mut Tx, id: &DeliveryId, now: Timestamp) -> StoreResult<bool> {
    macro_rules! sql {
        ($run_at:expr) => {
            concat!(
                "UPDATE outbox SET state = 'pending', run_at = ",
                $run_at,
                ", earlier_attempts = attempts, finished_at = NULL, discarded_at = NULL, discard_reason = NULL \
                 WHERE id = $1 AND state <> 'running'"
            )
        };
    }
    // Due at once by everybody's clock: `now` is an instance's, which may be ahead.
    let sql = match tx {
        Tx::Sqlite(_) => sql!(concat!("MIN($2, ", sqlite_now!(), ")")),
        Tx::Postgres(_) => sql!(concat!("LEAST($2, ", postgres_now!(), ")")),
    };
    let rows = on_tx!(tx, c => sqlx::query(sql).bind(id).bind(now).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// The same whatever its state: what runs now is taken from its worker, who has looked at what was there before, and
/// writes nothing of it down. For deliveries that do no harm when two perform them at once.
pub async fn begin_anew(tx: &mut Tx, dedupe_key: &str, now: Timestamp) -> StoreResult<()> {
    macro_rules! sql {
        ($run_at:expr) => {
            concat!(
                "UPDATE outbox SET state = 'pending', run_at = ",
                $run_at,
                ", earlier_attempts = attempts, finished_at = NULL, discarded_at = NULL, discard_reason = NULL, \
                 lease_until = NULL, lease_token = NULL WHERE dedupe_key = $1"
            )
        };
    }
    let sql = match tx {
        Tx::Sqlite(_) => sql!(concat!("MIN($2, ", sqlite_now!(), ")")),
        Tx::Postgres(_) => sql!(concat!("LEAST($2, ", postgres_now!(), ")")),
    };
    Ok(on_tx!(tx, c => sqlx::query(sql).bind(dedupe_key).bind(now).execute(c).await.map(|_| ()))?)
}

/// Marks a dead delivery as given up for good. Says whether it was dead, and not discarded before.
pub async fn discard(tx: &mut Tx, id: &DeliveryId, reason: &str, now: Timestamp) -> StoreResult<bool> {
    const SQL: &str = "UPDATE outbox SET discarded_at = $2, discard_reason = $3 \
         WHERE id = $1 AND state = 'dead' AND discarded_at IS NULL";
    let rows = on_tx!(tx, c => {
        sqlx::query(SQL).bind(id).bind(now).bind(reason).execute(c).await.map(|done| done.rows_affected())
    })?;
    Ok(rows == 1)
}

macro_rules! update_dead {
    ($set:expr, $lock:literal) => {
        concat!(
            "WITH dead AS MATERIALIZED (SELECT id FROM outbox WHERE state = 'dead' AND discarded_at IS NULL \
             AND kind = $1 AND finished_at < $2 ORDER BY finished_at LIMIT $3",
            $lock,
            ") UPDATE outbox SET ",
            $set,
            " WHERE id IN (SELECT id FROM dead)"
        )
    };
}

/// The same as [`restart`] for up to `limit` dead deliveries of a kind that were given up before a time: those that a
/// person saw, not those that die again while the act goes on. Rows that somebody else acts on are left to them.
pub async fn restart_dead(
    tx: &mut Tx,
    kind: DeliveryKind,
    before: Timestamp,
    limit: i64,
    now: Timestamp,
) -> StoreResult<u64> {
    macro_rules! due {
        ($run_at:expr) => {
            concat!("state = 'pending', run_at = ", $run_at, ", earlier_attempts = attempts, finished_at = NULL")
        };
    }
    let sql = match tx {
        Tx::Sqlite(_) => update_dead!(due!(concat!("MIN($4, ", sqlite_now!(), ")")), ""),
        Tx::Postgres(_) => {
            update_dead!(due!(concat!("LEAST($4, ", postgres_now!(), ")")), " FOR UPDATE SKIP LOCKED")
        }
    };
    Ok(on_tx!(tx, c => {
        sqlx::query(sql).bind(kind).bind(before).bind(limit).bind(now).execute(c).await.map(|done| done.rows_affected())
    })?)
}

/// The same as [`discard`] for up to `limit` dead deliveries of a kind that were given up before a time.
pub async fn discard_dead(
    tx: &mut Tx,
    kind: DeliveryKind,
    before: Timestamp,
    limit: i64,
    reason: &str,
    now: Timestamp,
) -> StoreResult<u64> {
    let sql = match tx {
        Tx::Sqlite(_) => update_dead!("discarded_at = $4, discard_reason = $5", ""),
        Tx::Postgres(_) => update_dead!("discarded_at = $4, discard_reason = $5", " FOR UPDATE SKIP LOCKED"),
    };
    Ok(on_tx!(tx, c => {
        sqlx::query(sql)
            .bind(kind)
            .bind(before)
            .bind(limit)
            .bind(now)
            .bind(reason)
            .execute(c)
            .await
            .map(|done| done.rows_affected())
    })?)
}

/// Up to `limit` of the same, by their ids.
pub async fn dead(db: &Db, kind: DeliveryKind, before: Timestamp, limit: i64) -> StoreResult<Vec<DeliveryId>> {
    const SQL: &str = "SELECT id FROM outbox WHERE state = 'dead' AND discarded_at IS NULL AND kind = $1 \
         AND finished_at < $2 ORDER BY finished_at LIMIT $3";
    Ok(on_read!(db, c => sqlx::query_scalar(SQL).bind(kind).bind(before).bind(limit).fetch_all(c).await)?)
}

/// Whether anything of a kind is dead and not discarded.
pub async fn any_dead(db: &Db, kind: DeliveryKind) -> StoreResult<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM outbox WHERE state = 'dead' AND discarded_at IS NULL \
         AND kind = $1 LIMIT 1) AS dead";
    let dead: i64 = on_read!(db, c => sqlx::query_scalar(SQL).bind(kind).fetch_one(c).await)?;
    Ok(dead > 0)
}

/// A kind that is held back.
#[derive(Debug, Clone, FromRow)]
pub struct Pause {
    pub kind: DeliveryKind,
    pub reason: String,
    pub paused_by: String,
    pub paused_at: Timestamp,
}

pub async fn pauses(db: &Db) -> StoreResult<Vec<Pause>> {
    const SQL: &str = "SELECT kind, reason, paused_by, paused_at FROM outbox_pauses ORDER BY kind";
    Ok(on_read!(db, c => sqlx::query_as(SQL).fetch_all(c).await)?)
}

/// Says whether it was not paused before.
pub async fn pause(tx: &mut Tx, pause: &Pause) -> StoreResult<bool> {
    const SQL: &str = "INSERT INTO outbox_pauses (kind, reason, paused_by, paused_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (kind) DO NOTHING";
    let rows = on_tx!(tx, c => {
        sqlx::query(SQL)
            .bind(pause.kind)
            .bind(&pause.reason)
            .bind(&pause.paused_by)
            .bind(pause.paused_at)
            .execute(c)
            .await
            .map(|done| done.rows_affected())
    })?;
    Ok(rows == 1)
}

/// Says whether it was paused.
pub async fn resume(tx: &mut Tx, kind: DeliveryKind) -> StoreResult<bool> {
    const SQL: &str = "DELETE FROM outbox_pauses WHERE kind = $1";
    let rows = on_tx!(tx, c => sqlx::query(SQL).bind(kind).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}
