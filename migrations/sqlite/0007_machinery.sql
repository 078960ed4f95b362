-- The background's rooms: what waits, what was given up and what a person did about it, each found without reading the
-- rows that have ended well.

-- A lane's due deliveries kind by kind: those of a paused kind are stepped over at once, however many have gathered.
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (lane, kind, run_at) WHERE state = 'pending';

-- Given up by a lost lease: such rows had no end. Their last due time is the nearest that is known.
UPDATE outbox SET finished_at = run_at WHERE state = 'dead' AND finished_at IS NULL;
-- What is not discarded comes first: it is counted with every page of the admin.
DROP INDEX outbox_dead;
CREATE INDEX outbox_dead ON outbox (discarded_at, kind, finished_at) WHERE state = 'dead';

-- What people did to a delivery or an event, for its page.
CREATE INDEX audit_log_of_machinery ON audit_log (subject, at)
    WHERE action IN ('delivery_retried', 'delivery_discarded', 'event_resent', 'webhook_replayed');
