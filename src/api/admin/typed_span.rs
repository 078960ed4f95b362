//! Spans as people type them into filters: exact instants (RFC 3339), or days and times of day in the viewer's zone.
//! A span begins with its first instant and ends before its last; a day that it ends with belongs to it.

use jiff::civil::{Date, DateTime};

use crate::api::Zone;
use crate::domain::timestamp::Timestamp;
use crate::store::outbox_log::{BEGINNING, END};

/// What is wrong with a filter, by the field's name.
pub type Problem = (&'static str, String);

/// Reads `from` and `to`; what can't be read is left open, and said.
pub fn read(from: &str, to: &str, zone: &Zone, problems: &mut Vec<Problem>) -> (Timestamp, Timestamp) {
    let mut side = |name: &'static str, typed: &str, otherwise: Timestamp| {
        let Ok(at) = instant(typed, zone, name == "to") else {
            problems.push((name, "Write a day (2026-11-20) or an instant (2026-11-20T14:00:00Z).".to_owned()));
            return otherwise;
        };
        at.unwrap_or(otherwise)
    };
    (side("from", from, BEGINNING), side("to", to, END))
}

/// `None`: nothing was typed.
fn instant(typed: &str, zone: &Zone, is_end: bool) -> Result<Option<Timestamp>, ()> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let at = if typed.len() == 10 {
        let day: Date = typed.parse().map_err(|_| ())?;
        let day = if is_end { day.tomorrow().map_err(|_| ())? } else { day };
        day.to_zoned(zone.0.clone()).map_err(|_| ())?.timestamp()
    } else if let Ok(exact) = typed.parse::<jiff::Timestamp>() {
        exact
    } else {
        let local: DateTime = typed.parse().map_err(|_| ())?;
        local.to_zoned(zone.0.clone()).map_err(|_| ())?.timestamp()
    };
    let at = Timestamp::from_millis(at.as_millisecond());
    if at < BEGINNING || at > END { Err(()) } else { Ok(Some(at)) }
}

/// Where a page goes on: the time and id of the last row before it. What can't be read is the first page.
pub fn cursor(text: &str) -> Option<(Timestamp, String)> {
    let (millis, id) = text.split_once('.')?;
    let at = Timestamp::from_millis(millis.parse().ok()?);
    let fine =
        at >= BEGINNING && at <= END && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    fine.then(|| (at, id.to_owned()))
}

/// The same, written.
pub fn cursor_text(at: Timestamp, id: &str) -> String {
    format!("{}.{id}", at.millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_the_viewers_and_an_instant_is_everybodys() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let mut problems = Vec::new();
        let day = Timestamp::from_seconds(1_795_129_200); // 2026-11-20 00:00 in Berlin
        let hours = std::time::Duration::from_hours;
        assert_eq!(read("2026-11-20", "2026-11-20", &berlin, &mut problems), (day, day + hours(24)));
        assert_eq!(read("2026-11-19T23:00:00Z", "2026-11-20T01:00", &berlin, &mut problems), (day, day + hours(1)));
        assert_eq!(read("", " ", &berlin, &mut problems), (BEGINNING, END));
        assert!(problems.is_empty());
        read("yesterday", "-999999-01-01T00:00:00Z", &berlin, &mut problems);
        assert_eq!(problems.len(), 2);
    }

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_nonsense_is_the_first_page() {
        let at = Timestamp::from_millis(1_795_182_131_084);
        assert_eq!(cursor(&cursor_text(at, "dlv_1")), Some((at, "dlv_1".to_owned())));
        assert_eq!(cursor(&cursor_text(at, "")), Some((at, String::new())));
        for nonsense in ["", "1", "x.dlv_1", "1.dlv_1'", "9999999999999999.a"] {
            assert_eq!(cursor(nonsense), None, "{nonsense}");
        }
    }
}
