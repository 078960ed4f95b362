-- What the doctor and the comparison with Stripe need to know.

-- The kinds of delivery that this preorder's creation and payment enqueued, each followed by a space: what must be in
-- `outbox`. Empty for those that were here before, and for what was loaded from elsewhere.
ALTER TABLE preorders ADD COLUMN owes TEXT NOT NULL DEFAULT '';

-- Walks through Stripe's records, part by part.
CREATE TABLE walks (
    id          TEXT PRIMARY KEY NOT NULL,
    -- `events`: those that never came are taken in; `everything`: compared, and nothing is settled.
    scope       TEXT NOT NULL,
    since       BIGINT NOT NULL,
    -- Empty: it was begun by itself.
    asked_by    TEXT,
    state       TEXT NOT NULL,
    -- How far it is: what is being listed, and after which id it goes on.
    object      TEXT NOT NULL,
    after_id    TEXT,
    part        BIGINT NOT NULL DEFAULT 0,
    matched     BIGINT NOT NULL DEFAULT 0,
    differing   BIGINT NOT NULL DEFAULT 0,
    -- Of no preorder of ours.
    strangers   BIGINT NOT NULL DEFAULT 0,
    created_at  BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX walks_by_creation ON walks (created_at, id);

-- What they found: one row an object of Stripe's that says something else than we do.
CREATE TABLE differences (
    id          TEXT PRIMARY KEY NOT NULL,
    object      TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    preorder_id TEXT,
    verdict     TEXT NOT NULL,
    ours        TEXT NOT NULL,
    theirs      TEXT NOT NULL,
    found_at    BIGINT NOT NULL,
    seen_at     BIGINT NOT NULL,
    -- When both said the same again, and who pressed the button; empty if nobody had to.
    settled_at  BIGINT,
    settled_by  TEXT,
    UNIQUE (object, provider_id)
);
CREATE INDEX differences_open ON differences (found_at, id) WHERE settled_at IS NULL;
