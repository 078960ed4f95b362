//! Spans of time as people choose them, in the zone that their clock stands in: days begin at its midnights, also on
//! those two that have an hour more or less.

use jiff::civil::Date;
use jiff::fmt::strtime;
use jiff::{ToSpan, Unit, Zoned};

use crate::api::Zone;
use crate::domain::metrics::Spans;
use crate::domain::period::Period;
use crate::domain::text_enum::text_enum;
use crate::domain::timestamp::Timestamp;

text_enum! {
    /// In the address: `?span=7d`.
    pub enum Preset {
        Today => "today",
        Day => "24h",
        Week => "7d",
        Month => "30d",
        Quarter => "90d",
        /// With `from` and `to`, two days that are both in it.
        Custom => "custom",
    }
}

/// More than a year of days is no chart.
const MOST_DAYS: i32 = 366;
/// Up to so many days are shown by the hour.
const BY_HOUR: i32 = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    pub preset: Preset,
    /// First and last day, of a custom span.
    days: Option<(Date, Date)>,
}

/// A chosen span on a viewer's calendar.
#[derive(Debug, Clone)]
pub struct Span {
    pub choice: Choice,
    pub spans: Spans,
    pub by_hour: bool,
}

impl Preset {
    pub const fn label(self) -> &'static str {
        match self {
            Self::Today => "Today",
            Self::Day => "Last 24 hours",
            Self::Week => "Last 7 days",
            Self::Month => "Last 30 days",
            Self::Quarter => "Last 90 days",
            Self::Custom => "Chosen days",
        }
    }

    /// After "against".
    pub const fn before(self) -> &'static str {
        match self {
            Self::Today => "yesterday until this time",
            Self::Day => "the 24 hours before",
            Self::Week => "the 7 days before",
            Self::Month => "the 30 days before",
            Self::Quarter => "the 90 days before",
            Self::Custom => "as many days before",
        }
    }

    const fn days(self) -> i32 {
        match self {
            Self::Today | Self::Day | Self::Custom => 1,
            Self::Week => 7,
            Self::Month => 30,
            Self::Quarter => 90,
        }
    }
}

impl Choice {
    /// What can't be read is the last seven days.
    pub fn parse(span: &str, from: &str, to: &str) -> Self {
        let preset = span.parse().unwrap_or(Preset::Week);
        let days = match (preset, from.parse::<Date>(), to.parse::<Date>()) {
            (Preset::Custom, Ok(from), Ok(to)) => Some((from.min(to), from.max(to))),
            (Preset::Custom, Ok(day), Err(_)) | (Preset::Custom, Err(_), Ok(day)) => Some((day, day)),
            _ => None,
        };
        match (preset, days) {
            (Preset::Custom, None) => Self { preset: Preset::Week, days },
            _ => Self { preset, days },
        }
    }

    /// The same for everybody who chooses the same.
    pub fn key(&self, zone: &Zone) -> String {
        let days = self.days.map(|(from, to)| format!(" {from} {to}")).unwrap_or_default();
        format!("{}{days} {}", self.preset, zone.name())
    }

    /// `None` at the ends of time.
    pub fn at(self, now: Timestamp, zone: &Zone) -> Option<Span> {
        let here = zoned(now, zone)?;
        if self.preset == Preset::Day {
            let from = here.round(jiff::ZonedRound::new().smallest(Unit::Hour).mode(jiff::RoundMode::Floor)).ok()?;
            let (from, day) = (from.checked_sub(23.hours()).ok()?, 24.hours());
            let before = (from.checked_sub(day).ok()?, here.checked_sub(day).ok()?);
            return self.spanning((from, here), before, true);
        }
        let (first, last) = self.days.unwrap_or((here.date(), here.date()));
        let (first, last) = match self.days {
            Some(_) => (first.max(last.checked_sub((MOST_DAYS - 1).days()).ok()?), last),
            None => (last.checked_sub((self.preset.days() - 1).days()).ok()?, last),
        };
        let count = (last - first).get_days() + 1;
        let midnight = |day: Date| day.to_zoned(zone.0.clone()).ok()?.start_of_day().ok();
        let from = midnight(first)?;
        // What has not come yet is in no span; one that lies wholly in the future is left as it was asked for.
        let end = midnight(last.tomorrow().ok()?)?;
        let to = if here > from && here < end { here } else { end };
        let shift = count.days();
        let before = (midnight(first.checked_sub(shift).ok()?)?, to.checked_sub(shift).ok()?);
        self.spanning((from, to), before, count <= BY_HOUR)
    }

    fn spanning(self, now: (Zoned, Zoned), before: (Zoned, Zoned), by_hour: bool) -> Option<Span> {
        let buckets = |ends: &(Zoned, Zoned)| buckets(&ends.0, &ends.1, by_hour);
        let spans = Spans {
            buckets: buckets(&now)?,
            buckets_before: buckets(&before)?,
            now: period(&now.0, &now.1),
            before: period(&before.0, &before.1),
        };
        Some(Span { choice: self, spans, by_hour })
    }
}

fn buckets(from: &Zoned, to: &Zoned, by_hour: bool) -> Option<Vec<Period>> {
    let mut found = Vec::new();
    let mut low = from.clone();
    while low < *to {
        let high = if by_hour { low.checked_add(1.hour()) } else { low.tomorrow().and_then(|z| z.start_of_day()) };
        let high = high.ok()?;
        found.push(period(&low, (&high).min(to)));
        low = high;
    }
    Some(found)
}

fn period(from: &Zoned, to: &Zoned) -> Period {
    let at = |zoned: &Zoned| Timestamp::from_millis(zoned.timestamp().as_millisecond());
    Period::new(at(from), at(to))
}

