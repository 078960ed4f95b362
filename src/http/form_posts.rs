//! Server functions speak JSON; people post forms. This adapter stands between: a form from a page without script
//! comes back to its page with the message at the field and what was typed kept, a page's script gets the redirect's
//! target as JSON, and every other caller gets status and error as the contract has them.

use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use cookie::{Cookie, SameSite};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use leptos::prelude::provide_context;

use super::request_id::json;
use super::request_metrics::Refused;
use super::{AppState, rate_limit, uploads};
use crate::api::admin::answer::NOTICE;
use crate::api::{ApiError, Flash, Login, Notice};

/// Bytes of a form. The largest honest one is under 2 KiB.
pub const LARGEST: usize = 64 * 1024;
/// How our own script says that it can't follow a redirect to another origin.
const SCRIPT: HeaderName = HeaderName::from_static("x-rolitt-script");
pub const FLASH: &str = "rolitt_form";
/// Seconds that a failed form waits for its page.
const FLASH_LIFE: i64 = 120;
/// Bytes of a field that are kept: a cookie holds 4 KiB.
const KEPT: usize = 300;
/// Bytes of all fields of an admin's form together.
const KEPT_OF_ADMIN: usize = 1200;

pub async fn server_function(
    State(state): State<AppState>,
    parts: Parts,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let headers = parts.headers.clone();
    let path = parts.uri.path().to_owned();
    let secure = state.ctx.settings.is_production();
    let is_upload = uploads::is_upload(&path, &headers);
    let form = match read_form(&headers, body, is_upload).await {
        Ok(form) => form,
        Err(error) => return answer_error(&path, &headers, b"", &error, secure).unwrap_or_else(|| json(&error)),
    };
    let refuse = |error: &ApiError| answer_error(&path, &headers, &form, error, secure).unwrap_or_else(|| json(error));
    if let Err(error) = rate_limit::check(&state, &parts) {
        return refuse(&error);
    }
    let mut inner = Request::from_parts(parts, Body::from(form.clone()));
    // The functions are to answer as to a program; what a browser needs is made below.
    inner.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    // Its length was looked at above.
    DefaultBodyLimit::disable().apply(&mut inner);
    if is_upload {
        inner.headers_mut().remove(header::CONTENT_LENGTH);
        inner.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    }
    let answered = call(&state, inner).await;
    let status = answered.status();
    if status.is_redirection() && headers.contains_key(&SCRIPT) {
        return location_as_json(&answered);
    }
    if !status.is_client_error() && !status.is_server_error() {
        return answered;
    }
    let error = error_of(answered).await;
    tracing::debug!(path, code = error.code, "a server function refused");
    refuse(&error)
}

async fn read_form(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
    is_upload: bool,
) -> Result<Bytes, ApiError> {
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(413, "body_too_large", "This form is too large."),
        _ => ApiError::new(400, "body_unreadable", "The body could not be read."),
    })?;
    if is_upload {
        return uploads::as_fields(headers, body).await;
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_form = kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded");
    if !is_form && !body.is_empty() {
        return Err(ApiError::new(415, "not_a_form", "Send the fields as application/x-www-form-urlencoded."));
    }
    Ok(body)
}

async fn call(state: &AppState, request: Request) -> Response {
    use axum::response::IntoResponse;
    let ctx = state.ctx.clone();
    let login = request.extensions().get::<Login>().cloned();
    let provide = move || {
        provide_context(ctx.clone());
        if let Some(login) = login.clone() {
            provide_context(login);
        }
    };
    if leptos::server_fn::axum::get_server_fn_service(request.uri().path(), http::Method::POST).is_none() {
        return json(&ApiError::not_found("There is no such function."));
    }
    leptos_axum::handle_server_fns_with_context(provide, request).await.into_response()
}

/// The function's error with its status; one that never came to its body has none but 500.
async fn error_of(response: Response) -> ApiError {
    let status = response.status().as_u16();
    let retry_after = response.headers().get(header::RETRY_AFTER).and_then(|v| v.to_str().ok()?.parse().ok());
    let body = axum::body::to_bytes(response.into_body(), LARGEST).await.unwrap_or_default();
    let parsed = serde_json::from_slice::<ApiError>(&body);
    let error = parsed.unwrap_or_else(|_| ApiError::internal());
    let status = if error.code == "invalid_request" { 422 } else { status };
    error.with_status(status, retry_after).with_request_id()
}

fn location_as_json(redirect: &Response) -> Response {
    let location = redirect.headers().get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or("/");
    let mut response = Response::new(Body::from(serde_json::json!({ "location": location }).to_string()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for cookie in redirect.headers().get_all(header::SET_COOKIE) {
        response.headers_mut().append(header::SET_COOKIE, cookie.clone());
    }
    response
}

/// For a form of a page without script: back to the page, with a cookie that says what was wrong and what was typed.
/// `None` for every other caller.
fn answer_error(path: &str, headers: &HeaderMap, form: &[u8], error: &ApiError, secure: bool) -> Option<Response> {
    let accepts_html = headers.get(header::ACCEPT)?.to_str().ok()?.contains("text/html");
    if !accepts_html || headers.contains_key(&SCRIPT) {
        return None;
    }
    let typed = typed(path, form, error);
    let value = BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(&typed).ok()?);
    let cookie = Cookie::build((FLASH, value))
        .path("/")
        .http_only(true)
        .secure(secure)
        .same_site(SameSite::Lax)
        .max_age(cookie::time::Duration::seconds(FLASH_LIFE))
        .build();
    let back = page_of(headers);
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_str(&back).ok()?);
    response.headers_mut().insert(header::SET_COOKIE, HeaderValue::from_str(&cookie.to_string()).ok()?);
    if let Some(seconds) = error.retry_after() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response.extensions_mut().insert(Refused(error.status()));
    Some(response)
}

