//! The database's own guards, on the live database: unique indexes that drop what comes twice, triggers that keep the
//! ledger as it was written. Whoever has taken one away has taken a promise away. Each question counts what is missing.

use super::Question;

/// Unique indexes over exactly one column, as each database lists them.
macro_rules! missing_unique {
    ($wanted:literal, $count:literal) => {
        Question::of_each(
            concat!(
                "SELECT ", $count, " - COUNT(DISTINCT t.name || '.' || c.name) FROM sqlite_master t \
                 JOIN pragma_index_list(t.name) i JOIN pragma_index_info(i.name) c \
                 WHERE t.type = 'table' AND i.\"unique\" = 1 AND i.partial = 0 AND t.name || '.' || c.name IN (", $wanted,
                ") AND (SELECT COUNT(*) FROM pragma_index_info(i.name)) = 1"
            ),
            concat!(
                "SELECT ", $count, " - COUNT(DISTINCT t.relname || '.' || c.attname) FROM pg_index i \
                 JOIN pg_class t ON t.oid = i.indrelid JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum = i.indkey[0] \
                 WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indnkeyatts = 1 \
                 AND t.relnamespace = current_schema()::regnamespace AND t.relname || '.' || c.attname IN (", $wanted, ")"
            ),
        )
    };
}

/// What lets a payment count once.
pub const OF_PAYMENTS: Question = missing_unique!(
    "'preorders.idempotency_key', 'checkout_attempts.idempotency_key', 'checkout_attempts.session_id', \
     'checkout_attempts.payment_intent_id', 'payments_ledger.dedupe_key', 'refunds.idempotency_key', \
     'refunds.provider_refund_id', 'disputes.provider_dispute_id'",
    8
);

/// What lets an event take effect once.
pub const OF_EVENTS: Question = missing_unique!("'webhook_logs.stripe_event_id'", 1);

/// What lets a delivery be enqueued once.
pub const OF_DELIVERIES: Question = missing_unique!("'outbox.dedupe_key'", 1);

/// What lets the ledger only be added to.
pub const OF_THE_LEDGER: Question = Question::of_each(
    "SELECT 3 - COUNT(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'payments_ledger' AND name IN \
     ('payments_ledger_is_not_changed', 'payments_ledger_is_not_deleted', 'payments_ledger_is_not_replaced')",
    "SELECT 2 - COUNT(*) FROM pg_trigger WHERE tgrelid = 'payments_ledger'::regclass AND tgenabled IN ('O', 'A') \
     AND tgname IN ('payments_ledger_is_not_changed', 'payments_ledger_is_not_emptied')",
);
