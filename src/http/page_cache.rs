//! The storefront's front page is the same for everybody: it is rendered once a few seconds, compressed once, and sent
//! from memory. A visitor who brings something of their own (a form that failed) gets a page rendered for them.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use sha2::{Digest, Sha256};

use super::security_headers::{NONCE, policy};
use super::{AppState, away};
use crate::api::{ApiError, Flash};
use crate::domain::catalog::Catalog;
use crate::domain::locale::Locale;
use crate::domain::money::Currency;
use crate::store::StoreError;

/// A colour that sells out may be shown for so long; ordering it is refused at once.
const FRESH: Duration = Duration::from_secs(5);
/// Languages × colours × currencies, with room to spare; more are rendered and not kept.
const MOST: usize = 200;
const LARGEST: usize = 1024 * 1024;
/// Brotli's slow levels cost a page once, and every shopper less.
const QUALITY: u32 = 9;
/// 64 KiB of window: more than a page, and a sixteenth of the memory of the usual one.
const WINDOW: u32 = 16;

#[derive(Default)]
pub struct PageCache {
    pages: Mutex<HashMap<String, Kept>>,
    /// Held by whoever renders a page that is missing: the others wait for it instead of doing the same work.
    rendering: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Kept {
    at: Instant,
    page: Arc<Page>,
}

struct Page {
    html: Bytes,
    brotli: Bytes,
    policy: HeaderValue,
    etag: HeaderValue,
}

pub async fn keep(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    if !is_front_page(&request) {
        return next.run(request).await;
    }
    let shop = match state.ctx.shop().await {
        Ok(shop) => shop,
        // Rendering would ask once more, and wait as long.
        Err(StoreError::Away(error)) => {
            tracing::warn!(%error, "no front page: the database is away");
            return away::page(away::locale_of(request.uri().path()));
        }
        Err(_) => return next.run(request).await,
    };
    let key = key(&request, &shop.catalog);
    if let Some(page) = state.cache.get(&key) {
        return page.answer(request.headers());
    }
    let _one_at_a_time = state.cache.rendering.lock().await;
    if let Some(page) = state.cache.get(&key) {
        return page.answer(request.headers());
    }
    let headers = request.headers().clone();
    // Compressed here, once and well: what is rendered must come as it is.
    request.headers_mut().remove(header::ACCEPT_ENCODING);
    if let Ok(uri) = key.parse() {
        // Rendered from what the key holds and nothing more, so that one visitor's query is no other's page.
        *request.uri_mut() = uri;
    }
    let response = next.run(request).await;
    if response.status() != StatusCode::OK {
        return response;
    }
    match Page::from_response(response).await {
        Ok(page) => {
            let page = Arc::new(page);
            state.cache.put(key, Arc::clone(&page));
            page.answer(&headers)
        }
        Err(error) => super::request_id::json(&error),
    }
}

/// A page that is everybody's: nothing of this visitor's own is to be shown on it.
fn is_front_page(request: &Request) -> bool {
    let path = request.uri().path();
    let is_front = path == "/" || path.strip_prefix('/').is_some_and(|tag| tag.parse::<Locale>().is_ok());
    is_front && matches!(*request.method(), Method::GET | Method::HEAD) && request.extensions().get::<Flash>().is_none()
}

/// The address with the parameters that matter: a colour and a currency that there are. Whatever else is asked for,
/// there are only so many pages.
fn key(request: &Request, catalog: &Catalog) -> String {
    let query: Vec<(String, String)> =
        serde_urlencoded::from_str(request.uri().query().unwrap_or_default()).unwrap_or_default();
    let first = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let color = first("color").filter(|id| catalog.color(id).is_some());
    let currency = first("currency").and_then(Currency::parse).filter(|currency| catalog.price(*currency).is_some());
    let mut key = request.uri().path().to_owned();
    let known = [("color", color), ("currency", currency.map(Currency::as_str))];
    for (name, value) in known.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        key.push(if key.contains('?') { '&' } else { '?' });
        key.push_str(name);
        key.push('=');
        key.push_str(value);
    }
    key
}

impl PageCache {
    fn get(&self, key: &str) -> Option<Arc<Page>> {
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.get(key).filter(|kept| kept.at.elapsed() < FRESH).map(|kept| Arc::clone(&kept.page))
    }

    fn put(&self, key: String, page: Arc<Page>) {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        if pages.len() >= MOST {
            pages.retain(|_, kept| kept.at.elapsed() < FRESH);
        }
        if pages.len() < MOST {
            pages.insert(key, Kept { at: Instant::now(), page });
        }
    }
}

