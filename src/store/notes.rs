//! The `notes` table: what the team writes about a preorder. Only added to.

use sqlx::FromRow;

use super::{Db, StoreResult, Tx, on_read, on_tx};
use crate::domain::ids::{AdminId, NoteId, PreorderId};
use crate::domain::timestamp::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Note {
    pub id: NoteId,
    pub preorder_id: PreorderId,
    pub author_id: Option<AdminId>,
    /// The author's address, as it was then.
    pub author: String,
    pub body: String,
    pub created_at: Timestamp,
}

/// Says whether the note is new. The same one again is dropped.
pub async fn insert(tx: &mut Tx, note: &Note) -> StoreResult<bool> {
    const SQL: &str = "INSERT INTO notes (id, preorder_id, author_id, author, body, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING";
    let rows = on_tx!(tx, c => {
        sqlx::query(SQL)
            .bind(&note.id)
            .bind(&note.preorder_id)
            .bind(&note.author_id)
            .bind(&note.author)
            .bind(&note.body)
            .bind(note.created_at)
            .execute(c)
            .await
            .map(|done| done.rows_affected())
    })?;
    Ok(rows == 1)
}

/// The newest first.
pub async fn of_preorder(db: &Db, id: &PreorderId, limit: i64) -> StoreResult<Vec<Note>> {
    const SQL: &str = "SELECT id, preorder_id, author_id, author, body, created_at FROM notes \
         WHERE preorder_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2";
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(id).bind(limit).fetch_all(c).await)?)
}
