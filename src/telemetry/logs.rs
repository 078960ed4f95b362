//! Logs, to standard error; `RUST_LOG` says how much is written, and nothing else. Every line passes the mask and bears
//! the ids of what it is about, and what some libraries would tell of requests and their headers is never written,
//! whatever `RUST_LOG` says.

use std::fmt;
use std::io::IsTerminal;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{FilterExt, LevelFilter, Targets};
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
    "axum",
    "gcp_auth",
    "h2",
    "hyper",
    "hyper_util",
    "leptos",
    "leptos_axum",
    "leptos_router",
    "multer",
    "opentelemetry",
    "reqwest",
    "rustls",
    "sentry",
    "server_fn",
    "sqlx_core",
    "sqlx_postgres",
    "sqlx_sqlite",
    "stripe",
    "tower",
    "tower_http",
];

/// What `RUST_LOG` asks for. `None` if it can't be read.
fn filter(text: &str) -> Option<EnvFilter> {
    EnvFilter::builder().parse(text).ok()
}

/// The filter is the lines' alone: whoever wants fewer of them is still told by Prometheus and Sentry.
pub fn start(wanted: Option<&str>) {
    let filter = wanted.and_then(filter).unwrap_or_else(|| EnvFilter::new(DEFAULT));
    let lines = tracing_subscriber::fmt::layer()
        .event_format(Line(Format::default().with_ansi(std::io::stderr().is_terminal())))
        .with_writer(std::io::stderr)
        .with_filter(filter.and(caps()));
    let counted = Counted.with_filter(LevelFilter::WARN);
    let to_sentry = ToSentry.with_filter(LevelFilter::ERROR);
    let started = tracing_subscriber::registry().with(lines).with(counted).with(to_sentry).try_init();
    // A second start in one process (tests) keeps the first one's, and its hook.
    if started.is_ok() {
        std::panic::set_hook(Box::new(panicked));
    }
}

/// Only ever less than what was asked for.
fn caps() -> Targets {
    Targets::new()
        .with_default(Level::TRACE)
        .with_targets(CAPPED.iter().map(|target| (*target, Level::INFO)))
        // Statements; what is bound to them is not in them.
        .with_target("sqlx", Level::DEBUG)
}

/// A panic is told with where it was and, of its words, those that stand in our code: what was formatted into them may
/// be anybody's.
fn panicked(panic: &std::panic::PanicHookInfo<'_>) {
    let words = panic.payload().downcast_ref::<&'static str>().copied();
    let formatted = panic.payload().downcast_ref::<String>().map(|text| before_what_is_quoted(text));
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    metrics::counter!(metric::PANICS).increment(1);
    tracing::error!(location, words = words.or(formatted).unwrap_or_default(), "a panic");
}

/// Rust's own panics quote what they met after a colon, or between quotes or backticks: a string that was cut in the
/// middle of a letter stands there whole.
fn before_what_is_quoted(text: &str) -> &str {
    let end = [": ", "`", "\"", "'"].iter().filter_map(|quotes| text.find(quotes)).min();
    text[..end.unwrap_or(text.len())].trim_end()
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
    fn what_a_panic_quotes_is_not_told() {
        let panic = |work: fn()| {
            let payload = std::panic::catch_unwind(work).unwrap_err();
            before_what_is_quoted(payload.downcast_ref::<String>().unwrap()).to_owned()
        };
        for told in [
            panic(|| drop("Kanarié"[..7].to_owned())),
            panic(|| drop("Kanarie"[..70].to_owned())),
            panic(|| {
                let _: u8 = "7".parse::<u8>().map_err(|_| "").and(Err("Kanarie")).unwrap();
            }),
            panic(|| assert_eq!("Kanarie", "bird")),
            panic(|| {
                let _: u8 = "7".parse::<u8>().map_err(|_| "").and(Err("Kanarie")).expect("a bird");
            }),
        ] {
            assert!(!told.to_lowercase().contains("kanari"), "{told}");
        }
    }

    #[test]
    fn a_filter_is_read_as_a_whole_or_not_at_all() {
        for text in ["info", "rolitt=debug,sqlx=warn", "off", "warn,sqlx::query=trace"] {
            assert!(filter(text).is_some(), "{text}");
        }
        assert!(filter(DEFAULT).is_some());
        for text in ["rolitt=loud", "info,rolitt=very=loud", "=", "info,rolitt[=debug"] {
            assert!(filter(text).is_none(), "{text}");
        }
    }

    #[test]
    fn what_libraries_tell_of_requests_is_capped_whatever_is_asked_for() {
        let caps = caps();
        for target in ["h2::codec", "hyper", "hyper_util::client", "reqwest::connect", "sqlx_postgres::connection"] {
            assert!(!caps.would_enable(target, &Level::DEBUG) && caps.would_enable(target, &Level::WARN), "{target}");
        }
        assert!(!caps.would_enable("sqlx::query", &Level::TRACE) && caps.would_enable("sqlx::query", &Level::DEBUG));
        assert!(caps.would_enable("rolitt", &Level::TRACE));
    }
}
