//! The inbox as a page: all lists in one stream, newest first, each entry a line that opens to its whole content.

use axum::response::Response;
use serde_json::Value;

use super::inbox::TRAYS;
use super::layout::{esc, room};

const SHOWN: usize = 200;

fn name(tray: &str) -> &str {
    match tray {
        "klaviyo" => "Klaviyo",
        "firebase" => "Firebase",
        "sms" => "SMS",
        "stripe_requests" => "Stripe requests",
        _ => "Webhooks",
    }
}

pub fn view(chosen: Option<&str>, trays: Vec<(&str, Vec<Value>)>) -> Response {
    let mut stream: Vec<(&str, Value)> =
        trays.into_iter().flat_map(|(tray, entries)| entries.into_iter().map(move |entry| (tray, entry))).collect();
    stream.sort_by(|(_, one), (_, other)| when(other).cmp(when(one)));
    stream.truncate(SHOWN);
    let link = |service: Option<&str>, label: &str| {
        let current = if chosen == service { " aria-current=\"page\"" } else { "" };
        let href =
            service.map_or_else(|| "/sandbox/inbox".to_owned(), |service| format!("/sandbox/inbox?service={service}"));
        format!("<a class=\"button\" href=\"{href}\"{current}>{label}</a>")
    };
    let filter: String =
        std::iter::once(link(None, "All")).chain(TRAYS.iter().map(|tray| link(Some(tray), name(tray)))).collect();
    let entries: String = stream.iter().map(|(tray, item)| entry(tray, item)).collect();
    let entries = if entries.is_empty() {
        "<p class=\"soft\">Nothing has arrived yet. Order something, and look again.</p>".to_owned()
    } else {
        entries
    };
    let body = format!(
        "<nav class=\"filter\" aria-label=\"Service\">{filter}</nav><div class=\"card\">{entries}</div>\
         <form method=\"post\" action=\"/sandbox/inbox\"><p><button name=\"act\" value=\"clear\">Empty the inbox</button> \
         <a href=\"/sandbox/inbox.json\">As JSON</a></p></form>"
    );
    room("Inbox", "/sandbox/inbox", &body)
}

fn when(entry: &Value) -> &str {
    entry["received_at"].as_str().unwrap_or_default()
}

fn text<'a>(entry: &'a Value, field: &str) -> &'a str {
    entry[field].as_str().unwrap_or_default()
}

/// One entry: who, what, how it went, when.
fn entry(tray: &str, entry: &Value) -> String {
    let (headline, state, class) = match tray {
        "klaviyo" if entry["metric"].is_string() => {
            let duplicate = entry["duplicate"] == true;
            (
                format!("{} · {}", text(entry, "metric"), text(entry, "profile")),
                if duplicate { "duplicate, dropped" } else { "accepted" }.to_owned(),
                if duplicate { "wait" } else { "ok" },
            )
        }
        "klaviyo" => ("Refused event".to_owned(), text(entry, "refused").to_owned(), "bad"),
        "firebase" => {
            let error = text(entry, "error");
            let who = if text(entry, "email").is_empty() { text(entry, "localId") } else { text(entry, "email") };
            (
                format!("{} · {who}", text(entry, "action")),
                if error.is_empty() { "done" } else { error }.to_owned(),
                if error.is_empty() { "ok" } else { "bad" },
            )
        }
        "sms" => {
            let refused = text(&entry["error"], "message");
            (
                format!("to {}: {}", text(entry, "to"), text(entry, "body")),
                if refused.is_empty() { "queued" } else { refused }.to_owned(),
                if refused.is_empty() { "ok" } else { "bad" },
            )
        }
        "stripe_requests" => {
            let status = entry["status"].as_u64();
            let fault = text(entry, "fault");
            let state = match (status, fault) {
                (Some(status), "") => status.to_string(),
                (Some(status), fault) => format!("{status}, {fault}"),
                (None, fault) => fault.to_owned(),
            };
            let class = if fault.is_empty() && status.is_some_and(|status| status < 400) { "ok" } else { "bad" };
            (format!("{} {}", text(entry, "method"), text(entry, "path")), state, class)
        }
        _ => {
            let tries = entry["attempts"].as_array().map_or(0, Vec::len);
            let class = match text(entry, "state") {
                "delivered" => "ok",
                "waiting" | "sending" => "wait",
                _ => "bad",
            };
            let status = entry["status"].as_u64().map(|status| format!(" {status}")).unwrap_or_default();
            (
                text(entry, "type").to_owned(),
                format!(
                    "{}{status}, {tries} {}",
                    text(entry, "state"),
                    if tries == 1 { "attempt" } else { "attempts" }
                ),
                class,
            )
        }
    };
    let sign = match class {
        "ok" => "✓",
        "wait" => "…",
        _ => "✕",
    };
    let resend = if tray == "webhooks" {
        format!(
            "<form method=\"post\" action=\"/sandbox/inbox\"><input type=\"hidden\" name=\"event_id\" value=\"{}\">\
             <button name=\"act\" value=\"resend\">Send again</button></form>",
            esc(text(entry, "event_id"))
        )
    } else {
        String::new()
    };
    let whole = serde_json::to_string_pretty(entry).unwrap_or_default();
    format!(
        "<details class=\"entry\"><summary><strong>{}</strong><span>{}</span><span class=\"{class}\">{sign} {}</span>\
         <span class=\"soft\">{}</span></summary><pre tabindex=\"0\">{}</pre>{resend}</details>",
        name(tray),
        esc(&headline),
        esc(&state),
        esc(when(entry)),
        esc(&whole)
    )
}
