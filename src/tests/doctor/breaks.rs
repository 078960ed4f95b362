//! Ways to break the promises, written past the workflows. Each has a paid preorder of its own (`{id}`), so that what it
//! breaks is there for the ones after it, too.

pub struct Break {
    /// What the doctor calls what turns red.
    pub turns: &'static [&'static str],
    pub sqlite: &'static str,
    pub postgres: &'static str,
}

const fn on_either(turns: &'static [&'static str], sql: &'static str) -> Break {
    Break { turns, sqlite: sql, postgres: sql }
}

/// A second payment of the preorder, whatever its names: `session, intent, key`.
macro_rules! second_payment {
    ($session:literal, $intent:literal) => {
        concat!(
            "INSERT INTO checkout_attempts (id, preorder_id, number, provider, idempotency_key, state, session_id, \
             payment_intent_id, amount_minor, currency, received_minor, received_currency, created_at, opened_at, paid_at, \
             settled_at, updated_at) SELECT 'chk_again' || number || '{id}', preorder_id, number + 1, provider, \
             'again-' || id, state, ", $session, ", ", $intent, ", amount_minor, currency, received_minor, received_currency, \
             created_at, opened_at, paid_at, settled_at, updated_at FROM checkout_attempts \
             WHERE preorder_id = '{id}' AND number = 1; "
        )
    };
}

macro_rules! entry {
    ($kind:literal, $amount:literal, $reference:literal) => {
        concat!(
            "INSERT INTO payments_ledger (id, preorder_id, attempt_id, kind, amount_minor, currency, reference, dedupe_key, \
             occurred_at, recorded_at) SELECT 'led_", $reference, "' || '{id}', preorder_id, NULL, '", $kind, "', ", $amount,
            ", currency, '", $reference, "' || '{id}', '", $reference, "' || '{id}', occurred_at, recorded_at \
             FROM payments_ledger WHERE preorder_id = '{id}' AND kind = 'capture' AND attempt_id IS NOT NULL; "
        )
    };
}

macro_rules! refund {
    ($amount:literal, $provider_id:literal) => {
        concat!(
            "INSERT INTO refunds (id, preorder_id, attempt_id, provider, idempotency_key, provider_refund_id, \
             payment_intent_id, amount_minor, currency, state, created_at, updated_at) SELECT 'ref_' || '{id}', preorder_id, \
             id, provider, 'refund-' || id, ", $provider_id, ", payment_intent_id, ", $amount, ", currency, 'requested', \
             created_at, updated_at FROM checkout_attempts WHERE preorder_id = '{id}' AND number = 1; "
        )
    };
}

macro_rules! of_delivery {
    ($set:literal) => {
        concat!("UPDATE outbox SET ", $set, " WHERE dedupe_key = 'klaviyo_preorder_started:{id}'")
    };
}

