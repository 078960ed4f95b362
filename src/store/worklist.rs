//! Payments that a person has to look at. Each reason is a query that an index answers: the indexes, and the table
//! `odd_payments`, hold nothing else (see the migration `payments`). The same conditions count for the red
//! number beside the room and list for its page.

use std::time::Duration;

use sqlx::FromRow;

use super::{Db, StoreResult, on_read};
use crate::domain::ids::PreorderId;
use crate::domain::money::{Currency, Money};
use crate::domain::timestamp::Timestamp;
use crate::domain::worklist::WorklistReason;

/// A line of the worklist.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Item {
    pub preorder_id: PreorderId,
    pub preorder_number: String,
    pub since: Timestamp,
    /// When an answer is due.
    pub due_at: Option<Timestamp>,
    amount_minor: i64,
    currency: Currency,
    /// Why, in Stripe's words.
    pub said: Option<String>,
    /// Stripe's id of what it is about.
    pub reference: Option<String>,
}

impl Item {
    pub const fn amount(&self) -> Money {
        Money::new(self.amount_minor, self.currency)
    }
}

/// Before these instants a thing has taken too long.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub pending: Timestamp,
    pub creating: Timestamp,
    pub requested: Timestamp,
}

impl Limits {
    pub fn at(now: Timestamp) -> Self {
        const HOUR: u64 = 3600;
        let ago = |seconds| now - Duration::from_secs(seconds);
        Self { pending: ago(14 * 24 * HOUR), creating: ago(HOUR / 6), requested: ago(HOUR) }
    }
}

/// The conditions, from the FROM on, with the parameter of their limit where they have one. SQLite takes a partial index only where its
/// condition stands word by word in the query, and reads joined tables in the order of a CROSS JOIN.
macro_rules! condition {
    (paid_not_completed) => {
        " odd_payments u CROSS JOIN preorders p WHERE p.id = u.preorder_id \
         AND p.status NOT IN ('completed', 'cancelled')"
    };
    // Without a payment of which we know.
    (said_to_be_paid) => {
        " preorders p WHERE NOT (p.paid_at IS NULL OR p.status = 'completed') AND p.status <> 'cancelled' \
         AND NOT EXISTS (SELECT 1 FROM odd_payments u WHERE u.preorder_id = p.id)"
    };
    // A dispute has its own line; what it took is not ours to refund.
    (cancelled) => {
        " preorders p WHERE NOT (p.cancelled_at IS NULL OR p.paid_at IS NULL OR p.payment_status = 'refunded') \
         AND p.payment_status <> 'disputed'"
    };
    (cancelled_unnoticed) => {
        " odd_payments u CROSS JOIN preorders p WHERE p.id = u.preorder_id AND p.status = 'cancelled' \
         AND (p.cancelled_at IS NULL OR p.paid_at IS NULL) AND p.payment_status NOT IN ('refunded', 'disputed')"
    };
    // The two by odd payments in one, to be counted.
    (unaccounted) => {
        " odd_payments u CROSS JOIN preorders p WHERE p.id = u.preorder_id AND p.status <> 'completed' \
         AND (p.status <> 'cancelled' OR ((p.cancelled_at IS NULL OR p.paid_at IS NULL) \
         AND p.payment_status NOT IN ('refunded', 'disputed')))"
    };
    // Of the odd payments, those of which there is still too much here.
    (overpaid) => {
        " (SELECT u.preorder_id, a.received_currency AS currency, MIN(COALESCE(a.settled_at, a.updated_at)) AS since \
           FROM odd_payments u CROSS JOIN checkout_attempts a WHERE a.id = u.attempt_id AND a.state = 'paid' \
           AND a.received_currency IS NOT NULL GROUP BY u.preorder_id, a.received_currency) AS c \
         CROSS JOIN preorders p WHERE p.id = c.preorder_id AND p.payment_status <> 'refunded' AND \
         COALESCE((SELECT SUM(a.received_minor) FROM checkout_attempts a WHERE a.preorder_id = c.preorder_id \
           AND a.state = 'paid' AND a.received_currency = c.currency), 0) \
         - COALESCE((SELECT SUM(r.amount_minor) FROM refunds r WHERE r.preorder_id = c.preorder_id \
           AND r.currency = c.currency AND r.state IN ('requested', 'requires_action', 'pending', 'succeeded')), 0) \
         - COALESCE((SELECT SUM(COALESCE(d.taken_minor, CASE WHEN d.state IN ('needs_response', 'under_review', \
           'lost') THEN d.amount_minor ELSE 0 END)) FROM disputes d WHERE d.preorder_id = c.preorder_id \
           AND d.currency = c.currency), 0) \
         > CASE WHEN c.currency = p.currency THEN p.amount_minor ELSE 0 END"
    };
    // Of the odd payments, those that are less than the price even together. What was shipped all the same is decided.
    (underpaid) => {
        " (SELECT u.preorder_id, SUM(a.received_minor) AS received, MIN(COALESCE(a.settled_at, a.updated_at)) AS since \
           FROM odd_payments u CROSS JOIN checkout_attempts a WHERE a.id = u.attempt_id AND a.state = 'paid' \
           AND a.received_minor < a.amount_minor AND a.received_currency = a.currency GROUP BY u.preorder_id) AS c \
         CROSS JOIN preorders p WHERE p.id = c.preorder_id AND p.status = 'completed' \
         AND p.fulfilment_status <> 'fulfilled' AND p.payment_status NOT IN ('refunded', 'disputed') AND \
         COALESCE((SELECT SUM(a.received_minor) FROM checkout_attempts a WHERE a.preorder_id = c.preorder_id \
           AND a.state = 'paid' AND a.received_currency = p.currency), 0) < p.amount_minor"
    };
    (pending $limit:literal) => {
        concat!(
            " preorders p WHERE p.payment_status = 'pending' AND p.created_at < ",
            $limit,
            " AND COALESCE((SELECT MAX(a.updated_at) FROM checkout_attempts a WHERE a.preorder_id = p.id \
             AND a.state = 'pending'), p.updated_at) < ",
            $limit
        )
    };
    (creating $limit:literal) => {
        concat!(
            " checkout_attempts a CROSS JOIN preorders p WHERE p.id = a.preorder_id AND a.state = 'creating' \
             AND p.paid_at IS NULL AND p.status IN ('initiated', 'processing') AND a.created_at < ",
            $limit
        )
    };
    // Repaired once as much has been given back since.
    (refund_failed) => {
        " refunds r CROSS JOIN preorders p WHERE p.id = r.preorder_id AND r.state = 'failed' \
         AND CASE WHEN p.payment_status = 'refunded' THEN 0 ELSE r.amount_minor - COALESCE((SELECT \
         SUM(l.amount_minor) FROM refunds l WHERE l.preorder_id = r.preorder_id AND l.created_at > r.created_at \
         AND l.state IN ('requested', 'requires_action', 'pending', 'succeeded')), 0) END > 0"
    };
    (refund_unknown $limit:literal) => {
        concat!(
            " refunds r JOIN preorders p ON p.id = r.preorder_id WHERE r.state = 'requested' AND r.created_at < ",
            $limit
        )
    };
    (dispute $state:literal) => {
        concat!(
            " disputes d JOIN preorders p ON p.id = d.preorder_id \
             WHERE d.state IN ('needs_response', 'warning_needs_response') AND d.state = ",
            $state
        )
    };
}

