-- Money is minor units.

CREATE TABLE products (
    id       TEXT PRIMARY KEY NOT NULL,
    name     TEXT NOT NULL
);

CREATE TABLE colors (
    id       TEXT PRIMARY KEY NOT NULL,
    product_id TEXT NOT NULL REFERENCES products (id),
    name     TEXT NOT NULL,
    swatch   TEXT NOT NULL,
    position BIGINT NOT NULL,
    sold_out BOOLEAN NOT NULL DEFAULT FALSE
);

CREATE TABLE prices (
    product_id   TEXT NOT NULL REFERENCES products (id),
    currency     TEXT NOT NULL,
    amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
    position     BIGINT NOT NULL,
    PRIMARY KEY (product_id, currency)
);

CREATE TABLE preorders (
    id                    TEXT PRIMARY KEY NOT NULL,
    preorder_number       TEXT NOT NULL UNIQUE,
    -- The buyer's key, or one made of what was ordered while the preorder is open: two posts, one row.
    idempotency_key       TEXT NOT NULL UNIQUE,
    email                 TEXT NOT NULL,
    name                  TEXT,
    phone                 TEXT,
    color                 TEXT NOT NULL,
    locale                TEXT NOT NULL,
    marketing_consent     BOOLEAN NOT NULL,
    status                TEXT NOT NULL,
    payment_status        TEXT NOT NULL,
    fulfilment_status     TEXT NOT NULL,
    amount_minor          BIGINT NOT NULL,
    currency              TEXT NOT NULL,
    user_id               TEXT,
    session_id            TEXT,
    payment_intent_id     TEXT,
    shipping_address      TEXT,
    tracking_number       TEXT,
    klaviyo_event_sent_at TIMESTAMPTZ,
    paid_at               TIMESTAMPTZ,
    created_at            TIMESTAMPTZ NOT NULL,
    updated_at            TIMESTAMPTZ NOT NULL
);
CREATE INDEX preorders_by_creation ON preorders (created_at, id);
CREATE INDEX preorders_by_email ON preorders (email);
-- Partial: a lead that is just being saved has neither, and is not to pay for them.
CREATE INDEX preorders_by_session ON preorders (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX preorders_by_payment_intent ON preorders (payment_intent_id) WHERE payment_intent_id IS NOT NULL;
CREATE INDEX preorders_paid ON preorders (paid_at) WHERE paid_at IS NOT NULL;

-- One try to pay: one Checkout Session. The key is stored before the call that it is sent with.
CREATE TABLE checkout_attempts (
    id                TEXT PRIMARY KEY NOT NULL,
    preorder_id       TEXT NOT NULL REFERENCES preorders (id),
    number            BIGINT NOT NULL,
    provider          TEXT NOT NULL,
    idempotency_key   TEXT NOT NULL UNIQUE,
    state             TEXT NOT NULL,
    session_id        TEXT UNIQUE,
    url               TEXT,
    payment_intent_id TEXT UNIQUE,
    amount_minor      BIGINT NOT NULL,
    currency          TEXT NOT NULL,
    received_minor    BIGINT,
    received_currency TEXT,
    decline_code      TEXT,
    decline_message   TEXT,
    card_brand        TEXT,
    card_last4        TEXT,
    created_at        TIMESTAMPTZ NOT NULL,
    opened_at         TIMESTAMPTZ,
    expires_at        TIMESTAMPTZ,
    declined_at       TIMESTAMPTZ,
    paid_at           TIMESTAMPTZ,
    -- When we learnt that it was paid; `paid_at` is Stripe's time, to the second.
    settled_at        TIMESTAMPTZ,
    updated_at        TIMESTAMPTZ NOT NULL,
    UNIQUE (preorder_id, number)
);

CREATE TABLE webhook_logs (
    id                    TEXT PRIMARY KEY NOT NULL,
    provider              TEXT NOT NULL,
    event                 TEXT NOT NULL,
    stripe_event_id       TEXT NOT NULL UNIQUE,
    status                TEXT NOT NULL,
    preorder_id           TEXT,
    email                 TEXT,
    attempts              BIGINT NOT NULL DEFAULT 0,
    error                 TEXT,
    raw_data              TEXT NOT NULL,
    klaviyo_event_sent_at TIMESTAMPTZ,
    received_at           TIMESTAMPTZ NOT NULL,
    processed_at          TIMESTAMPTZ
);
CREATE INDEX webhook_logs_by_preorder ON webhook_logs (preorder_id) WHERE preorder_id IS NOT NULL;
CREATE INDEX webhook_logs_by_receipt ON webhook_logs (received_at);

CREATE TABLE outbox (
    id          TEXT PRIMARY KEY NOT NULL,
    kind        TEXT NOT NULL,
    -- Deliveries that share a provider: what a worker claims by.
    lane        TEXT NOT NULL,
    payload     TEXT NOT NULL,
    dedupe_key  TEXT NOT NULL UNIQUE,
    state       TEXT NOT NULL,
    attempts    BIGINT NOT NULL DEFAULT 0,
    run_at      TIMESTAMPTZ NOT NULL,
    lease_until TIMESTAMPTZ,
    lease_token TEXT,
    last_error  TEXT,
    preorder_id TEXT,
    trace_id    TEXT,
    created_at  TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ
);
-- What a worker looks for; rows that are done leave it, so it stays as small as the backlog.
CREATE INDEX outbox_due ON outbox (lane, run_at) WHERE state = 'pending';
CREATE INDEX outbox_leased ON outbox (lease_until) WHERE state = 'running';
CREATE INDEX outbox_dead ON outbox (created_at) WHERE state = 'dead';
CREATE INDEX outbox_by_preorder ON outbox (preorder_id) WHERE preorder_id IS NOT NULL;

-- Every try of a delivery with the provider's answer: the admin's timeline.
CREATE TABLE delivery_attempts (
    delivery_id TEXT NOT NULL,
    number      BIGINT NOT NULL,
    started_at  TIMESTAMPTZ NOT NULL,
    duration_ms BIGINT NOT NULL,
    outcome     TEXT NOT NULL,
    answer      TEXT NOT NULL,
    retry_at    TIMESTAMPTZ,
    PRIMARY KEY (delivery_id, number)
);
