//! Leasing what is due. Kind by kind within a lane: a kind that is paused is stepped over by one look into the index,
//! however many of its deliveries have gathered, so a pause costs the worker nothing and holds up no other kind.

use std::sync::LazyLock;
use std::time::Duration;

use sqlx::{AssertSqlSafe, FromRow};

use super::Claimed;
use crate::domain::delivery::{DeliveryKind, DeliveryState, Lane};
use crate::domain::timestamp::Timestamp;
use crate::store::patience::bounded;
use crate::store::{Db, StoreResult, Tx, on_read, on_tx};

/// The due deliveries of a lane ($1) at a time ($2), up to $3 of each kind, those of paused kinds left out. The words
/// are our own: nothing of anybody else's gets into the text.
fn due(kinds: impl Iterator<Item = DeliveryKind>, lock: &str) -> String {
    let arms: Vec<String> = kinds
        .map(|kind| {
            // Paused: the kind is compared with nothing, which no entry of the index equals.
            format!(
                "SELECT * FROM (SELECT id, run_at FROM outbox WHERE lane = $1 AND kind = (SELECT '{kind}' WHERE NOT \
                 EXISTS (SELECT 1 FROM outbox_pauses WHERE kind = '{kind}')) AND state = 'pending' AND run_at <= $2 \
                 ORDER BY run_at LIMIT $3{lock}) AS {kind}"
            )
        })
        .collect();
    arms.join(" UNION ALL ")
}

fn claim_sql(kinds: impl Iterator<Item = DeliveryKind>, lock: &str) -> String {
    format!(
        "WITH due AS MATERIALIZED (SELECT id FROM ({}) AS each_kind ORDER BY run_at LIMIT $3) \
         UPDATE outbox SET state = 'running', attempts = attempts + 1, lease_until = $4, lease_token = $5 \
         WHERE id IN (SELECT id FROM due) RETURNING id, kind, payload, attempts, earlier_attempts, preorder_id, \
         trace_id, created_at",
        due(kinds, lock)
    )
}

/// PostgreSQL's workers step around each other's rows; SQLite's stand in one line already.
const SKIP_LOCKED: &str = " FOR UPDATE SKIP LOCKED";

struct LaneSql {
    sqlite: String,
    postgres: String,
    look: String,
}

static LANES: LazyLock<Vec<LaneSql>> = LazyLock::new(|| {
    let lane_sql = |lane: &Lane| LaneSql {
        sqlite: claim_sql(lane.kinds(), ""),
        postgres: claim_sql(lane.kinds(), SKIP_LOCKED),
        look: format!("SELECT COUNT(*) FROM ({}) AS due", due(lane.kinds(), "")),
    };
    Lane::ALL.iter().map(lane_sql).collect()
});

/// Leases up to `limit` due deliveries of a lane, oldest first.
pub async fn claim(
    tx: &mut Tx,
    lane: Lane,
    limit: i64,
    token: &str,
    now: Timestamp,
    until: Timestamp,
) -> StoreResult<Vec<Claimed>> {
    let sql = &LANES[lane as usize];
    let sql = match tx {
        Tx::Postgres(_) if !crate::store::guard_is_off("guard.skip_locked") => sql.postgres.as_str(),
        Tx::Sqlite(_) | Tx::Postgres(_) => sql.sqlite.as_str(),
    };
    claim_with(tx, sql, lane.as_str(), limit, token, now, until).await
}

/// The same by a lane's word, whatever its kinds: tests have lanes of their own.
#[cfg(test)]
pub(crate) async fn claim_lane(
    tx: &mut Tx,
    lane: &str,
    limit: i64,
    token: &str,
    now: Timestamp,
    until: Timestamp,
) -> StoreResult<Vec<Claimed>> {
    let lock = if matches!(tx, Tx::Sqlite(_)) { "" } else { SKIP_LOCKED };
    let sql = claim_sql(DeliveryKind::ALL.iter().copied(), lock);
    claim_with(tx, &sql, lane, limit, token, now, until).await
}

