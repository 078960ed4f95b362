//! How long anybody waits for the database. One that hangs (stopped, or behind a network that swallows) closes no
//! connection and answers nothing: no time-out of TCP's helps, and whoever waited would wait for ever. Every step of
//! ours therefore ends by itself, and what did not answer counts as away.

use std::io;
use std::time::Duration;

/// For one statement. The longest of ours takes a fraction of a second.
const PATIENCE: Duration = Duration::from_secs(10);

tokio::task_local! {
    static OWN: Duration;
}

/// Gives everything that `work` asks of the database this long a statement: for who reads a million rows, and is
/// waited for by nobody.
pub async fn with<T>(patience: Duration, work: impl Future<Output = T>) -> T {
    OWN.scope(patience, work).await
}

/// A time that is no longer than the patience of who asks.
pub fn at_most(time: Duration) -> Duration {
    OWN.try_with(|own| *own).map_or(time, |own| own.min(time))
}

/// A step of a database's that ends, one way or the other. Whether it was done is not known if it did not answer.
pub async fn bounded<T>(step: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    let patience = OWN.try_with(|own| *own).unwrap_or(PATIENCE);
    let late = || io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", patience.as_secs()));
    tokio::time::timeout(patience, step).await.unwrap_or_else(|_| Err(sqlx::Error::Io(late())))
}
