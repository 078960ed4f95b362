//! Instants in words, in the viewer's zone. The zone is known from a cookie that `times.js` sets at the first visit;
//! until then the server writes UTC and the script rewrites it. The machine's form stands in `datetime`, the exact one
//! in `title`.

use jiff::fmt::strtime;
use leptos::prelude::*;

use crate::api::{Zone, zone};
use crate::domain::timestamp::Timestamp;

const MINUTE: &str = "%Y-%m-%d %H:%M";
const CLOCK: &str = "%H:%M:%S.%3f";
const DAY: &str = "%A, %-d %B %Y";
const EXACT: &str = "%Y-%m-%d %H:%M:%S.%3f %Z";

fn written(at: Timestamp, format: &str, zone: &Zone) -> String {
    // Out of range only for years that nobody sells in; then there is nothing to write.
    jiff::Timestamp::from_millisecond(at.millis())
        .ok()
        .and_then(|instant| strtime::format(format, &instant.to_zoned(zone.0.clone())).ok())
        .unwrap_or_default()
}

/// RFC 3339, in UTC.
fn machine(at: Timestamp) -> String {
    written(at, "%Y-%m-%dT%H:%M:%S.%3fZ", &Zone::utc())
}

/// The day of an instant for the viewer, to group by.
pub fn day(at: Timestamp) -> String {
    written(at, DAY, &zone())
}

/// Day and minute, for lists: `2026-11-20 14:02`.
#[component]
pub fn Instant(at: Timestamp) -> impl IntoView {
    let zone = zone();
    view! { <time datetime=machine(at) title=written(at, EXACT, &zone) data-show="minute">{written(at, MINUTE, &zone)}</time> }
}

/// Time of day to the millisecond, for timelines: `13:42:11.084`.
#[component]
pub fn Clock(at: Timestamp) -> impl IntoView {
    let zone = zone();
    view! { <time datetime=machine(at) title=written(at, EXACT, &zone) data-show="clock">{written(at, CLOCK, &zone)}</time> }
}

/// The day alone, where a timeline goes on to another: `Friday, 20 November 2026`.
#[component]
pub fn Day(at: Timestamp) -> impl IntoView {
    view! { <time datetime=machine(at) data-show="day">{day(at)}</time> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_to_the_millisecond_in_the_viewers_zone() {
        let at = Timestamp::from_millis(1_795_182_131_084);
        assert_eq!(machine(at), "2026-11-20T13:42:11.084Z");
        let berlin = Zone::named("Europe/Berlin").unwrap_or_else(Zone::utc);
        assert_eq!(written(at, CLOCK, &berlin), "14:42:11.084");
        assert_eq!(written(at, MINUTE, &Zone::utc()), "2026-11-20 13:42");
        assert_eq!(written(at, EXACT, &berlin), "2026-11-20 14:42:11.084 CET");
        assert_eq!(day(at), "Friday, 20 November 2026");
        assert_eq!(machine(Timestamp::from_millis(i64::MAX)), "");
    }
}
