//! What people do in the background's room, and the resending of a preorder's messages from its page.

use leptos::prelude::*;

use super::answer::done;
use super::background::kind_label;
use super::require;
use crate::api::{ApiError, context};
use crate::context::Context;
use crate::domain::access::Right;
use crate::domain::delivery::DeliveryKind;
use crate::domain::ids::{DeliveryId, PreorderId};
use crate::store::outbox_acts;
use crate::workflows::{dead_deliveries, deliveries};

const ROOM: &str = "/admin/background";

fn delivery_id(id: &str) -> Result<DeliveryId, ApiError> {
    id.trim().parse().map_err(|_| ApiError::field("id", "delivery_unknown", "There is no such delivery."))
}

fn kind_of(kind: &str) -> Result<DeliveryKind, ApiError> {
    kind.trim().parse().map_err(|_| ApiError::field("kind", "kind_unknown", "There is no such kind of delivery."))
}

/// For the end of a notice: why nothing happens yet.
async fn if_paused(ctx: &Context, kind: Option<DeliveryKind>) -> String {
    let pauses = outbox_acts::pauses(&ctx.db).await.unwrap_or_default();
    let paused: Vec<String> = pauses
        .iter()
        .filter(|pause| kind.is_none_or(|kind| kind == pause.kind))
        .map(|pause| kind_label(pause.kind))
        .collect();
    if paused.is_empty() {
        String::new()
    } else {
        format!(" Paused, and waiting to be resumed: {}.", paused.join(", "))
    }
}

#[server(endpoint = "admin/retry_delivery", prefix = "/api")]
pub async fn retry_delivery(
    #[server(default)] id: String,
    #[server(default)] confirmed: String,
    #[server(default)] back: Option<String>,
) -> Result<(), ApiError> {
    let login = require(Right::Act)?;
    let acted = async {
        let ctx = context()?;
        let id = delivery_id(&id)?;
        let moved = deliveries::retry(&ctx, &login.actor(), &id, !confirmed.is_empty()).await?;
        Ok::<_, ApiError>(
            if moved {
                "Started again.".to_owned()
            } else {
                "It is under way or done already; nothing was started twice.".to_owned()
            } + &if_paused_of(&ctx, &id).await,
        )
    };
    let notice = acted.await.map_err(ApiError::answered)?;
    done(back.as_deref(), ROOM, notice);
    Ok(())
}

async fn if_paused_of(ctx: &Context, id: &DeliveryId) -> String {
    match crate::store::outbox_log::find(&ctx.db, id).await {
        Ok(Some(delivery)) => if_paused(ctx, Some(delivery.kind)).await,
        _ => String::new(),
    }
}

/// Without a kind: all that is dead, but for SMS.
#[server(endpoint = "admin/retry_dead", prefix = "/api")]
pub async fn retry_dead(
    #[server(default)] kind: String,
    #[server(default)] confirmed: String,
    #[server(default)] back: Option<String>,
) -> Result<(), ApiError> {
    let login = require(Right::Act)?;
    let acted = async {
        let ctx = context()?;
        let kind = if kind.trim().is_empty() { None } else { Some(kind_of(&kind)?) };
        let moved = dead_deliveries::retry_dead(&ctx, &login.actor(), kind, !confirmed.is_empty()).await?;
        let sms = if kind.is_none() { " SMS are left: each wants an answer of its own." } else { "" };
        let left = outbox_acts::any_dead(&ctx.db, DeliveryKind::SendSms).await?;
        let said = if moved == 1 {
            "1 delivery started again.".to_owned()
        } else {
            format!("{moved} deliveries started again.")
        };
        Ok::<_, ApiError>(said + if left { sms } else { "" } + &if_paused(&ctx, kind).await)
    };
    let notice = acted.await.map_err(ApiError::answered)?;
    done(back.as_deref(), ROOM, notice);
    Ok(())
}

