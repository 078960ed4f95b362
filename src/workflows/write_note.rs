//! Writing a note about a preorder, for the team. Notes are only ever added.

use serde_json::json;

use super::WorkflowError;
use super::audit::{self, Act};
use crate::context::Context;
use crate::domain::access::{Actor, Right};
use crate::domain::audit::AuditAction;
use crate::domain::ids::{NoteId, PreorderId};
use crate::store::notes::{self, Note};
use crate::store::preorders;

const LONGEST: usize = 2000;

/// `form_key` is one of its kind for each form that was shown: pressed twice, it is one note. Says whether it is new.
pub async fn write_note(
    ctx: &Context,
    actor: &Actor,
    id: &PreorderId,
    body: &str,
    form_key: &str,
) -> Result<bool, WorkflowError> {
    if !actor.may(Right::Act) {
        return Err(WorkflowError::Forbidden);
    }
    let body = body.replace("\r\n", "\n").replace(|c: char| c.is_control() && c != '\n' && c != '\t', "");
    let body = body.trim();
    let length = body.chars().count();
    if length == 0 {
        return Err(WorkflowError::refused("body", "note_missing", "Write something first."));
    }
    if length > LONGEST {
        let message = format!("A note has at most {LONGEST} characters; this one has {length}.");
        return Err(WorkflowError::refused("body", "note_too_long", message));
    }
    let note_id = note_id(ctx, id, form_key);
    let mut tx = ctx.db.begin().await?;
    let preorder = preorders::lock(&mut tx, id).await?.ok_or(WorkflowError::NoSuchPreorder)?;
    let note = Note {
        id: note_id,
        preorder_id: preorder.id,
        author_id: actor.id.clone(),
        author: actor.name.clone(),
        body: body.to_owned(),
        created_at: ctx.clock.now(),
    };
    let is_new = notes::insert(&mut tx, &note).await?;
    if is_new {
        let detail = json!({ "note": note.id, "characters": length });
        audit::record(ctx, &mut tx, actor, Act::on_preorder(AuditAction::NoteAdded, id, detail)).await?;
    }
    tx.commit().await?;
    Ok(is_new)
}

/// Of the preorder and the form: another preorder's form can't stand in this one's way.
fn note_id(ctx: &Context, id: &PreorderId, form_key: &str) -> NoteId {
    if form_key.is_empty() {
        return NoteId::from_unique(&ctx.unique());
    }
    let name = format!("{id}\n{form_key}");
    NoteId::from_unique(&uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes()).simple().to_string())
}
