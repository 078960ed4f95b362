//! Stripe's events: what was answered 2xx is kept, has its delivery, and took effect. The row and its delivery are one
//! transaction, and so are its mark and its effect; no time is needed to tell "not yet" from "never".

use super::Question;

/// Events that nobody is going to apply. (A discarded one is marked as ignored.)
pub const WITHOUT_DELIVERY: Question = Question::new(
    "SELECT COUNT(*) FROM webhook_logs w WHERE w.status IN ('received', 'processing') AND NOT EXISTS \
     (SELECT 1 FROM outbox o WHERE o.dedupe_key = 'apply_stripe_event:' || w.id)",
)
.naming("w.id");

/// Deliveries that say they applied an event which says it was not.
pub const DONE_AND_NOT_APPLIED: Question = Question::new(
    "SELECT COUNT(*) FROM webhook_logs w JOIN outbox o ON o.dedupe_key = 'apply_stripe_event:' || w.id \
     WHERE w.status IN ('received', 'processing') AND o.state = 'done'",
)
.naming("w.id");

/// Deliveries of an event that is gone. After `apply_stripe_event:` stands its id.
pub const GONE: Question = Question::new(
    "SELECT COUNT(*) FROM outbox o WHERE o.kind = 'apply_stripe_event' AND NOT EXISTS \
     (SELECT 1 FROM webhook_logs w WHERE w.id = substr(o.dedupe_key, 20))",
)
.naming("o.id");

/// Events that were applied and of which nothing is to be seen: a payment without a paid try, a refund or a dispute that
/// the event names and we do not have. (A body is not taken apart for it: that is slow, and no text in it may end this.)
pub const WITHOUT_EFFECT: Question = Question::new(
    "SELECT COUNT(*) FROM webhook_logs w WHERE w.status = 'success' AND ( \
     (w.event = 'payment_intent.succeeded' AND NOT EXISTS (SELECT 1 FROM checkout_attempts a \
     WHERE a.preorder_id = w.preorder_id AND a.state = 'paid')) \
     OR (w.event IN ('refund.created', 'refund.failed') AND NOT EXISTS \
     (SELECT 1 FROM refunds r WHERE r.preorder_id = w.preorder_id \
     AND w.raw_data LIKE '%\"' || r.provider_refund_id || '\"%')) \
     OR (w.event IN ('charge.dispute.created', 'charge.dispute.closed') AND NOT EXISTS \
     (SELECT 1 FROM disputes d WHERE d.preorder_id = w.preorder_id \
     AND w.raw_data LIKE '%\"' || d.provider_dispute_id || '\"%')))",
)
.naming("w.id");

/// Events that are kept twice: each would take effect twice.
pub const TWICE: Question = Question::new(
    "SELECT COUNT(*) FROM (SELECT stripe_event_id FROM webhook_logs GROUP BY stripe_event_id HAVING COUNT(*) > 1) AS odd",
)
.naming("odd.stripe_event_id");
