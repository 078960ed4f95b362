//! The frame around every sandbox page: head, style, navigation, and the escaping of everything that is not ours.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

const STYLE: &str = include_str!("style.css");

/// Text made safe for element content and quoted attributes.
pub fn esc(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(character),
        }
    }
    safe
}

/// A whole page. `title` is plain text, `body` is HTML.
pub fn page(status: u16, title: &str, body: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let title = esc(title);
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\"><meta name=\"color-scheme\" content=\"light dark\">\
         <title>{title}</title><link rel=\"icon\" href=\"data:,\"><style>{STYLE}</style></head><body>{body}</body></html>"
    );
    (status, Html(html)).into_response()
}

/// A page of the sandbox's own rooms, with the way to the others.
pub fn room(title: &str, here: &str, body: &str) -> Response {
    let link = |path: &str, name: &str| {
        let current = if path == here { " aria-current=\"page\"" } else { "" };
        format!("<a href=\"{path}\"{current}>{name}</a>")
    };
    let links =
        [link("/sandbox", "Overview"), link("/sandbox/inbox", "Inbox"), link("/sandbox/faults", "Faults")].concat();
    let body = format!(
        "<header class=\"bar\"><p class=\"mark\">Sandbox</p><nav aria-label=\"Sandbox\">{links}</nav></header>\
         <main class=\"room\"><h1>{}</h1>{body}</main>",
        esc(title)
    );
    page(200, &format!("{title} · Sandbox"), &body)
}

/// A page that says one thing and offers one way on.
pub fn notice(status: u16, title: &str, text: &str, href: &str, label: &str) -> Response {
    let way = if href.is_empty() {
        String::new()
    } else {
        format!("<p><a class=\"button\" href=\"{}\">{}</a></p>", esc(href), esc(label))
    };
    let body = format!(
        "<main class=\"alone card\"><p class=\"tag\">Sandbox · no money moves</p><h1>{}</h1><p>{}</p>{way}</main>",
        esc(title),
        esc(text)
    );
    page(status, title, &body)
}

/// 303 to an address; one that no header can carry is percent-encoded first.
pub fn see_other(address: &str) -> Response {
    let value = HeaderValue::from_str(address)
        .ok()
        .or_else(|| HeaderValue::from_str(url::Url::parse(address).ok()?.as_str()).ok());
    match value {
        Some(value) => (StatusCode::SEE_OTHER, [(header::LOCATION, value)]).into_response(),
        None => notice(200, "Done", "The way back is an address no browser understands.", "", ""),
    }
}

/// The HTML of each item, one after the other.
pub fn each<T>(items: impl IntoIterator<Item = T>, show: impl Fn(T) -> String) -> String {
    items.into_iter().map(show).collect::<Vec<_>>().concat()
}
