//! The filtered list as CSV: the same rows in the same order, read a thousand at a time with nothing held in between.
//! A cell that a spreadsheet would run as a formula begins with an apostrophe.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::fmt::strtime;

use super::list::{color_name, language, masked};
use super::query::ListQuery;
use crate::api::{ApiError, Login, Zone};
use crate::context::Context;
use crate::domain::catalog::Catalog;
use crate::domain::money::Money;
use crate::domain::timestamp::Timestamp;
use crate::store::StoreResult;
use crate::store::preorder_search::{Cursor, Listed, Place, PreorderList};
use crate::workflows::export_preorders::record_export;

/// Rows of a piece; a test has fewer and several pieces all the same.
const ROWS: usize = if cfg!(test) { 64 } else { 1_000 };
/// Excel takes a file without it for one of its own code page.
const BYTE_ORDER_MARK: &str = "\u{feff}";

const HEADER: [&str; 25] = [
    "Number",
    "E-mail",
    "Name",
    "Phone",
    "Colour",
    "Status",
    "Payment",
    "Fulfilment",
    "Amount",
    "Currency",
    "Country",
    "Language",
    "Started",
    "Paid",
    "Fulfilled",
    "Cancelled",
    "Last change",
    "Tracking number",
    "Ships to",
    "Wants news",
    "Session",
    "Payment intent",
    "Firebase user",
    "Colour id",
    "Id",
];

/// An export under way: the next piece is asked for with `next`.
pub struct Export {
    ctx: Context,
    list: PreorderList,
    query: ListQuery,
    catalog: Arc<Catalog>,
    zone: Zone,
    sees_addresses: bool,
    place: Option<Place>,
}

/// Writes down who exports what, and makes ready. Days in the filter are the viewer's; times are written in `zone`.
pub async fn open_export(
    ctx: &Context,
    login: &Login,
    query: &str,
    viewer: &Zone,
    zone: Zone,
) -> Result<Export, ApiError> {
    let catalog = ctx.shop().await?.catalog;
    let query = ListQuery::parse(query, &catalog);
    let list = PreorderList::open(&ctx.db, query.filter(viewer), query.order).await?;
    record_export(ctx, &login.actor(), &query.pairs()).await?;
    let sees_addresses = login.admin.role.sees_addresses();
    Ok(Export { ctx: ctx.clone(), list, query, catalog, zone, sees_addresses, place: Some(Place::Start) })
}

impl Export {
    /// The next piece of the file; `None` at its end.
    pub async fn next(&mut self) -> StoreResult<Option<Vec<u8>>> {
        let Some(place) = self.place.take() else { return Ok(None) };
        let rows = self.list.page(&self.ctx.db, &place, ROWS as i64).await?;
        if rows.len() == ROWS {
            self.place = rows.last().map(|last| Place::After(Cursor::of(last, self.query.order.by)));
        }
        let mut piece = Vec::new();
        if place == Place::Start {
            piece.extend_from_slice(BYTE_ORDER_MARK.as_bytes());
        }
        let mut lines = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(&mut piece);
        // Writing into memory does not fail.
        if place == Place::Start {
            let _ = lines.write_record(HEADER);
        }
        for row in rows {
            let _ = lines.write_record(self.cells(row).iter().map(|cell| harmless(cell).into_owned()));
        }
        let _ = lines.flush();
        drop(lines);
        Ok(Some(piece))
    }

    fn cells(&self, row: Listed) -> [String; 25] {
        let row = if self.sees_addresses { row } else { masked(row) };
        let at = |instant: Option<Timestamp>| instant.map(|at| written(at, &self.zone)).unwrap_or_default();
        [
            row.preorder_number,
            row.email,
            row.name.unwrap_or_default(),
            row.phone.unwrap_or_default(),
            color_name(&self.catalog, &row.color),
            row.status.to_string(),
            row.payment_status.to_string(),
            row.fulfilment_status.to_string(),
            Money::new(row.amount_minor, row.currency).decimal(),
            row.currency.as_str().to_uppercase(),
            row.country.unwrap_or_default(),
            language(row.locale).to_owned(),
            at(Some(row.created_at)),
            at(row.paid_at),
            at(row.fulfilled_at),
            at(row.cancelled_at),
            at(Some(row.updated_at)),
            row.tracking_number.unwrap_or_default(),
            row.shipping_address.unwrap_or_default(),
            if row.marketing_consent { "yes" } else { "no" }.to_owned(),
            row.session_id.unwrap_or_default(),
            row.payment_intent_id.unwrap_or_default(),
            row.user_id.unwrap_or_default(),
            row.color,
            row.id.to_string(),
        ]
    }
}

/// `2026-11-20T14:42:11+01:00`
fn written(at: Timestamp, zone: &Zone) -> String {
    let instant = jiff::Timestamp::from_millisecond(at.millis()).ok();
    let instant = instant.map(|instant| instant.to_zoned(zone.0.clone()));
    instant.and_then(|zoned| strtime::format("%Y-%m-%dT%H:%M:%S%:z", &zoned).ok()).unwrap_or_default()
}

/// Spreadsheets run what begins with one of these.
fn harmless(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for cell in ["=1+1", "+49151", "-2", "@SUM(A1)", "\tx", "\rx"] {
            assert_eq!(harmless(cell), format!("'{cell}"));
        }
        assert_eq!(harmless("ana@example.com"), "ana@example.com");
    }

    #[test]
    fn a_time_is_written_with_its_offset() {
        let berlin = Zone::named("Europe/Berlin").unwrap_or_else(Zone::utc);
        assert_eq!(written(Timestamp::from_millis(1_795_182_131_084), &berlin), "2026-11-20T14:42:11+01:00");
        assert_eq!(written(Timestamp::from_millis(1_795_182_131_084), &Zone::utc()), "2026-11-20T13:42:11+00:00");
    }
}
