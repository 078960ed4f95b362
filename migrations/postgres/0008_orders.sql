-- A list of preorders that a person is about to act on, between its preview and the act: too long for an address.
CREATE TABLE order_lists (
    id         TEXT PRIMARY KEY NOT NULL,
    admin_id   TEXT NOT NULL REFERENCES admins (id),
    act        TEXT NOT NULL,
    -- JSON: number, tracking number and line of each row.
    rows       TEXT NOT NULL,
    -- The page to go back to.
    back       TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX order_lists_by_creation ON order_lists (created_at);