macro_rules! count {
    ([$($condition:tt)+] $order:literal) => {
        concat!("SELECT one FROM (SELECT 1 AS one FROM", condition!($($condition)+), $order, " LIMIT 100) AS counted")
    };
    ([$($condition:tt)+]) => { count!([$($condition)+] "") };
}

/// The statement of `waiting::count`: what waits, counted no further than a hundred. The limits stand in `$1` (of what
/// is pending), `$2` (of what is being made) and `$3` (of refunds). What costs most to find out comes last.
pub(super) const WAITING: &str = concat!(
    "SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM outbox WHERE state = 'dead' AND discarded_at IS NULL LIMIT 100) \
     AS counted) AS dead, \
     (SELECT COUNT(*) FROM (SELECT 1 FROM webhook_logs WHERE status = 'failed' LIMIT 100) AS counted) \
     AS failed_webhooks, (SELECT COUNT(*) FROM (",
    count!([dispute "'needs_response'"]),
    " UNION ALL ",
    count!([dispute "'warning_needs_response'"]),
    " UNION ALL ",
    count!([refund_unknown "$3"]),
    " UNION ALL ",
    count!([creating "$2"] " ORDER BY a.created_at"),
    " UNION ALL ",
    count!([unaccounted]),
    " UNION ALL ",
    count!([said_to_be_paid] " ORDER BY COALESCE(p.paid_at, p.created_at), p.id"),
    " UNION ALL ",
    count!([cancelled] " ORDER BY p.cancelled_at, p.id"),
    " UNION ALL ",
    count!([refund_failed]),
    " UNION ALL ",
    count!([pending "$1"] " ORDER BY p.created_at"),
    " UNION ALL ",
    count!([overpaid]),
    " UNION ALL ",
    count!([underpaid]),
    " LIMIT 100) AS counted) AS payments",
);

