-- The newest event that Stripe showed a walk, by Stripe's clock: the next walk begins there, whatever our clocks say.
ALTER TABLE walks ADD COLUMN newest_at BIGINT;
-- Down to where our own records of what is being listed were compared, for the part that comes next.
ALTER TABLE walks ADD COLUMN ours_until BIGINT;
-- Payments by when they were made, to be looked for on Stripe's list.
CREATE INDEX checkout_attempts_paid ON checkout_attempts (paid_at) WHERE state = 'paid';
