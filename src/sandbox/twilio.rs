//! Twilio's Messages resource: an SMS taken in and filed, never sent. Twilio's magic numbers are honoured where they fail.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::core::{Core, lock};
use super::faults::Service;
use super::form::Form;
use super::ids;
use super::inbox::Tray;
use super::users::is_phone;

pub fn router(core: Arc<Core>) -> Router {
    Router::new()
        .route("/2010-04-01/Accounts/{account}", get(account))
        .route("/2010-04-01/Accounts/{account}/Messages.json", get(list).post(send))
        .with_state(core)
}

type Answer = Result<(u16, Value), (u16, u32, String)>;

fn refusal(status: u16, code: u32, message: &str) -> Value {
    json!({ "code": code, "message": message, "more_info": format!("https://www.twilio.com/docs/errors/{code}"), "status": status })
}

/// What every call has in common: faults, then the account's key, then the act.
async fn serve(
    core: &Arc<Core>,
    what: &str,
    account: &str,
    headers: &HeaderMap,
    act: impl FnOnce() -> Answer,
) -> Response {
    let plan = core.plan(Service::Twilio, what);
    plan.wait().await;
    if let Some(response) =
        plan.instead(|status| refusal(status, 20500, "The sandbox was told to fail.").to_string()).await
    {
        return response;
    }
    let answer = if authenticated(headers, account) { act() } else { Err((401, 20003, "Authenticate".to_owned())) };
    let (status, body) = match answer {
        Ok((status, body)) => (status, body),
        Err((status, code, message)) => (status, refusal(status, code, &message)),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    plan.after((status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()).await
}

/// The account in the path with any token, or an API key (`SK…`) with any secret.
fn authenticated(headers: &HeaderMap, account: &str) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let decoded = given.strip_prefix("Basic ").and_then(|token| STANDARD.decode(token.trim()).ok()).unwrap_or_default();
    let text = String::from_utf8_lossy(&decoded);
    let Some((user, token)) = text.split_once(':') else { return false };
    !token.is_empty() && (user == account || user.starts_with("SK"))
}

async fn account(State(core): State<Arc<Core>>, Path(account): Path<String>, headers: HeaderMap) -> Response {
    let sid = account.trim_end_matches(".json").to_owned();
    serve(&core, "account", &sid, &headers, || {
        Ok((200, json!({ "sid": sid, "friendly_name": "Rolitt sandbox", "status": "active", "type": "Trial" })))
    })
    .await
}

async fn send(State(core): State<Arc<Core>>, Path(account): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    let form = Form::parse(&String::from_utf8_lossy(&body));
    serve(&core, "send", &account, &headers, || {
        let answer = message(&account, &form);
        let (sid, error) = match &answer {
            Ok((_, message)) => (message["sid"].clone(), Value::Null),
            Err((_, code, message)) => (Value::Null, json!({ "code": code, "message": message })),
        };
        core.file(
            Tray::Sms,
            json!({
                "sid": sid, "to": form.get("To"), "from": form.get("From").or(form.get("MessagingServiceSid")),
                "body": form.get("Body"), "error": error, "payload": form.fields(),
            }),
        );
        answer
    })
    .await
}

fn message(account: &str, form: &Form) -> Answer {
    let refuse = |code: u32, message: String| Err((400, code, message));
    let Some(to) = form.filled("To") else { return refuse(21604, "A 'To' phone number is required.".to_owned()) };
    let sender = form.filled("From").or(form.filled("MessagingServiceSid"));
    let Some(from) = sender else {
        return refuse(21603, "A 'From' phone number is required.".to_owned());
    };
    let Some(body) = form.filled("Body") else { return refuse(21602, "Message body is required.".to_owned()) };
    if !is_phone(to) || to == "+15005550001" {
        return refuse(21211, format!("Invalid 'To' Phone Number: {to}"));
    }
    if from == "+15005550001" || from.starts_with('+') && !is_phone(from) {
        return refuse(21212, format!("Invalid 'From' Phone Number: {from}"));
    }
    if to == "+15005550004" {
        return refuse(21610, "Attempt to send to unsubscribed recipient".to_owned());
    }
    if body.chars().count() > 1_600 {
        return refuse(21617, "The concatenated message body exceeds the 1600 character limit.".to_owned());
    }
    let sid = ids::twilio_sid("SM");
    let uri = format!("/2010-04-01/Accounts/{account}/Messages/{sid}.json");
    let now = ids::now_rfc2822();
    Ok((
        201,
        json!({
            "account_sid": account, "api_version": "2010-04-01", "body": body, "date_created": now, "date_sent": null,
            "date_updated": now, "direction": "outbound-api", "error_code": null, "error_message": null, "from": from,
            "messaging_service_sid": form.get("MessagingServiceSid"), "num_media": "0", "num_segments": "1", "price": null,
            "price_unit": "USD", "sid": sid, "status": "queued", "subresource_uris": {}, "to": to, "uri": uri,
        }),
    ))
}

/// The messages taken in, newest first, as far as the inbox remembers them; `To` narrows.
async fn list(
    State(core): State<Arc<Core>>,
    Path(account): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let form = Form::parse(&query.unwrap_or_default());
    serve(&core, "list", &account, &headers, || {
        let messages: Vec<Value> = lock(&core.inbox)
            .sms
            .iter()
            .rev()
            .filter(|entry| entry["sid"].is_string() && form.get("To").is_none_or(|to| entry["to"] == to))
            .take(50)
            .map(|entry| json!({ "sid": entry["sid"], "to": entry["to"], "from": entry["from"], "body": entry["body"], "status": "delivered" }))
            .collect();
        Ok((200, json!({ "messages": messages, "page": 0, "page_size": 50 })))
    })
    .await
}
