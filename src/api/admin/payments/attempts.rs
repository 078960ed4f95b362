//! Every try to pay, newest first, and why the banks refused those they did.

use super::span::{AskedSpan, Moved, exact, moved};
use super::{Asked, ROWS, cut, read_cursor, written};
use crate::api::ApiError;
use crate::context::Context;
use crate::domain::decline::{self, DeclineReason};
use crate::domain::ids::AttemptId;
use crate::domain::money::{Currency, Money};
use crate::domain::outcome::Outcome;
use crate::domain::payment::AttemptState;
use crate::domain::refund::LedgerKind;
use crate::domain::timestamp::Timestamp;
use crate::store::payments_room::{self, AttemptFilter, AttemptLine, GROUPED, Place};

pub struct Attempts {
    pub outcome: Option<Outcome>,
    pub reason: Option<DeclineReason>,
    pub currency: Option<Currency>,
    pub span: AskedSpan,
    pub rows: Vec<AttemptRow>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
    /// How far back was looked, where that was not to the end.
    pub looked_back_to: Option<Timestamp>,
    pub first_page: bool,
    /// By how many there are; on the first page alone.
    pub declined: Vec<Declined>,
    /// There were more refusals than were grouped.
    pub declined_cut: bool,
    /// `None`: too much moved to be added up.
    pub moved: Option<Vec<Moved>>,
}

/// Refusals of one reason in the shown span.
pub struct Declined {
    pub reason: DeclineReason,
    pub count: i64,
    /// The address of exactly these.
    pub query: String,
}

pub struct AttemptRow {
    pub preorder_id: String,
    pub number: String,
    /// Which try of the preorder's it is.
    pub which: i64,
    pub outcome: Outcome,
    /// More than the outcome says: `page expired`.
    pub detail: Option<&'static str>,
    pub amount: Money,
    /// `Visa ···· 4242`.
    pub card: Option<String>,
    pub reason: Option<DeclineReason>,
    /// Code and message in the bank's words.
    pub said: Option<String>,
    pub created_at: Timestamp,
}

pub async fn attempts(ctx: &Context, asked: &Asked) -> Result<Attempts, ApiError> {
    let span = AskedSpan::read(&asked.from, &asked.to);
    let (outcome, reason) = (asked.outcome.parse().ok(), asked.reason.parse().ok());
    let currency = Currency::parse(&asked.currency);
    let before: Option<Place<AttemptId>> = read_cursor(&asked.after);
    let first_page = before.is_none();
    let mut filter = AttemptFilter { outcome, declined: reason.is_some(), codes: None, currency, span: span.span };
    if let Some(reason) = reason {
        let met = payments_room::codes_met(&ctx.db, &filter, before.as_ref()).await?;
        filter.codes = Some(met.into_iter().filter(|code| decline::reason(code) == reason).collect());
    }
    let nothing_to_find = filter.codes.as_ref().is_some_and(Vec::is_empty);
    let mut lines = if nothing_to_find {
        Vec::new()
    } else {
        payments_room::attempts(&ctx.db, &filter, before.as_ref(), ROWS as i64 + 1).await?
    };
    let mut next = cut(&mut lines, |line| (line.created_at, line.id.clone()));
    let mut looked_back_to = None;
    let picks = outcome.is_some() || reason.is_some() || currency.is_some();
    if next.is_none()
        && picks
        && let Some(place) = payments_room::end_of_walk(&ctx.db, &filter, before.as_ref()).await?
    {
        next = Some(written(&place));
        looked_back_to = Some(place.0);
    }
    let shown = span.or_last_days(ctx.clock.now());
    let declined = if first_page { payments_room::declines(&ctx.db, shown).await? } else { Vec::new() };
    let kinds = [LedgerKind::Capture];
    let moved = if first_page { moved(ctx, shown, &kinds).await? } else { Some(Vec::new()) };
    Ok(Attempts {
        outcome,
        reason,
        currency,
        rows: lines.into_iter().map(row).collect(),
        next,
        looked_back_to,
        first_page,
        declined_cut: declined.iter().map(|(_, count)| count).sum::<i64>() >= GROUPED,
        declined: grouped(&declined, shown),
        moved,
        span,
    })
}

/// The most frequent first.
fn grouped(codes: &[(String, i64)], span: payments_room::Span) -> Vec<Declined> {
    let count = |reason: DeclineReason| {
        codes.iter().filter(|(code, _)| decline::reason(code) == reason).map(|(_, count)| count).sum::<i64>()
    };
    let query = |reason: DeclineReason| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("view", "attempts").append_pair("reason", reason.as_str());
        for (name, at) in [("from", span.from), ("to", span.to)] {
            if let Some(at) = at {
                query.append_pair(name, &exact(at));
            }
        }
        query.finish()
    };
    let mut declined: Vec<Declined> = DeclineReason::ALL
        .iter()
        .map(|&reason| Declined { reason, count: count(reason), query: query(reason) })
        .filter(|declined| declined.count > 0)
        .collect();
    declined.sort_by_key(|declined| -declined.count);
    declined
}

fn row(line: AttemptLine) -> AttemptRow {
    let outcome = Outcome::of(line.state, line.decline_code.is_some());
    let detail = match (outcome, line.state) {
        (Outcome::Declined, AttemptState::Expired) => Some("page expired since"),
        (Outcome::Open, AttemptState::Creating) => Some("no answer from Stripe yet"),
        _ => None,
    };
    let said = line.decline_code.as_ref().map(|code| {
        let message = line.decline_message.as_deref().unwrap_or_default();
        if message.is_empty() { code.clone() } else { format!("{code}: {message}") }
    });
    AttemptRow {
        amount: line.amount(),
        card: line
            .card_brand
            .as_deref()
            .zip(line.card_last4.as_deref())
            .map(|(brand, last4)| format!("{} ···· {last4}", super::spelled_out(brand))),
        reason: line.decline_code.as_deref().map(decline::reason),
        preorder_id: line.preorder_id.to_string(),
        number: line.preorder_number,
        which: line.number,
        outcome,
        detail,
        said,
        created_at: line.created_at,
    }
}
