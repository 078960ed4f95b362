//! Writing an act into the audit log, in the transaction of the act: there is no act without its line, and no line
//! without its act.

use serde_json::Value;

use super::WorkflowError;
use crate::context::Context;
use crate::domain::access::Actor;
use crate::domain::audit::AuditAction;
use crate::domain::ids::{AuditId, PreorderId};
use crate::store::Tx;
use crate::store::audit::{self, Entry};

/// What was done, and to what.
pub struct Act<'a> {
    pub action: AuditAction,
    pub subject: Option<&'a str>,
    pub preorder_id: Option<&'a PreorderId>,
    /// What exactly: a JSON object, without secrets and without buyers' addresses.
    pub detail: Value,
}

impl<'a> Act<'a> {
    pub const fn on(action: AuditAction, subject: &'a str, detail: Value) -> Self {
        Self { action, subject: Some(subject), preorder_id: None, detail }
    }

    pub fn on_preorder(action: AuditAction, id: &'a PreorderId, detail: Value) -> Self {
        Self { action, subject: Some(id.as_str()), preorder_id: Some(id), detail }
    }
}

pub async fn record(ctx: &Context, tx: &mut Tx, actor: &Actor, act: Act<'_>) -> Result<(), WorkflowError> {
    let entry = Entry {
        id: AuditId::from_unique(&ctx.unique()),
        actor,
        action: act.action,
        subject: act.subject,
        preorder_id: act.preorder_id,
        detail: act.detail,
        at: ctx.clock.now(),
    };
    Ok(audit::record(tx, &entry).await?)
}
