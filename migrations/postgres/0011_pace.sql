-- Whose turn it is at a provider's address, for all instances together. Not logged: a crash may forget it, and a turn
-- costs no write to the disk.
CREATE UNLOGGED TABLE provider_pace (
    endpoint TEXT PRIMARY KEY NOT NULL,
    next_at  TIMESTAMPTZ NOT NULL
);
