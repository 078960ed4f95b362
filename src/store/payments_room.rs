//! What the room Payments lists: tries to pay, refunds, disputes, and sums of the ledger. Each list is a walk along an
//! index by the time a thing began, from a cursor on, and reads no more than it shows; where a filter may throw most
//! of it away, no more than [`WALK`].

use sqlx::FromRow;

use super::{Db, StoreResult};
use crate::domain::ids::{AttemptId, DisputeId, PreorderId, RefundId};
use crate::domain::money::{Currency, Money};
use crate::domain::outcome::Outcome;
use crate::domain::payment::AttemptState;
use crate::domain::refund::{DisputeState, LedgerKind, RefundState};
use crate::domain::timestamp::Timestamp;

/// Tries that one page looks at in search of those it shows.
pub const WALK: i64 = 10_000;
/// Refusals that are grouped.
pub const GROUPED: i64 = 20_000;
/// Entries of the ledger that are added up.
pub const SUMMED: i64 = 50_000;

/// From the first instant up to, and without, the second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
}

#[derive(Debug, Clone, Default)]
pub struct AttemptFilter {
    pub outcome: Option<Outcome>,
    /// Only refused ones.
    pub declined: bool,
    /// Only those with one of these decline codes.
    pub codes: Option<Vec<String>>,
    pub currency: Option<Currency>,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct AttemptLine {
    pub id: AttemptId,
    pub preorder_id: PreorderId,
    pub preorder_number: String,
    pub number: i64,
    pub state: AttemptState,
    amount_minor: i64,
    currency: Currency,
    received_minor: Option<i64>,
    received_currency: Option<Currency>,
    pub decline_code: Option<String>,
    pub decline_message: Option<String>,
    pub card_brand: Option<String>,
    pub card_last4: Option<String>,
    pub created_at: Timestamp,
}

impl AttemptLine {
    /// What came in, else what was asked for.
    pub fn amount(&self) -> Money {
        let received = self.received_minor.zip(self.received_currency);
        received.map_or(Money::new(self.amount_minor, self.currency), |(minor, currency)| Money::new(minor, currency))
    }
}

/// A row's place in a list: where the next page goes on.
pub type Place<Id> = (Timestamp, Id);

/// One body for both databases.
macro_rules! build {
    ($db:expr, |$sql:ident, $pool:ident| $body:expr) => {
        match $db {
            Db::Sqlite(db) => {
                let $pool = &db.read;
                #[allow(unused_mut)]
                let mut $sql = sqlx::QueryBuilder::<sqlx::Sqlite>::new("");
                $body
            }
            Db::Postgres($pool) => {
                #[allow(unused_mut)]
                let mut $sql = sqlx::QueryBuilder::<sqlx::Postgres>::new("");
                $body
            }
        }
    };
}

macro_rules! push_span {
    ($sql:ident, $column:literal, $span:expr) => {
        if let Some(from) = $span.from {
            $sql.push(concat!(" AND ", $column, " >= ")).push_bind(from);
        }
        if let Some(to) = $span.to {
            $sql.push(concat!(" AND ", $column, " < ")).push_bind(to);
        }
    };
}

macro_rules! push_before {
    ($sql:ident, $columns:literal, $before:expr) => {
        if let Some((at, id)) = $before {
            $sql.push(concat!(" AND ", $columns, " < (")).push_bind(*at).push(", ").push_bind(id.clone()).push(")");
        }
    };
}

/// The walk: conditions that an index answers, and nothing else.
macro_rules! push_walk {
    ($sql:ident, $columns:literal, $filter:expr, $before:expr) => {
        $sql.push(concat!("SELECT ", $columns, " FROM checkout_attempts WHERE 1 = 1"));
        if $filter.declined || $filter.outcome == Some(Outcome::Declined) {
            $sql.push(" AND decline_code IS NOT NULL");
        } else if matches!($filter.outcome, Some(Outcome::Pending | Outcome::Failed)) {
            $sql.push(" AND state IN ('pending', 'failed')");
        }
        push_span!($sql, "created_at", $filter.span);
        push_before!($sql, "(created_at, id)", $before);
        $sql.push(" ORDER BY created_at DESC, id DESC LIMIT ").push_bind(WALK);
    };
}

/// Newest first. The outer query has no order of its own: it takes rows as the walk brings them and stops when it has
/// enough, where sorting would make it walk to the end.
pub async fn attempts(
    db: &Db,
    filter: &AttemptFilter,
    before: Option<&Place<AttemptId>>,
    limit: i64,
) -> StoreResult<Vec<AttemptLine>> {
    let mut lines: Vec<AttemptLine> = build!(db, |sql, pool| {
        sql.push(
            "SELECT w.id, w.preorder_id, (SELECT p.preorder_number FROM preorders p WHERE p.id = w.preorder_id) \
             AS preorder_number, w.number, w.state, w.amount_minor, w.currency, w.received_minor, \
             w.received_currency, w.decline_code, w.decline_message, w.card_brand, w.card_last4, w.created_at FROM (",
        );
        push_walk!(
            sql,
            "id, preorder_id, number, state, amount_minor, currency, received_minor, received_currency, decline_code, \
             decline_message, card_brand, card_last4, created_at",
            filter,
            before
        );
        sql.push(") AS w WHERE 1 = 1");
        if let Some(outcome) = filter.outcome {
            sql.push(" AND ").push(match outcome {
                Outcome::Paid => "w.state = 'paid'",
                Outcome::Pending => "w.state = 'pending'",
                Outcome::Failed => "w.state = 'failed'",
                Outcome::Declined => "w.state NOT IN ('paid', 'pending', 'failed')",
                Outcome::Expired => "w.state = 'expired' AND w.decline_code IS NULL",
                Outcome::Open => "w.state IN ('creating', 'open', 'declined') AND w.decline_code IS NULL",
            });
        }
        if let Some(codes) = &filter.codes {
            sql.push(" AND w.decline_code IN (");
            let mut list = sql.separated(", ");
            for code in codes {
                list.push_bind(code.clone());
            }
            sql.push(")");
        }
        if let Some(currency) = filter.currency {
            sql.push(" AND COALESCE(w.received_currency, w.currency) = ").push_bind(currency);
        }
        sql.push(" LIMIT ").push_bind(limit);
        sql.build_query_as().fetch_all(pool).await?
    });
    lines.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
    Ok(lines)
}

/// Decline codes that the walk meets.
pub async fn codes_met(db: &Db, filter: &AttemptFilter, before: Option<&Place<AttemptId>>) -> StoreResult<Vec<String>> {
    let filter = AttemptFilter { declined: true, ..filter.clone() };
    Ok(build!(db, |sql, pool| {
        sql.push("SELECT DISTINCT w.decline_code FROM (");
        push_walk!(sql, "decline_code", filter, before);
        sql.push(") AS w");
        sql.build_query_scalar().fetch_all(pool).await?
    }))
}

/// Where the walk ended, if it was cut short.
pub async fn end_of_walk(
    db: &Db,
    filter: &AttemptFilter,
    before: Option<&Place<AttemptId>>,
) -> StoreResult<Option<Place<AttemptId>>> {
    Ok(build!(db, |sql, pool| {
        push_walk!(sql, "created_at, id", filter, before);
        sql.push(" OFFSET ").push_bind(WALK - 1);
        sql.build_query_as().fetch_optional(pool).await?
    }))
}

/// Refusals of a span by Stripe's code, of the newest [`GROUPED`].
pub async fn declines(db: &Db, span: Span) -> StoreResult<Vec<(String, i64)>> {
    Ok(build!(db, |sql, pool| {
        sql.push(
            "SELECT w.decline_code, COUNT(*) FROM (SELECT decline_code FROM checkout_attempts \
             WHERE decline_code IS NOT NULL",
        );
        push_span!(sql, "created_at", span);
        sql.push(" ORDER BY created_at DESC, id DESC LIMIT ").push_bind(GROUPED);
        sql.push(") AS w GROUP BY w.decline_code");
        sql.build_query_as().fetch_all(pool).await?
    }))
}

/// What moved in a span by kind and currency: sum and number of entries. `None`: more entries than are added up.
pub async fn sums(db: &Db, span: Span) -> StoreResult<Option<Vec<(LedgerKind, Money, i64)>>> {
    let rows: Vec<(LedgerKind, Currency, i64, i64)> = build!(db, |sql, pool| {
        sql.push(
            "SELECT kind, currency, CAST(SUM(amount_minor) AS BIGINT), COUNT(*) FROM \
             (SELECT kind, currency, amount_minor FROM payments_ledger WHERE 1 = 1",
        );
        push_span!(sql, "occurred_at", span);
        sql.push(" LIMIT ").push_bind(SUMMED + 1);
        sql.push(") AS moved GROUP BY kind, currency");
        sql.build_query_as().fetch_all(pool).await?
    });
    let all = rows.iter().map(|(.., count)| count).sum::<i64>() <= SUMMED;
    let sum = |(kind, currency, minor, count)| (kind, Money::new(minor, currency), count);
    Ok(all.then(|| rows.into_iter().map(sum).collect()))
}

#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct RefundLine {
    pub id: RefundId,
    pub preorder_id: PreorderId,
    pub preorder_number: String,
    amount_minor: i64,
    currency: Currency,
    pub reason: Option<String>,
    pub state: RefundState,
    pub failure_reason: Option<String>,
    pub requested_by: Option<String>,
    pub created_at: Timestamp,
}

