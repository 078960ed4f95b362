//! A year of invented orders for `rolitt demo`: what the admin looks like in earnest, and what the bench measures it on.
//! The same seed and the same end give the same rows, on either database. Everything is made by the rules of `domain`, so
//! that records agree with each other as they do in a shop that lived through it.

mod aftermath;
mod background;
mod calendar;
mod dice;
mod events;
mod fate;
mod ledger;
mod person;
mod places;
mod scene;
mod story;
mod team;
mod till;

use tokio::sync::mpsc;

use crate::domain::timestamp::Timestamp;
use crate::store::bulk::has_preorders;
use crate::store::bulk_rows::Batch;
use crate::store::filling::Filling;
use crate::store::{Db, StoreResult, catalog};

pub use person::MOST_PEOPLE;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    pub preorders: u64,
    pub seed: u64,
    /// How far back the first one is.
    pub days: u32,
    /// Nothing is later.
    pub until: Timestamp,
}

/// How many rows of which table.
pub type Made = Vec<(&'static str, u64)>;

/// Preorders in a batch: enough for the database to be quick, few enough to keep in memory.
const BATCH: u64 = 10_000;
/// From so many on, indexes are made at the end.
const LARGE: u64 = 50_000;

/// Fills the database; `told` hears how many preorders are in it after each batch.
pub async fn fill(db: &Db, plan: Plan, told: impl Fn(u64)) -> StoreResult<Made> {
    let catalog = catalog::load(db).await?;
    let (empty, large) = (!has_preorders(db).await?, plan.preorders >= LARGE);
    let mut filling = Filling::begin(db, empty, large).await?;
    // Made on one core while the other writes.
    let (ready, mut batches) = mpsc::channel(2);
    tokio::task::spawn_blocking(move || {
        let scene = scene::Scene::new(plan.seed, plan.preorders, plan.days, plan.until, catalog);
        make(&scene, plan.days, |batch| ready.blocking_send(batch).is_ok());
    });
    let mut made: Made = Batch::TABLES.iter().map(|table| (*table, 0)).collect();
    while let Some(batch) = batches.recv().await {
        for (sum, count) in made.iter_mut().zip(batch.counts()) {
            sum.1 += count as u64;
        }
        filling.write(batch).await?;
        told(made[0].1);
    }
    filling.finish().await?;
    Ok(made)
}

/// Gives batch after batch, until `take` wants no more.
fn make(scene: &scene::Scene, days: u32, take: impl Fn(Batch) -> bool) {
    let just_now = (scene.total / 2000).clamp(2, 40);
    let fates = fate::Fates::new(scene.total, just_now);
    let dice = dice::Dice::new(scene.seed, u64::MAX);
    let mut instants = calendar::Calendar::new(dice, days, scene.until, scene.total, just_now);
    let mut batch = Batch::default();
    team::working_days(scene, &mut batch);
    for index in 0..scene.total {
        let Some(at) = instants.next() else { break };
        story::tell(scene, &fates, &mut batch, index, at);
        if (index + 1).is_multiple_of(BATCH) && !take(std::mem::take(&mut batch)) {
            return;
        }
    }
    if !batch.is_empty() {
        take(batch);
    }
}
