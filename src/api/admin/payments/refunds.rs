//! Refunds, newest first: how far each has come, and who asked for it.

use super::span::{AskedSpan, Moved, moved};
use super::{Asked, ROWS, cut, read_cursor, spelled_out};
use crate::api::ApiError;
use crate::context::Context;
use crate::domain::money::Money;
use crate::domain::refund::{LedgerKind, RefundReason, RefundState};
use crate::domain::timestamp::Timestamp;
use crate::store::payments_room::{self, RefundLine};

pub struct Refunds {
    pub state: Option<RefundState>,
    pub span: AskedSpan,
    pub rows: Vec<RefundRow>,
    pub next: Option<String>,
    pub first_page: bool,
    /// `None`: too much moved to be added up.
    pub moved: Option<Vec<Moved>>,
}

pub struct RefundRow {
    pub preorder_id: String,
    pub number: String,
    pub state: RefundState,
    pub amount: Money,
    pub reason: Option<String>,
    pub failure_reason: Option<String>,
    /// `None`: it was made at Stripe.
    pub requested_by: Option<String>,
    pub created_at: Timestamp,
}

pub async fn refunds(ctx: &Context, asked: &Asked) -> Result<Refunds, ApiError> {
    let span = AskedSpan::read(&asked.from, &asked.to);
    let state = asked.state.parse().ok();
    let before = read_cursor(&asked.after);
    let first_page = before.is_none();
    let mut lines = payments_room::refunds(&ctx.db, state, span.span, before.as_ref(), ROWS as i64 + 1).await?;
    let next = cut(&mut lines, |line| (line.created_at, line.id.clone()));
    let kinds = [LedgerKind::Refund, LedgerKind::RefundReturned];
    let shown = span.or_last_days(ctx.clock.now());
    let moved = if first_page { moved(ctx, shown, &kinds).await? } else { Some(Vec::new()) };
    Ok(Refunds { state, span, rows: lines.into_iter().map(row).collect(), next, first_page, moved })
}

fn row(line: RefundLine) -> RefundRow {
    let reason = line.reason.as_deref().map(|word| {
        word.parse::<RefundReason>().map_or_else(|_| spelled_out(word), |reason| reason.label().to_owned())
    });
    RefundRow {
        amount: line.amount(),
        preorder_id: line.preorder_id.to_string(),
        number: line.preorder_number,
        state: line.state,
        reason,
        failure_reason: line.failure_reason.as_deref().map(spelled_out),
        requested_by: line.requested_by,
        created_at: line.created_at,
    }
}
