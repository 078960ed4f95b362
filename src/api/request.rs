//! What `http` learnt of a request before a page or a server function sees it.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use crate::domain::payment::PaymentFailure;

/// Who is logged in, and from where.
#[derive(Clone)]
pub struct Login {
    pub admin: crate::store::admins::Admin,
    /// Network address.
    pub address: Option<String>,
    /// The hash of the session's token: which of the admin's sessions this is.
    pub session: String,
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
    /// The admin's forms alone: which one it was (its function's address), what to say, and what else was typed.
    pub form: String,
    pub message: String,
    pub values: BTreeMap<String, String>,
}

/// What was done, for the page that comes after.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Notice {
    pub text: String,
}

/// Where the viewer's clock stands: what the browser said, or the admin chose.
#[derive(Clone, Debug)]
pub struct Zone(pub TimeZone);

impl Zone {
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// An IANA name, as browsers know it.
    pub fn named(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().map(Self)
    }

    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }
}