impl RefundLine {
    pub const fn amount(&self) -> Money {
        Money::new(self.amount_minor, self.currency)
    }
}

/// Newest first.
pub async fn refunds(
    db: &Db,
    state: Option<RefundState>,
    span: Span,
    before: Option<&Place<RefundId>>,
    limit: i64,
) -> StoreResult<Vec<RefundLine>> {
    Ok(build!(db, |sql, pool| {
        sql.push(
            "SELECT r.id, r.preorder_id, p.preorder_number, r.amount_minor, r.currency, r.reason, r.state, \
             r.failure_reason, r.requested_by, r.created_at FROM refunds r JOIN preorders p ON p.id = r.preorder_id \
             WHERE 1 = 1",
        );
        if let Some(state) = state {
            sql.push(" AND r.state = ").push_bind(state);
        }
        push_span!(sql, "r.created_at", span);
        push_before!(sql, "(r.created_at, r.id)", before);
        sql.push(" ORDER BY r.created_at DESC, r.id DESC LIMIT ").push_bind(limit);
        sql.build_query_as().fetch_all(pool).await?
    }))
}

#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct DisputeLine {
    pub id: DisputeId,
    pub preorder_id: PreorderId,
    pub preorder_number: String,
    pub provider_dispute_id: String,
    amount_minor: i64,
    currency: Currency,
    pub reason: Option<String>,
    pub state: DisputeState,
    pub due_at: Option<Timestamp>,
    pub opened_at: Timestamp,
}

