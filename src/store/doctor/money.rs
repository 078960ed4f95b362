//! Payments, refunds, disputes, and the ledger that must say the same.

use super::Question;

/// Preorders that say they are paid while no try of theirs was, or the other way round.
pub const PAYMENTS_THAT_DISAGREE: Question = Question::new(
    "SELECT COUNT(*) FROM preorders p WHERE (p.paid_at IS NOT NULL) <> EXISTS \
     (SELECT 1 FROM checkout_attempts a WHERE a.preorder_id = p.id AND a.state = 'paid')",
)
.naming("p.id");

/// Paid tries of each preorder, and what has gone back of them.
macro_rules! received {
    ($where:literal) => {
        concat!(
            "SELECT COUNT(*) FROM preorders p JOIN (SELECT preorder_id, COUNT(*) AS times, SUM(received_minor) AS got, \
             MIN(COALESCE(received_minor, -1)) AS least, MIN(received_currency) AS low, MAX(received_currency) AS high \
             FROM checkout_attempts WHERE state = 'paid' GROUP BY preorder_id) a ON a.preorder_id = p.id \
             LEFT JOIN (SELECT preorder_id, SUM(amount_minor) AS back FROM (SELECT preorder_id, amount_minor \
             FROM refunds WHERE state IN ('requires_action', 'pending', 'succeeded') \
             UNION ALL SELECT preorder_id, COALESCE(taken_minor, amount_minor) FROM disputes \
             WHERE state = 'lost') AS gone \
             GROUP BY preorder_id) r ON r.preorder_id = p.id WHERE ",
            $where
        )
    };
}

/// Preorders that received something else than their price, and have not got the surplus back: too little, too much,
/// or in another currency.
pub const PAYMENTS_OF_ANOTHER_AMOUNT: Question = Question::new(received!(
    "a.least < 0 OR a.low <> p.currency OR a.high <> p.currency OR a.got < p.amount_minor \
     OR (a.times = 1 AND a.got - COALESCE(r.back, 0) > p.amount_minor)"
))
.naming("p.id");

/// Preorders that were paid more than once, and have not got it back.
pub const PAID_TWICE: Question =
    Question::new(received!("a.times > 1 AND a.got - COALESCE(r.back, 0) > p.amount_minor")).naming("p.id");

/// Facts that the ledger holds more than once: one payment of one try, one refund, one dispute, one return of either.
pub const ENTERED_TWICE: Question = Question::new(
    "SELECT COUNT(*) FROM (SELECT attempt_id FROM payments_ledger WHERE kind = 'capture' AND attempt_id IS NOT NULL \
     GROUP BY attempt_id HAVING COUNT(*) > 1 \
     UNION ALL SELECT reference FROM payments_ledger WHERE reference <> '' \
     GROUP BY kind, reference HAVING COUNT(*) > 1) AS odd",
)
.naming("odd.attempt_id");

/// One payment that stands in two tries: once by its page, once by itself.
pub const COUNTED_TWICE: Question = Question::new(
    "SELECT COUNT(*) FROM checkout_attempts a JOIN checkout_attempts b ON b.preorder_id = a.preorder_id \
     WHERE a.state = 'paid' AND b.state = 'paid' AND a.id <> b.id AND a.session_id IS NOT NULL \
     AND a.payment_intent_id IS NULL AND b.session_id IS NULL",
)
.naming("a.preorder_id");

/// Preorders whose ledger does not say what their payments, refunds and disputes say.
pub const LEDGERS_THAT_DISAGREE: Question = Question::new(
    "SELECT COUNT(*) FROM (SELECT preorder_id, currency FROM ( \
     SELECT preorder_id, received_currency AS currency, received_minor AS amount FROM checkout_attempts \
     WHERE state = 'paid' AND received_minor IS NOT NULL \
     UNION ALL SELECT preorder_id, currency, -amount_minor FROM refunds \
     WHERE state IN ('requires_action', 'pending', 'succeeded') \
     UNION ALL SELECT preorder_id, currency, -COALESCE(taken_minor, CASE WHEN state IN ('needs_response', \
     'under_review', 'lost') THEN amount_minor ELSE 0 END) FROM disputes \
     UNION ALL SELECT preorder_id, currency, -amount_minor FROM payments_ledger) AS moved \
     GROUP BY preorder_id, currency HAVING SUM(amount) <> 0) AS odd",
)
.naming("odd.preorder_id");

/// Entries whose sign is not their kind's.
pub const SIGNS: Question = Question::new(
    "SELECT COUNT(*) FROM payments_ledger WHERE (amount_minor < 0) <> (kind IN ('refund', 'dispute')) \
     OR kind NOT IN ('capture', 'refund', 'refund_returned', 'dispute', 'dispute_returned')",
)
.naming("id");

/// Payments of which more was, or is being, given back than came in.
pub const REFUNDS_ABOVE_CAPTURES: Question = Question::new(
    "SELECT COUNT(*) FROM (SELECT r.preorder_id, r.payment_intent_id FROM refunds r \
     WHERE r.state NOT IN ('failed', 'canceled') GROUP BY r.preorder_id, r.payment_intent_id \
     HAVING SUM(r.amount_minor) > COALESCE((SELECT SUM(a.received_minor) FROM checkout_attempts a \
     WHERE a.preorder_id = r.preorder_id AND a.payment_intent_id = r.payment_intent_id AND a.state = 'paid'), 0)) \
     AS odd",
)
.naming("odd.preorder_id");
