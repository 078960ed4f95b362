//! A stretch of time, and what numbers of two of them say about each other.

use std::time::Duration;

use super::timestamp::Timestamp;

/// From its first instant up to, and without, its last: what ends where the next begins is counted once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Period {
    pub from: Timestamp,
    pub to: Timestamp,
}

impl Period {
    pub const fn new(from: Timestamp, to: Timestamp) -> Self {
        Self { from, to }
    }

    pub fn length(self) -> Duration {
        self.to.since(self.from)
    }
}

/// A share as a number between 0 and 1; of nothing there is no share.
pub fn share(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// By how much a count grew, as a share of what it was: 0.12 for twelve per cent more. `None` where nothing was before.
pub fn growth(now: i64, before: i64) -> Option<f64> {
    (before > 0).then(|| (now - before) as f64 / before as f64)
}

/// The value below which `share` of the sorted values lie (the nearest rank, so that it is one of them).
pub fn percentile(sorted: &[i64], share: f64) -> Option<i64> {
    let rank = (share * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_before_and_nothing_at_all_are_no_numbers() {
        assert_eq!((growth(3, 0), growth(3, 4), growth(0, 4)), (None, Some(-0.25), Some(-1.0)));
        assert_eq!((share(0, 0), share(1, 4)), (None, Some(0.25)));
    }

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let values: Vec<i64> = (1..=100).collect();
        assert_eq!((percentile(&values, 0.5), percentile(&values, 0.95)), (Some(50), Some(95)));
        assert_eq!((percentile(&[7], 0.5), percentile(&[7], 0.95), percentile(&[], 0.5)), (Some(7), Some(7), None));
    }
}
