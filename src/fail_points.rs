//! Named points at which a test kills the process, and spans of time that a test shortens. Compiled to nothing outside
//! test binaries: the crate `fail` is a feature of theirs alone.

use std::time::Duration;

use crate::domain::text_enum::text_enum;

text_enum! {
    /// Where a process may die, in the order of a purchase. Each stands between two things that must not come apart.
    pub enum Point {
        InitiateBegun => "initiate.begun",
        InitiateInserted => "initiate.inserted",
        InitiateEnqueued => "initiate.enqueued",
        InitiateCommitted => "initiate.committed",
        CheckoutBegun => "checkout.begun",
        CheckoutAttemptInserted => "checkout.attempt_inserted",
        CheckoutAttemptStored => "checkout.attempt_stored",
        CheckoutAnswered => "checkout.answered",
        CheckoutSessionSaved => "checkout.session_saved",
        CheckoutCommitted => "checkout.committed",
        IntakeVerified => "intake.verified",
        IntakeInserted => "intake.inserted",
        IntakeEnqueued => "intake.enqueued",
        IntakeCommitted => "intake.committed",
        SettleLocked => "settle.locked",
        SettleRefundSaved => "settle.refund_saved",
        SettleDisputeSaved => "settle.dispute_saved",
        SettleAttemptSaved => "settle.attempt_saved",
        SettleEntered => "settle.entered",
        SettleEnqueued => "settle.enqueued",
        SettleSaved => "settle.saved",
        SettleCommitted => "settle.committed",
        RefreshAnswered => "refresh.answered",
        ApplySetAside => "apply.set_aside",
        ApplyMarked => "apply.marked",
        ApplyCommitted => "apply.committed",
        DeliveryClaimed => "delivery.claimed",
        DeliveryLeased => "delivery.leased",
        DeliveryBegun => "delivery.begun",
        DeliveryMovedOn => "delivery.moved_on",
        DeliveryPerformed => "delivery.performed",
        FirebasePerformed => "firebase.performed",
        KlaviyoPerformed => "klaviyo.performed",
        SmsPerformed => "sms.performed",
        DeliveryFinished => "delivery.finished",
        DeliveryWritten => "delivery.written",
        DeliveryReclaimed => "delivery.reclaimed",
        RefundStored => "refund.stored",
        RefundCommitted => "refund.committed",
        RefundBegun => "refund.begun",
        RefundLookedFor => "refund.looked_for",
        RefundAnswered => "refund.answered",
        RefundSettled => "refund.settled",
    }
}

/// Says that this point is reached.
pub fn reach(point: Point) {
    let _ = point;
    fail::fail_point!(point.as_str());
}

text_enum! {
    /// Spans that are minutes in earnest.
    pub enum Span {
        Lease => "span.lease",
        /// How long a delivery may take.
        Delivery => "span.delivery",
        Retry => "span.retry",
        BreakerPause => "span.breaker_pause",
        KeyHolds => "span.key_holds",
        /// Between two looks for what is overdue and for events that never came.
        Round => "span.round",
        /// How late an event may be before Stripe is asked.
        Late => "span.late",
    }
}

/// The real span; or, where a test says how many times as fast time shall pass, a part of it.
pub fn span(name: Span, real: Duration) -> Duration {
    let _ = name;
    fail::fail_point!(name.as_str(), |times| real / times.and_then(|times| times.parse().ok()).unwrap_or(1));
    real
}
