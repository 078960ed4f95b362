-- INSERT OR REPLACE takes the row away that it replaces, and fires no DELETE trigger unless the connection asks for it
-- (`recursive_triggers`, which the shop's do). Whoever comes by another way is met here. What is entered a second time
-- is dropped, as by the shop's own ON CONFLICT DO NOTHING.
CREATE TRIGGER payments_ledger_is_not_replaced BEFORE INSERT ON payments_ledger
BEGIN
    SELECT RAISE(IGNORE) WHERE EXISTS (SELECT 1 FROM payments_ledger WHERE dedupe_key = new.dedupe_key);
    SELECT RAISE(ABORT, 'payments_ledger is only ever added to')
        WHERE EXISTS (SELECT 1 FROM payments_ledger WHERE id = new.id);
END;
CREATE TRIGGER audit_log_is_not_replaced BEFORE INSERT ON audit_log
    WHEN EXISTS (SELECT 1 FROM audit_log WHERE id = new.id)
    BEGIN SELECT RAISE(ABORT, 'audit_log is only ever added to'); END;

-- What a dispute holds of our money is what Stripe lists as withdrawn and reinstated (domain/moved.rs); of what came
-- before this, or bears no list, the state says it.
ALTER TABLE disputes ADD COLUMN moved TEXT;
-- Empty: the whole amount if the state is needs_response, under_review or lost, else nothing.
ALTER TABLE disputes ADD COLUMN taken_minor BIGINT;
-- When Stripe said the amount: of two the later one stands.
ALTER TABLE disputes ADD COLUMN amount_said_at BIGINT;