impl Page {
    async fn from_response(response: Response) -> Result<Self, ApiError> {
        let nonce = response.headers().get(NONCE).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body = axum::body::to_bytes(response.into_body(), LARGEST).await.map_err(|_| ApiError::internal())?;
        let html = String::from_utf8(body.to_vec()).map_err(|_| ApiError::internal())?;
        let (html, hashes) = without_nonce(&html, nonce.as_deref());
        let brotli = compressed(html.as_bytes()).map_err(|_| ApiError::internal())?;
        let etag = format!("\"{}\"", BASE64_STANDARD.encode(&Sha256::digest(html.as_bytes())[..12]));
        Ok(Self {
            policy: HeaderValue::from_str(&policy(&hashes)).map_err(|_| ApiError::internal())?,
            etag: HeaderValue::from_str(&etag).map_err(|_| ApiError::internal())?,
            html: html.into(),
            brotli: brotli.into(),
        })
    }

    fn answer(&self, asked: &HeaderMap) -> Response {
        let text = |name| asked.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
        let mut response = Response::new(Body::empty());
        if text(header::IF_NONE_MATCH) == self.etag.to_str().unwrap_or_default() {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else if text(header::ACCEPT_ENCODING).split(',').any(|coding| coding.trim().split(';').next() == Some("br")) {
            *response.body_mut() = Body::from(self.brotli.clone());
            response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
        } else {
            *response.body_mut() = Body::from(self.html.clone());
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding, cookie"));
        headers.insert(header::ETAG, self.etag.clone());
        headers.insert(header::CONTENT_SECURITY_POLICY, self.policy.clone());
        response
    }
}

/// A page that many get can't have a nonce. The scripts that bear this rendering's nonce are named by their hashes
/// instead; one that was smuggled in bears none, and stays forbidden.
fn without_nonce(html: &str, nonce: Option<&str>) -> (String, Vec<String>) {
    let Some(nonce) = nonce.filter(|nonce| !nonce.is_empty()) else { return (html.to_owned(), Vec::new()) };
    let mark = format!(" nonce=\"{nonce}\"");
    let mut hashes = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find("<script") {
        rest = &rest[at..];
        let Some(end_of_tag) = rest.find('>') else { break };
        let Some(length) = rest[end_of_tag + 1..].find("</script>") else { break };
        let (tag, script) = (&rest[..end_of_tag], &rest[end_of_tag + 1..end_of_tag + 1 + length]);
        if tag.contains(&mark) && !script.is_empty() {
            hashes.push(format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(script.as_bytes()))));
        }
        rest = &rest[end_of_tag + 1 + length..];
    }
    (html.replace(&mark, ""), hashes)
}

fn compressed(html: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(html.len() / 3);
    let mut writer = brotli::CompressorWriter::new(&mut out, 4096, QUALITY, WINDOW);
    writer.write_all(html)?;
    drop(writer);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalog::{Color, ColorId};
    use crate::domain::money::Money;

    #[test]
    fn only_scripts_with_this_renderings_nonce_are_allowed() {
        let html = r#"<script nonce="abc">ours()</script><script>smuggled()</script><script nonce="abc" src="/x.js"></script>"#;
        let (kept, hashes) = without_nonce(html, Some("abc"));
        assert!(!kept.contains("nonce"));
        let ours = BASE64_STANDARD.encode(Sha256::digest(b"ours()"));
        assert_eq!(hashes, [format!("'sha256-{ours}'")]);
    }

    #[test]
    fn a_page_is_kept_by_what_it_shows_and_nothing_else() {
        let colors = ["cherry-red", "sakura-pink"].into_iter().map(|id| Color {
            id: ColorId::parse(id).unwrap(),
            name: id.to_owned(),
            swatch: "#fff".to_owned(),
            sold_out: false,
        });
        let catalog = Catalog {
            product_name: "Rolitt".to_owned(),
            colors: colors.collect(),
            prices: vec![Money::new(49_900, Currency::Usd)],
        };
        let request = |uri: &str| Request::builder().uri(uri).body(Body::empty()).unwrap();
        let key_of = |uri: &str| key(&request(uri), &catalog);
        assert_eq!(key_of("/?utm_source=x&color=cherry-red"), "/?color=cherry-red");
        assert_eq!(key_of("/?color=cherry-red&currency=USD&color=sakura-pink"), "/?color=cherry-red&currency=usd");
        assert_eq!(key_of("/zh?color=random1&currency=random2"), "/zh");
        assert_eq!(key_of("/?color=%3Cscript%3E"), "/");
        assert!(is_front_page(&request("/zh")) && !is_front_page(&request("/preorder/success?session_id=cs_1")));
    }
}
