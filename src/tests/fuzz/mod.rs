//! Properties tried on very many made-up inputs. `make test` runs few cases under one fixed seed, so that it is quick and
//! tells the same twice, and some more under a new one, so that it does not look at the same for ever;
//! `ROLITT_FUZZ_TIMES=50` runs fifty times as many under a new seed. What fails says its seed, which `ROLITT_FUZZ_SEED`
//! replays (`PROPTEST_CASES` sets a number of cases as it is). What fails is made small where it can
//! be, and its seed is kept in `regressions.txt` beside this file, which is tried first ever after: commit it.

mod events;
mod forms;
mod mutation;
mod signature;
mod typed;

use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, RngAlgorithm, TestCaseError, TestRng, TestRunner};

/// How many cases are tried for `quick` of `make test`.
fn cases(quick: u32) -> u32 {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u32>().ok());
    number("PROPTEST_CASES").unwrap_or_else(|| quick.saturating_mul(number("ROLITT_FUZZ_TIMES").unwrap_or(1)))
}

/// Seeds, and how many cases are tried under each.
pub fn rounds(quick: u32) -> Vec<(u64, u32)> {
    let given = std::env::var("ROLITT_FUZZ_SEED").ok().and_then(|text| text.parse().ok());
    let long = std::env::var_os("ROLITT_FUZZ_TIMES").is_some();
    match given {
        Some(seed) => vec![(seed, cases(quick))],
        None if long => vec![(rand::random(), cases(quick))],
        None => vec![(0, cases(quick)), (rand::random(), cases(quick).div_ceil(8))],
    }
}

/// The same cases under the same seed.
pub fn runner(seed: u64, config: Config) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

/// Tries a property; `smaller`: whether a failing case may be tried again and again to make it small, which is so if a
/// case leaves nothing behind.
pub fn holds<S: Strategy>(
    property: &str,
    quick: u32,
    smaller: bool,
    of: &S,
    is_so: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    for (seed, cases) in rounds(quick) {
        println!("{property}: {cases} cases, ROLITT_FUZZ_SEED={seed}");
        let config = Config {
            cases,
            max_shrink_iters: if smaller { 2000 } else { 0 },
            failure_persistence: smaller
                .then(|| Box::new(FileFailurePersistence::Direct("src/tests/fuzz/regressions.txt")) as _),
            ..Config::default()
        };
        if let Err(failure) = runner(seed, config).run(of, &is_so) {
            panic!("{property}, ROLITT_FUZZ_SEED={seed}: {failure}");
        }
    }
}

/// For properties of what is awaited.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
}
