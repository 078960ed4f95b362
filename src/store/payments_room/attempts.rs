//! Tries to pay, as the room lists them.

use sqlx::FromRow;

use super::{Place, Span, build, push_before, push_span};
use crate::domain::ids::{AttemptId, PreorderId};
use crate::domain::money::{Currency, Money};
use crate::domain::outcome::Outcome;
use crate::domain::payment::AttemptState;
use crate::domain::timestamp::Timestamp;
use crate::store::{Db, StoreResult};

/// Tries that one page looks at in search of those it shows.
pub const WALK: i64 = 10_000;
/// Refusals that are grouped.
pub const GROUPED: i64 = 20_000;
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
