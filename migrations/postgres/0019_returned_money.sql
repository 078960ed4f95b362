-- (SQLite's INSERT OR REPLACE is guarded in its own file; PostgreSQL has no such thing.)

-- What a dispute holds of our money is what Stripe lists as withdrawn and reinstated (domain/moved.rs); of what came
-- before this, or bears no list, the state says it.
ALTER TABLE disputes ADD COLUMN moved TEXT;
-- Empty: the whole amount if the state is needs_response, under_review or lost, else nothing.
ALTER TABLE disputes ADD COLUMN taken_minor BIGINT;
-- When Stripe said the amount: of two the later one stands.
ALTER TABLE disputes ADD COLUMN amount_said_at TIMESTAMPTZ;
