//! Every metric there is: its name, what it counts and in which unit, and which words may stand in its labels. Nothing is
//! counted under a name that is not here. A label's words are few and ours: never a path, an id or an address. Counters
//! stand at nought from the start, so that their first step is seen.

use metrics::Unit;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::domain::delivery::{DeliveryKind, Lane};
use crate::domain::refund::{DisputeState, RefundState};
use crate::domain::stripe_endpoints::Endpoint;
use crate::domain::stripe_events::UNDERSTOOD;

// Counters.
pub const PREORDERS: &str = "rolitt_preorders_total";
pub const CHECKOUTS: &str = "rolitt_checkouts_total";
pub const PAYMENTS: &str = "rolitt_payments_total";
pub const REFUNDS: &str = "rolitt_refunds_total";
pub const DISPUTES: &str = "rolitt_disputes_total";
pub const WEBHOOKS: &str = "rolitt_webhooks_total";
pub const WEBHOOKS_REFUSED: &str = "rolitt_webhooks_refused_total";
pub const DELIVERIES: &str = "rolitt_deliveries_total";
pub const LEASES_EXPIRED: &str = "rolitt_leases_expired_total";
pub const BREAKER_TRIPS: &str = "rolitt_breaker_trips_total";
pub const QUEUE_REFUSED: &str = "rolitt_provider_queue_refused_total";
pub const RATE_LIMITED: &str = "rolitt_rate_limited_total";
pub const LOG_EVENTS: &str = "rolitt_log_events_total";
pub const PANICS: &str = "rolitt_panics_total";

// Histograms.
pub const HTTP: &str = "rolitt_http_request_seconds";
pub const REDIRECT: &str = "rolitt_redirect_seconds";
pub const WEBHOOK_ARRIVAL: &str = "rolitt_webhook_arrival_seconds";
pub const WEBHOOK_APPLY: &str = "rolitt_webhook_apply_seconds";
pub const PROVIDER_CALL: &str = "rolitt_provider_call_seconds";
pub const QUEUE_WAIT: &str = "rolitt_provider_queue_seconds";
pub const DELIVERY: &str = "rolitt_delivery_seconds";
pub const BEGIN: &str = "rolitt_database_begin_seconds";

// Gauges of this process.
pub const BREAKER: &str = "rolitt_breaker_open";
pub const QUEUE: &str = "rolitt_provider_queue_waiting";
pub const LIVE_PAGES: &str = "rolitt_live_pages";
pub const DATABASE_UP: &str = "rolitt_database_up";
pub const CONNECTIONS: &str = "rolitt_database_connections";
pub const CONNECTIONS_MOST: &str = "rolitt_database_connections_max";
pub const BEGINNING: &str = "rolitt_database_writes_waiting";
pub const BUILD_INFO: &str = "rolitt_build_info";
pub const PROCESS_START: &str = "process_start_time_seconds";
pub const PROCESS_MEMORY: &str = "process_resident_memory_bytes";
pub const PROCESS_FILES: &str = "process_open_fds";

// Gauges of the whole database: every instance tells the same.
pub const OUTBOX: &str = "rolitt_outbox_rows";
pub const OUTBOX_OLDEST: &str = "rolitt_outbox_oldest_seconds";
pub const UNAPPLIED: &str = "rolitt_webhooks_unapplied";
pub const UNAPPLIED_OLDEST: &str = "rolitt_webhooks_unapplied_oldest_seconds";
pub const FAILED_WEBHOOKS: &str = "rolitt_webhooks_failed";
pub const PROMISES: &str = "rolitt_promise_broken";
pub const PROMISES_CHECKED: &str = "rolitt_promises_checked_timestamp_seconds";

/// Bounds of the histograms, in seconds: from a page out of memory to a provider at its limit.
const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// Of events, which Stripe sends again for three days.
const DELAYS: &[f64] = &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 3600.0, 21_600.0, 86_400.0];

/// Says what each is, once, and puts the counters at nought. `None` if metrics were installed before (tests).
pub fn install() -> Option<PrometheusHandle> {
    let delays = [WEBHOOK_ARRIVAL, WEBHOOK_APPLY];
    let builder =
        PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS).ok()?;
    let full = |builder: PrometheusBuilder, name: &str| {
        builder.set_buckets_for_metric(Matcher::Full(name.to_owned()), DELAYS).ok()
    };
    let handle = delays.into_iter().try_fold(builder, full)?.install_recorder().ok()?;
    describe();
    put_at_nought();
    super::process::began();
    Some(handle)
}

