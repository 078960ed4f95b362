//! Chance that can be repeated: the same seed throws the same numbers, and makes the same ids.

use rand::rngs::StdRng;
use rand::{Rng, RngCore, SeedableRng};

use crate::domain::timestamp::Timestamp;

const BASE_62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

pub struct Dice(StdRng);

impl Dice {
    /// `of` names what is thrown for: two things of one seed throw different numbers.
    pub fn new(seed: u64, of: u64) -> Self {
        Self(StdRng::seed_from_u64(scrambled(seed ^ scrambled(of))))
    }

    /// From `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        self.0.random_range(low..=high.max(low))
    }

    pub fn chance(&mut self, of_a_thousand: u32) -> bool {
        self.0.random_range(0..1000_u32) < of_a_thousand
    }

    /// From 0 up to 1.
    pub fn share(&mut self) -> f64 {
        self.0.random()
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.0.random_range(0..of.len())]
    }

    /// Each by its weight.
    pub fn weighted<T: Copy>(&mut self, of: &[(T, u32)]) -> T {
        let all = of.iter().map(|(_, weight)| weight).sum::<u32>();
        let mut left = self.0.random_range(0..all.max(1));
        for (value, weight) in of {
            if left < *weight {
                return *value;
            }
            left -= weight;
        }
        of[0].0
    }

    /// What makes an id one of its kind, in order of time like the product's own.
    pub fn unique(&mut self, at: Timestamp) -> String {
        let mut random = [0; 10];
        self.0.fill_bytes(&mut random);
        let id = uuid::Builder::from_unix_timestamp_millis(at.millis().unsigned_abs(), &random);
        id.into_uuid().simple().to_string()
    }

    /// An id in Stripe's shape. Like Stripe's, it begins with the time.
    pub fn stripe_id(&mut self, prefix: &str, at: Timestamp) -> String {
        let mut id = String::with_capacity(prefix.len() + 24);
        id.push_str(prefix);
        push_base_62(&mut id, at.seconds().unsigned_abs(), 6);
        push_base_62(&mut id, self.0.random(), 9);
        push_base_62(&mut id, self.0.random(), 9);
        id
    }

    /// Checkout Sessions have longer ones.
    pub fn session_id(&mut self, at: Timestamp) -> String {
        let mut id = self.stripe_id("cs_test_a1", at);
        for _ in 0..4 {
            push_base_62(&mut id, self.0.random(), 8);
        }
        id
    }

    pub fn digits(&mut self, count: u32) -> String {
        let number = self.0.random_range(0..10_u64.pow(count));
        format!("{number:0>width$}", width = count as usize)
    }

    /// A capital letter that is not taken for a digit.
    pub fn letter(&mut self) -> char {
        char::from(self.pick(b"ABCDEFGHJKLMNPRSTVWXYZ"))
    }

    pub fn hex(&mut self) -> String {
        format!("{:016x}{:016x}", self.0.next_u64(), self.0.next_u64())
    }
}

fn push_base_62(to: &mut String, mut number: u64, count: usize) {
    let mut letters = [b'0'; 10];
    for letter in letters[..count].iter_mut().rev() {
        *letter = BASE_62[(number % 62) as usize];
        number /= 62;
    }
    to.extend(letters[..count].iter().map(|letter| char::from(*letter)));
}

/// SplitMix64: neighbours become strangers.
pub const fn scrambled(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What [`crate::domain::ids::PreorderNumber`] is made of, for the `index`-th preorder of a run: another one for each, and
/// none that looks like its neighbour's. A million drawn at random would likely hold one twice.
pub fn number_of(seed: u64, index: u64) -> u64 {
    /// 30⁸: all numbers there are.
    const ALL: u128 = 656_100_000_000;
    /// Has no factor in common with them, so no two indexes meet.
    const STEP: u128 = 405_490_517_153;
    let from = u128::from(scrambled(seed)) % ALL;
    ((u128::from(index) * STEP + from) % ALL) as u64
}
