//! Several instances on one PostgreSQL wake each other with NOTIFY. It is sent beside the transaction, gathered over a
//! moment: NOTIFY inside a commit takes a lock that all commits share. A lost one costs a second.

use std::time::Duration;

use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio_util::sync::CancellationToken;

use crate::context::Context;

const CHANNEL: &str = "rolitt_outbox";
const GATHER: Duration = Duration::from_millis(20);
const BACK_OFF: Duration = Duration::from_secs(2);
/// A listener that heard nothing for so long asks whether anybody is there.
const QUIET: Duration = if cfg!(test) { Duration::from_secs(2) } else { Duration::from_secs(15) };
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Passes our own rings on. Runs where preorders are taken, with or without workers.
pub async fn tell_others(ctx: Context, stop: CancellationToken) {
    let Some(pool) = ctx.db.postgres() else { return };
    loop {
        tokio::select! {
            () = ctx.bell.rung_for_others() => {}
            () = stop.cancelled() => return,
        }
        tokio::time::sleep(GATHER).await;
        let sent = in_time(sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL).execute(pool)).await;
        if let Err(error) = sent {
            tracing::debug!(%error, "could not wake other instances; they look by themselves");
        }
    }
}

pub async fn hear_others(ctx: Context, stop: CancellationToken) {
    let Some(pool) = ctx.db.postgres() else { return };
    while !stop.is_cancelled() {
        tokio::select! {
            heard = hear(&ctx, pool) => {
                if let Err(error) = heard {
                    tracing::warn!(%error, "not listening for other instances; trying again");
                }
            }
            () = stop.cancelled() => return,
        }
        tokio::select! {
            () = tokio::time::sleep(BACK_OFF) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// On a connection of its own: it waits for hours, and when it is cut off it must not take a place of the shop's along.
async fn hear(ctx: &Context, pool: &sqlx::PgPool) -> Result<(), sqlx::Error> {
    let own = PgPoolOptions::new().max_connections(1).acquire_timeout(ANSWER_WITHIN).max_lifetime(None);
    let own = own.connect_lazy_with(pool.connect_options().as_ref().clone());
    let mut listener = PgListener::connect_with(&own).await?;
    in_time(listener.listen(CHANNEL)).await?;
    // What was told while nobody listened.
    ctx.bell.ring_all();
    loop {
        let Ok(heard) = tokio::time::timeout(QUIET, listener.try_recv()).await else {
            // Quiet, or behind a network that swallows: only an answer tells.
            in_time(sqlx::query("SELECT 1").execute(&mut listener)).await?;
            continue;
        };
        // `None`: it was cut off and has connected again; somebody may have rung in between.
        drop(heard?);
        ctx.bell.ring_all();
    }
}

async fn in_time<T>(answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    let late = || sqlx::Error::Io(std::io::ErrorKind::TimedOut.into());
    tokio::time::timeout(ANSWER_WITHIN, answer).await.unwrap_or_else(|_| Err(late()))
}
