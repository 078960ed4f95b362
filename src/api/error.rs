//! The error that leaves the house: small, serializable, and silent about the inside. The cause is logged here, once,
//! where it is turned into words.

use leptos::prelude::use_context;
use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use leptos_axum::ResponseOptions;
use serde::{Deserialize, Serialize};

use crate::domain::lockout;
use crate::domain::payment::PaymentFailure;
use crate::providers::ProviderError;
use crate::store::StoreError;
use crate::workflows::WorkflowError;

/// `{"error":{"code","message","field","failure","request_id"}}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(from = "Wire", into = "Wire")]
#[error("{message}")]
pub struct ApiError {
    /// A word for programs, such as `email_invalid`.
    pub code: String,
    /// A sentence for people, in English; pages say it in theirs by the code.
    pub message: String,
    /// The form's field that it is about.
    pub field: Option<String>,
    /// What kind of failure a buyer would call it.
    pub failure: Option<PaymentFailure>,
    pub request_id: Option<String>,
    status: u16,
    retry_after: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct Wire {
    error: WireError,
}

#[derive(Serialize, Deserialize)]
struct WireError {
    code: String,
    message: String,
    field: Option<String>,
    failure: Option<PaymentFailure>,
    request_id: Option<String>,
}

impl From<ApiError> for Wire {
    fn from(e: ApiError) -> Self {
        let ApiError { code, message, field, failure, request_id, .. } = e;
        Self { error: WireError { code, message, field, failure, request_id } }
    }
}

impl From<Wire> for ApiError {
    fn from(Wire { error }: Wire) -> Self {
        let WireError { code, message, field, failure, request_id } = error;
        Self { code, message, field, failure, request_id, status: 500, retry_after: None }
    }
}

/// How long a caller is asked to wait when somebody we need is away.
const AWAY_RETRY_AFTER: u64 = 5;

impl ApiError {
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            field: None,
            failure: None,
            request_id: crate::telemetry::request_id(),
            status,
            retry_after: None,
        }
    }

    /// Bad input: 422, at the field.
    pub fn field(field: &str, code: &str, message: impl Into<String>) -> Self {
        Self { field: Some(field.to_owned()), ..Self::new(422, code, message) }
    }

    pub fn internal() -> Self {
        let error = Self::new(500, "internal", "Something went wrong on our side. Nothing was lost; please try again.");
        Self { failure: Some(PaymentFailure::Unknown), ..error }
    }

    pub fn not_found(message: &str) -> Self {
        Self::new(404, "not_found", message)
    }

    pub fn unauthorized() -> Self {
        Self::new(401, "unauthorized", "Sign in first.")
    }

    pub fn forbidden() -> Self {
        Self::new(403, "forbidden", "Your role does not allow this. Ask an owner.")
    }

    /// The same words for an account that is locked and for an address that has none.
    fn locked(rest: std::time::Duration) -> Self {
        let minutes = lockout::in_minutes(rest).max(1);
        let unit = if minutes == 1 { "minute" } else { "minutes" };
        let error = Self::new(429, "locked_out", format!("Too many attempts. Try again in {minutes} {unit}."));
        Self { retry_after: Some(rest.as_secs().max(1)), ..error }
    }

    fn away(code: &str, message: &str, failure: PaymentFailure) -> Self {
        let error = Self::new(503, code, message);
        Self { failure: Some(failure), retry_after: Some(AWAY_RETRY_AFTER), ..error }
    }

    /// A row of slow answers from those we need.
    pub fn too_slow() -> Self {
        let message =
            "We are too slow this minute. Please try again in a moment; nothing is lost, and nobody pays twice.";
        Self::away("too_slow", message, PaymentFailure::Busy)
    }

    pub const fn status(&self) -> u16 {
        self.status
    }

    pub const fn retry_after(&self) -> Option<u64> {
        self.retry_after
    }

    /// Gives this error's status to the answer of the server function that returns it.
    #[must_use]
    pub fn answered(self) -> Self {
        if let Some(response) = use_context::<ResponseOptions>() {
            response
                .set_status(http::StatusCode::from_u16(self.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR));
            if let Some(seconds) = self.retry_after {
                response.insert_header(http::header::RETRY_AFTER, http::HeaderValue::from(seconds));
            }
        }
        self
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store failed");
        match error {
            StoreError::Away(_) => {
                super::noticed::away();
                Self::away(
                    "database_away",
                    "We can't save anything this minute. Please try again in a moment.",
                    PaymentFailure::Busy,
                )
            }
            _ => Self::internal(),
        }
    }
}

