-- What runs the shop: people and their acts, refunds and disputes, the ledger, notes, views, pauses.

-- People -------------------------------------------------------------------------------------------------------------

ALTER TABLE admins ADD COLUMN disabled_at BIGINT;
-- Base32. It counts once it is confirmed by a first code.
ALTER TABLE admins ADD COLUMN totp_secret TEXT;
ALTER TABLE admins ADD COLUMN totp_confirmed_at BIGINT;
-- The time step of the last code: a code opens once.
ALTER TABLE admins ADD COLUMN totp_last_step BIGINT;
ALTER TABLE admins ADD COLUMN failed_logins BIGINT NOT NULL DEFAULT 0;
ALTER TABLE admins ADD COLUMN locked_until BIGINT;
ALTER TABLE admins ADD COLUMN last_login_at BIGINT;

-- A name for people to end a session by; the token's hash is a secret's shadow and is shown nowhere.
ALTER TABLE admin_sessions ADD COLUMN id TEXT;
ALTER TABLE admin_sessions ADD COLUMN user_agent TEXT;
ALTER TABLE admin_sessions ADD COLUMN address TEXT;
ALTER TABLE admin_sessions ADD COLUMN last_seen_at BIGINT;
-- The password was right and the code is still asked for: nothing opens yet.
ALTER TABLE admin_sessions ADD COLUMN awaits_code BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX admin_sessions_by_admin ON admin_sessions (admin_id);

CREATE TABLE admin_recovery_codes (
    admin_id  TEXT NOT NULL REFERENCES admins (id),
    code_hash TEXT NOT NULL,
    used_at   BIGINT,
    PRIMARY KEY (admin_id, code_hash)
);

CREATE TABLE admin_invitations (
    id          TEXT PRIMARY KEY NOT NULL,
    token_hash  TEXT NOT NULL UNIQUE,
    email       TEXT NOT NULL,
    role        TEXT NOT NULL,
    invited_by  TEXT NOT NULL REFERENCES admins (id),
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    accepted_at BIGINT,
    withdrawn_at BIGINT
);

-- What owners set, by name.
CREATE TABLE settings (
    name       TEXT PRIMARY KEY NOT NULL,
    value      TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);
INSERT INTO settings (name, value, updated_at) VALUES
    -- Above this sum of refunds of one preorder, in minor units, an owner has to do it.
    ('refund_limit.usd', '10000', 0),
    ('refund_limit.eur', '10000', 0),
    ('refund_limit.cny', '70000', 0),
    ('refund_limit.jpy', '15000', 0);

-- Every act of a person. Rows are only ever added: the triggers below hold the application to it.
CREATE TABLE audit_log (
    id          TEXT PRIMARY KEY NOT NULL,
    at          BIGINT NOT NULL,
    -- Empty for somebody who is not (yet) known, and for the command line.
    actor_id    TEXT,
    actor       TEXT NOT NULL,
    action      TEXT NOT NULL,
    -- What it was done to: an id, an address, a kind.
    subject     TEXT,
    preorder_id TEXT,
    -- JSON: what exactly.
    detail      TEXT NOT NULL,
    request_id  TEXT,
    address     TEXT
);
CREATE INDEX audit_log_by_time ON audit_log (at, id);
CREATE INDEX audit_log_by_preorder ON audit_log (preorder_id) WHERE preorder_id IS NOT NULL;
CREATE TRIGGER audit_log_is_not_changed BEFORE UPDATE ON audit_log
    BEGIN SELECT RAISE(ABORT, 'audit_log is only ever added to'); END;
CREATE TRIGGER audit_log_is_not_deleted BEFORE DELETE ON audit_log
    BEGIN SELECT RAISE(ABORT, 'audit_log is only ever added to'); END;

-- Money after it came ------------------------------------------------------------------------------------------------

CREATE TABLE refunds (
    id                 TEXT PRIMARY KEY NOT NULL,
    preorder_id        TEXT NOT NULL REFERENCES preorders (id),
    attempt_id         TEXT REFERENCES checkout_attempts (id),
    provider           TEXT NOT NULL,
    -- Stored before the call that it is sent with; made of the form that asked, so a second press finds the first.
    idempotency_key    TEXT NOT NULL UNIQUE,
    provider_refund_id TEXT UNIQUE,
    payment_intent_id  TEXT,
    amount_minor       BIGINT NOT NULL CHECK (amount_minor > 0),
    currency           TEXT NOT NULL,
    reason             TEXT,
    state              TEXT NOT NULL,
    failure_reason     TEXT,
    -- The admin who asked for it; empty for one made at Stripe.
    requested_by       TEXT,
    created_at         BIGINT NOT NULL,
    updated_at         BIGINT NOT NULL
);
CREATE INDEX refunds_by_preorder ON refunds (preorder_id);
CREATE INDEX refunds_by_creation ON refunds (created_at, id);

CREATE TABLE disputes (
    id                  TEXT PRIMARY KEY NOT NULL,
    preorder_id         TEXT NOT NULL REFERENCES preorders (id),
    attempt_id          TEXT REFERENCES checkout_attempts (id),
    provider            TEXT NOT NULL,
    provider_dispute_id TEXT NOT NULL UNIQUE,
    payment_intent_id   TEXT,
    amount_minor        BIGINT NOT NULL,
    currency            TEXT NOT NULL,
    reason              TEXT,
    state               TEXT NOT NULL,
    -- When evidence is due.
    due_at              BIGINT,
    opened_at           BIGINT NOT NULL,
    updated_at          BIGINT NOT NULL
);
CREATE INDEX disputes_by_preorder ON disputes (preorder_id);
CREATE INDEX disputes_by_opening ON disputes (opened_at, id);