impl DisputeLine {
    pub const fn amount(&self) -> Money {
        Money::new(self.amount_minor, self.currency)
    }
}

/// How far a dispute has come, as its list is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Soonest due first.
    AwaitsUs,
    UnderReview,
    Closed,
}

/// Disputes of one stage; but for those that await us, newest first.
pub async fn disputes(
    db: &Db,
    stage: Stage,
    span: Span,
    after: Option<&Place<DisputeId>>,
    limit: i64,
) -> StoreResult<Vec<DisputeLine>> {
    Ok(build!(db, |sql, pool| {
        sql.push(
            "SELECT d.id, d.preorder_id, p.preorder_number, d.provider_dispute_id, d.amount_minor, d.currency, \
             d.reason, d.state, d.due_at, d.opened_at FROM disputes d JOIN preorders p ON p.id = d.preorder_id WHERE ",
        );
        sql.push(match stage {
            Stage::AwaitsUs => "d.state IN ('needs_response', 'warning_needs_response')",
            Stage::UnderReview => "d.state IN ('under_review', 'warning_under_review')",
            Stage::Closed => {
                "d.state NOT IN ('needs_response', 'warning_needs_response', 'under_review', 'warning_under_review')"
            }
        });
        push_span!(sql, "d.opened_at", span);
        if stage == Stage::AwaitsUs {
            if let Some((at, id)) = after {
                sql.push(" AND (COALESCE(d.due_at, d.opened_at), d.id) > (").push_bind(*at);
                sql.push(", ").push_bind(id.clone()).push(")");
            }
            sql.push(" ORDER BY COALESCE(d.due_at, d.opened_at), d.id LIMIT ");
        } else {
            push_before!(sql, "(d.opened_at, d.id)", after);
            sql.push(" ORDER BY d.opened_at DESC, d.id DESC LIMIT ");
        }
        sql.push_bind(limit);
        sql.build_query_as().fetch_all(pool).await?
    }))
}