/// One by its `id`, or all that is dead of a `kind`.
#[server(endpoint = "admin/discard_delivery", prefix = "/api")]
pub async fn discard_delivery(
    #[server(default)] id: String,
    #[server(default)] kind: String,
    #[server(default)] reason: String,
    #[server(default)] back: Option<String>,
) -> Result<(), ApiError> {
    let login = require(Right::Act)?;
    let acted = async {
        let ctx = context()?;
        if id.trim().is_empty() && !kind.trim().is_empty() {
            let count = dead_deliveries::discard_dead(&ctx, &login.actor(), kind_of(&kind)?, &reason).await?;
            return Ok(if count == 1 {
                "1 delivery discarded.".to_owned()
            } else {
                format!("{count} deliveries discarded.")
            });
        }
        let discarded = deliveries::discard(&ctx, &login.actor(), &delivery_id(&id)?, &reason).await?;
        Ok::<_, ApiError>(if discarded {
            "Discarded.".to_owned()
        } else {
            "It is not given up, or was discarded before; nothing was changed.".to_owned()
        })
    };
    let notice = acted.await.map_err(ApiError::answered)?;
    done(back.as_deref(), ROOM, notice);
    Ok(())
}

#[server(endpoint = "admin/pause_kind", prefix = "/api")]
pub async fn pause_kind(
    #[server(default)] kind: String,
    #[server(default)] reason: String,
    #[server(default)] back: Option<String>,
) -> Result<(), ApiError> {
    let login = require(Right::Act)?;
    let acted = async {
        let ctx = context()?;
        let kind = kind_of(&kind)?;
        let paused = deliveries::pause(&ctx, &login.actor(), kind, &reason).await?;
        let label = kind_label(kind);
        Ok::<_, ApiError>(if paused {
            format!("{label} is paused: what is due waits until somebody resumes it.")
        } else {
            format!("{label} was paused already.")
        })
    };
    let notice = acted.await.map_err(ApiError::answered)?;
    done(back.as_deref(), ROOM, notice);
    Ok(())
}

#[server(endpoint = "admin/resume_kind", prefix = "/api")]
pub async fn resume_kind(
    #[server(default)] kind: String,
    #[server(default)] back: Option<String>,
) -> Result<(), ApiError> {
    let login = require(Right::Act)?;
    let acted = async {
        let ctx = context()?;
        let kind = kind_of(&kind)?;
        let resumed = deliveries::resume(&ctx, &login.actor(), kind).await?;
        let label = kind_label(kind);
        Ok::<_, ApiError>(if resumed { format!("{label} goes on.") } else { format!("{label} was not paused.") })
    };
    let notice = acted.await.map_err(ApiError::answered)?;
    done(back.as_deref(), ROOM, notice);
    Ok(())
}

/// One of a preorder's messages, once more.
#[server(endpoint = "admin/resend", prefix = "/api")]
pub async fn resend(
    #[server(default)] preorder_id: String,
    #[server(default)] kind: String,
    #[server(default)] back: Option<String>,
) -> Result<(), ApiError> {
    let login = require(Right::Act)?;
    let acted = async {
        let ctx = context()?;
        let id: PreorderId = preorder_id
            .trim()
            .parse()
            .map_err(|_| ApiError::field("preorder_id", "preorder_unknown", "There is no such preorder."))?;
        let kind = kind_of(&kind)?;
        let sent = deliveries::send_again(&ctx, &login.actor(), &id, kind).await?;
        let label = kind_label(kind);
        let said = if sent {
            format!("{label}: on its way again.")
        } else {
            format!("{label}: nothing to send again. It is on its way already, or was never due.")
        };
        Ok::<_, ApiError>((said + &if_paused(&ctx, Some(kind)).await, format!("/admin/preorders/{id}")))
    };
    let (notice, otherwise) = acted.await.map_err(ApiError::answered)?;
    done(back.as_deref(), &otherwise, notice);
    Ok(())
}