async fn claim_with(
    tx: &mut Tx,
    sql: &str,
    lane: &str,
    limit: i64,
    token: &str,
    now: Timestamp,
    until: Timestamp,
) -> StoreResult<Vec<Claimed>> {
    let sql = AssertSqlSafe(sql.to_owned());
    let mut claimed: Vec<Claimed> = on_tx!(tx, c => {
        sqlx::query_as(sql).bind(lane).bind(now).bind(limit).bind(until).bind(token).fetch_all(c).await
    })?;
    claimed.sort_by_key(|row| row.created_at);
    Ok(claimed)
}

/// A cheap look before a claim.
pub async fn any_due(db: &Db, lane: Lane, now: Timestamp) -> StoreResult<bool> {
    let sql = AssertSqlSafe(LANES[lane as usize].look.clone());
    let due: i64 =
        on_read!(db, c => sqlx::query_scalar(sql).bind(lane.as_str()).bind(now).bind(1_i64).fetch_one(c).await)?;
    Ok(due > 0)
}

/// What is said of a delivery whose lease ran out.
pub const DID_NOT_COME_BACK: &str = "the worker that held this did not come back";

/// A delivery whose lease ran out, and what became of it.
#[derive(Debug, FromRow)]
pub struct Released {
    pub kind: DeliveryKind,
    pub payload: String,
    pub state: DeliveryState,
}

/// Gives back what was leased by somebody who did not come back; what has cost `most` workers is given up. One that
/// somebody has locked just now does not hold up the others: its time comes at the next look.
pub async fn release_expired(tx: &mut Tx, now: Timestamp, most: i64) -> StoreResult<Vec<Released>> {
    let lock = if matches!(tx, Tx::Sqlite(_)) { "" } else { SKIP_LOCKED };
    let sql = AssertSqlSafe(format!(
        "UPDATE outbox SET state = CASE WHEN attempts - earlier_attempts > $2 THEN 'dead' \
         ELSE 'pending' END, finished_at = CASE WHEN attempts - earlier_attempts > $2 THEN $1 END, \
         lease_until = NULL, lease_token = NULL, last_error = $3 \
         WHERE id IN (SELECT id FROM outbox WHERE state = 'running' AND lease_until < $1{lock}) \
         RETURNING kind, payload, state"
    ));
    Ok(on_tx!(tx, c => sqlx::query_as(sql).bind(now).bind(most).bind(DID_NOT_COME_BACK).fetch_all(c).await)?)
}

/// After SQLite's clock was set back: what is due or held until later comes earlier by as much. A lease of since then
/// ends within its length from `now`, and stays.
pub async fn bring_forward(tx: &mut Tx, by: Duration, now: Timestamp, lease: Duration) -> StoreResult<()> {
    // Of those that are held, too: one whose worker does not come back is due by it again.
    const DUE: &str = "UPDATE outbox SET run_at = run_at - $1 WHERE state IN ('pending', 'running') AND run_at > $2";
    const HELD: &str = "UPDATE outbox SET lease_until = lease_until - $1 WHERE state = 'running' AND lease_until > $2";
    // Times are numbers here, of milliseconds; PostgreSQL's are not.
    let Tx::Sqlite(tx) = tx else { return Ok(()) };
    let by = i64::try_from(by.as_millis()).unwrap_or_default();
    for (sql, beyond) in [(DUE, now), (HELD, now + lease)] {
        bounded(sqlx::query(sql).bind(by).bind(beyond).execute(&mut **tx)).await?;
    }
    Ok(())
}

pub async fn any_expired(db: &Db, now: Timestamp) -> StoreResult<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM outbox WHERE state = 'running' AND lease_until < $1 \
         LIMIT 1) AS expired";
    let expired: i64 = on_read!(db, c => sqlx::query_scalar(SQL).bind(now).fetch_one(c).await)?;
    Ok(expired > 0)
}
