-- What was paid too little is odd as well: it stands in `odd_payments` from now on, so that the worklist finds it. See
-- `payments`, which says how that table is kept; a payment is the price when it is the amount and the currency asked for.

DROP TRIGGER payment_comes_in;
CREATE TRIGGER payment_comes_in AFTER UPDATE OF state, received_minor, received_currency ON checkout_attempts
    WHEN new.state = 'paid' AND (old.state <> 'paid' OR new.received_minor <> new.amount_minor
        OR new.received_currency <> new.currency)
BEGIN
    INSERT OR IGNORE INTO odd_payments (attempt_id, preorder_id) VALUES (new.id, new.preorder_id);
END;

DROP TRIGGER payment_is_loaded;
CREATE TRIGGER payment_is_loaded AFTER INSERT ON checkout_attempts
    WHEN new.state = 'paid' AND (new.number > 1 OR new.received_minor <> new.amount_minor
        OR new.received_currency <> new.currency)
BEGIN
    INSERT OR IGNORE INTO odd_payments (attempt_id, preorder_id)
        SELECT new.id, new.preorder_id WHERE new.received_minor <> new.amount_minor
            OR new.received_currency <> new.currency OR EXISTS (SELECT 1 FROM checkout_attempts
                WHERE preorder_id = new.preorder_id AND state = 'paid' AND id <> new.id);
END;

DROP TRIGGER preorder_accounts_for_its_payment;
CREATE TRIGGER preorder_accounts_for_its_payment AFTER UPDATE OF status ON preorders
    WHEN new.status = 'completed' AND old.status <> 'completed'
BEGIN
    DELETE FROM odd_payments WHERE attempt_id = (SELECT id FROM checkout_attempts
            WHERE preorder_id = new.id AND state = 'paid' ORDER BY COALESCE(settled_at, updated_at), number LIMIT 1)
        AND NOT EXISTS (SELECT 1 FROM checkout_attempts a WHERE a.id = odd_payments.attempt_id
            AND (a.received_minor <> a.amount_minor OR a.received_currency <> a.currency));
END;

INSERT OR IGNORE INTO odd_payments (attempt_id, preorder_id)
    SELECT id, preorder_id FROM checkout_attempts WHERE state = 'paid' AND received_minor < amount_minor;