fn describe() {
    use metrics::{describe_counter as counter, describe_gauge as gauge, describe_histogram as histogram};
    let (count, seconds) = (Unit::Count, Unit::Seconds);
    counter!(PREORDERS, count, "Preorder forms by result: started (a new lead), found (the same wish again), refused.");
    counter!(
        CHECKOUTS,
        count,
        "Payment pages asked for by a buyer, by result: page, settled (paid already), sold_out, or why there is none: busy (a full queue, an open breaker, or Stripe's own word), no_answer, refused, configuration, failed (our own), left (the buyer did not wait)."
    );
    counter!(
        PAYMENTS,
        count,
        "Tries to pay by what became of them: pending, paid, declined, failed, expired. A try may be declined and then paid."
    );
    counter!(REFUNDS, count, "Refunds by the state that they came to.");
    counter!(DISPUTES, count, "Disputes by the state that they came to.");
    counter!(
        WEBHOOKS,
        count,
        "Stripe's events whose signature was good, by type and result: received, repeated, not_saved (answered 5xx); then applied, ignored, failed."
    );
    counter!(WEBHOOKS_REFUSED, count, "Bodies at the webhook's address that were refused, by reason.");
    counter!(
        DELIVERIES,
        count,
        "Tries of deliveries by kind and outcome: done, pending (to be tried again), dead (given up)."
    );
    counter!(LEASES_EXPIRED, count, "Deliveries taken back from a worker that did not come back.");
    counter!(BREAKER_TRIPS, count, "How often a provider was given up for a while, by lane.");
    counter!(
        QUEUE_REFUSED,
        count,
        "Calls to a provider that were not made because its queue was too long, by endpoint."
    );
    counter!(RATE_LIMITED, count, "Calls refused because their address had made too many.");
    counter!(LOG_EVENTS, count, "Lines logged as a warning or an error, by level.");
    counter!(PANICS, count, "Panics: bugs.");

    histogram!(
        HTTP,
        seconds,
        "Requests by route (a template), method and status class; left: nobody waited for the answer. A form's error that a page without script is redirected for counts as what it was."
    );
    histogram!(
        REDIRECT,
        seconds,
        "The whole of a buyer's request for the payment page, as they wait for it, by result: page, refused (their input), away (503), error, left (they did not wait)."
    );
    histogram!(
        WEBHOOK_ARRIVAL,
        seconds,
        "From when an event was made at Stripe to when it was stored here, first arrivals alone."
    );
    histogram!(WEBHOOK_APPLY, seconds, "From when an event was stored to when it was applied.");
    histogram!(
        PROVIDER_CALL,
        seconds,
        "Calls to providers, by provider, call and outcome: ok, retry, no_answer, refused, configuration."
    );
    histogram!(
        QUEUE_WAIT,
        seconds,
        "How long calls waited for their turn at a provider, by endpoint; those that had to."
    );
    histogram!(DELIVERY, seconds, "Tries of deliveries, by kind.");
    histogram!(BEGIN, seconds, "From wanting to write to a transaction that may.");

    gauge!(
        BREAKER,
        count,
        "1 while a provider is left alone because it does not answer or said so, by lane; 0 once one may ask again. This process."
    );
    gauge!(QUEUE, count, "Calls that wait for their turn at a provider, by endpoint. This process.");
    gauge!(LIVE_PAGES, count, "Open admin pages that listen for changes. This process.");
    gauge!(
        DATABASE_UP,
        count,
        "1 if the database answered this process when last asked, at most some seconds ago, however slow its counts are."
    );
    gauge!(CONNECTIONS, count, "Connections to the database by pool and state: in_use, idle. This process.");
    gauge!(CONNECTIONS_MOST, count, "Connections that a pool may have. This process.");
    gauge!(BEGINNING, count, "Writes that wait for a connection. This process.");
    gauge!(BUILD_INFO, count, "1, with the version of this process.");
    gauge!(PROCESS_START, seconds, "When this process began, since 1970.");
    gauge!(PROCESS_MEMORY, Unit::Bytes, "Memory that this process holds.");
    gauge!(PROCESS_FILES, count, "Files and connections that this process has open.");

    gauge!(
        OUTBOX,
        count,
        "Deliveries that are pending, running or dead, by kind; of pending and dead ones no more than 10001 are counted. Of the whole database: take max over instances, never sum."
    );
    gauge!(
        OUTBOX_OLDEST,
        seconds,
        "Age of the oldest of them, 0 if there is none; of dead ones since they were given up. Of the whole database: take max."
    );
    gauge!(UNAPPLIED, count, "Events stored and not yet applied, no more than 10001. Of the whole database: take max.");
    gauge!(
        UNAPPLIED_OLDEST,
        seconds,
        "Age of the oldest of them, 0 if there is none. Of the whole database: take max."
    );
    gauge!(
        FAILED_WEBHOOKS,
        count,
        "Events that could not be applied and wait for a person, no more than 10001. Of the whole database: take max."
    );
    gauge!(
        PROMISES,
        count,
        "Rows that break one of the nine promises, by its number, when the records were last looked through; not a number before. Of the whole database: take max."
    );
    gauge!(
        PROMISES_CHECKED,
        seconds,
        "When this process last looked through the records, since 1970; absent until it has. Take max over instances."
    );
}

