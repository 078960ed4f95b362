//! What the storefront's pages read.

use leptos::prelude::use_context;

pub use crate::context::Shop;

use super::{ApiError, TypedForm, context};
use crate::domain::payment::PaymentFailure;

/// The catalogue and the next place in line.
pub async fn shop() -> Result<Shop, ApiError> {
    let ctx = context()?;
    Ok(ctx.shop().await?)
}

/// What a form that failed left behind: shown once, at its fields.
#[derive(Clone, Default)]
pub struct Flash {
    pub email: String,
    pub name: String,
    pub phone: String,
    pub color: String,
    pub currency: String,
    pub number: String,
    pub marketing_consent: bool,
    pub field: Option<String>,
    pub code: String,
    /// In English, for codes that a page has no words for.
    pub message: String,
    pub failure: Option<PaymentFailure>,
    pub request_id: String,
}

pub fn flash() -> Option<Flash> {
    let typed = use_context::<TypedForm>()?;
    Some(Flash {
        message: "Something in this form is not right.".to_owned(),
        email: typed.email,
        name: typed.name,
        phone: typed.phone,
        color: typed.color,
        currency: typed.currency,
        number: typed.number,
        marketing_consent: typed.marketing_consent,
        field: typed.field,
        code: typed.code,
        failure: typed.failure,
        request_id: typed.request_id,
    })
}
