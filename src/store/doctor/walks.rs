//! Differences from Stripe's records that a walk through them found.

use std::time::Duration;

use super::Question;

/// An event may be this late, and what it says is different until it comes.
const LATE: Duration = Duration::from_hours(1);

/// Once a day everything is compared, and that takes a while.
const COMPARED_WITHIN: Duration = Duration::from_hours(26);

/// Nobody has walked through everything for more than a day, and something was sold before that. What a person asked for
/// may have been the last hour alone; it counts if it reached back as far.
pub const NOT_COMPARED: Question = Question::ago(
    "SELECT COUNT(*) FROM (SELECT 1 AS one WHERE EXISTS (SELECT 1 FROM checkout_attempts WHERE created_at < $1) \
     AND NOT EXISTS (SELECT 1 FROM walks WHERE scope = 'everything' AND state = 'done' AND finished_at >= $1 \
     AND (asked_by IS NULL OR since < $1))) AS late",
    COMPARED_WITHIN,
);

/// Found a while ago, and neither settled by a person nor gone by itself. What is of no preorder of ours is not ours to
/// settle.
pub const LEFT_OPEN: Question = Question::ago(
    "SELECT COUNT(*) FROM differences WHERE settled_at IS NULL AND verdict <> 'unknown' AND found_at < $1",
    LATE,
)
.naming("provider_id");