/// Why a body at the webhook's address is refused.
pub const REFUSALS: &[&str] =
    &["missing", "malformed", "out_of_tolerance", "no_match", "too_large", "unreadable", "not_an_event"];
/// What a buyer's request for the payment page may come to; from `busy` on there was none. The alert on checkouts
/// names those that are somebody's fault.
pub const CHECKOUT_RESULTS: &[&str] =
    &["page", "settled", "sold_out", "busy", "no_answer", "refused", "configuration", "failed", "left"];

/// An event's type as a label; those that we do not understand are `other`.
pub fn event(kind: &str) -> &'static str {
    UNDERSTOOD.iter().find(|known| **known == kind).copied().unwrap_or("other")
}

fn put_at_nought() {
    let all = |name: &'static str, label: &'static str, words: &mut dyn Iterator<Item = &'static str>| {
        for word in words {
            metrics::counter!(name, label => word).increment(0);
        }
    };
    let words = |words: &'static [&'static str]| words.iter().copied();
    all(PREORDERS, "result", &mut words(&["started", "found", "refused"]));
    all(CHECKOUTS, "result", &mut words(CHECKOUT_RESULTS));
    all(PAYMENTS, "outcome", &mut words(&["pending", "paid", "declined", "failed", "expired"]));
    all(REFUNDS, "state", &mut RefundState::ALL.iter().map(|state| state.as_str()));
    all(DISPUTES, "state", &mut DisputeState::ALL.iter().map(|state| state.as_str()));
    all(WEBHOOKS_REFUSED, "reason", &mut words(REFUSALS));
    all(BREAKER_TRIPS, "lane", &mut Lane::ALL.iter().map(|lane| lane.as_str()));
    all(QUEUE_REFUSED, "endpoint", &mut Endpoint::ALL.iter().map(|endpoint| endpoint.as_str()));
    all(LOG_EVENTS, "level", &mut words(&["warn", "error"]));
    for event in words(UNDERSTOOD).chain(["other"]) {
        for result in ["received", "repeated", "not_saved", "applied", "ignored", "failed"] {
            metrics::counter!(WEBHOOKS, "event" => event, "result" => result).increment(0);
        }
    }
    for kind in DeliveryKind::ALL {
        for outcome in ["done", "pending", "dead"] {
            metrics::counter!(DELIVERIES, "kind" => kind.as_str(), "outcome" => outcome).increment(0);
        }
    }
    for name in [LEASES_EXPIRED, RATE_LIMITED, PANICS] {
        metrics::counter!(name).increment(0);
    }
    for lane in Lane::ALL {
        metrics::gauge!(BREAKER, "lane" => lane.as_str()).set(0.0);
    }
    for endpoint in Endpoint::ALL {
        metrics::gauge!(QUEUE, "endpoint" => endpoint.as_str()).set(0.0);
    }
    for name in [LIVE_PAGES, BEGINNING] {
        metrics::gauge!(name).set(0.0);
    }
    for promise in ["1", "2", "3", "4", "5", "6", "7", "8", "9"] {
        metrics::gauge!(PROMISES, "promise" => promise).set(f64::NAN);
    }
}