/// Lines of a condition: since when, due, amount, currency, said, reference; and their order.
macro_rules! lines {
    ([$($condition:tt)+] $since:literal, $due:literal, $minor:literal, $currency:literal, $said:literal,
     $reference:literal, $order:literal) => {
        concat!(
            "SELECT p.id AS preorder_id, p.preorder_number, ",
            $since,
            " AS since, ",
            $due,
            " AS due_at, ",
            $minor,
            " AS amount_minor, ",
            $currency,
            " AS currency, ",
            $said,
            " AS said, ",
            $reference,
            " AS reference FROM",
            condition!($($condition)+),
            " ORDER BY ",
            $order,
            " LIMIT 51"
        )
    };
    ([$($condition:tt)+] $since:literal, $order:literal) => {
        lines!([$($condition)+] $since, "CAST(NULL AS timestamptz)", "p.amount_minor", "p.currency",
            "CAST(NULL AS TEXT)", "CAST(NULL AS TEXT)", $order)
    };
}
macro_rules! dispute_lines {
    ($state:literal) => {
        lines!([dispute $state] "d.opened_at", "d.due_at", "d.amount_minor", "d.currency", "d.reason",
            "d.provider_dispute_id", "CASE WHEN d.due_at IS NULL THEN 1 ELSE 0 END, d.due_at, d.id")
    };
}
macro_rules! refund_lines {
    ($($condition:tt)+) => {
        lines!([$($condition)+] "r.created_at", "CAST(NULL AS timestamptz)", "r.amount_minor", "r.currency",
            "r.failure_reason", "r.provider_refund_id", "since")
    };
}

/// The first fifty of each reason and one more, if there is one: longest waiting first, disputes by their due date.
pub async fn list(db: &Db, limits: Limits) -> StoreResult<Vec<(WorklistReason, Vec<Item>)>> {
    use WorklistReason as Why;
    const OVERPAID: &str = lines!([overpaid] "c.since", "CAST(NULL AS timestamptz)",
        "CAST((SELECT SUM(a.received_minor) FROM checkout_attempts a WHERE a.preorder_id = c.preorder_id \
         AND a.state = 'paid' AND a.received_currency = c.currency) AS BIGINT)",
        "c.currency", "CAST(NULL AS TEXT)", "CAST(NULL AS TEXT)", "since");
    const UNDERPAID: &str = lines!([underpaid] "c.since", "CAST(NULL AS timestamptz)", "CAST(c.received AS BIGINT)", "p.currency",
        "CAST(NULL AS TEXT)", "CAST(NULL AS TEXT)", "since");
    let standing = [
        (Why::DisputeDue, dispute_lines!("'needs_response'")),
        (Why::Inquiry, dispute_lines!("'warning_needs_response'")),
        (Why::PaidNotCompleted, lines!([paid_not_completed] "COALESCE(p.paid_at, p.updated_at)", "since")),
        (Why::PaidNotCompleted, lines!([said_to_be_paid] "p.paid_at", "COALESCE(p.paid_at, p.created_at), p.id")),
        (Why::Overpaid, OVERPAID),
        (Why::Underpaid, UNDERPAID),
        (Why::CancelledButPaid, lines!([cancelled] "p.cancelled_at", "p.cancelled_at, p.id")),
        (Why::CancelledButPaid, lines!([cancelled_unnoticed] "p.updated_at", "since")),
        (Why::RefundFailed, refund_lines!(refund_failed)),
    ];
    let late = [
        (Why::RefundUnknown, refund_lines!(refund_unknown "$1"), limits.requested),
        (Why::PendingTooLong, lines!([pending "$1"] "p.updated_at", "p.created_at"), limits.pending),
        (Why::CheckoutUnknown, lines!([creating "$1"] "a.created_at", "a.created_at"), limits.creating),
    ];
    let mut found: Vec<(Why, Vec<Item>)> = Vec::new();
    let mut add = |why: Why, items: Vec<Item>| match found.last_mut() {
        Some((last, before)) if *last == why => before.extend(items),
        _ => found.push((why, items)),
    };
    for (why, sql) in standing {
        add(why, on_read!(db, c => sqlx::query_as(sql).fetch_all(c).await)?);
    }
    for (why, sql, limit) in late {
        add(why, on_read!(db, c => sqlx::query_as(sql).bind(limit).fetch_all(c).await)?);
    }
    found.retain(|(_, items)| !items.is_empty());
    Ok(found)
}
