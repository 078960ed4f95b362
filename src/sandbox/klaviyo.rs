//! Klaviyo's events API: `POST /api/events` in JSON:API, answered 202 and empty. A `unique_id` met before for the same metric
//! and profile is accepted and dropped, as Klaviyo does; the inbox says so. `GET /api/accounts` answers health checks.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::core::{Core, lock};
use super::faults::Service;
use super::ids;
use super::inbox::Tray;

pub fn router(core: Arc<Core>) -> Router {
    Router::new()
        .route("/api/events", post(event))
        .route("/api/events/", post(event))
        .route("/api/accounts", get(accounts))
        .route("/api/accounts/", get(accounts))
        .with_state(core)
}

/// A refusal in JSON:API.
struct Fault {
    status: u16,
    code: &'static str,
    title: &'static str,
    detail: String,
    pointer: &'static str,
}

impl Fault {
    fn invalid(detail: impl Into<String>, pointer: &'static str) -> Self {
        Self { status: 400, code: "invalid", title: "Invalid input.", detail: detail.into(), pointer }
    }

    fn body(&self) -> String {
        json!({ "errors": [{
            "id": uuid::Uuid::new_v4().to_string(), "status": self.status, "code": self.code, "title": self.title,
            "detail": self.detail, "source": { "pointer": self.pointer }, "links": {}, "meta": {},
        }] })
        .to_string()
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        (status, [(header::CONTENT_TYPE, "application/vnd.api+json")], self.body()).into_response()
    }
}

fn broken(status: u16) -> String {
    Fault {
        status,
        code: "error",
        title: "A server error occurred.",
        detail: format!("The sandbox was told to answer {status}."),
        pointer: "/data/",
    }
    .body()
}

fn check_headers(headers: &HeaderMap) -> Result<(), Fault> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let key = text("authorization").strip_prefix("Klaviyo-API-Key ").map(str::trim).unwrap_or_default();
    if key.is_empty() {
        return Err(Fault {
            status: 401,
            code: "not_authenticated",
            title: "Authentication credentials were not provided.",
            detail: "Missing or invalid private key.".to_owned(),
            pointer: "/data/",
        });
    }
    if text("revision").is_empty() {
        return Err(Fault::invalid("The 'revision' header is required.", "/data/"));
    }
    Ok(())
}

async fn event(State(core): State<Arc<Core>>, headers: HeaderMap, body: Bytes) -> Response {
    let plan = core.plan(Service::Klaviyo, "POST /api/events");
    plan.wait().await;
    if let Some(response) = plan.instead(broken).await {
        return response;
    }
    let answer = match check_headers(&headers).and_then(|()| accept(&core, &headers, &body)) {
        Ok(()) => StatusCode::ACCEPTED.into_response(),
        Err(fault) => {
            let entry = json!({
                "id": ids::local_id("rejected_"), "refused": fault.detail, "status": fault.status,
                "payload": serde_json::from_slice::<Value>(&body).unwrap_or_else(|_| json!(String::from_utf8_lossy(&body))),
            });
            core.file(Tray::Klaviyo, entry);
            fault.into_response()
        }
    };
    plan.after(answer).await
}

fn accept(core: &Core, headers: &HeaderMap, body: &[u8]) -> Result<(), Fault> {
    let payload: Value = serde_json::from_slice(body).map_err(|error| Fault::invalid(error.to_string(), "/data/"))?;
    if payload["data"]["type"] != "event" {
        return Err(Fault::invalid("'type' must be 'event'.", "/data/type"));
    }
    let attributes = &payload["data"]["attributes"];
    if !attributes["properties"].is_object() {
        return Err(Fault::invalid("'properties' is a required field.", "/data/attributes/properties"));
    }
    let metric = attributes["metric"]["data"]["attributes"]["name"]
        .as_str()
        .filter(|name| !name.trim().is_empty() && name.len() <= 128)
        .ok_or_else(|| {
            Fault::invalid(
                "'metric' needs a name of at most 128 characters.",
                "/data/attributes/metric/data/attributes/name",
            )
        })?;
    let profile = &attributes["profile"]["data"]["attributes"];
    let known_by = |name: &str| profile[name].as_str().filter(|text| !text.is_empty());
    let who = ["email", "phone_number", "external_id", "anonymous_id"]
        .into_iter()
        .find_map(known_by)
        .or_else(|| attributes["profile"]["data"]["id"].as_str())
        .ok_or_else(|| {
            Fault::invalid(
                "One or more of the profile identifiers is required: email, phone_number, external_id.",
                "/data/attributes/profile",
            )
        })?;
    if known_by("email").is_some_and(|email| !email.contains('@')) {
        return Err(Fault::invalid("Invalid email address", "/data/attributes/profile/data/attributes/email"));
    }
    let unique_id = attributes["unique_id"].as_str();
    let duplicate =
        unique_id.is_some_and(|unique| !lock(&core.klaviyo_seen).first(format!("{metric}\n{who}\n{unique}")));
    let revision = headers.get("revision").and_then(|value| value.to_str().ok());
    core.file(
        Tray::Klaviyo,
        json!({
            "id": ids::local_id("event_"), "metric": metric, "profile": who, "unique_id": unique_id,
            "duplicate": duplicate, "status": 202, "revision": revision, "payload": payload,
        }),
    );
    Ok(())
}

async fn accounts(State(core): State<Arc<Core>>, headers: HeaderMap) -> Response {
    let plan = core.plan(Service::Klaviyo, "GET /api/accounts");
    plan.wait().await;
    if let Some(response) = plan.instead(broken).await {
        return response;
    }
    let answer = match check_headers(&headers) {
        Ok(()) => {
            let body = json!({ "data": [{
                "type": "account", "id": "SANDBX",
                "attributes": { "test_account": true, "contact_information": { "organization_name": "Rolitt sandbox" },
                                "timezone": "UTC", "preferred_currency": "USD", "public_api_key": "SANDBX", "locale": "en-US" },
                "links": { "self": "https://a.klaviyo.com/api/accounts/SANDBX/" },
            }], "links": { "self": "https://a.klaviyo.com/api/accounts/", "next": null, "prev": null } });
            ([(header::CONTENT_TYPE, "application/vnd.api+json")], body.to_string()).into_response()
        }
        Err(fault) => fault.into_response(),
    };
    plan.after(answer).await
}
