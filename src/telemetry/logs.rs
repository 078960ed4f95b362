//! Logs, to standard error; `RUST_LOG` says how much. Every line passes the mask and bears the ids of what it is about,
//! and what some libraries would tell of requests and their headers is never written, whatever `RUST_LOG` says.

use std::fmt;
use std::io::IsTerminal;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{Format, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use super::errors::ToSentry;
use super::mask::mask;
use super::{metric, trace};

/// Where nobody has said anything.
const DEFAULT: &str = "info,sqlx=warn";
/// Libraries that below this would write headers, bodies or queries: what buyers typed, cookies, keys.
const CAPPED: &[&str] = &[
    "h2=info",
    "hyper=info",
    "hyper_util=info",
    "reqwest=info",
    "rustls=info",
    "gcp_auth=info",
    "leptos=info",
    "leptos_axum=info",
    "leptos_router=info",
    "server_fn=info",
    "sqlx=debug", // statements; what is bound to them is not in them
    "sqlx_core=info",
    "sqlx_postgres=info",
    "sqlx_sqlite=info",
    "stripe=info",
    "tower=info",
    "tower_http=info",
    "multer=info",
    "opentelemetry=info",
    "sentry=info",
    "axum=info",
];

pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    let lines = tracing_subscriber::fmt::layer()
        .event_format(Line(Format::default().with_ansi(std::io::stderr().is_terminal())))
        .with_writer(std::io::stderr);
    let started =
        tracing_subscriber::registry().with(capped(filter)).with(lines).with(Counted).with(ToSentry).try_init();
    // A second start in one process (tests) keeps the first one's, and its hook.
    if started.is_ok() {
        std::panic::set_hook(Box::new(panicked));
    }
}

fn capped(filter: EnvFilter) -> EnvFilter {
    let asked = filter.to_string();
    CAPPED.iter().fold(filter, |filter, cap| {
        // Who asks for less than the cap gets less.
        let target = cap.split('=').next().unwrap_or(cap);
        let asked_for_less = asked
            .split(',')
            .any(|one| one.strip_prefix(target).is_some_and(|rest| ["=off", "=error", "=warn"].contains(&rest)));
        match cap.parse() {
            Ok(directive) if !asked_for_less => filter.add_directive(directive),
            _ => filter,
        }
    })
}

/// A panic is told with where it was and, of its words, those that stand in our code: what was formatted into them may
/// be anybody's.
fn panicked(panic: &std::panic::PanicHookInfo<'_>) {
    let words = panic.payload().downcast_ref::<&'static str>().copied();
    let formatted = panic.payload().downcast_ref::<String>().and_then(|text| text.split(": ").next());
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    metrics::counter!(metric::PANICS).increment(1);
    tracing::error!(location, words = words.or(formatted).unwrap_or_default(), "a panic");
}

struct Line(Format);

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, ctx: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = String::new();
        self.0.format_event(ctx, Writer::new(&mut line), event)?;
        writer.write_str(&mask(line.trim_end_matches('\n')))?;
        let ids = trace::with_current(|scope| {
            if let Some(request) = &scope.request_id {
                write!(writer, " request_id={request}")?;
            }
            write!(writer, " trace_id={}", scope.trace_id())
        });
        ids.unwrap_or(Ok(()))?;
        writeln!(writer)
    }
}

/// How many warnings and errors there are.
struct Counted;

impl<S: Subscriber> Layer<S> for Counted {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let level = match *event.metadata().level() {
            Level::ERROR => "error",
            Level::WARN => "warn",
            _ => return,
        };
        metrics::counter!(metric::LOG_EVENTS, "level" => level).increment(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libraries_tell_of_requests_is_capped_whatever_is_asked_for() {
        let filter = capped(EnvFilter::new("trace,h2=trace,hyper=error")).to_string();
        assert!(filter.contains("h2=info") && !filter.contains("h2=trace"), "{filter}");
        assert!(filter.contains("hyper=error") && !filter.contains("hyper=info"), "{filter}");
        assert!(filter.contains("sqlx=debug") && filter.contains("trace"), "{filter}");
        assert!(CAPPED.iter().all(|cap| cap.parse::<tracing_subscriber::filter::Directive>().is_ok()));
    }
}
