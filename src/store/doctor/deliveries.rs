//! Deliveries: none lost, none stuck, none made twice.

use std::time::Duration;

use super::Question;

/// A lease that nobody took back this long after it ran out: workers look every few seconds.
const LEASE_GRACE: Duration = Duration::from_mins(2);
/// An event waits for no provider. Half an hour's backlog is a flood; longer is nobody at work.
const SETTLED_WITHIN: Duration = Duration::from_mins(30);
/// A provider that is away for a day is asked by few: what waits for it waits a day and a bit.
const STARTED_WITHIN: Duration = Duration::from_hours(30);
/// No schedule, and no provider, is listened to beyond a day and a bit.
const FARTHEST: Duration = Duration::from_hours(48);
/// Calls whose answer never came are asked about within minutes.
const ASKED_WITHIN: Duration = Duration::from_hours(2);

/// Neither waiting, under way, done nor given up; or two of these at once.
pub const IN_NO_STATE: Question = Question::new(
    "SELECT COUNT(*) FROM outbox WHERE state NOT IN ('pending', 'running', 'done', 'dead') \
     OR (state IN ('done', 'dead')) <> (finished_at IS NOT NULL)",
)
.naming("id");

/// Held, and the holder has not come back; or held by nobody at all.
pub const BEYOND_THEIR_LEASE: Question =
    Question::ago_there("SELECT COUNT(*) FROM outbox WHERE state = 'running' AND lease_until < $1", LEASE_GRACE)
        .naming("id");

pub const HELD_BY_NOBODY: Question = Question::new(
    "SELECT COUNT(*) FROM outbox WHERE (state = 'running') <> (lease_until IS NOT NULL) \
     OR (state = 'running') <> (lease_token IS NOT NULL)",
)
.naming("id");

/// Due for long, and nobody has begun. Paused kinds wait for a person.
pub const EVENTS_LEFT: Question = Question::ago(
    "SELECT COUNT(*) FROM outbox WHERE state = 'pending' AND lane = 'settlement' AND run_at < $1 \
     AND kind NOT IN (SELECT kind FROM outbox_pauses)",
    SETTLED_WITHIN,
)
.naming("id");

pub const LEFT: Question = Question::ago(
    "SELECT COUNT(*) FROM outbox WHERE state = 'pending' AND lane <> 'settlement' AND run_at < $1 \
     AND kind NOT IN (SELECT kind FROM outbox_pauses)",
    STARTED_WITHIN,
)
.naming("id");

pub const PUT_OFF_FOR_EVER: Question =
    Question::ahead("SELECT COUNT(*) FROM outbox WHERE state = 'pending' AND run_at > $1", FARTHEST).naming("id");

/// Done, and no try that did it is written down: both are one transaction.
pub const DONE_BY_NOBODY: Question = Question::new(
    "SELECT COUNT(*) FROM outbox o WHERE o.state = 'done' AND NOT EXISTS \
     (SELECT 1 FROM delivery_attempts a WHERE a.delivery_id = o.id)",
)
.naming("o.id");

/// Tries of a delivery that is gone, or that it has not counted.
pub const TRIES_OF_NOTHING: Question = Question::new(
    "SELECT COUNT(*) FROM delivery_attempts a LEFT JOIN outbox o ON o.id = a.delivery_id \
     WHERE o.id IS NULL OR a.number > o.attempts",
)
.naming("a.delivery_id");

/// Two deliveries of one kind for one preorder, of the kinds that a preorder has once.
pub const TWICE_FOR_ONE: Question = Question::new(
    "SELECT COUNT(*) FROM (SELECT preorder_id, kind FROM outbox WHERE preorder_id IS NOT NULL AND kind IN \
     ('create_firebase_user', 'klaviyo_preorder_started', 'klaviyo_preorder_success', 'fetch_payment_details', \
     'close_open_pages', 'send_sms') GROUP BY preorder_id, kind HAVING COUNT(*) > 1) AS odd",
)
.naming("odd.preorder_id");

/// Done more than once since a person last started it.
pub const DONE_TWICE: Question = Question::new(
    "SELECT COUNT(*) FROM (SELECT a.delivery_id FROM delivery_attempts a JOIN outbox o ON o.id = a.delivery_id \
     WHERE a.outcome = 'done' AND a.number > o.earlier_attempts GROUP BY a.delivery_id HAVING COUNT(*) > 1) AS odd",
)
.naming("odd.delivery_id");

/// Messages that were sent although an earlier try may have sent them: one whose end was not written down, or one that
/// was parked. What a person starts again begins anew.
pub const MESSAGES_SENT_BLINDLY: Question = Question::new(
    "SELECT COUNT(*) FROM outbox o JOIN delivery_attempts a ON a.delivery_id = o.id WHERE o.kind = 'send_sms' \
     AND a.outcome = 'done' AND a.answer LIKE 'sent as %' AND a.number > o.earlier_attempts \
     AND (SELECT COUNT(*) FROM delivery_attempts b WHERE b.delivery_id = o.id AND b.number > o.earlier_attempts \
     AND b.number < a.number AND b.outcome = 'pending') < a.number - o.earlier_attempts - 1",
)
.naming("o.id");

/// Refunds that were asked for and that nobody is going to ask Stripe for.
pub const REFUNDS_FORGOTTEN: Question = Question::new(
    "SELECT COUNT(*) FROM refunds r WHERE r.state = 'requested' AND NOT EXISTS (SELECT 1 FROM outbox o \
     WHERE o.dedupe_key = 'request_refund:' || r.id AND (o.state IN ('pending', 'running') \
     OR (o.state = 'dead' AND o.discarded_at IS NULL)))",
)
.naming("r.id");

/// Payment pages whose making was asked for and never answered, and that nobody has asked about since.
pub const CALLS_UNANSWERED: Question =
    Question::ago("SELECT COUNT(*) FROM checkout_attempts WHERE state = 'creating' AND created_at < $1", ASKED_WITHIN)
        .naming("id");

/// A migration that began and did not end.
pub const MIGRATION_INTERRUPTED: Question = Question::new("SELECT COUNT(*) FROM _sqlx_migrations WHERE NOT success");
