//! Instants in words. The server writes UTC; `times.js` rewrites them for the viewer's zone where script runs. The
//! machine's form stands in `datetime`, the exact one in `title`.

use leptos::prelude::*;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::domain::timestamp::Timestamp;

const EXACT: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
const MINUTE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day] [hour]:[minute]");
const CLOCK: &[BorrowedFormatItem<'_>] = format_description!("[hour]:[minute]:[second].[subsecond digits:3]");
const DAY: &[BorrowedFormatItem<'_>] = format_description!("[weekday], [day padding:none] [month repr:long] [year]");

fn written(at: Timestamp, format: &[BorrowedFormatItem<'_>]) -> String {
    // Out of range only for years that nobody sells in; then there is nothing to write.
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.millis()) * 1_000_000)
        .ok()
        .and_then(|instant| instant.format(format).ok())
        .unwrap_or_default()
}

/// The day of an instant in UTC, to group by.
pub fn day(at: Timestamp) -> String {
    written(at, DAY)
}

/// Day and minute, for lists: `2026-11-20 14:02`.
#[component]
pub fn Instant(at: Timestamp) -> impl IntoView {
    let exact = written(at, EXACT);
    view! { <time datetime=exact.clone() title=exact data-show="minute">{written(at, MINUTE)}</time> }
}

/// Time of day to the millisecond, for timelines: `13:42:11.084`.
#[component]
pub fn Clock(at: Timestamp) -> impl IntoView {
    let exact = written(at, EXACT);
    view! { <time datetime=exact.clone() title=exact data-show="clock">{written(at, CLOCK)}</time> }
}

/// The day alone, where a timeline goes on to another: `Friday, 20 November 2026`.
#[component]
pub fn Day(at: Timestamp) -> impl IntoView {
    view! { <time datetime=written(at, EXACT) data-show="day">{day(at)}</time> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_to_the_millisecond() {
        let at = Timestamp::from_millis(1_795_182_131_084);
        assert_eq!(written(at, EXACT), "2026-11-20T13:42:11.084Z");
        assert_eq!(written(at, CLOCK), "13:42:11.084");
        assert_eq!(written(at, MINUTE), "2026-11-20 13:42");
        assert_eq!(day(at), "Friday, 20 November 2026");
        assert_eq!(written(Timestamp::from_millis(i64::MAX), EXACT), "");
    }
}
