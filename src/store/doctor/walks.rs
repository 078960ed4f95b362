//! Differences from Stripe's records that a walk through them found.

use std::time::Duration;

use super::Question;

/// An event may be this late, and what it says is different until it comes.
const LATE: Duration = Duration::from_hours(1);

/// Found a while ago, and neither settled by a person nor gone by itself. What is of no preorder of ours is not ours to
/// settle.
pub const LEFT_OPEN: Question = Question::ago(
    "SELECT COUNT(*) FROM differences WHERE settled_at IS NULL AND verdict <> 'unknown' AND found_at < $1",
    LATE,
);
