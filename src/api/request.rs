//! What `http` learnt of a request before a page or a server function sees it.

use crate::domain::payment::PaymentFailure;

/// Who is logged in, and the token that says so.
#[derive(Clone)]
pub struct Login {
    pub admin: crate::store::admins::Admin,
}

/// What a form that failed left behind for the page that shows it again.
#[derive(Clone, Default, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
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
    pub failure: Option<PaymentFailure>,
    pub request_id: String,
}
