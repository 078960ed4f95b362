-- When this database was brought back from a copy. What was paid before then may have been told to the buyer already, by
-- the database that was lost: what can't be taken back (an SMS) is left for a person.
CREATE TABLE restores (
    restored_at BIGINT PRIMARY KEY NOT NULL
);
