-- What the overview counts, in indexes that hold no more than is counted. All are partial: a row enters them once it has
-- come that far, so that saving a lead, a delivery or an event costs nothing more.

-- Of those that were started in a span, how many came to a payment page.
CREATE INDEX preorders_reached_payment ON preorders (created_at) WHERE session_id IS NOT NULL;

-- Tries that a bank said something about, and what.
CREATE INDEX checkout_attempts_answered ON checkout_attempts (created_at, state, decline_code)
    WHERE state IN ('paid', 'failed') OR decline_code IS NOT NULL;

-- How events of a span went, and how long they took; never their raw data.
CREATE INDEX webhook_logs_processed ON webhook_logs (received_at, status, processed_at) WHERE processed_at IS NOT NULL;
