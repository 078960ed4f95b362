-- What was paid too little is odd as well: it stands in `odd_payments` from now on, so that the worklist finds it. See
-- `payments`, which says how that table is kept; a payment is the price when it is the amount and the currency asked for.

DROP TRIGGER payment_comes_in ON checkout_attempts;
CREATE TRIGGER payment_comes_in AFTER UPDATE OF state, received_minor, received_currency ON checkout_attempts
    FOR EACH ROW WHEN (NEW.state = 'paid' AND (OLD.state <> 'paid' OR NEW.received_minor <> NEW.amount_minor
        OR NEW.received_currency <> NEW.currency))
    EXECUTE FUNCTION payment_comes_in();

CREATE OR REPLACE FUNCTION payment_is_loaded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO odd_payments (attempt_id, preorder_id)
        SELECT NEW.id, NEW.preorder_id WHERE NEW.received_minor <> NEW.amount_minor
            OR NEW.received_currency <> NEW.currency OR EXISTS (SELECT 1 FROM checkout_attempts
                WHERE preorder_id = NEW.preorder_id AND state = 'paid' AND id <> NEW.id)
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
DROP TRIGGER payment_is_loaded ON checkout_attempts;
CREATE TRIGGER payment_is_loaded AFTER INSERT ON checkout_attempts
    FOR EACH ROW WHEN (NEW.state = 'paid' AND (NEW.number > 1 OR NEW.received_minor <> NEW.amount_minor
        OR NEW.received_currency <> NEW.currency))
    EXECUTE FUNCTION payment_is_loaded();

CREATE OR REPLACE FUNCTION preorder_accounts_for_its_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM odd_payments WHERE attempt_id = (SELECT id FROM checkout_attempts
            WHERE preorder_id = NEW.id AND state = 'paid' ORDER BY COALESCE(settled_at, updated_at), number LIMIT 1)
        AND NOT EXISTS (SELECT 1 FROM checkout_attempts a WHERE a.id = odd_payments.attempt_id
            AND (a.received_minor <> a.amount_minor OR a.received_currency <> a.currency));
    RETURN NULL;
END $$;

INSERT INTO odd_payments (attempt_id, preorder_id)
    SELECT id, preorder_id FROM checkout_attempts WHERE state = 'paid' AND received_minor < amount_minor
    ON CONFLICT DO NOTHING;
