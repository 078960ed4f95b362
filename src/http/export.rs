//! The list of preorders as a file: streamed as it is read, so that a million rows need no more memory than a thousand.

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::response::Response;
use futures::stream;
use http::{HeaderMap, HeaderValue, header};

use super::AppState;
use super::request_id::json;
use super::session::zone_of;
use crate::api::admin::preorders::{Export, open_export};
use crate::api::{ApiError, Login, Zone};
use crate::domain::access::Right;

/// `GET /admin/preorders.csv` with the list's own parameters, and `zone`: an IANA name to write times in.
pub async fn preorders(
    State(state): State<AppState>,
    login: Option<Extension<Login>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some(Extension(login)) = login else { return json(&ApiError::unauthorized()) };
    if !login.admin.role.may(Right::See) {
        return json(&ApiError::forbidden());
    }
    let query = query.unwrap_or_default();
    let viewer = zone_of(&headers).unwrap_or_else(Zone::utc);
    let zone = match asked_zone(&query) {
        None => viewer.clone(),
        Some(name) => match Zone::named(&name) {
            Some(zone) => zone,
            None => return json(&ApiError::field("zone", "zone_unknown", "There is no such time zone.")),
        },
    };
    match open_export(&state.ctx, &login, &query, &viewer, zone).await {
        Ok(export) => answer(export, &state, &viewer),
        Err(error) => json(&error),
    }
}

fn asked_zone(query: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, value)| name == "zone" && !value.is_empty()).map(|(_, value)| value.into_owned())
}

fn answer(export: Export, state: &AppState, viewer: &Zone) -> Response {
    let now = jiff::Timestamp::from_millisecond(state.ctx.clock.now().millis()).unwrap_or_default();
    let day = now.to_zoned(viewer.0.clone()).date();
    let pieces = stream::try_unfold(export, async |mut export| {
        // A file that ends too early must not look whole: the connection is cut instead.
        match export.next().await {
            Ok(piece) => Ok(piece.map(|piece| (Bytes::from(piece), export))),
            Err(error) => {
                tracing::error!(%error, "an export broke off");
                Err(error)
            }
        }
    });
    let mut response = Response::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    let name = format!("attachment; filename=\"rolitt-preorders-{day}.csv\"");
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
