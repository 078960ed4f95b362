//! What a workflow needs, in one handle that is cheap to clone: database, providers, clock, settings, and the bell
//! that wakes the outbox.

mod asked;
pub mod breaker;
mod build;
mod kept;
pub mod pace;
mod shop;
mod strangers;

use std::ops::Deref;
use std::sync::Arc;

use tokio::sync::Notify;

pub use build::BuildError;
pub use shop::Shop;

use crate::clock::Clock;
use crate::config::Settings;
use crate::domain::delivery::{Delivery, DeliveryKind, Lane};
use crate::domain::metrics::Measured;
use crate::domain::timestamp::Timestamp;
use crate::providers::firebase::Firebase;
use crate::providers::klaviyo::Klaviyo;
use crate::providers::payments::Registry;
use crate::providers::twilio::Twilio;
use crate::store::outbox::Enqueued;
use crate::store::{Db, StoreResult, Tx};
use crate::telemetry::{Trace, TraceId};

#[derive(Clone)]
pub struct Context(Arc<Parts>);

pub struct Parts {
    pub db: Db,
    pub settings: Settings,
    pub clock: Clock,
    pub payments: Registry,
    /// `None`: switched off, and nothing is enqueued for it.
    pub klaviyo: Option<Klaviyo>,
    pub firebase: Option<Firebase>,
    pub sms: Option<Twilio>,
    pub bell: Bell,
    pub breakers: breaker::Breakers,
    /// What Stripe redirects back to, without a slash at the end.
    pub public_base_url: String,
    /// Whose signature an event may bear.
    pub webhook_secrets: Vec<String>,
    /// Which payments Stripe was asked about just now.
    pub asked: asked::Asked,
    /// Addresses that somebody tries to sign in with and that are nobody's.
    pub strangers: strangers::Strangers,
    /// Numbers of the overview, by their span.
    pub measured: kept::Kept<Arc<Measured>>,
    /// Held by whoever looks through all records.
    pub looking: Arc<tokio::sync::Mutex<()>>,
    /// When this process began.
    pub began_at: Timestamp,
    /// This process's name among those that share the database: for people to read, and nobody else's.
    pub instance: String,
    shop: shop::Cache,
}

impl Deref for Context {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Parts {
    /// The time that all instances agree on, whatever their own clocks say: the database's. For instants that one
    /// instance writes and another compares. Costs a read.
    pub async fn shared_now(&self) -> StoreResult<Timestamp> {
        Ok(crate::store::clock::now(&self.db).await? + self.clock.moved())
    }

    /// The same inside a transaction.
    pub async fn shared_now_in(&self, tx: &mut Tx) -> StoreResult<Timestamp> {
        Ok(crate::store::clock::now_in(tx).await? + self.clock.moved())
    }

    /// A unique text for an id. In order of time, so that an index grows at its end.
    pub fn unique(&self) -> String {
        uuid::Uuid::now_v7().simple().to_string()
    }

    pub fn enqueued(&self, delivery: Delivery) -> Enqueued {
        // Whoever enqueues it: what is done for a preorder belongs to that preorder's trace.
        let own = delivery.preorder_id().map(TraceId::of_preorder);
        let trace = match (own, crate::telemetry::current()) {
            (Some(id), Some(current)) => Some(Trace { id, cause: current.cause.filter(|_| current.id == id) }),
            (Some(id), None) => Some(Trace { id, cause: None }),
            (None, current) => current,
        };
        Enqueued {
            id: crate::domain::ids::DeliveryId::from_unique(&self.unique()),
            delivery,
            trace_id: trace.map(|trace| trace.to_string()),
        }
    }

    /// Whether there is somebody to deliver to.
    pub const fn delivers(&self, kind: DeliveryKind) -> bool {
        match kind {
            DeliveryKind::ApplyStripeEvent
            | DeliveryKind::FetchPaymentDetails
            | DeliveryKind::CloseOpenPages
            | DeliveryKind::RequestRefund
            | DeliveryKind::CheckOverduePayments
            | DeliveryKind::WalkStripe => true,
            DeliveryKind::CreateFirebaseUser => self.firebase.is_some(),
            DeliveryKind::KlaviyoPreorderStarted | DeliveryKind::KlaviyoPreorderSuccess => self.klaviyo.is_some(),
            DeliveryKind::SendSms => self.sms.is_some(),
        }
    }
}

/// Rung after a commit that enqueued something. Losing a ring costs a second, not a delivery: workers also look.
#[derive(Default)]
pub struct Bell {
    lanes: [Notify; Lane::ALL.len()],
    /// For other instances, which are told through the database.
    others: Notify,
}

impl Bell {
    pub fn ring(&self, deliveries: &[Enqueued]) {
        for &lane in Lane::ALL {
            if deliveries.iter().any(|enqueued| enqueued.delivery.kind().lane() == lane) {
                self.ring_here(lane);
            }
        }
        if !deliveries.is_empty() {
            self.others.notify_one();
        }
    }

    pub fn ring_here(&self, lane: Lane) {
        self.lanes[lane as usize].notify_one();
    }

    /// Here and in other instances: a person has started something again.
    pub fn ring_lane(&self, lane: Lane) {
        self.ring_here(lane);
        self.others.notify_one();
    }

    pub fn ring_all(&self) {
        for &lane in Lane::ALL {
            self.ring_here(lane);
        }
    }

    pub async fn rung(&self, lane: Lane) {
        self.lanes[lane as usize].notified().await;
    }

    pub async fn rung_for_others(&self) {
        self.others.notified().await;
    }
}
