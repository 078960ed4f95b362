//! A stretch of time as people ask for it: two days of theirs, the last included, or two exact instants.

use jiff::civil::Date;

use crate::api::{ApiError, Zone, zone};
use crate::context::Context;
use crate::domain::money::Money;
use crate::domain::refund::LedgerKind;
use crate::domain::timestamp::Timestamp;
use crate::store::payments_room::{self, Span};

/// What the breakdown and the sums are of, where nothing is asked for.
const DEFAULT_DAYS: u64 = 7;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AskedSpan {
    /// As it was typed.
    pub from: String,
    pub to: String,
    /// What could not be read, if anything.
    pub unread: Option<String>,
    pub(super) span: Span,
}

impl AskedSpan {
    pub(super) fn read(from: &str, to: &str) -> Self {
        let zone = zone();
        let (from, to) = (from.trim().to_owned(), to.trim().to_owned());
        let (first, last) = (instant(&from, &zone, false), instant(&to, &zone, true));
        let unread = [(&from, first), (&to, last)]
            .into_iter()
            .find(|(typed, read)| !typed.is_empty() && read.is_none())
            .map(|(typed, _)| typed.chars().take(40).collect());
        Self { from, to, unread, span: Span { from: first, to: last } }
    }

    pub const fn is_asked(&self) -> bool {
        self.span.from.is_some() || self.span.to.is_some()
    }

    /// What was asked for, else the last seven days.
    pub(super) fn or_last_days(&self, now: Timestamp) -> Span {
        if self.is_asked() {
            return self.span;
        }
        let days = std::time::Duration::from_secs(DEFAULT_DAYS * 24 * 3600);
        Span { from: Some(now - days), to: None }
    }
}

/// A day begins in the viewer's zone; as an end it is the beginning of the next.
fn instant(typed: &str, zone: &Zone, is_end: bool) -> Option<Timestamp> {
    if let Ok(day) = typed.parse::<Date>()
        && !typed.contains('T')
    {
        let day = if is_end { day.tomorrow().ok()? } else { day };
        let midnight = day.to_zoned(zone.0.clone()).ok()?;
        return Some(Timestamp::from_millis(midnight.timestamp().as_millisecond()));
    }
    // A plus sign that was not quoted arrives as a space.
    let instant: jiff::Timestamp = typed.replace(' ', "+").parse().ok()?;
    Some(Timestamp::from_millis(instant.as_millisecond()))
}

/// For an address: RFC 3339, to the millisecond, in UTC.
pub(super) fn exact(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.millis()).map(|instant| format!("{instant:.3}")).unwrap_or_default()
}

/// Money that moved, of one kind and currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    pub kind: LedgerKind,
    pub amount: Money,
}

/// `None`: too much moved to be added up while somebody waits.
pub(super) async fn moved(ctx: &Context, span: Span, kinds: &[LedgerKind]) -> Result<Option<Vec<Moved>>, ApiError> {
    let Some(sums) = payments_room::sums(&ctx.db, span).await? else { return Ok(None) };
    let mut moved: Vec<Moved> = sums.into_iter().map(|(kind, amount, _)| Moved { kind, amount }).collect();
    moved.retain(|moved| kinds.contains(&moved.kind));
    moved.sort_by_key(|moved| {
        let kind = kinds.iter().position(|kind| *kind == moved.kind);
        (kind, crate::domain::money::Currency::ALL.iter().position(|currency| *currency == moved.amount.currency))
    });
    Ok(Some(moved))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_the_viewers_and_an_instant_is_everybodys() {
        let berlin = Zone::named("Europe/Berlin").unwrap_or_else(Zone::utc);
        let at = |typed: &str, is_end| instant(typed, &berlin, is_end).map(exact).unwrap_or_default();
        assert_eq!(at("2026-11-20", false), "2026-11-19T23:00:00.000Z");
        assert_eq!(at("2026-11-20", true), "2026-11-20T23:00:00.000Z");
        for is_end in [false, true] {
            assert_eq!(at("2026-11-20T13:42:11.084Z", is_end), "2026-11-20T13:42:11.084Z");
            assert_eq!(at("2026-11-20T14:42:11 01:00", is_end), "2026-11-20T13:42:11.000Z");
            for nonsense in ["", "yesterday", "2026-13-01", "2026-11-20T"] {
                assert_eq!(instant(nonsense, &berlin, is_end), None, "{nonsense}");
            }
        }
    }
}
