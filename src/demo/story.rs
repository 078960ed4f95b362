//! One preorder from its form to its end: its row, and all rows that tell of it.

use std::time::Duration;

use super::dice::{Dice, number_of};
use super::fate::{Fate, Fates};
use super::person::Person;
use super::scene::Scene;
use crate::domain::audit::AuditAction;
use crate::domain::delivery::Delivery;
use crate::domain::ids::{PreorderId, PreorderNumber};
use crate::domain::preorder::{AttemptOutcome, FulfilmentStatus, PaymentStatus, PreorderStatus, Progress};
use crate::domain::refund::Returned;
use crate::domain::timestamp::Timestamp;
use crate::store::bulk_rows::{Batch, PreorderRow};

/// A story while it is told.
pub struct Telling<'a> {
    pub scene: &'a Scene,
    pub batch: &'a mut Batch,
    pub dice: Dice,
    pub person: Person,
    pub preorder: PreorderRow,
    pub outcomes: Vec<AttemptOutcome>,
    /// The payment's badge, if refunds or disputes decide it.
    pub after_money: Option<PaymentStatus>,
    /// Bought before.
    pub came_back: bool,
    /// The next marketing delivery never works.
    pub hopeless: bool,
    /// Why the event that is being applied can't be.
    pub odd: Option<&'static str>,
    /// What applying the present event answers.
    pub applied: &'static str,
}

/// Who has just come has nobody to come back.
const FIRST_TO_COME_BACK: u64 = 20;

pub fn tell(scene: &Scene, fates: &Fates, batch: &mut Batch, index: u64, at: Timestamp) {
    let mut dice = Dice::new(scene.seed, index);
    let came_back = index > FIRST_TO_COME_BACK && dice.chance(60);
    let number = if came_back { dice.between(0, index as i64 - 1).unsigned_abs() } else { index };
    let person = Person::new(scene.seed, number);
    let fate = fates.draw(index, scene.until.since(at), &mut dice);
    let preorder = form(scene, &person, &mut dice, index, at);
    let hopeless = is_shown_anyway(scene.total, index);
    let mut telling = Telling {
        scene,
        batch,
        dice,
        person,
        preorder,
        outcomes: Vec::new(),
        after_money: None,
        came_back,
        hopeless,
        odd: None,
        applied: "",
    };
    telling.begin(fate);
    telling.hear_of_strangers(index, at);
}

/// A few of what is rare, however few preorders there are.
pub const fn is_shown_anyway(total: u64, index: u64) -> bool {
    index == total / 3 || index == total / 2 || index == total * 9 / 10
}

fn form(scene: &Scene, person: &Person, dice: &mut Dice, index: u64, at: Timestamp) -> PreorderRow {
    let id = format!("{}{}", PreorderId::PREFIX, dice.unique(at));
    let (amount_minor, currency) = scene.price(person.currency);
    let color = scene.catalog.colors.get(dice.weighted(&scene.colors));
    PreorderRow {
        preorder_number: PreorderNumber::from_random(number_of(scene.seed, index)).to_string(),
        idempotency_key: format!("key:{}", dice.unique(at)),
        id,
        email: person.email.clone(),
        name: person.gives_name.then(|| person.name.clone()),
        phone: person.phone.clone(),
        color: color.map_or_else(String::new, |color| color.id.as_str().to_owned()),
        locale: person.place.locale.as_str(),
        marketing_consent: person.consents,
        status: PreorderStatus::Initiated.as_str(),
        payment_status: Progress::NEW.payment_status.as_str(),
        fulfilment_status: FulfilmentStatus::Unfulfilled.as_str(),
        amount_minor,
        currency: currency.as_str(),
        user_id: None,
        session_id: None,
        payment_intent_id: None,
        shipping_address: None,
        tracking_number: None,
        klaviyo_event_sent_at: None,
        paid_at: None,
        created_at: at,
        updated_at: at,
        country: None,
        fulfilled_at: None,
        cancelled_at: None,
    }
}

impl Telling<'_> {
    pub fn id(&self) -> PreorderId {
        PreorderId::from_unique(self.preorder.id.trim_start_matches(PreorderId::PREFIX))
    }

    /// The row says when it was moved last.
    pub fn moved(&mut self, at: Timestamp) {
        self.preorder.updated_at = self.preorder.updated_at.max(at);
    }

    pub fn seconds(&mut self, low: i64, high: i64) -> Duration {
        Duration::from_secs(self.dice.between(low, high).unsigned_abs())
    }

    pub fn millis(&mut self, low: i64, high: i64) -> Duration {
        Duration::from_millis(self.dice.between(low, high).unsigned_abs())
    }

    fn begin(&mut self, fate: Fate) {
        let at = self.preorder.created_at;
        let (firebase, started) = (
            Delivery::CreateFirebaseUser { preorder_id: self.id() },
            Delivery::KlaviyoPreorderStarted { preorder_id: self.id() },
        );
        if fate == Fate::Untouched {
            self.enqueue(&firebase, at);
            self.enqueue(&started, at);
            self.batch.preorders.push(self.preorder.clone());
            return;
        }
        if at >= self.scene.firebase_since
            && let Some(done) = self.deliver(&firebase, at)
        {
            let name = format!("mailto:{}", self.preorder.email);
            let user = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, name.as_bytes());
            self.preorder.user_id = Some(format!("rolitt-{}", user.simple()));
            self.moved(done);
        }
        if let Some(done) = self.deliver(&started, at) {
            self.preorder.klaviyo_event_sent_at = Some(done);
            self.moved(done);
        }
        match fate {
            Fate::Lead | Fate::Waiting | Fate::Untouched => {}
            Fate::Left => _ = self.leave(at),
            Fate::Refused => self.be_refused(at),
            Fate::DebitPending => self.debit(at, None),
            Fate::DebitFailed => self.debit(at, Some(false)),
            Fate::Cancelled => {
                if self.dice.chance(500) {
                    _ = self.leave(at);
                }
            }
            Fate::Paid(after) => self.pay(at, after),
        }
        self.end(fate);
    }

    /// The badges, from what happened.
    fn end(&mut self, fate: Fate) {
        let mut progress = Progress::NEW.begin_processing().after(&self.outcomes, Returned::default());
        if fate == Fate::Cancelled {
            self.cancel(&mut progress);
        }
        self.preorder.status = progress.status.as_str();
        self.preorder.paid_at = progress.paid_at;
        self.preorder.payment_status = self.after_money.unwrap_or(progress.payment_status).as_str();
        if !progress.is_open() {
            self.preorder.idempotency_key = format!("closed:{}", self.preorder.id);
        }
        if self.dice.chance(25) {
            self.write_note();
        }
        self.batch.preorders.push(self.preorder.clone());
    }

    fn cancel(&mut self, progress: &mut Progress) {
        let at = self.preorder.updated_at + self.seconds(3600, 800_000);
        if at > self.scene.until || self.outcomes.iter().any(|outcome| outcome.state.is_payable()) {
            return;
        }
        progress.status = PreorderStatus::Cancelled;
        self.preorder.cancelled_at = Some(at);
        self.moved(at);
        let reason = self.dice.pick(&["Asked for by the buyer.", "Ordered twice.", "Can't be sent there."]);
        let detail = format!(r#"{{"reason":"{reason}"}}"#);
        self.note_act_here(AuditAction::PreorderCancelled, at, detail);
    }
}
