-- Pages on which nobody can pay any more, and of which nothing was heard; payments that take long. Small: an event ends each.
CREATE INDEX checkout_attempts_overdue ON checkout_attempts (expires_at) WHERE state IN ('open', 'declined');
CREATE INDEX checkout_attempts_under_way ON checkout_attempts (updated_at) WHERE state = 'pending';
