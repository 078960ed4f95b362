//! How long an account rests after wrong passwords and codes: not at all for a slip, longer each time for a guesser.

use std::time::Duration;

/// Wrong answers in a row before the account is locked.
pub const TRIES: i64 = 5;
const LONGEST: Duration = Duration::from_hours(1);

/// A minute after the fifth wrong answer, twice as long after each one more, an hour at most.
pub fn rest_after(failed: i64) -> Option<Duration> {
    // Six doublings are more than an hour.
    let minutes = 1_u64 << (failed - TRIES).clamp(0, 6);
    (failed >= TRIES).then(|| Duration::from_mins(minutes).min(LONGEST))
}

/// How long that is for people: whole minutes, none of them too few.
pub const fn in_minutes(rest: Duration) -> u64 {
    rest.as_secs().div_ceil(60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fifth_wrong_answer_locks_for_a_minute_and_each_further_one_for_twice_as_long() {
        let minutes: Vec<_> = (3..14).map(|failed| rest_after(failed).map(in_minutes)).collect();
        let told = [None, None, Some(1), Some(2), Some(4), Some(8), Some(16), Some(32), Some(60), Some(60), Some(60)];
        assert_eq!(minutes, told);
        assert_eq!(rest_after(i64::MAX), Some(LONGEST));
    }
}
