//! When preorders come: more each month, more in the evening than at night, fewer on Mondays, and a few days on which
//! somebody with many readers wrote about us.

use super::dice::Dice;
use crate::domain::timestamp::Timestamp;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// The last preorders come within this time before the end: something is under way when somebody looks.
const JUST_NOW_MS: i64 = 20 * 60_000;
/// And these few within the hours before: their payment pages are still open.
pub const TODAY: u64 = 4;

/// What an hour of the day (UTC) brings, compared to the others: buyers sit in Europe, America and East Asia.
const HOURS: [f64; 24] = [
    0.7, 0.8, 0.8, 0.7, 0.6, 0.5, 0.5, 0.6, 0.8, 0.9, 1.0, 1.1, 1.2, 1.2, 1.2, 1.3, 1.4, 1.5, 1.7, 1.8, 1.6, 1.3, 1.0,
    0.8,
];
/// Thursday first, like 1970.
const WEEKDAYS: [f64; 7] = [1.0, 1.05, 1.2, 1.25, 0.85, 0.9, 0.95];

/// The instants of all preorders, in order, ending before `until`.
pub struct Calendar {
    from: i64,
    until: i64,
    /// Weights of the hours, each with those before it.
    sums: Vec<f64>,
    total: u64,
    hour: usize,
    given: u64,
    waiting: std::vec::IntoIter<i64>,
    dice: Dice,
    /// How many are left for the end.
    late: [u64; 2],
}

impl Calendar {
    /// `just_now` of `total` come at the very end.
    pub fn new(mut dice: Dice, days: u32, until: Timestamp, total: u64, just_now: u64) -> Self {
        let until = until.millis();
        let from = until - i64::from(days) * DAY_MS;
        let booms: Vec<i64> = (0..=days / 60).map(|_| dice.between(0, i64::from(days))).collect();
        let mut sum = 0.0;
        let sums = (0..i64::from(days) * 24).map(|hour| {
            let at = from + hour * HOUR_MS;
            let day = hour / 24;
            let growth = 0.4 + 1.6 * hour as f64 / (f64::from(days) * 24.0);
            let boom = booms.iter().map(|boom| day - boom).find(|since| (0..4).contains(since));
            let boom = boom.map_or(1.0, |since| 2.6 / (since + 1) as f64);
            let rhythm = HOURS[at.div_euclid(HOUR_MS).rem_euclid(24) as usize]
                * WEEKDAYS[at.div_euclid(DAY_MS).rem_euclid(7) as usize];
            sum += growth * rhythm * boom.max(1.0) * (0.85 + 0.3 * dice.share());
            sum
        });
        let sums = sums.collect();
        let just_now = just_now.min(total);
        let late = [TODAY.min(total - just_now), just_now];
        Self { from, until, sums, total, hour: 0, given: 0, waiting: Vec::new().into_iter(), dice, late }
    }

    /// How many there are when an hour is over.
    fn after(&self, hour: usize) -> u64 {
        let all = self.sums.last().copied().unwrap_or(1.0);
        let spread = self.total - self.late[0] - self.late[1];
        if hour + 1 >= self.sums.len() {
            return spread;
        }
        ((self.sums[hour] / all * spread as f64).round() as u64).min(spread)
    }
}

impl Iterator for Calendar {
    type Item = Timestamp;

    fn next(&mut self) -> Option<Timestamp> {
        loop {
            if let Some(at) = self.waiting.next() {
                return Some(Timestamp::from_millis(at));
            }
            let (count, from, to) = match self.hour.checked_sub(self.sums.len()) {
                None => {
                    let count = self.after(self.hour).saturating_sub(self.given);
                    let from = self.from + self.hour as i64 * HOUR_MS;
                    (count, from, (from + HOUR_MS).min(self.until - JUST_NOW_MS) - 1)
                }
                Some(0) => (self.late[0], self.until - 10 * HOUR_MS, self.until - HOUR_MS),
                Some(1) => (self.late[1], self.until - JUST_NOW_MS, self.until - 10_000),
                Some(_) => return None,
            };
            self.hour += 1;
            self.given += count;
            let mut instants: Vec<i64> = (0..count).map(|_| self.dice.between(from, to)).collect();
            instants.sort_unstable();
            self.waiting = instants.into_iter();
        }
    }
}