/// The page that the form stood on: its path and query on our own site, whatever host the header names.
fn page_of(headers: &HeaderMap) -> String {
    let referer = headers.get(header::REFERER).and_then(|value| value.to_str().ok());
    let url = referer.and_then(|referer| url::Url::parse(referer).ok());
    url.map_or_else(
        || "/".to_owned(),
        |url| {
            let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
            // Two slashes at the beginning would be another host.
            format!("/{}{query}", url.path().trim_start_matches(['/', '\\']))
        },
    )
}

fn typed(path: &str, form: &[u8], error: &ApiError) -> Flash {
    let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(form).unwrap_or_default();
    let field = |name: &str| {
        let value = fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default();
        value[..value.floor_char_boundary(KEPT)].to_owned()
    };
    Flash {
        email: field("email"),
        name: field("name"),
        phone: field("phone"),
        color: field("color"),
        currency: field("currency"),
        number: field("number"),
        marketing_consent: !field("marketing_consent").is_empty(),
        field: error.field.clone(),
        code: error.code.clone(),
        failure: error.failure,
        request_id: error.request_id.clone().unwrap_or_default(),
        ..of_admin(path, &fields, error)
    }
}

/// The admin's many forms are kept by the names of their fields. What is secret is not, and what is long is not whole.
fn of_admin(path: &str, fields: &[(String, String)], error: &ApiError) -> Flash {
    if !path.starts_with("/api/admin/") {
        return Flash::default();
    }
    let secret = |name: &str| ["password", "code", "secret", "token"].iter().any(|word| name.contains(word));
    let mut room = KEPT_OF_ADMIN;
    let mut values = std::collections::BTreeMap::new();
    for (name, value) in fields.iter().filter(|(name, value)| !secret(name) && !value.is_empty() && name.len() < 40) {
        let kept = &value[..value.floor_char_boundary(room)];
        room -= kept.len();
        values.insert(name.clone(), kept.to_owned());
    }
    Flash { form: path.to_owned(), message: error.message.clone(), values, ..Flash::default() }
}

/// What a failed form left behind, if this request brings it.
pub fn read_flash(headers: &HeaderMap) -> Option<Flash> {
    let value = crate::api::cookies::cookie_of(headers, FLASH)?;
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(value).ok()?).ok()
}

/// The header that forgets it: it is shown once.
pub fn forget_flash() -> HeaderValue {
    HeaderValue::from_static("rolitt_form=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax")
}

/// What the form before this page did.
pub fn read_notice(headers: &HeaderMap) -> Option<Notice> {
    let value = crate::api::cookies::cookie_of(headers, NOTICE)?;
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(value).ok()?).ok()
}

pub fn forget_notice() -> HeaderValue {
    HeaderValue::from_static("rolitt_notice=; Path=/admin; Max-Age=0; HttpOnly; SameSite=Lax")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back(referer: &'static str) -> String {
        page_of(&HeaderMap::from_iter([(header::REFERER, HeaderValue::from_static(referer))]))
    }

    #[test]
    fn a_form_comes_back_to_its_own_page_and_to_nobody_elses() {
        assert_eq!(back("http://127.0.0.1:3000/zh?color=cherry-red"), "/zh?color=cherry-red");
        assert_eq!(back("https://evil.example//evil.example/x"), "/evil.example/x");
        assert_eq!(back("nonsense"), "/");
        assert_eq!(page_of(&HeaderMap::new()), "/");
    }

    #[test]
    fn what_was_typed_is_kept_and_a_password_is_not() {
        let error = ApiError::field("email", "email_invalid", "E-mail is wrong.");
        let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static("text/html,*/*"))]);
        let response =
            answer_error("/api/handle_checkout", &headers, b"email=ana%40&name=Ana&password=hunter2", &error, true)
                .unwrap();
        let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap();
        let sent = HeaderMap::from_iter([(header::COOKIE, cookie.split(';').next().unwrap().parse().unwrap())]);
        let typed = read_flash(&sent).unwrap();
        assert_eq!((typed.email.as_str(), typed.name.as_str(), typed.field.as_deref()), ("ana@", "Ana", Some("email")));
        assert!(!serde_json::to_string(&typed).unwrap().contains("hunter2"));
        assert!(cookie.contains("Secure") && cookie.contains("HttpOnly"));
        assert!(response.headers()[header::LOCATION].to_str().unwrap().find("ana").is_none());
    }
}
