//! Many preorders at once, looked at before the act: marking them fulfilled with tracking numbers from a file or typed
//! beside them, and cancelling them.

mod preview;
mod tracking_list;

use leptos::prelude::*;

pub use preview::{PreviewRow, Verdict};

use super::answer::{done, page_of_ours};
use super::require;
use crate::api::preorders::redirect;
use crate::api::{ApiError, context};
use crate::domain::access::{Actor, Right};
use crate::domain::fulfilment::TrackingNumber;
use crate::domain::ids::{OrderListId, PreorderId};
use crate::store::order_lists::{OrderList, OrderListAct};
use crate::workflows::bulk::{Outcome, cancel_each};
use crate::workflows::fulfil_preorder::fulfil_some;
use crate::workflows::keep_order_list::{self, ListRow};

pub const PAGE: &str = "/admin/preorders/fulfil";
/// Rows that share a transaction: quick, and no buyer waits long for their own row.
const AT_ONCE: usize = 50;
/// Reasons that a notice names before it counts.
const NAMED: usize = 3;

pub struct FulfilPage {
    /// None yet: the page asks for one.
    pub list: Option<ListPreview>,
}

pub struct ListPreview {
    pub id: String,
    pub act: OrderListAct,
    pub rows: Vec<PreviewRow>,
    pub back: String,
    /// Whether the rows came from a file, and have lines.
    pub from_file: bool,
}

/// `list` empty: nothing to look at yet.
pub async fn fulfil_page(list: &str) -> Result<FulfilPage, ApiError> {
    let actor = require(Right::Act)?.actor();
    if list.is_empty() {
        return Ok(FulfilPage { list: None });
    }
    let ctx = context()?;
    let (list, rows) = find(&actor, list).await?;
    Ok(FulfilPage {
        list: Some(ListPreview {
            rows: preview::preview(&ctx, list.act, &rows).await?,
            id: list.id.to_string(),
            act: list.act,
            back: page_of_ours(Some(&list.back), "/admin/preorders"),
            from_file: rows.iter().any(|row| row.line > 0),
        }),
    })
}

async fn find(actor: &Actor, id: &str) -> Result<(OrderList, Vec<ListRow>), ApiError> {
    let gone = || ApiError::not_found("That list is gone. Start again.");
    let id: OrderListId = id.parse().map_err(|_| gone())?;
    keep_order_list::find(&context()?, actor, &id).await?.ok_or_else(gone)
}

/// `file` is what was uploaded, `list` what was pasted: the adapter makes fields of both.
#[server(endpoint = "admin/preview_fulfilment", prefix = "/api")]
pub async fn preview_fulfilment(
    #[server(default)] list: String,
    #[server(default)] file: String,
    #[server(default)] back: Option<String>,
) -> Result<(), ApiError> {
    let actor = require(Right::Act)?.actor();
    let kept = async {
        let text = if file.trim().is_empty() { &list } else { &file };
        let rows =
            tracking_list::read(text).map_err(|error| ApiError::field("list", "list_unreadable", error.to_string()))?;
        let back = page_of_ours(back.as_deref(), "/admin/preorders");
        Ok::<_, ApiError>(keep_order_list::keep(&context()?, &actor, OrderListAct::Fulfil, &rows, &back).await?)
    };
    let id = kept.await.map_err(ApiError::answered)?;
    redirect(&format!("{PAGE}?list={id}"));
    Ok(())
}

