//! The two functions that sell: save the lead, go to the payment page.

// One argument a form field: the names are the contract's.
#![allow(clippy::too_many_arguments)]

use cookie::{Cookie, SameSite};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::cookies::{cookie_of, set_cookie};
use super::form::PreorderForm;
use super::{ApiError, context};
use crate::context::Context;
use crate::domain::ids::PreorderId;
use crate::domain::preorder::NewPreorder;
use crate::store::preorders::Preorder;
use crate::workflows::initiate_preorder::{initiate_preorder as initiate, paid_just_now};
use crate::workflows::start_checkout::{Checkout, start_checkout};

/// The preorder that a browser went to pay for last.
const LAST_ORDER: &str = "rolitt_order";

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
        let id = if let Some(id) = preorder_id.filter(|id| !id.trim().is_empty()) {
            parse_id(&id)?
        } else {
            let new = form.parse(&ctx.shop().await?.catalog)?;
            let own = last_order();
            match pressed_again(&ctx, &new, own.as_ref()).await? {
                Some(paid) => paid.id,
                None => initiate(&ctx, &new, own.as_ref()).await?.id,
            }
        };
        Ok((start_checkout(&ctx, &id).await?, id))
    };
    let (checkout, id) = checkout.await.map_err(ApiError::answered)?;
    remember(&id);
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
    Ok(initiate(ctx, &new, None).await?)
}

/// The preorder that this browser went to pay for last.
fn last_order() -> Option<PreorderId> {
    let parts = use_context::<http::request::Parts>()?;
    cookie_of(&parts.headers, LAST_ORDER)?.parse().ok()
}

/// That one, if this form is the same and it is paid by now.
async fn pressed_again(
    ctx: &Context,
    new: &NewPreorder,
    own: Option<&PreorderId>,
) -> Result<Option<Preorder>, ApiError> {
    match own {
        Some(id) => Ok(paid_just_now(ctx, id, new).await?),
        None => Ok(None),
    }
}

/// Only what this function itself needs, and only for a while.
fn remember(id: &PreorderId) {
    let secure = !super::is_development();
    set_cookie(
        &Cookie::build((LAST_ORDER, id.to_string()))
            .path("/api/handle_checkout")
            .http_only(true)
            .secure(secure)
            .same_site(SameSite::Lax)
            .max_age(cookie::time::Duration::hours(1))
            .build(),
    );
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
