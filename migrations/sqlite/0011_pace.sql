-- Whose turn it is at a provider's address. SQLite has one process, which keeps it in its memory: here only so that
-- both databases have the same tables.
CREATE TABLE provider_pace (
    endpoint TEXT PRIMARY KEY NOT NULL,
    next_at  BIGINT NOT NULL
);
