//! How the JSON controls read a body and refuse one: 404 or 422 with `{"error":{"code","message","field"}}`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::sandbox::stripe::error::Refusal;

/// A refusal of a control.
pub fn wrong(status: StatusCode, code: &str, message: &str, field: Option<&str>) -> Response {
    (status, Json(json!({ "error": { "code": code, "message": message, "field": field } }))).into_response()
}

pub fn unprocessable(message: &str, field: &str) -> Response {
    wrong(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message, Some(field))
}

pub fn from_refusal(refusal: &Refusal) -> Response {
    let status =
        if refusal.code == Some("resource_missing") { StatusCode::NOT_FOUND } else { StatusCode::UNPROCESSABLE_ENTITY };
    wrong(status, refusal.code.unwrap_or("invalid"), &refusal.message, refusal.param.as_deref())
}

/// The body as a JSON object; nothing at all is an empty one.
pub fn read(body: &[u8]) -> Result<Value, Box<Response>> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(json!({}));
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(value) if value.is_object() => Ok(value),
        Ok(_) => Err(Box::new(unprocessable("The body must be a JSON object.", "body"))),
        Err(error) => Err(Box::new(unprocessable(&format!("The body is no JSON: {error}"), "body"))),
    }
}
