//! Headers that go out with every page and answer of ours. The content security policy names the scripts that the page
//! was rendered with: by a nonce, or by their hashes where the page is kept and sent many times.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue, header};

/// How a rendered page tells this layer its nonce; never sent out.
pub const NONCE: HeaderName = HeaderName::from_static("x-rolitt-nonce");

static ALWAYS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "strict-origin-when-cross-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
];

pub async fn add(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let nonce = response.headers_mut().remove(NONCE);
    let headers = response.headers_mut();
    for (name, value) in &ALWAYS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        let nonce = nonce.as_ref().and_then(|nonce| nonce.to_str().ok());
        if let Ok(value) = HeaderValue::from_str(&policy(nonce.map(|nonce| format!("'nonce-{nonce}'")).as_slice())) {
            headers.insert(header::CONTENT_SECURITY_POLICY, value);
        }
    }
    response
}

/// `scripts` are the sources that inline scripts are allowed by. WebAssembly must be compiled, nothing else evaluated.
pub fn policy(scripts: &[String]) -> String {
    // The payment page is reached by redirect from a form post, which Chromium counts as the form's action; it may
    // stand under a name of the shop's own.
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' {}; style-src 'self'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'{}; manifest-src 'self'; base-uri 'none'; \
         frame-ancestors 'none'; form-action 'self' https: http://127.0.0.1:* http://localhost:*",
        scripts.join(" "),
        // What `cargo leptos watch` reloads through.
        if cfg!(debug_assertions) { " ws://127.0.0.1:3001" } else { "" },
    )
}
