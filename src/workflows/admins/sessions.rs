//! Sessions: opened at the door, looked up with every request, ended by their owner from wherever they sit.

use std::time::Duration;

use serde_json::json;

use super::super::WorkflowError;
use super::super::audit::{self, Act};
use super::{Visitor, new_token, token_hash};
use crate::context::Context;
use crate::domain::access::Actor;
use crate::domain::audit::AuditAction;
use crate::domain::ids::{AdminId, SessionId};
use crate::domain::timestamp::Timestamp;
use crate::store::admins::Admin;
use crate::store::admins::sessions::{self, NewSession};
use crate::store::{StoreResult, Tx};

/// How long a session lasts without a new login.
pub const SESSION_LIFE: Duration = Duration::from_hours(12);
/// "Last seen" is no more exact than this: a page is a read, and stays one.
const SEEN_EVERY: Duration = Duration::from_mins(1);
/// Characters of a browser's line about itself that are kept.
const USER_AGENT: usize = 300;

/// Opens a session and gives its token. With `code_within` it opens nothing but the question for the code.
pub(super) async fn open(
    ctx: &Context,
    tx: &mut Tx,
    admin: &AdminId,
    from: &Visitor,
    code_within: Option<Duration>,
) -> Result<String, WorkflowError> {
    let token = new_token();
    // By everybody's clock: five minutes for a code would else be none where another instance asks for it. Of a session's
    // twelve hours an instance whose clock is wrong may take one.
    let now = ctx.shared_now_in(tx).await?;
    let user_agent = from.user_agent.as_ref().map(|line| line.chars().take(USER_AGENT).collect::<String>());
    let session = NewSession {
        id: SessionId::from_unique(&ctx.unique()),
        token_hash: &token_hash(&token),
        admin,
        awaits_code: code_within.is_some(),
        user_agent: user_agent.as_deref(),
        address: from.address.as_deref(),
        now,
        expires_at: now + code_within.unwrap_or(SESSION_LIFE),
    };
    sessions::insert(tx, &session).await?;
    Ok(token)
}

/// Whose session this token opens. Leaves a mark, once a minute, that they were here.
pub async fn who_is(ctx: &Context, token: &str) -> Result<Option<Admin>, WorkflowError> {
    let (hash, now) = (token_hash(token), ctx.clock.now());
    let Some(opened) = sessions::find_admin(&ctx.db, &hash, now).await? else { return Ok(None) };
    let is_due = opened.last_seen_at.is_none_or(|at| now.since(at) >= SEEN_EVERY);
    if is_due && let Err(error) = mark_seen(ctx, &hash, now).await {
        // They are who they are, whether or not it can be written down.
        tracing::debug!(%error, "a session's last sight was not saved");
    }
    Ok(Some(opened.admin))
}

async fn mark_seen(ctx: &Context, hash: &str, now: Timestamp) -> StoreResult<()> {
    let mut tx = ctx.db.begin().await?;
    sessions::touch(&mut tx, hash, now).await?;
    tx.commit().await
}

/// Whether this token stands between password and code.
pub async fn is_awaited(ctx: &Context, token: &str) -> Result<bool, WorkflowError> {
    Ok(sessions::find_awaited(&ctx.db, &token_hash(token), ctx.shared_now().await?).await?.is_some())
}

/// Ends one of one's own sessions. Says whether it was this very one (`session` is its token's hash).
pub async fn end_session(ctx: &Context, actor: &Actor, session: &str, id: &SessionId) -> Result<bool, WorkflowError> {
    let me = actor.id.as_ref().ok_or(WorkflowError::Forbidden)?;
    let mut tx = ctx.db.begin().await?;
    let Some(ended) = sessions::delete_named(&mut tx, me, id).await? else {
        return Err(WorkflowError::refused("id", "session_unknown", "This session has already ended."));
    };
    let act = Act::on(AuditAction::SessionEnded, &actor.name, json!({ "sessions": [id] }));
    audit::record(ctx, &mut tx, actor, act).await?;
    tx.commit().await?;
    Ok(ended == session)
}

/// Ends one's own sessions but this one. Says how many there were.
pub async fn end_others(ctx: &Context, actor: &Actor, session: &str) -> Result<u64, WorkflowError> {
    let me = actor.id.as_ref().ok_or(WorkflowError::Forbidden)?;
    let mut tx = ctx.db.begin().await?;
    let ended = sessions::delete_all(&mut tx, me, Some(session)).await?;
    if ended > 0 {
        let act = Act::on(AuditAction::SessionEnded, &actor.name, json!({ "sessions_ended": ended }));
        audit::record(ctx, &mut tx, actor, act).await?;
    }
    tx.commit().await?;
    Ok(ended)
}
