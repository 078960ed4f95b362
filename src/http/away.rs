//! Pages while the database is away: 503, when to come back, and our words; never a page that looks fine, or half of one.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};

use crate::api::notice;
use crate::app::words_while_away;
use crate::domain::locale::Locale;
use crate::telemetry;

/// Bytes of a page. The largest is the admin's list.
const LARGEST: usize = 8 * 1024 * 1024;
/// Seconds.
const COME_BACK: HeaderValue = HeaderValue::from_static("5");

pub async fn tell(request: Request, next: Next) -> Response {
    let locale = locale_of(request.uri().path());
    let rendered = async {
        let response = next.run(request).await;
        if !is_page(&response) {
            return Ok(response);
        }
        let (parts, body) = response.into_parts();
        // A page is sent as a stream: what goes wrong in it goes wrong while it is read.
        to_bytes(body, LARGEST).await.map(|whole| Response::from_parts(parts, Body::from(whole)))
    };
    let (response, away) = notice(rendered).await;
    match response {
        Ok(response) if !away || !is_page(&response) => response,
        Ok(response) => honest(response, locale).await,
        Err(error) => {
            tracing::error!(%error, "a page broke off");
            page(locale)
        }
    }
}

/// The rendered page where it says what is wrong, else one that does.
async fn honest(response: Response, locale: Locale) -> Response {
    let (mut parts, body) = response.into_parts();
    let whole = to_bytes(body, LARGEST).await.unwrap_or_default();
    let says_it = std::str::from_utf8(&whole).is_ok_and(|text| text.contains("data-testid=\"payment-error\""));
    if !says_it {
        return page(locale);
    }
    parts.status = StatusCode::SERVICE_UNAVAILABLE;
    parts.headers.insert(header::RETRY_AFTER, COME_BACK);
    parts.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Response::from_parts(parts, Body::from(whole))
}

/// Made without anything that could be away.
pub fn page(locale: Locale) -> Response {
    let (title, todo, again) = words_while_away(locale);
    let reference = telemetry::request_id().unwrap_or_default();
    let html = format!(
        "<!DOCTYPE html><html lang=\"{locale}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><title>Rolitt</title></head><body><main \
         data-testid=\"payment-error\" data-failure=\"busy\"><h1>{title}</h1><p>{todo}</p><p><a href=\"\">{again}</a></p>\
         <p><code>{reference}</code></p></main></body></html>"
    );
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::RETRY_AFTER, COME_BACK);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn is_page(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

pub fn locale_of(path: &str) -> Locale {
    let tag = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    Locale::from_tag(tag).filter(|_| Locale::is_tag(tag)).unwrap_or(Locale::En)
}
