//! Money that goes back, as the room lists it: refunds and disputes.

use sqlx::FromRow;

use super::{Place, Span, build, push_before, push_span};
use crate::domain::ids::{DisputeId, PreorderId, RefundId};
use crate::domain::money::{Currency, Money};
use crate::domain::refund::{DisputeState, RefundState};
use crate::domain::timestamp::Timestamp;
use crate::store::{Db, StoreResult};

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
