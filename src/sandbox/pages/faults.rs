//! The fault controls: a form for people, JSON for tests. Both lay what they are given over settings that are checked whole.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::json::{read, wrong};
use super::layout::{esc, room, see_other};
use crate::sandbox::core::{Core, lock};
use crate::sandbox::faults::{BadFault, Faults, Service};
use crate::sandbox::form::Form;

pub async fn read_json(State(core): State<Arc<Core>>) -> Response {
    Json(lock(&core.desk).faults().clone()).into_response()
}

/// Replaces all settings; what is not named is well.
pub async fn put_json(State(core): State<Arc<Core>>, body: Bytes) -> Response {
    change(&core, &body, &Faults::default())
}

/// Lays the named settings over those in force.
pub async fn merge_json(State(core): State<Arc<Core>>, body: Bytes) -> Response {
    let now = lock(&core.desk).faults().clone();
    change(&core, &body, &now)
}

fn change(core: &Core, body: &[u8], base: &Faults) -> Response {
    let patch = match read(body) {
        Ok(patch) => patch,
        Err(response) => return *response,
    };
    match base.merged(&patch) {
        Ok(faults) => {
            set(core, faults.clone());
            Json(faults).into_response()
        }
        Err(bad) => wrong(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_fault",
            &format!("{} {}.", bad.field, bad.message),
            Some(&bad.field),
        ),
    }
}

fn set(core: &Core, faults: Faults) {
    lock(&core.desk).set(faults);
    core.dirty.store(true, std::sync::atomic::Ordering::Relaxed);
}

pub async fn show(State(core): State<Arc<Core>>) -> Response {
    let now = lock(&core.desk).faults().clone();
    view(&now, None)
}

/// One form per group of settings, and the buttons that need none.
pub async fn submit(State(core): State<Arc<Core>>, body: Bytes) -> Response {
    let form = Form::parse(&String::from_utf8_lossy(&body));
    let now = lock(&core.desk).faults().clone();
    let group = form.get("group").unwrap_or_default();
    let changed = match form.get("act") {
        Some("well") => Ok(Faults { seed: now.seed, ..Faults::default() }),
        Some("cut") => now.merged(&json!({ group: { "reset_rate": 1.0 } })),
        Some("mend") => now.merged(&json!({ group: { "reset_rate": 0.0 } })),
        _ => typed(&now, group, &form).and_then(|patch| now.merged(&patch)),
    };
    match changed {
        Ok(faults) => {
            set(&core, faults);
            see_other("/sandbox/faults")
        }
        Err(bad) => view(&now, Some(&bad)),
    }
}

/// What a group's form says, in the shape of the JSON.
fn typed(now: &Faults, group: &str, form: &Form) -> Result<Value, BadFault> {
    let all = serde_json::to_value(now).unwrap_or_default();
    let mut settings = Map::new();
    for (name, known) in all[group].as_object().into_iter().flatten() {
        let text = form.get(name).unwrap_or_default().trim();
        let number = |text: &str| {
            serde_json::from_str::<Value>(text)
                .ok()
                .filter(Value::is_number)
                .ok_or_else(|| BadFault { field: format!("{group}.{name}"), message: "must be a number".to_owned() })
        };
        let value = match known {
            Value::Bool(_) => json!(form.has(name)),
            Value::String(_) => json!(text),
            _ if text.is_empty() && name == "retry_after" => Value::Null,
            _ if text.is_empty() => json!(0),
            _ => number(text)?,
        };
        settings.insert(name.clone(), value);
    }
    Ok(json!({ group: settings }))
}

