//! Whether a commit is taken, whether it survives a power cut, and whether the file is whole.

use std::time::Duration;

use super::{Check, within};
use crate::context::Context;
use crate::store::{Db, StoreResult, durability};

const SQLITE: &str = "Restart the shop: it sets both itself. If it stays, the file is on a system without shared memory (a network drive).";
const POSTGRES: &str = "Set fsync = on, full_page_writes = on and synchronous_commit = on in postgresql.conf (and look for \
     ALTER ROLE and ALTER DATABASE), then reload. Without them a power cut takes answered preorders along.";

pub(super) async fn durability(ctx: &Context, patience: Duration) -> Check {
    let remedy = match ctx.db {
        Db::Sqlite(_) => SQLITE,
        Db::Postgres(_) => POSTGRES,
    };
    within(patience, "durability", async {
        match durability::settings(&ctx.db).await {
            Ok(settings) => {
                let all = settings.iter().map(|setting| format!("{} {}", setting.name, setting.value));
                let all = all.collect::<Vec<_>>().join(", ");
                if settings.iter().all(|setting| setting.holds) {
                    Check::good("durability", all)
                } else {
                    Check::bad("durability", format!("a power cut may lose answered preorders: {all}"), remedy)
                }
            }
            Err(error) => Check::bad("durability", error.to_string(), "See the database's check."),
        }
    })
    .await
}

/// A database may answer every question and take nothing: what buyers send is refused then, and pages look well.
pub(super) async fn writes(ctx: &Context, patience: Duration) -> Check {
    const REMEDY: &str = "Until it does, orders and events are answered 503, and Stripe sends events again. Is its disk \
         full? Is it read-only (a standby, after a failover)? Has another program locked it?";
    within(patience, "writes", async {
        match Box::pin(write(ctx)).await {
            Ok(()) => Check::good("writes", "a change was taken"),
            Err(error) => Check::bad("writes", format!("the database takes no change: {error}"), REMEDY),
        }
    })
    .await
}

async fn write(ctx: &Context) -> StoreResult<()> {
    let mut tx = ctx.db.begin().await?;
    durability::change_something(&mut tx, ctx.clock.now()).await?;
    tx.commit().await
}

/// `None` for PostgreSQL.
pub(super) async fn file(ctx: &Context) -> Option<Check> {
    const DAMAGED: &str = "Stop the shop, put the file aside with its -wal and -shm, restore a backup and reconcile: see \
         Backup and restore in the README. Then look at the disk.";
    if ctx.db.postgres().is_some() {
        return None;
    }
    Some(match durability::damage(&ctx.db).await {
        Ok(None) => Check::good("file", "whole"),
        Ok(Some(damage)) => Check::bad("file", format!("damaged: {damage}"), DAMAGED),
        Err(error) => Check::bad("file", error.to_string(), DAMAGED),
    })
}
