-- Stripe keeps the answer to a key for a day, a failure as well: after one, a refund is asked for under another key.
ALTER TABLE refunds ADD COLUMN key_generation BIGINT NOT NULL DEFAULT 0;
-- When Stripe was last asked what became of a try: one that is still under way makes room for those behind it.
ALTER TABLE checkout_attempts ADD COLUMN asked_at BIGINT;
