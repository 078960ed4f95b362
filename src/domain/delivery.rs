//! The background's work as one enum: what must still happen because of something already durable. Adding a variant
//! makes the compiler point at the one `match` in `outbox/`.

use super::ids::{PreorderId, RefundId, WalkId, WebhookId};
use super::text_enum::text_enum;

/// A delivery as it stands in `outbox.payload`. It names rows, it does not copy them: what is sent is read when it is
/// sent, so a corrected row corrects the delivery too.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Delivery {
    CreateFirebaseUser {
        preorder_id: PreorderId,
    },
    KlaviyoPreorderStarted {
        preorder_id: PreorderId,
    },
    KlaviyoPreorderSuccess {
        preorder_id: PreorderId,
    },
    ApplyStripeEvent {
        webhook_id: WebhookId,
    },
    /// Asks Stripe what events do not say: the card that paid.
    FetchPaymentDetails {
        preorder_id: PreorderId,
    },
    /// Closes payment pages of a paid preorder that are still open, so that nobody pays on them as well.
    CloseOpenPages {
        preorder_id: PreorderId,
    },
    /// Tells a buyer who left a phone number that the preorder is paid.
    SendSms {
        preorder_id: PreorderId,
    },
    /// Asks Stripe to give money back.
    RequestRefund {
        preorder_id: PreorderId,
        refund_id: RefundId,
    },
    /// Asks Stripe about payments that should have ended by now; one round in a span of time.
    CheckOverduePayments {
        round: i64,
    },
    /// Goes on with a walk through Stripe's records; one part of it.
    WalkStripe {
        walk_id: WalkId,
        part: i64,
    },
}

text_enum! {
    pub enum DeliveryKind {
        CreateFirebaseUser => "create_firebase_user",
        KlaviyoPreorderStarted => "klaviyo_preorder_started",
        KlaviyoPreorderSuccess => "klaviyo_preorder_success",
        ApplyStripeEvent => "apply_stripe_event",
        FetchPaymentDetails => "fetch_payment_details",
        CloseOpenPages => "close_open_pages",
        SendSms => "send_sms",
        RequestRefund => "request_refund",
        CheckOverduePayments => "check_overdue_payments",
        WalkStripe => "walk_stripe",
    }
}

text_enum! {
    pub enum DeliveryState {
        Pending => "pending",
        Running => "running",
        Done => "done",
        Dead => "dead",
    }
}

text_enum! {
    /// Deliveries that share a provider share a lane: a slow Klaviyo never holds up a payment.
    pub enum Lane {
        Settlement => "settlement",
        Stripe => "stripe",
        Klaviyo => "klaviyo",
        Firebase => "firebase",
        Sms => "sms",
    }
}

impl Delivery {
    pub const fn kind(&self) -> DeliveryKind {
        match self {
            Self::CreateFirebaseUser { .. } => DeliveryKind::CreateFirebaseUser,
            Self::KlaviyoPreorderStarted { .. } => DeliveryKind::KlaviyoPreorderStarted,
            Self::KlaviyoPreorderSuccess { .. } => DeliveryKind::KlaviyoPreorderSuccess,
            Self::ApplyStripeEvent { .. } => DeliveryKind::ApplyStripeEvent,
            Self::FetchPaymentDetails { .. } => DeliveryKind::FetchPaymentDetails,
            Self::CloseOpenPages { .. } => DeliveryKind::CloseOpenPages,
            Self::SendSms { .. } => DeliveryKind::SendSms,
            Self::RequestRefund { .. } => DeliveryKind::RequestRefund,
            Self::CheckOverduePayments { .. } => DeliveryKind::CheckOverduePayments,
            Self::WalkStripe { .. } => DeliveryKind::WalkStripe,
        }
    }

    pub fn preorder_id(&self) -> Option<&PreorderId> {
        match self {
            Self::CreateFirebaseUser { preorder_id }
            | Self::KlaviyoPreorderStarted { preorder_id }
            | Self::KlaviyoPreorderSuccess { preorder_id }
            | Self::FetchPaymentDetails { preorder_id }
            | Self::CloseOpenPages { preorder_id }
            | Self::SendSms { preorder_id }
            | Self::RequestRefund { preorder_id, .. } => Some(preorder_id),
            Self::ApplyStripeEvent { .. } | Self::CheckOverduePayments { .. } | Self::WalkStripe { .. } => None,
        }
    }

    /// One delivery of a kind for one thing, ever: the second insert is dropped by the unique index.
    pub fn dedupe_key(&self) -> String {
        let subject = match self {
            Self::CheckOverduePayments { round } => return format!("{}:{round}", self.kind()),
            Self::WalkStripe { walk_id, part } => return format!("{}:{walk_id}:{part}", self.kind()),
            Self::ApplyStripeEvent { webhook_id } => webhook_id.as_str(),
            Self::RequestRefund { refund_id, .. } => refund_id.as_str(),
            Self::CreateFirebaseUser { preorder_id }
            | Self::KlaviyoPreorderStarted { preorder_id }
            | Self::KlaviyoPreorderSuccess { preorder_id }
            | Self::FetchPaymentDetails { preorder_id }
            | Self::CloseOpenPages { preorder_id }
            | Self::SendSms { preorder_id } => preorder_id.as_str(),
        };
        format!("{}:{subject}", self.kind())
    }
}

impl DeliveryKind {
    pub const fn lane(self) -> Lane {
        match self {
            Self::ApplyStripeEvent => Lane::Settlement,
            Self::FetchPaymentDetails
            | Self::CloseOpenPages
            | Self::RequestRefund
            | Self::CheckOverduePayments
            | Self::WalkStripe => Lane::Stripe,
            Self::KlaviyoPreorderStarted | Self::KlaviyoPreorderSuccess => Lane::Klaviyo,
            Self::CreateFirebaseUser => Lane::Firebase,
            Self::SendSms => Lane::Sms,
        }
    }
}

impl Lane {
    /// Whether what fails here fails at somebody else's.
    pub const fn asks_a_provider(self) -> bool {
        !matches!(self, Self::Settlement)
    }

    pub fn kinds(self) -> impl Iterator<Item = DeliveryKind> {
        DeliveryKind::ALL.iter().copied().filter(move |kind| kind.lane() == self)
    }
}