pub const BREAKS: &[Break] = &[
    on_either(
        &["leads"],
        "DELETE FROM delivery_attempts WHERE delivery_id = (SELECT id FROM outbox WHERE dedupe_key = \
         'create_firebase_user:{id}'); DELETE FROM outbox WHERE dedupe_key = 'create_firebase_user:{id}'",
    ),
    on_either(&["leads"], of_delivery!("dedupe_key = 'klaviyo_preorder_started:somebody_else{id}'")),
    on_either(
        &["follow-ups"],
        "DELETE FROM delivery_attempts WHERE delivery_id = (SELECT id FROM outbox WHERE dedupe_key = 'send_sms:{id}'); \
         DELETE FROM outbox WHERE dedupe_key = 'send_sms:{id}'",
    ),
    on_either(&["preorders"], of_delivery!("preorder_id = 'pre_gone'")),
    on_either(&["payments"], "UPDATE preorders SET paid_at = NULL, status = 'processing' WHERE id = '{id}'"),
    on_either(
        &["credits", "ledger"],
        "INSERT INTO payments_ledger (id, preorder_id, attempt_id, kind, amount_minor, currency, reference, dedupe_key, \
         occurred_at, recorded_at) SELECT 'led_again', preorder_id, attempt_id, kind, amount_minor, currency, reference, \
         'again', occurred_at, recorded_at FROM payments_ledger WHERE preorder_id = '{id}'",
    ),
    on_either(
        &["counted", "paid twice", "ledger"],
        concat!(
            second_payment!("NULL", "'pi_again{id}'"),
            "UPDATE checkout_attempts SET payment_intent_id = NULL WHERE preorder_id = '{id}' AND number = 1"
        ),
    ),
    Break {
        turns: &["guards of payments"],
        // SQLite can't take a constraint away: the table is made anew without it.
        sqlite: "ALTER TABLE disputes RENAME TO disputes_before; CREATE TABLE disputes AS SELECT * FROM disputes_before",
        postgres: "ALTER TABLE disputes DROP CONSTRAINT disputes_provider_dispute_id_key",
    },
    on_either(
        &["effects"],
        "INSERT INTO outbox (id, kind, lane, payload, dedupe_key, state, run_at, preorder_id, created_at) SELECT \
         'dlv_again', kind, 'nowhere', payload, 'again', 'pending', created_at, preorder_id, created_at FROM outbox \
         WHERE dedupe_key = 'send_sms:{id}'",
    ),
    on_either(&["amounts"], "UPDATE preorders SET amount_minor = amount_minor + 100 WHERE id = '{id}'"),
    on_either(&["ledger"], entry!("refund", "-100", "re_alone")),
    on_either(&["signs"], concat!(entry!("refund", "100", "re_plus"), entry!("refund_returned", "-100", "re_minus"))),
    on_either(&["refunds", "refunds asked for"], refund!("received_minor + 1", "NULL")),
    Break {
        turns: &["guards of the ledger"],
        sqlite: "DROP TRIGGER payments_ledger_is_not_changed",
        postgres: "ALTER TABLE payments_ledger DISABLE TRIGGER payments_ledger_is_not_changed",
    },
    on_either(
        &["events"],
        "UPDATE webhook_logs SET status = 'received', processed_at = NULL WHERE preorder_id = '{id}' \
         AND event = 'checkout.session.completed'",
    ),
    on_either(
        &["events"],
        "INSERT INTO webhook_logs (id, provider, event, stripe_event_id, status, raw_data, received_at) SELECT \
         'wh_alone', provider, event, 'evt_alone', 'received', '{}', received_at FROM webhook_logs \
         WHERE preorder_id = '{id}' AND event = 'payment_intent.succeeded'",
    ),
    on_either(
        &["events"],
        "INSERT INTO outbox (id, kind, lane, payload, dedupe_key, state, run_at, created_at, finished_at) SELECT \
         'dlv_alone', 'apply_stripe_event', 'nowhere', '{}', 'apply_stripe_event:wh_gone', 'dead', created_at, created_at, \
         created_at FROM preorders WHERE id = '{id}'",
    ),
    on_either(
        &["applied"],
        "UPDATE webhook_logs SET preorder_id = '{unpaid}' WHERE preorder_id = '{id}' AND event = 'payment_intent.succeeded'",
    ),
    on_either(
        &["applied", "refunds asked for"],
        concat!(
            refund!("100", "NULL"),
            "INSERT INTO webhook_logs (id, provider, event, stripe_event_id, status, preorder_id, raw_data, received_at, \
             attempts) SELECT 'wh_second', provider, 'refund.created', 'evt_second', status, preorder_id, \
             '{\"data\":{\"object\":{\"id\":\"re_second\"}}}', received_at, 1 FROM webhook_logs \
             WHERE preorder_id = '{id}' AND event = 'payment_intent.succeeded'"
        ),
    ),
    Break {
        turns: &["guards of events"],
        sqlite: "ALTER TABLE webhook_logs RENAME TO webhook_logs_before; \
             CREATE TABLE webhook_logs AS SELECT * FROM webhook_logs_before; \
             CREATE UNIQUE INDEX not_that_one ON webhook_logs (id)",
        postgres: "ALTER TABLE webhook_logs DROP CONSTRAINT webhook_logs_stripe_event_id_key",
    },
    on_either(
        &["repeats"],
        "INSERT INTO webhook_logs (id, provider, event, stripe_event_id, status, preorder_id, raw_data, received_at, \
         attempts) SELECT id || 'again', provider, event, stripe_event_id, status, preorder_id, raw_data, received_at, 1 \
         FROM webhook_logs WHERE preorder_id = '{id}' AND event = 'payment_intent.succeeded'",
    ),
    on_either(&["badges"], "UPDATE preorders SET payment_status = 'refunded' WHERE id = '{id}'"),
    on_either(&["badges"], "UPDATE preorders SET payment_status = 'pending' WHERE id = '{unpaid}'"),
    on_either(&["completion"], "UPDATE preorders SET status = 'processing' WHERE id = '{id}'"),
    on_either(&["steps", "refunds asked for"], refund!("100", "'re_known{id}'")),
    on_either(
        &["steps", "payments", "ledger", "applied"],
        "UPDATE checkout_attempts SET state = 'open' WHERE preorder_id = '{id}'",
    ),
    on_either(&["steps"], "UPDATE preorders SET cancelled_at = created_at, status = 'expired' WHERE id = '{unpaid}'"),
    on_either(&["ends"], of_delivery!("finished_at = NULL")),
    on_either(&["ends"], of_delivery!("state = 'forgotten', finished_at = NULL")),
    on_either(
        &["leases"],
        of_delivery!("state = 'running', finished_at = NULL, lease_until = {epoch}, lease_token = 'sleeper'"),
    ),
    on_either(&["waiting"], of_delivery!("state = 'pending', finished_at = NULL, run_at = {epoch}")),
    on_either(
        &["waiting"],
        "UPDATE outbox SET state = 'pending', finished_at = NULL, run_at = {epoch} WHERE id = (SELECT MIN(id) FROM outbox \
         WHERE state = 'done' AND dedupe_key IN (SELECT 'apply_stripe_event:' || id FROM webhook_logs \
         WHERE preorder_id = '{id}'))",
    ),
    on_either(&["put off"], of_delivery!("state = 'pending', finished_at = NULL, run_at = {never}")),
    on_either(
        &["tries"],
        "DELETE FROM delivery_attempts WHERE delivery_id = (SELECT id FROM outbox WHERE dedupe_key = \
         'klaviyo_preorder_started:{id}')",
    ),
    on_either(&["tries"], of_delivery!("attempts = 0")),
    on_either(
        &["done once"],
        "UPDATE outbox SET attempts = 2 WHERE dedupe_key = 'klaviyo_preorder_success:{id}'; \
         INSERT INTO delivery_attempts (delivery_id, number, started_at, duration_ms, outcome, answer) SELECT delivery_id, \
         2, started_at, duration_ms, outcome, answer FROM delivery_attempts WHERE delivery_id = \
         (SELECT id FROM outbox WHERE dedupe_key = 'klaviyo_preorder_success:{id}')",
    ),
    on_either(
        &["messages"],
        "UPDATE outbox SET attempts = 2 WHERE dedupe_key = 'send_sms:{id}'; UPDATE delivery_attempts SET number = 2 \
         WHERE delivery_id = (SELECT id FROM outbox WHERE dedupe_key = 'send_sms:{id}')",
    ),
    on_either(
        &["paid twice"],
        concat!(second_payment!("'cs_again{id}'", "'pi_again{id}'"), entry!("capture", "amount_minor", "again")),
    ),
    on_either(
        &["differences"],
        "INSERT INTO differences (id, object, provider_id, preorder_id, verdict, ours, theirs, found_at, seen_at) VALUES \
         ('dif_1', 'session', 'cs_1', '{id}', 'missing', 'none', 'paid', {epoch}, {epoch})",
    ),
    on_either(&["compared"], "UPDATE checkout_attempts SET created_at = {epoch} WHERE preorder_id = '{id}'"),
    on_either(&["holders"], of_delivery!("lease_token = 'sleeper'")),
    on_either(&["refunds asked for"], refund!("100", "NULL")),
    on_either(
        &["refunds asked for"],
        concat!(
            refund!("100", "NULL"),
            "INSERT INTO outbox (id, kind, lane, payload, dedupe_key, state, run_at, preorder_id, created_at, finished_at, \
             discarded_at, discard_reason) SELECT 'dlv_discarded', 'request_refund', 'nowhere', '{}', \
             'request_refund:ref_{id}', 'dead', created_at, id, created_at, created_at, created_at, 'late' FROM preorders \
             WHERE id = '{id}'"
        ),
    ),
    on_either(
        &["calls"],
        "INSERT INTO checkout_attempts (id, preorder_id, number, provider, idempotency_key, state, amount_minor, currency, \
         created_at, updated_at) VALUES ('chk_alone', '{id}', 9, 'stripe', 'alone', 'creating', 49900, 'usd', {epoch}, \
         {epoch})",
    ),
    on_either(&["migrations"], "UPDATE _sqlx_migrations SET success = FALSE WHERE version = 14"),
    Break {
        turns: &["guards of deliveries"],
        sqlite: "ALTER TABLE outbox RENAME TO outbox_before; CREATE TABLE outbox AS SELECT * FROM outbox_before",
        postgres: "ALTER TABLE outbox DROP CONSTRAINT outbox_dedupe_key_key",
    },
];

/// So that the outbox can come to rest.
pub const SWEEP: &str = "UPDATE outbox SET state = 'done' WHERE state <> 'done'; \
     UPDATE webhook_logs SET status = 'success' WHERE status = 'received'";
