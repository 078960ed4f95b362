//! Who is logged in, found out once a request and left in its extensions; and the doors that ask.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use http::header;

use super::AppState;
use super::client_address::client_address;
use super::request_id::json;
use crate::api::Zone;
use crate::api::admin::login::token_of;
use crate::api::cookies::cookie_of;
use crate::api::{ApiError, Login};
use crate::workflows::admins::{Visitor, token_hash, who_is};

/// Only admin addresses pay for the look-up.
pub async fn identify(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if !is_of_admin(path) && !path.starts_with("/api/admin/") {
        return next.run(request).await;
    }
    let visitor = visitor(&state, &request);
    if let Some(token) = token_of(request.headers()) {
        match who_is(&state.ctx, &token).await {
            Ok(Some(admin)) => {
                let login = Login { admin, address: visitor.address.clone(), session: token_hash(&token) };
                request.extensions_mut().insert(login);
            }
            Ok(None) => {}
            Err(error) => return json(&ApiError::from(error)),
        }
    }
    request.extensions_mut().insert(visitor);
    next.run(request).await
}

/// From where somebody comes, whoever they are.
fn visitor(state: &AppState, request: &Request) -> Visitor {
    let trusted = &state.ctx.settings.trusted_proxies;
    let address = client_address(request.extensions(), request.headers(), trusted);
    let user_agent = request.headers().get(header::USER_AGENT).and_then(|line| line.to_str().ok());
    Visitor {
        address: address.map(|address| address.to_string()),
        user_agent: user_agent.map(str::to_owned),
        request_id: None,
    }
}

/// `/admin.css` and its like are files: there is nothing to see in them.
fn is_of_admin(path: &str) -> bool {
    path == "/admin" || path.starts_with("/admin/")
}

/// Pages: nobody is sent to the login, and back afterwards.
pub async fn require_for_pages(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let open = ["/admin/login", "/admin/invitation"].contains(&path);
    if is_of_admin(path) && !open && request.extensions().get::<Login>().is_none() {
        let wanted = request.uri().path_and_query().map_or(path, |pq| pq.as_str());
        let next = serde_urlencoded::to_string([("next", wanted)]).unwrap_or_default();
        return Redirect::to(&format!("/admin/login?{next}")).into_response();
    }
    let mut response = next.run(request).await;
    // What an admin sees stays out of every cache.
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(http::HeaderValue::from_static("no-store"));
    response
}

/// What somebody calls who is not signed in yet, or no longer.
const OPEN_FUNCTIONS: &[&str] =
    &["/api/admin/accept_invitation", "/api/admin/enter_code", "/api/admin/login", "/api/admin/logout"];

/// Functions: nobody is answered 401 before the body is read. Each function asks again itself.
pub async fn require_for_functions(State(_): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if path.starts_with("/api/admin/")
        && !OPEN_FUNCTIONS.contains(&path)
        && request.extensions().get::<Login>().is_none()
    {
        return json(&ApiError::unauthorized());
    }
    next.run(request).await
}

/// Where the viewer's clock stands, as their browser said (`times.js`) or they chose. Anything may stand in a cookie.
pub fn zone_of(headers: &http::HeaderMap) -> Option<Zone> {
    Zone::named(&cookie_of(headers, "rolitt_zone")?.replace("%2F", "/"))
}
