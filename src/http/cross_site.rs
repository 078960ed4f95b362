//! A post that another site made our visitor's browser send is refused. Browsers say where a post comes from; programs
//! say nothing, hold no cookies of ours, and are let through. Webhooks are signed and not asked.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, Method, header};

use super::AppState;
use super::request_id::json;
use crate::api::ApiError;

pub async fn refuse(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || is_our_own(request.headers(), &state.ctx.public_base_url) {
        return next.run(request).await;
    }
    json(&ApiError::new(403, "cross_site", "This form was sent from another site."))
}

fn is_our_own(headers: &HeaderMap, base: &str) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let site = text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    let origin = text(header::ORIGIN.as_str()).is_none_or(|origin| {
        let host = text(header::HOST.as_str()).unwrap_or_default();
        let origin_host = origin.split_once("://").map(|(_, host)| host);
        origin == base || (!host.is_empty() && origin_host == Some(host))
    });
    site && origin
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(pairs: &[(&'static str, &'static str)]) -> bool {
        let headers = pairs.iter().map(|(name, value)| ((*name).parse().unwrap(), (*value).parse().unwrap())).collect();
        is_our_own(&headers, "https://shop.example")
    }

    #[test]
    fn only_our_own_pages_and_programs_may_post() {
        assert!(ours(&[]));
        assert!(ours(&[("sec-fetch-site", "same-origin"), ("origin", "https://shop.example")]));
        assert!(ours(&[("sec-fetch-site", "none")]));
        assert!(ours(&[("origin", "http://127.0.0.1:3000"), ("host", "127.0.0.1:3000")]));
        assert!(!ours(&[("sec-fetch-site", "cross-site")]));
        assert!(!ours(&[("sec-fetch-site", "same-site")]));
        assert!(!ours(&[("origin", "https://evil.example"), ("host", "shop.example")]));
        assert!(!ours(&[("origin", "null"), ("host", "shop.example")]));
        assert!(!ours(&[("origin", "https://shop.example.evil.example"), ("host", "shop.example")]));
    }
}
