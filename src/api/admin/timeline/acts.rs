//! What the team did and wrote.

use serde_json::Value;

use super::payload::{self, mask_text};
use super::{TimelineEntry, Tone, entry};
use crate::domain::audit::AuditAction;
use crate::store::audit::AuditLine;
use crate::store::notes::Note;

/// Notes tell themselves (`note_entry`), by their text.
pub fn act_entry(line: &AuditLine, masked: bool) -> Option<TimelineEntry> {
    if line.action == AuditAction::NoteAdded {
        return None;
    }
    let detail = serde_json::from_str::<Value>(&line.detail).unwrap_or_default();
    let told = told(&detail);
    let told = if masked { mask_text(&told) } else { told };
    let title = format!("{} {}", line.actor, line.action.phrase());
    let payload = detail.as_object().is_some_and(|fields| !fields.is_empty());
    Some(TimelineEntry {
        payload: payload.then(|| payload::shown(&line.detail, masked)),
        ..entry(line.at, title, told, Tone::Act)
    })
}

/// What an act's detail says in few words: its plain values.
fn told(detail: &Value) -> String {
    let Some(fields) = detail.as_object() else { return String::new() };
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let parts = [
        text("kind").map(str::to_owned),
        text("from").map(|from| format!("from {from}")),
        text("to").map(|to| format!("to {to}")),
        text("tracking_number").map(|number| format!("tracking number {number}")),
        text("amount").map(str::to_owned),
        text("reason").map(|reason| reason.replace('_', " ")),
        text("error").map(|error| format!("after {error}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

pub fn note_entry(note: &Note, masked: bool) -> TimelineEntry {
    let body = if masked { mask_text(&note.body) } else { note.body.clone() };
    entry(note.created_at, format!("{} wrote a note", note.author), body, Tone::Act)
}
