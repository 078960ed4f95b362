//! Deliveries as the worker would have left them: most done at the first try, some after an outage, a few given up.

use std::time::Duration;

use super::scene::Scene;
use super::story::Telling;
use crate::domain::audit::AuditAction;
use crate::domain::delivery::{Delivery, DeliveryState, Lane};
use crate::domain::ids::DeliveryId;
use crate::domain::timestamp::Timestamp;
use crate::outbox::schedule::DELAYS;
use crate::store::bulk_rows::{OutboxRow, TryRow};

/// A time in which a provider was away, with what it answered.
pub struct Outage {
    pub lane: Lane,
    pub from: Timestamp,
    pub to: Timestamp,
    pub answer: &'static str,
}

/// How a try ended.
enum End {
    Done(String),
    Failed(&'static str),
    Dead(&'static str),
}

/// Of a thousand tries, so many fail for no good reason; of ten thousand deliveries, so many never work.
const HICCUPS: u32 = 4;
const HOPELESS: i64 = 8;
/// A dead delivery that is older may have been given up by a person.
const SETTLED_AFTER: Duration = Duration::from_hours(72);

impl Telling<'_> {
    /// A delivery and all its tries. Says when it was done, if it was.
    pub fn deliver(&mut self, delivery: &Delivery, created_at: Timestamp) -> Option<Timestamp> {
        let id = self.enqueue(delivery, created_at);
        let lane = delivery.kind().lane();
        let mut at = created_at + Duration::from_millis(self.dice.between(3, 60).unsigned_abs());
        let mut error = None;
        for number in 1.. {
            if at > self.scene.until {
                self.left(DeliveryState::Pending, number - 1, at, error, None);
                return None;
            }
            let (low, high) = duration_ms(lane);
            let duration_ms = self.dice.between(low, high);
            let ended = at + Duration::from_millis(duration_ms.unsigned_abs());
            let end = self.attempted(lane, at);
            let index = usize::try_from(number - 1).unwrap_or(usize::MAX);
            let (state, answer, retry_at) = match (end, DELAYS.get(index)) {
                (End::Done(answer), _) => (DeliveryState::Done, answer, None),
                (End::Failed(answer), Some(seconds)) => {
                    error = Some(answer);
                    let later = Duration::from_secs(*seconds).mul_f64(1.0 + self.dice.share() / 5.0);
                    (DeliveryState::Pending, answer.to_owned(), Some(ended + later))
                }
                (End::Failed(answer) | End::Dead(answer), _) => {
                    error = Some(answer);
                    (DeliveryState::Dead, answer.to_owned(), None)
                }
            };
            let started_at = at;
            let outcome = state.as_str();
            let delivery_id = id.clone();
            let row = TryRow { delivery_id, number, started_at, duration_ms, outcome, answer, retry_at };
            self.batch.delivery_attempts.push(row);
            if let Some(later) = retry_at {
                at = later;
                continue;
            }
            let dead = state == DeliveryState::Dead;
            self.left(state, number, started_at, error.filter(|_| dead), Some(ended));
            if dead {
                self.perhaps_discard(&id, delivery, ended);
            }
            return (!dead).then_some(ended);
        }
        None
    }

    /// A delivery that nobody has tried yet.
    pub fn enqueue(&mut self, delivery: &Delivery, created_at: Timestamp) -> String {
        let id = format!("{}{}", DeliveryId::PREFIX, self.dice.unique(created_at));
        let kind = delivery.kind();
        // By hand what serde would write: it is a tenth of the whole time.
        let (field, subject) = match delivery {
            Delivery::ApplyStripeEvent { webhook_id } => ("webhook_id", webhook_id.as_str()),
            other => ("preorder_id", other.preorder_id().map_or("", |id| id.as_str())),
        };
        self.batch.outbox.push(OutboxRow {
            id: id.clone(),
            kind: kind.as_str(),
            lane: kind.lane().as_str(),
            payload: format!(r#"{{"kind":"{kind}","{field}":"{subject}"}}"#),
            dedupe_key: delivery.dedupe_key(),
            state: DeliveryState::Pending.as_str(),
            attempts: 0,
            run_at: created_at,
            last_error: None,
            preorder_id: delivery.preorder_id().map(ToString::to_string),
            created_at,
            finished_at: None,
            discarded_at: None,
            discard_reason: None,
        });
        id
    }

    /// How the delivery that was enqueued last stands at the end.
    fn left(
        &mut self,
        state: DeliveryState,
        attempts: i64,
        run_at: Timestamp,
        last_error: Option<&'static str>,
        finished_at: Option<Timestamp>,
    ) {
        if let Some(row) = self.batch.outbox.last_mut() {
            row.state = state.as_str();
            row.attempts = attempts;
            row.run_at = run_at;
            row.last_error = last_error;
            row.finished_at = finished_at;
        }
    }

    fn attempted(&mut self, lane: Lane, at: Timestamp) -> End {
        let of = |outage: &&Outage| outage.lane == lane && (outage.from..outage.to).contains(&at);
        if let Some(outage) = self.scene.outages.iter().find(of) {
            return End::Failed(outage.answer);
        }
        if let Some(problem) = self.odd {
            return End::Dead(problem);
        }
        if self.dice.chance(HICCUPS) {
            return match lane {
                Lane::Settlement => {
                    End::Failed("the database is away: pool timed out while waiting for an open connection")
                }
                Lane::Stripe => End::Failed("Stripe did not answer in time"),
                Lane::Klaviyo => End::Failed("Klaviyo did not answer in time"),
                Lane::Firebase => End::Failed("Firebase can't be reached"),
                Lane::Sms => End::Dead("Twilio did not answer in time"),
            };
        }
        if self.dice.between(1, 10_000) <= HOPELESS || std::mem::take(&mut self.hopeless) {
            match lane {
                Lane::Klaviyo => return End::Dead(KLAVIYO_REFUSES),
                Lane::Sms => return End::Dead(TWILIO_REFUSES),
                _ => {}
            }
        }
        End::Done(self.answer(lane))
    }

    fn answer(&mut self, lane: Lane) -> String {
        match lane {
            Lane::Settlement => self.applied.to_owned(),
            Lane::Stripe => "card learnt".to_owned(),
            Lane::Klaviyo => "Klaviyo answered 202".to_owned(),
            Lane::Firebase if self.came_back => "user existed".to_owned(),
            Lane::Firebase => "user made".to_owned(),
            Lane::Sms => format!("sent as SM{}", self.dice.hex()),
        }
    }

    fn perhaps_discard(&mut self, id: &str, delivery: &Delivery, died: Timestamp) {
        let at = died + Duration::from_secs(self.dice.between(3600, 200_000).unsigned_abs());
        if at + SETTLED_AFTER > self.scene.until || !self.dice.chance(400) {
            return;
        }
        let reason = self.dice.pick(REASONS);
        if let Some(row) = self.batch.outbox.last_mut() {
            row.discarded_at = Some(at);
            row.discard_reason = Some(reason);
        }
        let detail = format!(r#"{{"kind":"{}","reason":"{reason}"}}"#, delivery.kind());
        let preorder_id = delivery.preorder_id().map(ToString::to_string);
        self.note_act(AuditAction::DeliveryDiscarded, Some(id.to_owned()), preorder_id, at, detail);
    }
}

const KLAVIYO_REFUSES: &str = r#"Klaviyo answered 400: {"errors":[{"status":400,"code":"invalid","title":"Invalid input.","detail":"The email address is suppressed.","source":{"pointer":"/data/attributes/profile/data/attributes/email"}}]}"#;
const TWILIO_REFUSES: &str =
    r#"Twilio answered 400: {"code":21211,"message":"Invalid 'To' Phone Number: …","status":400}"#;
const REASONS: &[&str] = &[
    "Wrote to the buyer by hand.",
    "The address does not exist any more.",
    "Asked for and paid twice; one message is enough.",
];

/// What the answers of each provider take.
const fn duration_ms(lane: Lane) -> (i64, i64) {
    match lane {
        Lane::Settlement => (4, 38),
        Lane::Stripe => (140, 620),
        Lane::Klaviyo => (80, 460),
        Lane::Firebase => (120, 700),
        Lane::Sms => (190, 900),
    }
}

/// When providers were away: three times in a run, and Klaviyo and Firebase just now.
pub fn outages(scene: &Scene) -> Vec<Outage> {
    const KLAVIYO_503: &str = r#"Klaviyo answered 503: {"errors":[{"status":503,"code":"service_unavailable","title":"Service unavailable.","detail":"Please try again later."}]}"#;
    const KLAVIYO_429: &str = r#"Klaviyo answered 429: {"errors":[{"status":429,"code":"throttled","title":"Request was throttled.","detail":"Expected available in 1 second."}]}"#;
    const FIREBASE_503: &str = r#"Firebase answered 503: {"error":{"code":503,"message":"The service is currently unavailable.","status":"UNAVAILABLE"}}"#;
    let length = scene.until.since(scene.from);
    let at = |share: f64| scene.from + length.mul_f64(share);
    let outage = |lane, share, minutes: u64, answer| {
        let from = at(share);
        Outage { lane, from, to: from + Duration::from_mins(minutes), answer }
    };
    let now = |lane, answer| {
        let just_now = Duration::from_mins(25);
        Outage { lane, from: scene.until - just_now, to: scene.until + just_now * 3, answer }
    };
    vec![
        outage(Lane::Klaviyo, 0.31, 320, KLAVIYO_503),
        // Longer than anybody tries: some of its deliveries were given up.
        outage(Lane::Klaviyo, 0.58, 60 * 31, KLAVIYO_503),
        outage(Lane::Klaviyo, 0.86, 45, KLAVIYO_429),
        outage(Lane::Firebase, 0.66, 130, FIREBASE_503),
        now(Lane::Klaviyo, KLAVIYO_503),
        now(Lane::Firebase, FIREBASE_503),
    ]
}