-- What came in and went out, one signed entry a fact. Rows are only ever added.
CREATE TABLE payments_ledger (
    id           TEXT PRIMARY KEY NOT NULL,
    preorder_id  TEXT NOT NULL REFERENCES preorders (id),
    attempt_id   TEXT,
    kind         TEXT NOT NULL,
    -- Plus: to us. Minus: from us.
    amount_minor BIGINT NOT NULL,
    currency     TEXT NOT NULL,
    -- The provider's id of what it records.
    reference    TEXT NOT NULL,
    -- Kind and reference: a fact is entered once.
    dedupe_key   TEXT NOT NULL UNIQUE,
    occurred_at  BIGINT NOT NULL,
    recorded_at  BIGINT NOT NULL
);
CREATE INDEX payments_ledger_by_preorder ON payments_ledger (preorder_id);
CREATE INDEX payments_ledger_by_time ON payments_ledger (occurred_at, kind, currency, amount_minor);
CREATE TRIGGER payments_ledger_is_not_changed BEFORE UPDATE ON payments_ledger
    BEGIN SELECT RAISE(ABORT, 'payments_ledger is only ever added to'); END;
CREATE TRIGGER payments_ledger_is_not_deleted BEFORE DELETE ON payments_ledger
    BEGIN SELECT RAISE(ABORT, 'payments_ledger is only ever added to'); END;
INSERT INTO payments_ledger (id, preorder_id, attempt_id, kind, amount_minor, currency, reference, dedupe_key, occurred_at, recorded_at)
    SELECT 'led_' || substr(id, 5), preorder_id, id, 'capture', received_minor, received_currency,
        COALESCE(payment_intent_id, session_id, id), 'capture:' || id, COALESCE(paid_at, updated_at), updated_at
    FROM checkout_attempts WHERE state = 'paid' AND received_minor IS NOT NULL AND received_currency IS NOT NULL;

-- Preorders ----------------------------------------------------------------------------------------------------------

-- Two letters, from the address that it ships to.
ALTER TABLE preorders ADD COLUMN country TEXT;
UPDATE preorders SET country = substr(shipping_address, -2)
    WHERE substr(shipping_address, -4, 2) = ', ' AND substr(shipping_address, -2) = upper(substr(shipping_address, -2));
-- What a person has put right is not overwritten by what the buyer typed at the till.
ALTER TABLE preorders ADD COLUMN address_edited_at BIGINT;
ALTER TABLE preorders ADD COLUMN fulfilled_at BIGINT;
ALTER TABLE preorders ADD COLUMN cancelled_at BIGINT;
CREATE INDEX preorders_by_payment_status ON preorders (payment_status, created_at, id);
CREATE INDEX preorders_by_fulfilment ON preorders (fulfilment_status, created_at, id) WHERE fulfilment_status <> 'unfulfilled';
CREATE INDEX preorders_by_status ON preorders (status, created_at, id);
CREATE INDEX preorders_by_country ON preorders (country, created_at, id) WHERE country IS NOT NULL;
-- Of those that were started in a span, how many paid.
CREATE INDEX preorders_started_and_paid ON preorders (created_at) WHERE paid_at IS NOT NULL;

CREATE INDEX checkout_attempts_by_creation ON checkout_attempts (created_at, id);

CREATE TABLE notes (
    id          TEXT PRIMARY KEY NOT NULL,
    preorder_id TEXT NOT NULL REFERENCES preorders (id),
    author_id   TEXT,
    author      TEXT NOT NULL,
    body        TEXT NOT NULL,
    created_at  BIGINT NOT NULL
);
CREATE INDEX notes_by_preorder ON notes (preorder_id);

CREATE TABLE saved_views (
    id         TEXT PRIMARY KEY NOT NULL,
    admin_id   TEXT NOT NULL REFERENCES admins (id),
    name       TEXT NOT NULL,
    -- The list's query string.
    query      TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (admin_id, name)
);

-- The background -----------------------------------------------------------------------------------------------------

-- A dead delivery that a person has given up on, and why. It stays where it is; nothing asks about it any more.
ALTER TABLE outbox ADD COLUMN discarded_at BIGINT;
ALTER TABLE outbox ADD COLUMN discard_reason TEXT;
-- Tries before a person started it again: its schedule begins anew, its tries are numbered on.
ALTER TABLE outbox ADD COLUMN earlier_attempts BIGINT NOT NULL DEFAULT 0;
-- Written once, when a delivery ends: how deliveries of a span went.
CREATE INDEX outbox_finished ON outbox (finished_at, kind, state, attempts) WHERE finished_at IS NOT NULL;

CREATE TABLE outbox_pauses (
    kind      TEXT PRIMARY KEY NOT NULL,
    reason    TEXT NOT NULL,
    paused_by TEXT NOT NULL,
    paused_at BIGINT NOT NULL
);

CREATE INDEX webhook_logs_failed ON webhook_logs (received_at) WHERE status = 'failed';
