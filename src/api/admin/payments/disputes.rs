//! Disputes: those that await us first, soonest due; then those under review; then those that are over.

use super::super::dashboard::in_stripe;
use super::span::{AskedSpan, Moved, moved};
use super::{Asked, Due, ROWS, read_cursor, spelled_out, written};
use crate::api::ApiError;
use crate::context::Context;
use crate::domain::ids::DisputeId;
use crate::domain::money::Money;
use crate::domain::refund::{DisputeState, LedgerKind};
use crate::domain::timestamp::Timestamp;
use crate::store::payments_room::{self, DisputeLine, Place};

pub use crate::store::payments_room::Stage;

pub struct Disputes {
    pub stage: Option<Stage>,
    pub span: AskedSpan,
    pub rows: Vec<DisputeRow>,
    pub next: Option<String>,
    pub first_page: bool,
    /// `None`: too much moved to be added up.
    pub moved: Option<Vec<Moved>>,
}

pub struct DisputeRow {
    pub preorder_id: String,
    pub number: String,
    pub state: DisputeState,
    pub amount: Money,
    pub reason: Option<String>,
    /// While it is on us to answer.
    pub due: Option<Due>,
    pub opened_at: Timestamp,
    /// Its page in Stripe's dashboard.
    pub in_stripe: Option<String>,
}

impl Stage {
    pub const ALL: [Self; 3] = [Self::AwaitsUs, Self::UnderReview, Self::Closed];

    /// In addresses.
    pub const fn word(self) -> &'static str {
        match self {
            Self::AwaitsUs => "awaits_us",
            Self::UnderReview => "under_review",
            Self::Closed => "closed",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::AwaitsUs => "Needs a response",
            Self::UnderReview => "Under review",
            Self::Closed => "Closed",
        }
    }

    fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.word() == word)
    }
}

pub async fn disputes(ctx: &Context, asked: &Asked) -> Result<Disputes, ApiError> {
    let span = AskedSpan::read(&asked.from, &asked.to);
    let stage = Stage::read(&asked.state);
    let cursor = read_place(&asked.after);
    let first_page = cursor.is_none();
    let mut lines: Vec<(Stage, DisputeLine)> = Vec::new();
    for at in Stage::ALL.into_iter().filter(|at| stage.is_none_or(|stage| stage == *at)) {
        let missing = (ROWS + 1).saturating_sub(lines.len());
        // Stages before the cursor's have been shown; those after it begin at their beginning.
        let after = match &cursor {
            Some((reached, _)) if at < *reached => continue,
            Some((reached, place)) if at == *reached => Some(place),
            _ => None,
        };
        if missing > 0 {
            let found = payments_room::disputes(&ctx.db, at, span.span, after, missing as i64).await?;
            lines.extend(found.into_iter().map(|line| (at, line)));
        }
    }
    let more = lines.len() > ROWS;
    lines.truncate(ROWS);
    let next = lines.last().filter(|_| more).map(|(stage, line)| {
        let at = if *stage == Stage::AwaitsUs { line.due_at.unwrap_or(line.opened_at) } else { line.opened_at };
        format!("{}.{}", stage.word(), written(&(at, &line.id)))
    });
    let now = ctx.clock.now();
    let kinds = [LedgerKind::Dispute, LedgerKind::DisputeReturned];
    let moved = if first_page { moved(ctx, span.or_last_days(now), &kinds).await? } else { Some(Vec::new()) };
    let rows = lines.into_iter().map(|(_, line)| row(ctx, line, now)).collect();
    Ok(Disputes { stage, span, rows, next, first_page, moved })
}

fn read_place(text: &str) -> Option<(Stage, Place<DisputeId>)> {
    let (stage, place) = text.split_once('.')?;
    Some((Stage::read(stage)?, read_cursor(place)?))
}

fn row(ctx: &Context, line: DisputeLine, now: Timestamp) -> DisputeRow {
    DisputeRow {
        amount: line.amount(),
        due: line.due_at.filter(|_| line.state.awaits_us()).map(|at| Due::of(at, now)),
        in_stripe: in_stripe(ctx, &format!("disputes/{}", line.provider_dispute_id)),
        reason: line.reason.as_deref().map(spelled_out),
        preorder_id: line.preorder_id.to_string(),
        number: line.preorder_number,
        state: line.state,
        opened_at: line.opened_at,
    }
}
