//! The list of preorders: newest first, searched by number or by a part of an address.

use super::require;
use crate::api::{ApiError, context};
use crate::domain::access::Right;
use crate::domain::ids::{PreorderId, PreorderNumber};
use crate::domain::money::Money;
use crate::domain::preorder::{FulfilmentStatus, PaymentStatus, PreorderStatus};
use crate::domain::timestamp::Timestamp;
use crate::store::preorders::{self, Preorder};

const ROWS: i64 = 50;

#[derive(Clone)]
pub struct PreorderRow {
    pub id: String,
    pub number: String,
    pub email: String,
    /// The colour's id.
    pub color: String,
    pub color_name: String,
    pub status: PreorderStatus,
    pub payment_status: PaymentStatus,
    pub fulfilment_status: FulfilmentStatus,
    pub amount: Money,
    pub created_at: Timestamp,
}

pub struct PreorderPage {
    pub rows: Vec<PreorderRow>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
    pub first_page: bool,
}

/// `after` is the `next` of the page before.
pub async fn list_preorders(q: &str, after: Option<&str>) -> Result<PreorderPage, ApiError> {
    require(Right::See)?;
    let ctx = context()?;
    let cursor = after.and_then(read_cursor);
    // PostgreSQL takes no NUL, and no address has one.
    let q = q.trim().replace(char::is_control, "");
    let q = q.as_str();
    let mut found = if q.is_empty() {
        preorders::list(&ctx.db, cursor.clone(), ROWS + 1).await?
    } else {
        let by_number = match PreorderNumber::parse(q) {
            Some(number) => preorders::find_by_number(&ctx.db, &number).await?,
            None => None,
        };
        match by_number {
            Some(preorder) => vec![preorder],
            None => preorders::search_email(&ctx.db, q, cursor.clone(), ROWS + 1).await?,
        }
    };
    let more = found.len() > ROWS as usize;
    found.truncate(ROWS as usize);
    let next = found.last().filter(|_| more).map(|last| format!("{}.{}", last.created_at.millis(), last.id));
    let catalog = ctx.shop().await?.catalog;
    let name = |id: &str| catalog.color(id).map_or_else(|| id.to_owned(), |color| color.name.clone());
    let rows = found.iter().map(|preorder| row(preorder, name(&preorder.color))).collect();
    Ok(PreorderPage { rows, next, first_page: cursor.is_none() })
}

pub fn row(preorder: &Preorder, color_name: String) -> PreorderRow {
    PreorderRow {
        id: preorder.id.to_string(),
        number: preorder.preorder_number.clone(),
        email: preorder.email.clone(),
        color: preorder.color.clone(),
        color_name,
        status: preorder.status,
        payment_status: preorder.payment_status,
        fulfilment_status: preorder.fulfilment_status,
        amount: preorder.price(),
        created_at: preorder.created_at,
    }
}

/// A cursor that can't be read is the first page.
fn read_cursor(text: &str) -> Option<(Timestamp, PreorderId)> {
    let (millis, id) = text.split_once('.')?;
    Some((Timestamp::from_millis(millis.parse().ok()?), id.parse().ok()?))
}
