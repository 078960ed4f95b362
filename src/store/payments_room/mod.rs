//! What the room Payments lists: tries to pay, refunds, disputes, and sums of the ledger. Each list is a walk along an
//! index by the time a thing began, from a cursor on, and reads no more than it shows; where a filter may throw most
//! of it away, no more than [`WALK`].

mod attempts;
mod given_back;

pub use attempts::{AttemptFilter, AttemptLine, GROUPED, WALK, attempts, codes_met, declines, end_of_walk};
pub use given_back::{DisputeLine, RefundLine, Stage, disputes, refunds};

use super::{Db, StoreResult};
use crate::domain::money::{Currency, Money};
use crate::domain::refund::LedgerKind;
use crate::domain::timestamp::Timestamp;

/// Entries of the ledger that are added up.
pub const SUMMED: i64 = 50_000;

/// From the first instant up to, and without, the second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
}

/// A row's place in a list: where the next page goes on.
pub type Place<Id> = (Timestamp, Id);

/// One body for both databases.
macro_rules! build {
    ($db:expr, |$sql:ident, $pool:ident| $body:expr) => {
        match $db {
            Db::Sqlite(db) => {
                let $pool = &db.read;
                let mut $sql = sqlx::QueryBuilder::<sqlx::Sqlite>::new("");
                $body
            }
            Db::Postgres($pool) => {
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
pub(crate) use build;
pub(crate) use push_before;
pub(crate) use push_span;

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
