//! Clients of outside services. Each speaks one service's HTTP and knows nothing of preorders' rules; what it can't do
//! comes back as a [`ProviderError`] that says whether to try again.

pub mod firebase;
pub mod heard;
pub mod klaviyo;
pub mod payments;
pub mod twilio;

use std::time::{Duration, Instant, SystemTime};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::telemetry::{Kind, Span, mask, metric};

/// What went wrong with a call, by what can be done about it. The message is for the admin: it quotes the provider,
/// shortened, and never holds a key or an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// It did not happen and may work later; the provider may have said when.
    #[error("{message}")]
    Retry { message: String, after: Option<Duration> },
    /// Others of ours are before us, or it was to be left alone just now. It says nothing of the provider.
    #[error("{message}")]
    NotAsked { message: String, after: Duration },
    /// No answer: it may have happened. Repeating is right only where a key makes it harmless.
    #[error("{0}")]
    NoAnswer(String),
    /// It answered that it failed (5xx). It may have happened all the same, or happen yet. `replayed`: it has kept this
    /// answer, and says the same for a day to whoever asks with the same key.
    #[error("{message}")]
    Failed { message: String, after: Option<Duration>, replayed: bool },
    /// With this key it was asked for something else before (a setting has changed since): what came of that is to be
    /// looked for, and another key is needed.
    #[error("{0}")]
    KeyTaken(String),
    /// It will never work as it is: a person must look.
    #[error("{0}")]
    Permanent(String),
    /// What was asked about is not there, or not any more.
    #[error("{0}")]
    Gone(String),
    /// Our key or setting is wrong: it works again when that is put right.
    #[error("{0}")]
    Configuration(String),
}

impl ProviderError {
    pub(crate) fn from_reqwest(service: &str, error: &reqwest::Error) -> Self {
        // The URL may hold an account's id: it is left out.
        if error.is_connect() {
            return Self::Retry { message: format!("{service} can't be reached"), after: None };
        }
        let what = if error.is_timeout() { "did not answer in time" } else { "broke off its answer" };
        Self::NoAnswer(format!("{service} {what}"))
    }

    /// Sorts an answer that is no success.
    pub(crate) fn from_status(service: &str, status: reqwest::StatusCode, after: Option<Duration>, body: &str) -> Self {
        let message = format!("{service} answered {}: {}", status.as_u16(), excerpt(body));
        match status.as_u16() {
            401 | 403 => Self::Configuration(message),
            408 | 409 | 425 | 429 | 500..=599 => Self::Retry { message, after },
            _ => Self::Permanent(message),
        }
    }
}

impl ProviderError {
    /// Whether nothing will come of asking with the same key, while what was asked before may have been done.
    pub const fn key_is_spent(&self) -> bool {
        matches!(self, Self::Failed { replayed: true, .. } | Self::KeyTaken(_))
    }

    /// For metrics.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Retry { .. } => "retry",
            Self::NotAsked { .. } => "not_asked",
            Self::NoAnswer(_) | Self::Failed { .. } => "no_answer",
            Self::KeyTaken(_) | Self::Permanent(_) | Self::Gone(_) => "refused",
            Self::Configuration(_) => "configuration",
        }
    }

    /// For logs: without what the provider said, which may quote what it was sent.
    pub fn in_short(&self) -> &str {
        let (Self::Retry { message, .. }
        | Self::NotAsked { message, .. }
        | Self::NoAnswer(message)
        | Self::Failed { message, .. }
        | Self::KeyTaken(message)
        | Self::Permanent(message)
        | Self::Gone(message)
        | Self::Configuration(message)) = self;
        message.split(": ").next().unwrap_or_default()
    }
}

/// Measures a call to a provider, and tells whoever listens what came of it.
pub(crate) async fn watched<T>(
    provider: &'static str,
    call: &'static str,
    work: impl Future<Output = Result<T, ProviderError>>,
) -> Result<T, ProviderError> {
    let mut span = Span::within(format!("{provider} {call}"), Kind::Client);
    let began = Instant::now();
    let under_way = heard::Call::begin();
    let answer = span.around(work).await;
    let failure = answer.as_ref().err();
    under_way.answered(failure);
    let outcome = failure.map_or("ok", ProviderError::word);
    metrics::histogram!(metric::PROVIDER_CALL, "provider" => provider, "call" => call, "outcome" => outcome)
        .record(began.elapsed().as_secs_f64());
    span.set("rolitt.outcome", outcome);
    if outcome != "ok" {
        span.fail(outcome);
    }
    answer
}

/// As much of an answer as the timeline wants, on one line. Providers quote what they were sent: what looks like an
/// address or a number to call is left out.
pub(crate) fn excerpt(body: &str) -> String {
    let line = body.split_whitespace().collect::<Vec<_>>().join(" ");
    mask(&line).chars().filter(|letter| !letter.is_control()).take(300).collect()
}

/// `Retry-After`, in seconds or as a date.
pub(crate) fn retry_after(response: &reqwest::Response) -> Option<Duration> {
    let text = response.headers().get("retry-after")?.to_str().ok()?;
    wait_said(text.trim(), SystemTime::now().into())
}

fn wait_said(text: &str, now: OffsetDateTime) -> Option<Duration> {
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = OffsetDateTime::parse(text, &Rfc2822).ok()?;
    Some(Duration::try_from(at - now).unwrap_or_default())
}

/// The longest that a connection may take to be made.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);

/// The one way our clients are built: bounded in time, no redirects to places we did not choose.
pub(crate) fn http_client(timeout: Duration) -> Result<reqwest::Client, reqwest::Error> {
    use_ring();
    reqwest::Client::builder()
        .timeout(timeout)
        .connect_timeout(CONNECT_WITHIN.min(timeout))
        .redirect(reqwest::redirect::Policy::none())
        .pool_max_idle_per_host(16)
        .build()
}

/// The one cryptography of the process, for every client: each library would otherwise bring its own.
pub(crate) fn use_ring() {
    // An error says that it was installed before.
    drop(rustls::crypto::ring::default_provider().install_default());
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use time::OffsetDateTime;

    use super::{excerpt, wait_said};

    #[test]
    fn a_wait_is_read_as_seconds_or_as_a_date() {
        let now = OffsetDateTime::from_unix_timestamp(1_445_412_450).unwrap();
        assert_eq!(wait_said("30", now), Some(Duration::from_secs(30)));
        assert_eq!(wait_said("Wed, 21 Oct 2015 07:28:00 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(wait_said("Wed, 21 Oct 2015 07:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(wait_said("soon", now), None);
    }

    #[test]
    fn what_a_provider_quotes_of_a_person_is_left_out() {
        let told = excerpt("Invalid email:  ana@example.com \n The 'To' number +4915123456789 is wrong (code 21211)");
        assert_eq!(told, "Invalid email: … The 'To' number … is wrong (code 21211)");
        assert_eq!(excerpt("<title>\0Bad\u{7} Gateway"), "<title>Bad Gateway");
    }
}