/// Marks the good rows of a list fulfilled. `numbers` and `trackings`, one beside the other, are what was typed on the
/// page; a row that was left empty waits.
#[server(endpoint = "admin/fulfil_preorders", prefix = "/api")]
pub async fn fulfil_preorders(
    #[server(default)] list: String,
    #[server(default)] numbers: Vec<String>,
    #[server(default)] trackings: Vec<String>,
) -> Result<(), ApiError> {
    let actor = require(Right::Act)?.actor();
    let id = list.clone();
    let fulfilled = async {
        let ctx = context()?;
        let (list, mut rows) = find(&actor, &list).await?;
        let typed: std::collections::HashMap<_, _> = numbers.iter().zip(&trackings).collect();
        if !typed.is_empty() {
            for row in rows.iter_mut().filter(|row| row.line == 0) {
                if let Some(tracking) = typed.get(&row.number) {
                    row.tracking = tracking.trim().chars().take(100).collect();
                }
            }
            keep_order_list::save_rows(&ctx, &list, &rows).await?;
        }
        let rows = preview::preview(&ctx, OrderListAct::Fulfil, &rows).await?;
        let good: Vec<(PreorderId, TrackingNumber)> =
            preview::good(&rows).into_iter().filter_map(|(id, tracking)| Some((id, tracking?))).collect();
        let mut outcomes = Vec::new();
        for some in good.chunks(AT_ONCE) {
            outcomes.extend(fulfil_some(&ctx, &actor, some).await?);
        }
        Ok::<_, ApiError>(outcomes)
    };
    let outcomes = fulfilled.await.map_err(ApiError::answered)?;
    done(None, &format!("{PAGE}?list={id}"), said(&outcomes, "marked fulfilled"));
    Ok(())
}

/// Cancels what can be cancelled of a list that was looked at.
#[server(endpoint = "admin/cancel_preorders", prefix = "/api")]
pub async fn cancel_preorders(#[server(default)] list: String) -> Result<(), ApiError> {
    let actor = require(Right::Act)?.actor();
    let cancelled = async {
        let ctx = context()?;
        let (list, rows) = find(&actor, &list).await?;
        let rows = preview::preview(&ctx, OrderListAct::Cancel, &rows).await?;
        let ids: Vec<PreorderId> = preview::good(&rows).into_iter().map(|(id, _)| id).collect();
        let mut outcomes = cancel_each(&ctx, &actor, &ids).await?;
        outcomes.extend(rows.iter().filter_map(|row| match &row.verdict {
            Verdict::Bad(why) => Some(Err(format!("{} {why}.", row.number))),
            _ => None,
        }));
        Ok::<_, ApiError>((outcomes, list.back))
    };
    let (outcomes, back) = cancelled.await.map_err(ApiError::answered)?;
    done(Some(&back), "/admin/preorders", said(&outcomes, "cancelled"));
    Ok(())
}

/// “31 cancelled. 2 were not: ROL-… is paid. …”
pub fn said(outcomes: &[Outcome], what: &str) -> String {
    let moved = outcomes.iter().filter(|outcome| **outcome == Ok(true)).count();
    let already = outcomes.iter().filter(|outcome| **outcome == Ok(false)).count();
    let refused: Vec<&str> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err().map(String::as_str)).collect();
    let mut said = vec![if moved == 0 { format!("Nothing was {what}.") } else { format!("{moved} {what}.") }];
    if already > 0 {
        said.push(format!("{already} {} so already.", were(already)));
    }
    if !refused.is_empty() {
        let named = refused[..refused.len().min(NAMED)].join(" ");
        said.push(format!("{} {} not: {named}", refused.len(), were(refused.len())));
    }
    if refused.len() > NAMED {
        said.push(format!("And {} more.", refused.len() - NAMED));
    }
    said.join(" ")
}

const fn were(count: usize) -> &'static str {
    if count == 1 { "was" } else { "were" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_said_with_what_was_not_and_why() {
        let refused = |number: &str| Err(format!("{number} is paid."));
        let outcomes = [Ok(true), Ok(true), Ok(false), refused("ROL-A")];
        assert_eq!(said(&outcomes, "cancelled"), "2 cancelled. 1 was so already. 1 was not: ROL-A is paid.");
        assert_eq!(said(&[], "cancelled"), "Nothing was cancelled.");
        let many: Vec<_> = (0..5).map(|n| refused(&n.to_string())).collect();
        assert!(said(&many, "cancelled").ends_with("2 is paid. And 2 more."));
    }
}
