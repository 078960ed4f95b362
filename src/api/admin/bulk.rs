//! What the list of preorders does with the rows that were ticked. What can't be taken back is looked at first.

use leptos::prelude::*;

use super::answer::{done, page_of_ours};
use super::{fulfil, require};
use crate::api::preorders::redirect;
use crate::api::{ApiError, context};
use crate::context::Context;
use crate::domain::access::{Actor, Right};
use crate::domain::delivery::DeliveryKind;
use crate::domain::ids::PreorderId;
use crate::store::order_lists::{self, OrderListAct};
use crate::store::preorders::Preorder;
use crate::workflows::bulk::resend_each;
use crate::workflows::keep_order_list::{self, ListRow};

/// Rows that are ticked at once.
const MOST: usize = 500;

enum BulkAct {
    /// On to the page where it is looked at.
    Look(OrderListAct),
    Resend(DeliveryKind),
}

impl BulkAct {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "fulfil" => Some(Self::Look(OrderListAct::Fulfil)),
            "cancel" => Some(Self::Look(OrderListAct::Cancel)),
            _ => {
                let kind = word.strip_prefix("resend_")?.parse().ok()?;
                crate::workflows::deliveries::resendable(kind, &PreorderId::from_unique("0"))?;
                Some(Self::Resend(kind))
            }
        }
    }
}

#[server(endpoint = "admin/bulk", prefix = "/api")]
pub async fn bulk(
    #[server(default)] ids: Vec<String>,
    #[server(default)] act: String,
    #[server(default)] back: Option<String>,
) -> Result<(), ApiError> {
    let actor = require(Right::Act)?.actor();
    let begun = async {
        let ctx = context()?;
        let act = BulkAct::parse(&act)
            .ok_or_else(|| ApiError::field("act", "act_unknown", "Choose what to do with them."))?;
        let chosen = chosen(&ctx, &ids).await?;
        match act {
            BulkAct::Look(act) => look(&ctx, &actor, act, &chosen, back.as_deref()).await.map(Err),
            BulkAct::Resend(kind) => resend(&ctx, &actor, kind, &chosen).await.map(Ok),
        }
    };
    match begun.await.map_err(ApiError::answered)? {
        Ok(said) => done(back.as_deref(), "/admin/preorders", said),
        Err(page) => redirect(&page),
    }
    Ok(())
}

/// In the order they were ticked, each once.
async fn chosen(ctx: &Context, ids: &[String]) -> Result<Vec<Preorder>, ApiError> {
    let wrong = |code, message: &str| ApiError::field("ids", code, message);
    if ids.len() > MOST {
        return Err(wrong("too_many", "That is more than 500 at once."));
    }
    let ids: Vec<PreorderId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
    let mut found = order_lists::by_ids(&ctx.db, &ids).await?;
    if found.is_empty() {
        return Err(wrong("none_chosen", "Tick at least one preorder."));
    }
    found.sort_by_key(|preorder| ids.iter().position(|id| *id == preorder.id));
    Ok(found)
}

async fn look(
    ctx: &Context,
    actor: &Actor,
    act: OrderListAct,
    chosen: &[Preorder],
    back: Option<&str>,
) -> Result<String, ApiError> {
    let row =
        |preorder: &Preorder| ListRow { line: 0, number: preorder.preorder_number.clone(), tracking: String::new() };
    let rows: Vec<ListRow> = chosen.iter().map(row).collect();
    let back = page_of_ours(back, "/admin/preorders");
    let id = keep_order_list::keep(ctx, actor, act, &rows, &back).await?;
    Ok(format!("{}?list={id}", fulfil::PAGE))
}

async fn resend(ctx: &Context, actor: &Actor, kind: DeliveryKind, chosen: &[Preorder]) -> Result<String, ApiError> {
    let ids: Vec<PreorderId> = chosen.iter().map(|preorder| preorder.id.clone()).collect();
    let outcomes = resend_each(ctx, actor, kind, &ids).await?;
    // "Not moved" is no success here: there is nothing to send, or it is being sent this moment.
    let told: Vec<_> = chosen
        .iter()
        .zip(outcomes)
        .map(|(preorder, outcome)| match outcome {
            Ok(false) => Err(format!("{} has none to send, or it is on its way.", preorder.preorder_number)),
            other => other,
        })
        .collect();
    Ok(fulfil::said(&told, "sent again"))
}