fn zoned(at: Timestamp, zone: &Zone) -> Option<Zoned> {
    Some(jiff::Timestamp::from_millisecond(at.millis()).ok()?.to_zoned(zone.0.clone()))
}

fn written(at: Timestamp, zone: &Zone, format: &str) -> String {
    zoned(at, zone).and_then(|zoned| strtime::format(format, &zoned).ok()).unwrap_or_default()
}

impl Span {
    /// A bucket by its name: `Fri 20 Nov`, `Fri 14:00`.
    pub fn bucket(&self, bucket: Period, zone: &Zone) -> String {
        written(bucket.from, zone, if self.by_hour { "%a %H:%M" } else { "%a %-d %b" })
    }

    /// The same, short enough for an axis of this many.
    pub fn tick(&self, bucket: Period, zone: &Zone) -> String {
        let format = match (self.by_hour, self.spans.buckets.len()) {
            (true, _) => "%H:%M",
            (false, ..=14) => "%a",
            (false, _) => "%-d %b",
        };
        written(bucket.from, zone, format)
    }
}

/// First and last day of a period, for people: `14 – 20 November 2026`.
pub fn days(of: Period, zone: &Zone) -> String {
    let last = Timestamp::from_millis(of.to.millis() - 1);
    let end = written(last, zone, "%-d %B %Y");
    let [same_day, same_month, same_year] =
        ["%F", "%Y-%m", "%Y"].map(|format| written(of.from, zone, format) == written(last, zone, format));
    match (same_day, same_month, same_year) {
        (true, ..) => end,
        (_, true, _) => format!("{} – {end}", written(of.from, zone, "%-d")),
        (_, _, true) => format!("{} – {end}", written(of.from, zone, "%-d %B")),
        _ => format!("{} – {end}", written(of.from, zone, "%-d %B %Y")),
    }
}

/// A day as `<input type="date">` wants it.
pub fn date(at: Timestamp, zone: &Zone) -> String {
    written(at, zone, "%F")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin() -> Zone {
        Zone::named("Europe/Berlin").unwrap()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn hours(period: Period) -> u64 {
        period.length().as_secs() / 3600
    }

    #[test]
    fn seven_days_end_now_and_are_held_against_the_seven_before_until_the_same_time() {
        let span = Choice::parse("", "", "").at(at("2026-11-20T14:30:00Z"), &berlin()).unwrap();
        assert_eq!(span.choice.preset, Preset::Week);
        let Spans { now, before, buckets, buckets_before } = span.spans.clone();
        assert_eq!((now.from, now.to), (at("2026-11-13T23:00:00Z"), at("2026-11-20T14:30:00Z")));
        assert_eq!((before.from, before.to), (at("2026-11-06T23:00:00Z"), at("2026-11-13T14:30:00Z")));
        assert_eq!((buckets.len(), buckets_before.len()), (7, 7));
        assert_eq!((buckets[0].from, buckets[6].to, buckets[6].from), (now.from, now.to, at("2026-11-19T23:00:00Z")));
        assert_eq!(days(now, &berlin()), "14 – 20 November 2026");
        assert_eq!(
            (span.bucket(buckets[0], &berlin()), span.tick(buckets[0], &berlin())),
            ("Sat 14 Nov".into(), "Sat".into())
        );
    }

    #[test]
    fn the_days_of_a_changed_clock_have_23_and_25_hours() {
        let choice = Choice::parse("custom", "2026-03-28", "2026-03-30");
        let span = choice.at(at("2026-11-20T14:30:00Z"), &berlin()).unwrap();
        assert_eq!(span.spans.buckets.iter().map(|b| hours(*b)).collect::<Vec<_>>(), [24, 23, 24]);
        let autumn = Choice::parse("custom", "2026-10-25", "").at(at("2026-11-20T14:30:00Z"), &berlin()).unwrap();
        assert_eq!((autumn.spans.buckets.len(), hours(autumn.spans.now), autumn.by_hour), (25, 25, true));
        assert_eq!(hours(autumn.spans.before), 24);
        // The hour that comes twice is two.
        let names: Vec<_> = autumn.spans.buckets.iter().map(|b| autumn.tick(*b, &berlin())).collect();
        assert_eq!(names[1..5], ["01:00", "02:00", "02:00", "03:00"]);
    }

    #[test]
    fn buckets_meet_without_gap_or_overlap_in_every_span_and_zone() {
        for zone in ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Asia/Tokyo"]
        {
            let zone = Zone::named(zone).unwrap();
            for now in ["2026-03-29T02:30:00Z", "2026-11-01T06:10:00Z", "2026-11-20T23:59:59.999Z"] {
                for span in ["today", "24h", "7d", "30d", "90d"] {
                    let span = Choice::parse(span, "", "").at(at(now), &zone).unwrap();
                    let Spans { now, buckets, .. } = span.spans;
                    assert_eq!((buckets[0].from, buckets[buckets.len() - 1].to), (now.from, now.to));
                    assert!(buckets.windows(2).all(|pair| pair[0].to == pair[1].from && pair[0].from < pair[0].to));
                }
            }
        }
    }

    #[test]
    fn a_span_in_disorder_or_too_long_is_put_right() {
        let choice = Choice::parse("custom", "2026-11-20", "2020-01-01");
        let span = choice.at(at("2026-11-20T14:30:00Z"), &berlin()).unwrap();
        assert_eq!(span.spans.buckets.len(), MOST_DAYS as usize);
        assert_eq!(Choice::parse("custom", "x", "").preset, Preset::Week);
        assert!(
            Choice::parse("custom", "-009999-01-01", "-009999-01-01")
                .at(at("2026-11-20T14:30:00Z"), &berlin())
                .is_none()
        );
    }
}
