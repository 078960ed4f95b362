//! Firebase's Identity Toolkit as its emulator serves it: accounts made, looked up, changed and deleted by an administrator,
//! with or without the leading host in the path. Passwords and tokens are not its business.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};

use super::core::{Core, lock};
use super::faults::Service;
use super::ids;
use super::inbox::Tray;
use super::users::{User, Users, is_phone};

pub fn router(core: Arc<Core>) -> Router {
    let mut router = Router::new();
    for base in ["/identitytoolkit.googleapis.com/v1/projects/{project}", "/v1/projects/{project}"] {
        router = router
            .route(&format!("{base}/accounts"), post(create))
            .route(&format!("{base}/accounts:lookup"), post(lookup))
            .route(&format!("{base}/accounts:update"), post(update))
            .route(&format!("{base}/accounts:delete"), post(delete));
    }
    router.with_state(core)
}

/// A refusal in Google's shape.
fn refused(status: u16, message: &str) -> (u16, Value) {
    let state = match status {
        401 => "UNAUTHENTICATED",
        400 => "INVALID_ARGUMENT",
        _ => "UNAVAILABLE",
    };
    let errors = json!([{ "message": message, "reason": "invalid", "domain": "global" }]);
    (status, json!({ "error": { "code": status, "message": message, "status": state, "errors": errors } }))
}

type Verb = fn(&mut Users, &Value) -> Result<Value, &'static str>;

/// What every call has in common: faults, the bearer token, JSON, the inbox.
async fn serve(
    core: Arc<Core>,
    project: String,
    action: &str,
    headers: HeaderMap,
    body: Bytes,
    verb: Verb,
) -> Response {
    let plan = core.plan(Service::Firebase, action);
    plan.wait().await;
    if let Some(response) = plan.instead(|status| refused(status, "The sandbox was told to fail.").1.to_string()).await
    {
        return response;
    }
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let request: Result<Value, _> = if body.is_empty() { Ok(json!({})) } else { serde_json::from_slice(&body) };
    let (status, answer) = match (bearer.map(str::trim).filter(|token| !token.is_empty()), &request) {
        (None, _) => refused(401, "Request is missing required authentication credential."),
        (_, Err(error)) => refused(400, &format!("Invalid JSON payload received. {error}")),
        (Some(_), Ok(request)) => match verb(&mut lock(&core.users), request) {
            Ok(answer) => (200, answer),
            Err(message) => refused(400, message),
        },
    };
    let request = request.unwrap_or(Value::Null);
    core.file(
        Tray::Firebase,
        json!({
            "action": action, "project": project, "localId": request["localId"], "email": request["email"],
            "status": status, "error": answer["error"]["message"], "payload": request,
        }),
    );
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let response =
        (status, [(header::CONTENT_TYPE, "application/json; charset=UTF-8")], answer.to_string()).into_response();
    plan.after(response).await
}

async fn create(
    State(core): State<Arc<Core>>,
    Path(project): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    serve(core, project, "create", headers, body, |users, request| {
        let given = |name: &str| request[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let email = given("email").map(|email| email.to_lowercase());
        if email.as_deref().is_some_and(|email| !email.contains('@')) {
            return Err("INVALID_EMAIL");
        }
        let phone = given("phoneNumber");
        if phone.as_deref().is_some_and(|phone| !is_phone(phone)) {
            return Err("INVALID_PHONE_NUMBER : Invalid format.");
        }
        let local_id = given("localId").unwrap_or_else(|| ids::local_id(""));
        if local_id.len() > 128 {
            return Err("INVALID_LOCAL_ID");
        }
        if users.get(&local_id).is_some() {
            return Err("DUPLICATE_LOCAL_ID");
        }
        if email.as_deref().is_some_and(|email| users.by_contact(email).is_some()) {
            return Err("EMAIL_EXISTS");
        }
        if phone.as_deref().is_some_and(|phone| users.by_contact(phone).is_some()) {
            return Err("PHONE_NUMBER_EXISTS");
        }
        let answer = json!({ "kind": "identitytoolkit#SignupNewUserResponse", "localId": local_id, "email": email });
        users.put(User {
            local_id,
            email,
            display_name: given("displayName"),
            phone_number: phone,
            email_verified: request["emailVerified"].as_bool().unwrap_or(false),
            disabled: request["disabled"].as_bool().unwrap_or(false),
            created_at: ids::now_millis().to_string(),
        });
        Ok(answer)
    })
    .await
}

async fn lookup(
    State(core): State<Arc<Core>>,
    Path(project): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    serve(core, project, "lookup", headers, body, |users, request| {
        let named = |name: &str| -> Vec<String> {
            let list = request[name].as_array().cloned().unwrap_or_default();
            list.iter().filter_map(|entry| entry.as_str().map(str::to_owned)).collect()
        };
        let mut found: Vec<User> = named("localId").iter().filter_map(|id| users.get(id).cloned()).collect();
        found.extend(named("email").iter().filter_map(|email| users.by_contact(&email.to_lowercase()).cloned()));
        found.extend(named("phoneNumber").iter().filter_map(|phone| users.by_contact(phone).cloned()));
        let mut answer = json!({ "kind": "identitytoolkit#GetAccountInfoResponse" });
        if !found.is_empty() {
            answer["users"] = json!(found);
        }
        Ok(answer)
    })
    .await
}

async fn update(
    State(core): State<Arc<Core>>,
    Path(project): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    serve(core, project, "update", headers, body, |users, request| {
        let id = request["localId"].as_str().unwrap_or_default();
        let mut user = users.remove(id).ok_or("USER_NOT_FOUND")?;
        let given = |name: &str| request[name].as_str().map(str::to_owned);
        user.email = given("email").map(|email| email.to_lowercase()).or(user.email);
        user.display_name = given("displayName").or(user.display_name);
        user.phone_number = given("phoneNumber").or(user.phone_number);
        user.disabled = request["disableUser"].as_bool().unwrap_or(user.disabled);
        users.put(user);
        Ok(json!({ "kind": "identitytoolkit#SetAccountInfoResponse", "localId": id }))
    })
    .await
}

async fn delete(
    State(core): State<Arc<Core>>,
    Path(project): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    serve(core, project, "delete", headers, body, |users, request| {
        let id = request["localId"].as_str().unwrap_or_default();
        users.remove(id).ok_or("USER_NOT_FOUND")?;
        Ok(json!({ "kind": "identitytoolkit#DeleteAccountResponse" }))
    })
    .await
}
