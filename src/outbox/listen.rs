//! Several instances on one PostgreSQL wake each other with NOTIFY. It is sent beside the transaction, gathered over a
//! moment: NOTIFY inside a commit takes a lock that all commits share. A lost one costs a second.

use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio_util::sync::CancellationToken;

use crate::context::Context;

const CHANNEL: &str = "rolitt_outbox";
const GATHER: Duration = Duration::from_millis(20);
const BACK_OFF: Duration = Duration::from_secs(5);

/// Passes our own rings on. Runs where preorders are taken, with or without workers.
pub async fn tell_others(ctx: Context, stop: CancellationToken) {
    let Some(pool) = ctx.db.postgres() else { return };
    loop {
        tokio::select! {
            () = ctx.bell.rung_for_others() => {}
            () = stop.cancelled() => return,
        }
        tokio::time::sleep(GATHER).await;
        let sent = sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL).execute(pool).await;
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

async fn hear(ctx: &Context, pool: &sqlx::PgPool) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        listener.recv().await?;
        ctx.bell.ring_all();
    }
}
