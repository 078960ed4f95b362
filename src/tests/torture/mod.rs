//! The shop under fire: buyers, an admin and Stripe go about their business over real HTTP while processes are killed by
//! SIGKILL, at each named point and at random moments, told to stop, put to sleep or cut off their database, and providers
//! fail. Afterwards whatever is left is started once more, comes to rest by itself, and the promises are asked of the
//! database and of what the providers received. What goes wrong follows from a seed, which is printed:
//! `ROLITT_TORTURE_SEED` plays the same plan again. (The plan, and not the moment: which request a process dies in is
//! the machine's to say.)

mod buyers;
mod received;
mod score;
mod staff;
mod storm;
mod verdict;
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
/// Where every point must be reached.
const MORE_PATIENCE: Duration = Duration::from_secs(10);
/// Worlds of one database that go on side by side, each with its own providers: they mostly wait.
const SIDE_BY_SIDE: u64 = 3;

/// One world, from an empty database to the verdict.
struct Epoch {
    kind: Kind,
    seed: u64,
    instances: usize,
    patience: Duration,
    /// A point is waited for so often: whether the buyers lead to it while a process lives is not the seed's alone to
    /// say.
    tries: u32,
    /// Guards that are off.
    loosened: &'static str,
}

impl Epoch {
    fn new(kind: Kind, seed: u64, instances: usize) -> Self {
        Self { kind, seed, instances, patience: PATIENCE, tries: 1, loosened: "" }
    }

    async fn pass(&self, troubles: Vec<Trouble>) -> Score {
        let Self { kind, seed, instances, .. } = *self;
        println!("torture, {kind:?}, seed {seed}, {instances} instance(s): {} troubles begin", troubles.len());
        let mut dice = StdRng::seed_from_u64(seed);
        let mut world = World::begin(kind, seed, instances, self.loosened).await;
        world.open_the_doors(seed);
        let mut score = Score::default();
        for trouble in troubles {
            world.weather(&weather(&mut dice)).await;
            let victim = dice.random_range(0..instances);
            for _ in 0..self.tries {
                let (struck, was_met) = world.strike(victim, &trouble, self.patience).await;
                score.merge(struck);
                if was_met {
                    break;
                }
            }
        }
        score.merge(world.end().await);
        score.announce(&format!("{kind:?}, seed {seed}"));
        score
    }
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

/// A death at each point, waited for as long as it takes.
async fn at_every_point(kind: Kind, seed: u64, instances: usize) -> Score {
    let all: Vec<_> = Point::ALL.iter().map(|&point| Trouble::At(point, 1)).collect();
    Epoch { patience: MORE_PATIENCE, tries: 4, ..Epoch::new(kind, seed, instances) }.pass(all).await
}

async fn every_point(kind: Kind) {
    let score = at_every_point(kind, 1, 1).await;
    score.assert_nothing_broken();
    assert!(score.missed().is_empty(), "nobody died at {:?}", score.missed());
}

async fn seeds(kind: Kind, instances: usize) {
    // Two that are always the same, and two that never were.
    for (seed, count) in [(7, 6), (20_261_120, 6), (seed(), 4), (seed().wrapping_add(1), 4)] {
        Epoch::new(kind, seed, instances).pass(troubles(seed, count)).await.assert_nothing_broken();
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

/// A shop that answers Stripe before it has kept the event loses some when it dies, takes them in again from Stripe's list,
/// and looks whole afterwards. The verdict knows better.
#[tokio::test(flavor = "multi_thread")]
async fn the_verdict_notices_a_shop_that_answers_before_it_keeps() {
    let loosened = "guard.keep_before_answer=return";
    let epoch = Epoch { loosened, patience: MORE_PATIENCE, tries: 4, ..Epoch::new(Kind::Sqlite, 3, 1) };
    let dies_before_it_is_kept = (0..3).map(|_| Trouble::At(Point::IntakeEnqueued, 1)).collect();
    let score = epoch.pass(dies_before_it_is_kept).await;
    assert!(score.lost > 0, "nothing was found: {score:#?}");
    let is_of_an_event = |finding: &String| finding.contains("event evt_");
    assert!(score.findings.iter().any(is_of_an_event), "{:#?}", score.findings);
}

/// Epoch after epoch, until the time is up; the first of the first world goes through every point. What is found is told
/// at once, and the storm goes on.
async fn for_long(kind: Kind, instances: usize, until: Instant, first_seed: u64, world: u64) -> Score {
    let mut score = Score::default();
    for seed in first_seed.. {
        let one = if world == 0 && seed == first_seed {
            // One process, so that the people come to the one that is to die.
            at_every_point(kind, seed, 1).await
        } else {
            Epoch::new(kind, seed, instances).pass(troubles(seed, 40)).await
        };
        if !one.findings.is_empty() {
            println!("torture, {kind:?}, seed {seed}, FOUND: {:#?}", one.findings);
        }
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
        join_all((0..SIDE_BY_SIDE).map(move |world| for_long(kind, instances, until, seed + world * 1_000_000, world)))
    };
    let (sqlite, postgres) = tokio::join!(worlds(Kind::Sqlite, 1), worlds(Kind::Postgres, 2));
    let mut all = Score::default();
    let mut missed = Vec::new();
    for (name, scores) in [("SQLite", sqlite), ("PostgreSQL", postgres)] {
        let mut of_one = Score::default();
        for score in scores {
            of_one.merge(score);
        }
        println!("torture, {name}: deaths at each point {:?}", of_one.reached);
        missed.extend(of_one.missed().into_iter().map(|point| format!("{name}: {point}")));
        of_one.announce(name);
        all.merge(of_one);
    }
    all.announce("both databases");
    all.assert_nothing_broken();
    assert!(missed.is_empty(), "nobody died at {missed:?}");
    assert!(all.texts > all.parked, "most texts were parked");
}
