//! Badges against what they are made of, and states that have gone back a rung. The badge is computed here a second
//! time, in SQL: two ways that must agree (`Progress::after` is the other).

use super::Question;

/// Preorders whose payment badge is not what their tries, refunds and disputes say.
pub const BADGES: Question = Question::new(
    "SELECT COUNT(*) FROM preorders p LEFT JOIN (SELECT preorder_id, \
     MAX(CASE WHEN state = 'paid' THEN 1 ELSE 0 END) AS paid, \
     MAX(CASE WHEN state = 'pending' THEN 1 ELSE 0 END) AS pending, \
     MAX(CASE WHEN state = 'failed' OR decline_code IS NOT NULL THEN 1 ELSE 0 END) AS failed, \
     SUM(CASE WHEN state = 'paid' THEN COALESCE(received_minor, amount_minor) ELSE 0 END) AS captured \
     FROM checkout_attempts GROUP BY preorder_id) a ON a.preorder_id = p.id \
     LEFT JOIN (SELECT preorder_id, SUM(amount_minor) AS refunded FROM refunds \
     WHERE state IN ('requires_action', 'pending', 'succeeded') GROUP BY preorder_id) r ON r.preorder_id = p.id \
     LEFT JOIN (SELECT DISTINCT preorder_id FROM disputes WHERE state IN ('warning_needs_response', \
     'warning_under_review', 'needs_response', 'under_review', 'lost')) d ON d.preorder_id = p.id \
     WHERE p.payment_status <> CASE \
     WHEN d.preorder_id IS NOT NULL THEN 'disputed' \
     WHEN r.refunded > 0 AND r.refunded < COALESCE(a.captured, 0) THEN 'partially_refunded' \
     WHEN r.refunded > 0 THEN 'refunded' \
     WHEN a.paid = 1 OR p.paid_at IS NOT NULL THEN 'paid' \
     WHEN a.pending = 1 THEN 'pending' WHEN a.failed = 1 THEN 'failed' ELSE 'unpaid' END",
)
.naming("p.id");

/// Money and completion come together.
pub const PAID_AND_NOT_COMPLETED: Question =
    Question::new("SELECT COUNT(*) FROM preorders WHERE (paid_at IS NOT NULL) <> (status = 'completed')").naming("id");

/// Tries, refunds, preorders and events that bear the marks of a rung above the one that they stand on.
pub const BACKWARDS: Question = Question::new(
    "SELECT (SELECT COUNT(*) FROM checkout_attempts WHERE (state <> 'paid' AND (paid_at IS NOT NULL \
     OR settled_at IS NOT NULL OR received_minor IS NOT NULL)) OR (state = 'paid' AND paid_at IS NULL) \
     OR (state = 'creating' AND (session_id IS NOT NULL OR opened_at IS NOT NULL))) \
     + (SELECT COUNT(*) FROM refunds WHERE state = 'requested' AND provider_refund_id IS NOT NULL) \
     + (SELECT COUNT(*) FROM preorders WHERE (status = 'initiated' AND user_id IS NOT NULL) \
     OR (cancelled_at IS NOT NULL AND status NOT IN ('cancelled', 'completed'))) \
     + (SELECT COUNT(*) FROM webhook_logs WHERE status = 'received' AND processed_at IS NOT NULL)",
);