fn view(faults: &Faults, bad: Option<&BadFault>) -> Response {
    let all = serde_json::to_value(faults).unwrap_or_default();
    let alert = bad
        .map(|bad| {
            format!(
                "<div class=\"alert\" role=\"alert\"><strong>{}</strong> {}.</div>",
                esc(&bad.field),
                esc(&bad.message)
            )
        })
        .unwrap_or_default();
    let well = *faults == Faults { seed: faults.seed, ..Faults::default() };
    let state =
        if well { "<p class=\"ok\">✓ All is well.</p>" } else { "<p class=\"bad\">⚠ Faults are in force.</p>" };
    let mut cards = String::new();
    for service in Service::ALL {
        let cut = faults.of(service).reset_rate >= 1.0;
        cards += &card(service.name(), &all, Some(cut));
    }
    cards += &card("webhooks", &all, None);
    let body = format!(
        "<p class=\"soft\">What goes wrong on purpose. Rates are shares of all requests, from 0 to 1.</p>{alert}{state}\
         <form method=\"post\" action=\"/sandbox/faults\"><button name=\"act\" value=\"well\">All well again</button></form>\
         <div class=\"grid\">{cards}</div>"
    );
    room("Faults", "/sandbox/faults", &body)
}

/// One group. `cut` says whether a service's cable is pulled; webhooks have none.
fn card(group: &str, all: &Value, cut: Option<bool>) -> String {
    let title = group[..1].to_uppercase() + &group[1..];
    // What is ticked comes last, each on a line of its own.
    let (ticked, typed): (Vec<_>, Vec<_>) =
        all[group].as_object().into_iter().flatten().partition(|(_, value)| value.is_boolean());
    let fields: String = typed.into_iter().chain(ticked).map(|(name, value)| field(group, name, value)).collect();
    let cable = match cut {
        None => String::new(),
        Some(true) => format!(
            "<button name=\"act\" value=\"mend\" aria-label=\"Plug the cable of {title} back in\">Plug the cable back in</button>"
        ),
        Some(false) => format!(
            "<button name=\"act\" value=\"cut\" aria-label=\"Pull the cable of {title}\">Pull the cable</button>"
        ),
    };
    format!(
        "<section class=\"card\" aria-labelledby=\"{group}\"><h2 id=\"{group}\">{title}</h2><form method=\"post\" action=\"/sandbox/faults\" novalidate>\
         <input type=\"hidden\" name=\"group\" value=\"{group}\"><div class=\"set\">{fields}</div><p></p><div class=\"row\">\
         <button name=\"act\" value=\"set\" aria-label=\"Set faults of {title}\">Set</button>{cable}</div></form></section>"
    )
}

fn field(group: &str, name: &str, value: &Value) -> String {
    let label = match name {
        "hold" => "Hold requests until this is lifted",
        "latency_ms" => "Latency, ms",
        "latency_jitter_ms" => "Latency jitter, ms",
        "error_rate" => "Error rate",
        "error_status" => "Error status",
        "error_on" => "Errors only at (empty: everywhere)",
        "retry_after" => "Retry-After, s (empty: none)",
        "timeout_rate" => "Time-out rate",
        "garbage_rate" => "Garbage rate",
        "truncate_rate" => "Cut-off body rate",
        "reset_rate" => "Connection reset rate",
        "lose_answer_rate" => "Act done, answer lost: rate",
        "late_act_rate" => "Failure answered, act done later: rate",
        "decline_all" => "Decline every card",
        "duplicate" => "Extra copies",
        "delay_ms" => "Delay, ms",
        "reorder" => "Send last first",
        "lose_rate" => "Lost rate",
        other => other,
    };
    let id = format!("{group}-{name}");
    if let Some(on) = value.as_bool() {
        let mark = if on { " checked" } else { "" };
        return format!(
            "<label for=\"{id}\"><input type=\"checkbox\" id=\"{id}\" name=\"{name}\"{mark}>{label}</label>"
        );
    }
    let (shown, mode) = match value {
        Value::Null => (String::new(), "decimal"),
        Value::String(text) => (esc(text), "text"),
        number => (number.to_string(), "decimal"),
    };
    format!(
        "<div><label for=\"{id}\">{label}</label><input id=\"{id}\" name=\"{name}\" type=\"text\" inputmode=\"{mode}\" autocomplete=\"off\" value=\"{shown}\"></div>"
    )
}
