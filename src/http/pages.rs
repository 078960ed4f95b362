//! Pages and files: Leptos renders the one, the site folder holds the other.

use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};
use leptos::nonce::use_nonce;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{LeptosRoutes, ResponseOptions, generate_route_list_with_exclusions};
use tower::ServiceExt;
use tower_http::compression::CompressionLayer;
use tower_http::services::ServeDir;

use super::security_headers::NONCE;
use super::{AppState, away, export, form_posts, page_cache, session};
use crate::api::{ApiError, Flash, Login, Notice};
use crate::app::{App, admin_style, shell};
use crate::context::Context;
use crate::domain::locale::Locale;
use crate::workflows::refresh_payment::refresh_for_page;

pub fn router(state: &AppState) -> Router<AppState> {
    let options = state.options.clone();
    // Leptos would route server functions past the adapter that makes forms of them.
    let functions = leptos::server_fn::axum::server_fn_paths().map(|(path, _)| path.to_owned()).collect();
    let routes = generate_route_list_with_exclusions(App, Some(functions));
    Router::new()
        .leptos_routes_with_context(state, routes, provide(state.ctx.clone()), move || shell(options.clone()))
        .route(admin_style::PATH, get(admin_style_sheet))
        .route("/admin/preorders.csv", get(export::preorders))
        .fallback(file_or_not_found)
        .layer(from_fn(away::tell))
        .layer(from_fn(session::require_for_pages))
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(state.clone(), page_cache::keep))
        .layer(from_fn(bring_flash))
}

/// What every rendering finds in Leptos' context.
fn provide(ctx: Context) -> impl Fn() + Clone + Send + Sync + 'static {
    move || {
        provide_context(ctx.clone());
        if let Some(parts) = use_context::<http::request::Parts>() {
            if let Some(login) = parts.extensions.get::<Login>() {
                provide_context(login.clone());
            }
            if let Some(typed) = parts.extensions.get::<Flash>() {
                provide_context(typed.clone());
            }
            if let Some(notice) = parts.extensions.get::<Notice>() {
                provide_context(notice.clone());
            }
            if let Some(zone) = session::zone_of(&parts.headers) {
                provide_context(zone);
            }
        }
        if let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>())
            && let Ok(value) = HeaderValue::from_str(&nonce)
        {
            response.insert_header(NONCE, value);
        }
    }
}

/// Puts what the form before this page left behind beside the request, and forgets it once a page has shown it.
async fn bring_flash(mut request: Request, next: Next) -> Response {
    let typed = form_posts::read_flash(request.headers());
    let notice = form_posts::read_notice(request.headers()).filter(|_| request.uri().path().starts_with("/admin"));
    if typed.is_none() && notice.is_none() {
        return next.run(request).await;
    }
    let forget =
        [typed.as_ref().map(|_| form_posts::forget_flash()), notice.as_ref().map(|_| form_posts::forget_notice())];
    if let Some(typed) = typed {
        request.extensions_mut().insert(typed);
    }
    if let Some(notice) = notice {
        request.extensions_mut().insert(notice);
    }
    let mut response = next.run(request).await;
    let is_page =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if is_page {
        for cookie in forget.into_iter().flatten() {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Its address changes with what is in it.
async fn admin_style_sheet() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "text/css"), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (headers, admin_style::TEXT)
}

/// Files of the site folder, as compressed as the build left them; what bears a hash in its name is kept for a year.
async fn file_or_not_found(State(state): State<AppState>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let hashed = state.options.hash_files && path.starts_with(&format!("/{}/", state.options.site_pkg_dir));
    let files = ServeDir::new(&*state.options.site_root)
        .precompressed_br()
        .precompressed_gzip()
        .append_index_html_on_directories(false);
    let (parts, _) = request.into_parts();
    let asked = Request::from_parts(parts.clone(), Body::empty());
    if let Ok(mut found) = files.oneshot(asked).await
        && (found.status().is_success() || found.status() == StatusCode::NOT_MODIFIED)
    {
        let keep = if hashed { "public, max-age=31536000, immutable" } else { "public, max-age=300" };
        found.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
        return found.map(Body::new);
    }
    if let Some(locale) = path.strip_prefix('/').filter(|tag| Locale::is_tag(tag)).and_then(Locale::from_tag) {
        return Redirect::permanent(locale.home()).into_response();
    }
    let options = state.options.clone();
    let render = leptos_axum::render_app_async_with_context(provide(state.ctx), move || shell(options.clone()));
    let mut page = render(Request::from_parts(parts, Body::empty())).await.into_response();
    if page.status() == StatusCode::OK {
        *page.status_mut() = StatusCode::NOT_FOUND;
    }
    page
}

#[derive(serde::Deserialize)]
pub struct OrderQuery {
    #[serde(default)]
    session_id: String,
}

/// For the success page's script: has it ended yet? The same question to Stripe as the page itself asks.
pub async fn order_state(State(state): State<AppState>, query: Result<Query<OrderQuery>, QueryRejection>) -> Response {
    let Ok(Query(query)) = query else {
        let message = "The question must name one session_id.";
        return super::request_id::json(&ApiError::field("session_id", "invalid_request", message));
    };
    match Box::pin(refresh_for_page(&state.ctx, &query.session_id)).await {
        Ok(Some((preorder, confirmed))) => {
            let state = if confirmed { preorder.payment_status.as_str() } else { "confirming" };
            ([(header::CACHE_CONTROL, "no-store")], Json(serde_json::json!({ "state": state }))).into_response()
        }
        Ok(None) => super::request_id::json(&ApiError::not_found("We know no such payment.")),
        Err(error) => super::request_id::json(&ApiError::from(error)),
    }
}
