-- What the rooms Payments and Customers look for, in indexes that hold no more than is looked for. All are partial: a
-- row enters them by going an unusual way, so that saving a lead or a payment costs nothing more. The one exception is
-- `checkout_attempts_creating`: every try passes through it, and it is empty but for those that are just being made.

-- In an order that no other index has: neither database then takes that of all paid preorders for as good.
CREATE INDEX preorders_paid_not_completed ON preorders ((COALESCE(paid_at, created_at)), id)
    WHERE NOT (paid_at IS NULL OR status = 'completed');
CREATE INDEX preorders_cancelled_and_paid ON preorders (cancelled_at, id)
    WHERE NOT (cancelled_at IS NULL OR paid_at IS NULL OR payment_status = 'refunded');

CREATE INDEX checkout_attempts_creating ON checkout_attempts (created_at) WHERE state = 'creating';
CREATE INDEX checkout_attempts_not_arrived ON checkout_attempts (created_at, id, state) WHERE state IN ('pending', 'failed');
CREATE INDEX checkout_attempts_declined ON checkout_attempts (created_at, id, decline_code) WHERE decline_code IS NOT NULL;

CREATE INDEX refunds_failed ON refunds (created_at, id) WHERE state = 'failed';
CREATE INDEX refunds_requested ON refunds (created_at, id) WHERE state = 'requested';
CREATE INDEX disputes_that_await_us ON disputes (due_at, id) WHERE state IN ('needs_response', 'warning_needs_response');

-- Payments that are not simply the price of a completed preorder. No index spans two rows or two tables, so triggers
-- keep this one: a payment enters as it comes in, and leaves as its preorder completes, if it is the price. What stays
-- was paid into nothing, or twice, or too much, or in another currency.
CREATE TABLE odd_payments (
    attempt_id  TEXT PRIMARY KEY NOT NULL,
    preorder_id TEXT NOT NULL
);
CREATE INDEX odd_payments_by_preorder ON odd_payments (preorder_id);
INSERT INTO odd_payments (attempt_id, preorder_id)
    SELECT a.id, a.preorder_id FROM checkout_attempts a JOIN preorders p ON p.id = a.preorder_id
    WHERE a.state = 'paid' AND (p.status <> 'completed' OR a.received_minor > a.amount_minor
        OR a.received_currency <> a.currency OR EXISTS (SELECT 1 FROM checkout_attempts b
            WHERE b.preorder_id = a.preorder_id AND b.state = 'paid' AND b.number < a.number));

CREATE TRIGGER payment_comes_in AFTER UPDATE OF state, received_minor, received_currency ON checkout_attempts
    WHEN new.state = 'paid' AND (old.state <> 'paid' OR new.received_minor > new.amount_minor
        OR new.received_currency <> new.currency)
BEGIN
    INSERT OR IGNORE INTO odd_payments (attempt_id, preorder_id) VALUES (new.id, new.preorder_id);
END;
-- The shop never inserts a paid try; what loads many at once does.
CREATE TRIGGER payment_is_loaded AFTER INSERT ON checkout_attempts
    WHEN new.state = 'paid' AND (new.number > 1 OR new.received_minor > new.amount_minor
        OR new.received_currency <> new.currency)
BEGIN
    INSERT OR IGNORE INTO odd_payments (attempt_id, preorder_id)
        SELECT new.id, new.preorder_id WHERE new.received_minor > new.amount_minor
            OR new.received_currency <> new.currency OR EXISTS (SELECT 1 FROM checkout_attempts
                WHERE preorder_id = new.preorder_id AND state = 'paid' AND id <> new.id);
END;
CREATE TRIGGER preorder_accounts_for_its_payment AFTER UPDATE OF status ON preorders
    WHEN new.status = 'completed' AND old.status <> 'completed'
BEGIN
    DELETE FROM odd_payments WHERE attempt_id = (SELECT id FROM checkout_attempts
            WHERE preorder_id = new.id AND state = 'paid' ORDER BY COALESCE(settled_at, updated_at), number LIMIT 1)
        AND NOT EXISTS (SELECT 1 FROM checkout_attempts a WHERE a.id = odd_payments.attempt_id
            AND (a.received_minor > a.amount_minor OR a.received_currency <> a.currency));
END;
CREATE TRIGGER preorder_accounts_for_nothing_any_more AFTER UPDATE OF status ON preorders
    WHEN old.status = 'completed' AND new.status <> 'completed'
BEGIN
    INSERT OR IGNORE INTO odd_payments (attempt_id, preorder_id)
        SELECT id, preorder_id FROM checkout_attempts WHERE preorder_id = new.id AND state = 'paid';
END;
