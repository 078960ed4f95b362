//! The `provider_pace` table: turns at a provider's address, handed out by the database's clock to all instances.

use std::time::Duration;

use sqlx::PgPool;

use super::{StoreResult, patience};

/// Takes the next turn at an endpoint that allows one every `every`. Says how long it is until then; `None`: longer than
/// `most`, and no turn was taken.
pub async fn take_turn(
    pool: &PgPool,
    endpoint: &str,
    every: Duration,
    most: Duration,
) -> StoreResult<Option<Duration>> {
    // `next_at` is when the queue is empty again.
    const SQL: &str = "INSERT INTO provider_pace AS p (endpoint, next_at) \
         VALUES ($1, clock_timestamp() + $2::interval) \
         ON CONFLICT (endpoint) DO UPDATE SET next_at = GREATEST(p.next_at, clock_timestamp()) + $2::interval \
         WHERE p.next_at <= clock_timestamp() + $3::interval \
         RETURNING CAST(CEIL(EXTRACT(EPOCH FROM next_at - $2::interval - clock_timestamp()) * 1000) AS BIGINT)";
    let interval = |duration: Duration| format!("{} microseconds", duration.as_micros());
    let turn = sqlx::query_scalar(SQL).bind(endpoint).bind(interval(every)).bind(interval(most)).fetch_optional(pool);
    let wait: Option<i64> = patience::bounded(turn).await?;
    Ok(wait.map(|millis| Duration::from_millis(u64::try_from(millis).unwrap_or(0))))
}
