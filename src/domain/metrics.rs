//! The numbers of the overview, as they were counted in the tables for one period, and what is made of them.

use super::delivery::DeliveryKind;
use super::money::{Currency, Money};
use super::period::{Period, share};
use super::timestamp::Timestamp;

/// What was counted for one period.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Numbers {
    /// Preorders started and preorders paid, for each bucket of the period.
    pub buckets: Vec<Bucket>,
    pub funnel: Funnel,
    pub money: Vec<Sums>,
    pub payments: Payments,
    pub webhooks: Webhooks,
    pub klaviyo: Deliveries,
    pub firebase: Deliveries,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bucket {
    pub started: i64,
    pub paid: i64,
}

/// Of the preorders that were started in the period, how many have come how far by now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Funnel {
    /// Sent to a payment page.
    pub reached: i64,
    /// A card or a bank was tried.
    pub tried: i64,
    pub paid: i64,
}

/// What came in and went back in one currency, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sums {
    pub currency: Currency,
    pub captured: i64,
    pub captures: i64,
    /// What was given back and did not return to us.
    pub refunded: i64,
    pub refunds: i64,
}

/// Tries to pay that were begun in the period and that a bank has said something about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Payments {
    pub paid: i64,
    pub failed: i64,
    /// Refused, and not paid in the same try.
    pub declined: i64,
    /// Stripe's words for why, the most frequent first.
    pub reasons: Vec<(String, i64)>,
}

/// Events that were received in the period and worked on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Webhooks {
    pub success: i64,
    pub failed: i64,
    pub ignored: i64,
    /// Milliseconds from receipt to the end of the work, of the latest of them.
    pub median: Option<i64>,
    pub p95: Option<i64>,
}

/// Deliveries that ended in the period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Deliveries {
    pub done: i64,
    pub dead: i64,
    /// Of both, those that took more than one try.
    pub retried: i64,
}

/// What is still to be done, as of now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    pub pending: i64,
    pub running: i64,
    /// When the oldest of these was enqueued.
    pub oldest: Option<Timestamp>,
}

/// The stretches that are counted: a span with its buckets, and the one before that it is held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spans {
    pub now: Period,
    pub before: Period,
    pub buckets: Vec<Period>,
    pub buckets_before: Vec<Period>,
}

/// All of it, with the stretches that it was counted for.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// When it was counted.
    pub at: Timestamp,
    pub spans: Spans,
    pub now: Numbers,
    pub before: Numbers,
    pub backlog: Backlog,
}

/// Deliveries to Klaviyo and to Firebase, by the kinds that reach them.
pub const KLAVIYO: [DeliveryKind; 2] = [DeliveryKind::KlaviyoPreorderStarted, DeliveryKind::KlaviyoPreorderSuccess];
pub const FIREBASE: [DeliveryKind; 1] = [DeliveryKind::CreateFirebaseUser];

impl Numbers {
    pub fn started(&self) -> i64 {
        self.buckets.iter().map(|bucket| bucket.started).sum()
    }

    pub fn paid(&self) -> i64 {
        self.buckets.iter().map(|bucket| bucket.paid).sum()
    }

    /// Of those started in the period, the share that has paid by now.
    pub fn conversion(&self) -> Option<f64> {
        share(self.funnel.paid, self.started())
    }

    pub fn refunds(&self) -> i64 {
        self.money.iter().map(|sums| sums.refunds).sum()
    }
}

impl Sums {
    pub const fn revenue(&self) -> Money {
        Money::new(self.captured, self.currency)
    }

    pub const fn given_back(&self) -> Money {
        Money::new(self.refunded, self.currency)
    }
}

impl Payments {
    pub const fn answered(&self) -> i64 {
        self.paid + self.failed + self.declined
    }

    pub fn success(&self) -> Option<f64> {
        share(self.paid, self.answered())
    }
}

impl Webhooks {
    /// Ignored events are nobody's success and nobody's failure.
    pub fn success_rate(&self) -> Option<f64> {
        share(self.success, self.success + self.failed)
    }
}

impl Deliveries {
    pub fn success(&self) -> Option<f64> {
        share(self.done, self.done + self.dead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::delivery::Lane;

    #[test]
    fn every_kind_of_klaviyo_and_firebase_is_counted() {
        assert!(Lane::Klaviyo.kinds().eq(KLAVIYO));
        assert!(Lane::Firebase.kinds().eq(FIREBASE));
    }

    #[test]
    fn what_is_ignored_or_still_open_changes_no_rate() {
        let webhooks = Webhooks { success: 3, failed: 1, ignored: 96, ..Webhooks::default() };
        assert_eq!(webhooks.success_rate(), Some(0.75));
        assert_eq!(Payments::default().success(), None);
        assert_eq!(Payments { paid: 1, failed: 0, declined: 1, reasons: vec![] }.success(), Some(0.5));
    }
}
