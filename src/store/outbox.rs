//! The `outbox` and `delivery_attempts` tables: what must still happen, who is at it, and what each try brought.
//! A claim is a lease with a token: who has lost the lease cannot write the result (fencing).

mod claim;

use sqlx::FromRow;

#[cfg(test)]
pub(crate) use claim::claim_lane;
pub use claim::{DID_NOT_COME_BACK, any_due, any_expired, bring_forward, claim, release_expired};

use super::clock::{postgres_now, sqlite_now};
use super::{Db, StoreResult, Tx, on_read, on_tx};
use crate::domain::delivery::{Delivery, DeliveryKind, DeliveryState};
use crate::domain::ids::{DeliveryId, PreorderId};
use crate::domain::timestamp::Timestamp;

/// What a claim is known by: nobody else's is the same, and the instance's name stands in front for people to read.
pub fn lease_token(instance: &str, unique: &str) -> String {
    format!("{instance}/{unique}")
}

/// The instance that a claim is of.
pub fn holder_of(token: &str) -> Option<&str> {
    token.rsplit_once('/').map(|(instance, _)| instance)
}

/// A delivery that a worker holds.
#[derive(Debug, Clone, FromRow)]
pub struct Claimed {
    pub id: DeliveryId,
    pub kind: DeliveryKind,
    pub payload: String,
    /// Tries so far, this one included.
    pub attempts: i64,
    /// Of these, the tries before a person started it again.
    pub earlier_attempts: i64,
    pub preorder_id: Option<PreorderId>,
    pub trace_id: Option<String>,
    pub created_at: Timestamp,
}

/// A row to enqueue.
pub struct Enqueued {
    pub id: DeliveryId,
    pub delivery: Delivery,
    pub trace_id: Option<String>,
}

/// All rows in one statement, due at once; a delivery that was enqueued before is left as it is.
pub async fn enqueue(tx: &mut Tx, rows: &[Enqueued], now: Timestamp) -> StoreResult<()> {
    // Due at once by everybody's clock: `now` is an instance's, which may be ahead.
    macro_rules! insert {
        ($c:expr, $db:ty, $earlier:literal, $shared_now:expr) => {{
            let mut sql = sqlx::QueryBuilder::<$db>::new(
                "INSERT INTO outbox (id, kind, lane, payload, dedupe_key, state, run_at, preorder_id, trace_id, created_at) ",
            );
            sql.push_values(rows, |mut row, enqueued| {
                let kind = enqueued.delivery.kind();
                row.push_bind(&enqueued.id)
                    .push_bind(kind)
                    .push_bind(kind.lane())
                    .push_bind(serde_json::to_string(&enqueued.delivery).unwrap_or_default())
                    .push_bind(enqueued.delivery.dedupe_key())
                    .push_bind(DeliveryState::Pending)
                    .push(concat!($earlier, "("))
                    .push_bind_unseparated(now)
                    .push_unseparated(concat!(", ", $shared_now, ")"))
                    .push_bind(enqueued.delivery.preorder_id())
                    .push_bind(enqueued.trace_id.as_deref())
                    .push_bind(now);
            });
            sql.push(" ON CONFLICT (dedupe_key) DO NOTHING");
            sql.build().execute($c).await?;
        }};
    }
    if rows.is_empty() {
        return Ok(());
    }
    match tx {
        Tx::Sqlite(tx) => insert!(&mut **tx, sqlx::Sqlite, "MIN", sqlite_now!()),
        Tx::Postgres(tx) => insert!(&mut **tx, sqlx::Postgres, "LEAST", postgres_now!()),
    }
    Ok(())
}

/// Gives back what was claimed and not begun: the try does not count.
pub async fn release(tx: &mut Tx, id: &DeliveryId, token: &str) -> StoreResult<()> {
    const SQL: &str = "UPDATE outbox SET state = 'pending', attempts = attempts - 1, lease_until = NULL, \
         lease_token = NULL WHERE id = $1 AND lease_token = $2 AND state = 'running'";
    Ok(on_tx!(tx, c => sqlx::query(SQL).bind(id).bind(token).execute(c).await.map(|_| ()))?)
}

/// Whether one of a kind is being performed, or will be before a time.
pub async fn goes_on_before(db: &Db, kind: DeliveryKind, before: Timestamp) -> StoreResult<bool> {
    const SQL: &str = "SELECT (SELECT COUNT(*) FROM outbox WHERE state = 'running' AND kind = $1) \
         + (SELECT COUNT(*) FROM outbox WHERE state = 'pending' AND lane = $2 AND kind = $1 AND run_at < $3)";
    let under_way: i64 =
        on_read!(db, c => sqlx::query_scalar(SQL).bind(kind).bind(kind.lane()).bind(before).fetch_one(c).await)?;
    Ok(under_way > 0)
}