impl From<WorkflowError> for ApiError {
    fn from(error: WorkflowError) -> Self {
        match error {
            WorkflowError::Store(error) => error.into(),
            WorkflowError::Provider(error) => error.into(),
            WorkflowError::NoSuchPreorder => Self::not_found("We know no such preorder."),
            WorkflowError::SoldOut => Self::field("color", "color_sold_out", "That colour is sold out."),
            WorkflowError::KeyReused => Self::field(
                "idempotency_key",
                "idempotency_key_reused",
                "This idempotency key was used with other details before.",
            ),
            WorkflowError::WrongPassword => {
                let message = "That e-mail address and password do not go together.";
                Self { field: Some("password".to_owned()), ..Self::new(401, "wrong_password", message) }
            }
            WorkflowError::Locked { rest } => Self::locked(rest),
            WorkflowError::Forbidden => Self::forbidden(),
            WorkflowError::NeedsOwner(message) => {
                Self { field: Some("amount".to_owned()), ..Self::new(403, "owner_needed", message) }
            }
            WorkflowError::Refused { field, code, message } => Self::field(field, code, message),
            WorkflowError::Odd(problem) => {
                tracing::error!(problem, "a workflow met what should not be");
                Self::internal()
            }
        }
    }
}

impl From<ProviderError> for ApiError {
    fn from(error: ProviderError) -> Self {
        tracing::warn!(error = error.in_short(), "a provider failed");
        let after = match &error {
            ProviderError::Retry { after, .. } | ProviderError::Failed { after, .. } => *after,
            ProviderError::NotAsked { after, .. } => Some(*after),
            _ => None,
        };
        match error {
            ProviderError::Retry { .. }
            | ProviderError::NotAsked { .. }
            | ProviderError::KeyTaken(_)
            | ProviderError::Failed { after: Some(_), .. } => {
                let failure = Self::away(
                    "provider_busy",
                    "The payment page is busy. Your details are saved; please try again in a moment.",
                    PaymentFailure::Busy,
                );
                Self { retry_after: after.map(in_seconds).or(failure.retry_after), ..failure }
            }
            ProviderError::NoAnswer(_) | ProviderError::Failed { .. } => Self::away(
                "provider_away",
                "We could not reach the payment page. Your details are saved and nothing was charged.",
                PaymentFailure::Network,
            ),
            ProviderError::Permanent(_) | ProviderError::Gone(_) | ProviderError::Configuration(_) => Self::away(
                "provider_configuration",
                "Payment is not set up correctly on our side. Your details are saved; we are looking into it.",
                PaymentFailure::Configuration,
            ),
        }
    }
}

/// To the next whole second: who comes back then does not come too early.
fn in_seconds(wait: std::time::Duration) -> u64 {
    u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX).max(1)
}

/// What goes wrong before a server function's body: arguments that can't be read.
impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        // Its words may quote what was typed.
        let kind = match &error {
            ServerFnErrorErr::Args(_) => "arguments",
            ServerFnErrorErr::MissingArg(_) => "a missing argument",
            ServerFnErrorErr::Deserialization(_) => "deserialization",
            _ => "other",
        };
        tracing::debug!(kind, "a server function could not be called");
        let fault = match error {
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) | ServerFnErrorErr::Deserialization(_) => {
                Self::new(422, "invalid_request", "The form could not be read.")
            }
            _ => Self::internal(),
        };
        fault.answered()
    }
}

/// For `http`, which sees errors as they leave.
impl ApiError {
    #[must_use]
    pub fn with_status(self, status: u16, retry_after: Option<u64>) -> Self {
        Self { status, retry_after: retry_after.or(self.retry_after), ..self }
    }

    #[must_use]
    pub fn with_request_id(self) -> Self {
        Self { request_id: self.request_id.or_else(crate::telemetry::request_id), ..self }
    }

    #[must_use]
    pub fn busy_for(self, seconds: u64) -> Self {
        Self { failure: Some(PaymentFailure::Busy), retry_after: Some(seconds), ..self }
    }
}
