//! The shop under fire: buyers, an admin and Stripe go about their business over real HTTP while processes are killed by
//! SIGKILL, at each named point and at random moments, and providers fail. Afterwards whatever is left is started once
//! more, comes to rest, and the promises are asked of the database and of what the providers received. What goes wrong
//! follows from a seed, which is printed: `ROLITT_TORTURE_SEED` plays it again.

mod buyers;
mod score;
mod staff;
mod storm;
mod world;

use std::time::{Duration, Instant};

use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::database::Kind;
use crate::fail_points::Point;
use score::Score;
use storm::{Trouble, weather};
use world::World;

/// Nobody waits longer for a point that the seed's buyers do not lead to.
const PATIENCE: Duration = Duration::from_millis(2_500);
/// Worlds of one database that go on side by side, each with its own providers: they mostly wait.
const SIDE_BY_SIDE: u64 = 3;

/// One world, from an empty database to the verdict: as many deaths as `troubles`.
///
/// A point is waited for `tries` times: whether the buyers lead to it while a process lives is not the seed's alone to say.
async fn epoch(kind: Kind, seed: u64, instances: usize, troubles: Vec<Trouble>, tries: u32) -> Score {
    let mut dice = StdRng::seed_from_u64(seed);
    let mut world = World::begin(kind, seed, instances).await;
    world.open_the_doors(seed);
    let mut score = Score::default();
    for trouble in troubles {
        world.weather(&weather(&mut dice)).await;
        let victim = dice.random_range(0..instances);
        for _ in 0..tries {
            let (kills, died) = world.strike(victim, &trouble, PATIENCE).await;
            score.kills += kills;
            match &trouble {
                Trouble::At(point, _) if died => score.reached.insert(point.as_str()),
                Trouble::At(..) => continue,
                Trouble::After(_) => false,
            };
            break;
        }
    }
    score.merge(world.end().await);
    score.announce(&format!("{kind:?}, seed {seed}"));
    score
}

/// Deaths at random: where, when and how often is the seed's to say.
fn troubles(seed: u64, count: usize) -> Vec<Trouble> {
    let mut dice = StdRng::seed_from_u64(seed ^ 0x5eed);
    (0..count).map(|_| Trouble::draw(&mut dice)).collect()
}

fn seed() -> u64 {
    let given = std::env::var("ROLITT_TORTURE_SEED").ok().and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(|| u64::from(rand::random::<u32>()))
}

async fn every_point(kind: Kind) {
    let all: Vec<_> = Point::ALL.iter().map(|&point| Trouble::At(point, 1)).collect();
    let score = epoch(kind, 1, 1, all, 4).await;
    score.assert_nothing_broken();
    let missed: Vec<_> = Point::ALL.iter().filter(|point| !score.reached.contains(point.as_str())).collect();
    assert!(missed.is_empty(), "nobody died at {missed:?}");
}

async fn seeds(kind: Kind, instances: usize) {
    // Two that are always the same, and one that never was.
    for seed in [7, 20_261_120, seed()] {
        epoch(kind, seed, instances, troubles(seed, 6), 1).await.assert_nothing_broken();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_may_die_at_every_point_on_sqlite() {
    every_point(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_may_die_at_every_point_on_postgres() {
    every_point(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_may_die_at_any_time_on_sqlite() {
    seeds(Kind::Sqlite, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_processes_may_die_at_any_time_on_postgres() {
    seeds(Kind::Postgres, 2).await;
}

/// Epoch after epoch, until the time is up.
async fn for_long(kind: Kind, instances: usize, until: Instant, first_seed: u64) -> Score {
    let mut score = Score::default();
    for seed in first_seed.. {
        let one = epoch(kind, seed, instances, troubles(seed, 40), 1).await;
        one.assert_nothing_broken();
        score.merge(one);
        if Instant::now() >= until {
            break;
        }
    }
    score
}

/// What `make torture` runs. `ROLITT_TORTURE_MINUTES` says how long; nought is one epoch a database.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes half an hour: make torture"]
async fn for_half_an_hour_on_both_databases() {
    let minutes = std::env::var("ROLITT_TORTURE_MINUTES").ok().and_then(|minutes| minutes.parse().ok()).unwrap_or(30);
    let until = Instant::now() + Duration::from_secs(minutes * 60);
    let seed = seed();
    println!("torture: {minutes} minutes from seed {seed}");
    // Seeds of worlds that go on side by side are far apart.
    let worlds = |kind, instances| {
        let seeds = (0..SIDE_BY_SIDE).map(move |world| seed + world * 1_000_000);
        join_all(seeds.map(move |seed| for_long(kind, instances, until, seed)))
    };
    let (sqlite, postgres) = tokio::join!(worlds(Kind::Sqlite, 1), worlds(Kind::Postgres, 2));
    let mut all = Score::default();
    for (name, scores) in [("SQLite", sqlite), ("PostgreSQL", postgres)] {
        let mut of_one = Score::default();
        for score in scores {
            of_one.merge(score);
        }
        of_one.announce(name);
        all.merge(of_one);
    }
    all.announce("both databases");
    all.assert_nothing_broken();
}
