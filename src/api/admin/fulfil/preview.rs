//! What an act would do to each row of a list, before it does: asked anew at every look, so that what was done since
//! shows as done.

use std::collections::{HashMap, HashSet};

use crate::api::ApiError;
use crate::context::Context;
use crate::domain::fulfilment::{FulfilmentError, TrackingNumber};
use crate::domain::ids::{PreorderId, PreorderNumber};
use crate::domain::preorder::{FulfilmentStatus, PaymentStatus, PreorderStatus};
use crate::store::order_lists::{self, OrderListAct};
use crate::store::preorders::Preorder;
use crate::workflows::keep_order_list::ListRow;

#[derive(Clone)]
pub struct PreviewRow {
    pub line: u64,
    pub number: String,
    /// Empty where no preorder has that number.
    pub id: String,
    pub email: String,
    pub color_name: String,
    pub payment_status: Option<PaymentStatus>,
    pub fulfilment_status: Option<FulfilmentStatus>,
    pub tracking: String,
    pub verdict: Verdict,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It will be done.
    Good,
    /// It could be done once its tracking number is typed, with what is wrong about the one there is.
    Asks(Option<String>),
    /// It is so already.
    Done(String),
    /// It will be left out, and why.
    Bad(String),
}

pub async fn preview(ctx: &Context, act: OrderListAct, rows: &[ListRow]) -> Result<Vec<PreviewRow>, ApiError> {
    let numbers: HashSet<String> = rows.iter().map(|row| row.number.clone()).filter(|n| is_number(n)).collect();
    let numbers: Vec<String> = numbers.into_iter().collect();
    let found = order_lists::by_numbers(&ctx.db, &numbers).await?;
    let known: HashMap<&str, &Preorder> = found.iter().map(|p| (p.preorder_number.as_str(), p)).collect();
    let catalog = ctx.shop().await?.catalog;
    let mut seen: HashMap<&str, u64> = HashMap::new();
    let rows = rows.iter().map(|row| {
        let preorder = known.get(row.number.as_str()).copied();
        let earlier = preorder.and_then(|_| seen.insert(&row.number, row.line));
        let verdict = match (preorder, earlier) {
            (None, _) => Verdict::Bad(unknown(&row.number)),
            (Some(_), Some(line)) => {
                seen.insert(&row.number, line);
                Verdict::Bad(format!("is in the list twice: see line {line}"))
            }
            (Some(preorder), None) => match act {
                OrderListAct::Fulfil => fulfil(preorder, row),
                OrderListAct::Cancel => cancel(preorder),
            },
        };
        let color = preorder.map(|p| p.color.as_str()).unwrap_or_default();
        PreviewRow {
            line: row.line,
            number: row.number.clone(),
            id: preorder.map(|p| p.id.to_string()).unwrap_or_default(),
            email: preorder.map(|p| p.email.clone()).unwrap_or_default(),
            color_name: catalog.color(color).map_or_else(|| color.to_owned(), |c| c.name.clone()),
            payment_status: preorder.map(|p| p.payment_status),
            fulfilment_status: preorder.map(|p| p.fulfilment_status),
            tracking: row.tracking.clone(),
            verdict,
        }
    });
    Ok(rows.collect())
}

/// The rows that an act would do something to, in the order of the list, each with what it needs.
pub fn good(rows: &[PreviewRow]) -> Vec<(PreorderId, Option<TrackingNumber>)> {
    let fine = rows.iter().filter(|row| row.verdict == Verdict::Good);
    fine.filter_map(|row| Some((row.id.parse().ok()?, TrackingNumber::parse(&row.tracking).ok()))).collect()
}

fn is_number(text: &str) -> bool {
    PreorderNumber::parse(text).is_some_and(|number| number.as_str() == text)
}

fn unknown(number: &str) -> String {
    if is_number(number) { "no preorder has this number".to_owned() } else { "is not a preorder number".to_owned() }
}

fn fulfil(preorder: &Preorder, row: &ListRow) -> Verdict {
    let tracking = TrackingNumber::parse(&row.tracking);
    match preorder.fulfilment().fulfil() {
        Err(FulfilmentError::Fulfilled) => {
            let known = preorder.tracking_number.as_deref().unwrap_or("no number");
            match tracking {
                Ok(tracking) if tracking.as_str() == known => Verdict::Done("fulfilled with this number".to_owned()),
                _ if row.line == 0 => Verdict::Done(format!("fulfilled with {known}")),
                _ => Verdict::Bad(format!("is fulfilled already, with another number: {known}")),
            }
        }
        Err(error) => Verdict::Bad(error.to_string()),
        Ok(_) => match tracking {
            Ok(_) => Verdict::Good,
            // A row that was chosen from the list gets its number on the page.
            Err(_) if row.line == 0 && row.tracking.is_empty() => Verdict::Asks(None),
            Err(error) if row.line == 0 => Verdict::Asks(Some(error.to_string())),
            Err(error) => Verdict::Bad(lowered(&error.to_string())),
        },
    }
}

fn cancel(preorder: &Preorder) -> Verdict {
    if preorder.status == PreorderStatus::Cancelled {
        return Verdict::Done("cancelled".to_owned());
    }
    match preorder.progress().cancel() {
        Ok(_) => Verdict::Good,
        Err(error) => Verdict::Bad(error.to_string()),
    }
}

/// A sentence as the end of one.
fn lowered(sentence: &str) -> String {
    let mut letters = sentence.trim_end_matches('.').chars();
    letters.next().map(|first| first.to_lowercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}
