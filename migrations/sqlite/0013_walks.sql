-- Customers in the order of their addresses, and addresses that begin with something: one plain index serves both.
DROP INDEX preorders_by_email;
CREATE INDEX preorders_by_email ON preorders (email);
-- What was given up, kind by kind, the latest first, without a sort.
CREATE INDEX outbox_given_up ON outbox (kind, finished_at, id) WHERE state = 'dead' AND discarded_at IS NULL;