/// Whether a claim still holds. Whoever stood still for longer than its lease does not know by itself.
pub async fn is_held(db: &Db, id: &DeliveryId, token: &str, now: Timestamp) -> StoreResult<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM outbox WHERE id = $1 AND lease_token = $2 AND state = 'running' \
         AND lease_until > $3";
    let held: i64 = on_read!(db, c => sqlx::query_scalar(SQL).bind(id).bind(token).bind(now).fetch_one(c).await)?;
    Ok(held > 0)
}

/// What became of a try.
pub struct Finished<'a> {
    pub state: DeliveryState,
    /// When to try again; with `Pending` alone.
    pub run_at: Option<Timestamp>,
    pub error: Option<&'a str>,
}

/// Says whether the lease still held: if not, somebody else has the delivery, and nothing is written.
pub async fn finish(tx: &mut Tx, id: &DeliveryId, token: &str, to: &Finished<'_>, now: Timestamp) -> StoreResult<bool> {
    const SQL: &str = "UPDATE outbox SET state = $3, run_at = COALESCE($4, run_at), last_error = $5, \
         finished_at = $6, lease_until = NULL, lease_token = NULL \
         WHERE id = $1 AND lease_token = $2 AND state = 'running'";
    const UNGUARDED: &str = "UPDATE outbox SET state = $3, run_at = COALESCE($4, run_at), last_error = $5, \
         finished_at = $6, lease_until = NULL, lease_token = NULL WHERE id = $1 AND $2 <> ''";
    let sql = if super::guard_is_off("guard.fencing") { UNGUARDED } else { SQL };
    let finished_at = (to.state != DeliveryState::Pending).then_some(now);
    let rows = on_tx!(tx, c => {
        sqlx::query(sql)
            .bind(id)
            .bind(token)
            .bind(to.state)
            .bind(to.run_at)
            .bind(to.error)
            .bind(finished_at)
            .execute(c)
            .await
            .map(|done| done.rows_affected())
    })?;
    Ok(rows == 1)
}

/// One try with the provider's answer.
#[derive(Debug, Clone, FromRow)]
pub struct DeliveryAttempt {
    pub delivery_id: DeliveryId,
    pub number: i64,
    pub started_at: Timestamp,
    pub duration_ms: i64,
    pub outcome: String,
    pub answer: String,
    pub retry_at: Option<Timestamp>,
    /// The instance that made it; tries of before instances had names have none.
    pub worker: Option<String>,
}

pub async fn record_attempt(tx: &mut Tx, attempt: &DeliveryAttempt) -> StoreResult<()> {
    // A try that was given back and taken up again has the number of the one before: the later answer stands.
    const SQL: &str = "INSERT INTO delivery_attempts (delivery_id, number, started_at, duration_ms, outcome, answer, \
         retry_at, worker) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (delivery_id, number) DO UPDATE SET \
         started_at = excluded.started_at, duration_ms = excluded.duration_ms, outcome = excluded.outcome, \
         answer = excluded.answer, retry_at = excluded.retry_at, worker = excluded.worker";
    Ok(on_tx!(tx, c => {
        sqlx::query(SQL)
            .bind(&attempt.delivery_id)
            .bind(attempt.number)
            .bind(attempt.started_at)
            .bind(attempt.duration_ms)
            .bind(&attempt.outcome)
            .bind(&attempt.answer)
            .bind(attempt.retry_at)
            .bind(&attempt.worker)
            .execute(c)
            .await
            .map(|_| ())
    })?)
}

/// A delivery as the admin sees it.
#[derive(Debug, Clone, FromRow)]
pub struct OutboxRow {
    pub id: DeliveryId,
    pub kind: DeliveryKind,
    pub payload: String,
    pub state: DeliveryState,
    pub attempts: i64,
    pub run_at: Timestamp,
    pub last_error: Option<String>,
    pub created_at: Timestamp,
    pub finished_at: Option<Timestamp>,
}

pub async fn of_preorder(db: &Db, id: &PreorderId) -> StoreResult<Vec<OutboxRow>> {
    const SQL: &str = "SELECT id, kind, payload, state, attempts, run_at, last_error, created_at, finished_at \
         FROM outbox WHERE preorder_id = $1 ORDER BY created_at, id";
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(id).fetch_all(c).await)?)
}

pub async fn attempts_of_preorder(db: &Db, id: &PreorderId) -> StoreResult<Vec<DeliveryAttempt>> {
    const SQL: &str = "SELECT a.delivery_id, a.number, a.started_at, a.duration_ms, a.outcome, a.answer, a.retry_at, \
         a.worker FROM delivery_attempts a JOIN outbox o ON o.id = a.delivery_id \
         WHERE o.preorder_id = $1 ORDER BY a.started_at, a.number";
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(id).fetch_all(c).await)?)
}

/// How many tries of a delivery were written down since a person last started it again.
pub async fn attempts_written(db: &Db, id: &DeliveryId, earlier: i64) -> StoreResult<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM delivery_attempts WHERE delivery_id = $1 AND number > $2";
    Ok(on_read!(db, c => sqlx::query_scalar(SQL).bind(id).bind(earlier).fetch_one(c).await)?)
}
