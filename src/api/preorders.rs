//! The two functions that sell: save the lead, go to the payment page.

// One argument a form field: the names are the contract's.
#![allow(clippy::too_many_arguments)]

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::form::PreorderForm;
use super::{ApiError, context};
use crate::context::Context;
use crate::domain::ids::PreorderId;
use crate::store::preorders::Preorder;
use crate::workflows::initiate_preorder::initiate_preorder as initiate;
use crate::workflows::start_checkout::{Checkout, start_checkout};

/// The answer to a saved lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Initiated {
    pub preorder_id: String,
    pub preorder_number: String,
    pub status: String,
}

/// Saves the lead: the preorder and its deliveries are durable before this answers.
#[server(endpoint = "initiate_preorder", prefix = "/api")]
pub async fn initiate_preorder(
    #[server(default)] email: String,
    #[server(default)] color: String,
    #[server(default)] name: Option<String>,
    #[server(default)] phone: Option<String>,
    #[server(default)] locale: Option<String>,
    #[server(default)] currency: Option<String>,
    #[server(default)] marketing_consent: Option<String>,
    #[server(default)] idempotency_key: Option<String>,
) -> Result<Initiated, ApiError> {
    let form = PreorderForm { email, color, name, phone, locale, currency, marketing_consent, idempotency_key };
    let saved = async { save(&context()?, form).await };
    let preorder = saved.await.map_err(ApiError::answered)?;
    Ok(Initiated {
        preorder_id: preorder.id.to_string(),
        preorder_number: preorder.preorder_number,
        status: preorder.status.to_string(),
    })
}

/// Saves the lead if there is no `preorder_id` yet, and redirects to the payment page: or, if this preorder is paid,
/// to the page that says so.
#[server(endpoint = "handle_checkout", prefix = "/api")]
pub async fn handle_checkout(
    #[server(default)] preorder_id: Option<String>,
    #[server(default)] email: String,
    #[server(default)] color: String,
    #[server(default)] name: Option<String>,
    #[server(default)] phone: Option<String>,
    #[server(default)] locale: Option<String>,
    #[server(default)] currency: Option<String>,
    #[server(default)] marketing_consent: Option<String>,
    #[server(default)] idempotency_key: Option<String>,
) -> Result<(), ApiError> {
    let form = PreorderForm { email, color, name, phone, locale, currency, marketing_consent, idempotency_key };
    let checkout = async {
        let ctx = context()?;
        let id = match preorder_id.filter(|id| !id.trim().is_empty()) {
            Some(id) => parse_id(&id)?,
            None => save(&ctx, form).await?.id,
        };
        Ok((start_checkout(&ctx, &id).await?, id))
    };
    let (checkout, id) = checkout.await.map_err(ApiError::answered)?;
    redirect(&match checkout {
        Checkout::Pay { url } => url,
        Checkout::Settled { session_id: Some(session) } => format!("/preorder/success?session_id={session}"),
        Checkout::Settled { session_id: None } => format!("/preorder/cancel?preorder_id={id}"),
    });
    Ok(())
}

async fn save(ctx: &Context, form: PreorderForm) -> Result<Preorder, ApiError> {
    let shop = ctx.shop().await?;
    let new = form.parse(&shop.catalog)?;
    Ok(initiate(ctx, &new).await?)
}

fn parse_id(text: &str) -> Result<PreorderId, ApiError> {
    let unknown = || ApiError::field("preorder_id", "preorder_id_unknown", "We know no such preorder.");
    text.trim().parse().map_err(|_| unknown())
}

/// 303: whatever was posted, the next request is a GET.
pub(super) fn redirect(location: &str) {
    let Some(response) = use_context::<leptos_axum::ResponseOptions>() else { return };
    if let Ok(value) = http::HeaderValue::from_str(location) {
        response.set_status(http::StatusCode::SEE_OTHER);
        response.insert_header(http::header::LOCATION, value);
    }
}
