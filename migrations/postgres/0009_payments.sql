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

CREATE FUNCTION payment_comes_in() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO odd_payments (attempt_id, preorder_id) VALUES (NEW.id, NEW.preorder_id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER payment_comes_in AFTER UPDATE OF state, received_minor, received_currency ON checkout_attempts
    FOR EACH ROW WHEN (NEW.state = 'paid' AND (OLD.state <> 'paid' OR NEW.received_minor > NEW.amount_minor
        OR NEW.received_currency <> NEW.currency))
    EXECUTE FUNCTION payment_comes_in();

-- The shop never inserts a paid try; what loads many at once does.
CREATE FUNCTION payment_is_loaded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO odd_payments (attempt_id, preorder_id)
        SELECT NEW.id, NEW.preorder_id WHERE NEW.received_minor > NEW.amount_minor
            OR NEW.received_currency <> NEW.currency OR EXISTS (SELECT 1 FROM checkout_attempts
                WHERE preorder_id = NEW.preorder_id AND state = 'paid' AND id <> NEW.id)
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER payment_is_loaded AFTER INSERT ON checkout_attempts
    FOR EACH ROW WHEN (NEW.state = 'paid' AND (NEW.number > 1 OR NEW.received_minor > NEW.amount_minor
        OR NEW.received_currency <> NEW.currency))
    EXECUTE FUNCTION payment_is_loaded();

CREATE FUNCTION preorder_accounts_for_its_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM odd_payments WHERE attempt_id = (SELECT id FROM checkout_attempts
            WHERE preorder_id = NEW.id AND state = 'paid' ORDER BY COALESCE(settled_at, updated_at), number LIMIT 1)
        AND NOT EXISTS (SELECT 1 FROM checkout_attempts a WHERE a.id = odd_payments.attempt_id
            AND (a.received_minor > a.amount_minor OR a.received_currency <> a.currency));
    RETURN NULL;
END $$;
CREATE TRIGGER preorder_accounts_for_its_payment AFTER UPDATE OF status ON preorders
    FOR EACH ROW WHEN (NEW.status = 'completed' AND OLD.status <> 'completed')
    EXECUTE FUNCTION preorder_accounts_for_its_payment();

CREATE FUNCTION preorder_accounts_for_nothing_any_more() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO odd_payments (attempt_id, preorder_id)
        SELECT id, preorder_id FROM checkout_attempts WHERE preorder_id = NEW.id AND state = 'paid'
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER preorder_accounts_for_nothing_any_more AFTER UPDATE OF status ON preorders
    FOR EACH ROW WHEN (OLD.status = 'completed' AND NEW.status <> 'completed')
    EXECUTE FUNCTION preorder_accounts_for_nothing_any_more();

-- Addresses in the order of their bytes, as in SQLite, whatever language the database was made in: the beginning of one
-- is then a stretch of the index that there is.
ALTER TABLE preorders ALTER COLUMN email TYPE TEXT COLLATE "C";
