//! The records of a payment: session, buyer, instrument, intent, charge, refund, dispute. Plain data in minor units and
//! Unix seconds; how they move is the business of `attempt`, `debit`, `expiry`, `refunds` and `disputes`.

use serde::{Deserialize, Serialize};

use super::ledger::{Line, Metadata};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    Open,
    Complete,
    Expired,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session {
    pub id: String,
    pub created: i64,
    pub expires_at: i64,
    pub status: SessionStatus,
    pub paid: bool,
    pub currency: String,
    pub amount_total: i64,
    pub lines: Vec<Line>,
    pub success_url: String,
    pub cancel_url: Option<String>,
    pub client_reference_id: Option<String>,
    pub customer: Option<String>,
    pub customer_email: Option<String>,
    pub customer_creation_always: bool,
    pub locale: Option<String>,
    pub metadata: Metadata,
    pub payment_method_types: Vec<String>,
    pub phone_collection: bool,
    pub shipping_countries: Vec<String>,
    pub billing_address_required: bool,
    pub submit_type: Option<String>,
    pub intent_metadata: Metadata,
    pub intent_description: Option<String>,
    pub intent_receipt_email: Option<String>,
    pub intent: Option<String>,
    pub buyer: Option<Buyer>,
    /// A card that waits for the answer of 3-D Secure, with the buyer it was given by.
    pub challenge: Option<(Instrument, Buyer)>,
}

/// Who paid, as typed on the hosted page.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Buyer {
    pub email: Option<String>,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub country: Option<String>,
    pub shipping: Option<Shipping>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Shipping {
    pub name: String,
    pub line1: String,
    pub line2: Option<String>,
    pub city: String,
    pub state: Option<String>,
    pub postal_code: String,
    pub country: String,
}

/// What was paid with.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Instrument {
    Card { id: String, brand: String, last4: String, exp_month: i64, exp_year: i64, country: String },
    BankDebit { id: String, kind: String, last4: String },
}

impl Instrument {
    pub fn id(&self) -> &str {
        match self {
            Self::Card { id, .. } | Self::BankDebit { id, .. } => id,
        }
    }

    /// Stripe's name of the payment method type.
    pub fn kind(&self) -> &str {
        match self {
            Self::Card { .. } => "card",
            Self::BankDebit { kind, .. } => kind,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntentStatus {
    RequiresPaymentMethod,
    RequiresAction,
    Processing,
    Succeeded,
    Canceled,
}

/// Why a payment was refused: Stripe's `code` and `decline_code`, and the sentence shown to the buyer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "Stripe's own names")]
pub struct Decline {
    pub code: String,
    pub decline_code: Option<String>,
    pub message: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Intent {
    pub id: String,
    pub created: i64,
    pub session: String,
    pub amount: i64,
    pub currency: String,
    pub status: IntentStatus,
    pub description: Option<String>,
    pub receipt_email: Option<String>,
    pub customer: Option<String>,
    pub metadata: Metadata,
    pub payment_method_types: Vec<String>,
    pub shipping: Option<Shipping>,
    pub instrument: Option<Instrument>,
    pub latest_charge: Option<String>,
    pub last_error: Option<(Decline, Instrument)>,
    /// When a bank debit will be decided, in milliseconds, and whether it will succeed.
    pub settles: Option<(i64, bool)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargeStatus {
    Succeeded,
    Pending,
    Failed,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Charge {
    pub id: String,
    pub created: i64,
    pub intent: String,
    pub amount: i64,
    pub amount_refunded: i64,
    pub currency: String,
    pub status: ChargeStatus,
    pub disputed: bool,
    pub customer: Option<String>,
    pub description: Option<String>,
    pub receipt_email: Option<String>,
    pub metadata: Metadata,
    pub buyer: Buyer,
    pub instrument: Instrument,
    pub failure: Option<Decline>,
    pub balance_transaction: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Refund {
    pub id: String,
    pub created: i64,
    pub intent: String,
    pub charge: String,
    pub amount: i64,
    pub currency: String,
    pub reason: Option<String>,
    /// `succeeded`, `pending`, `failed` or `canceled`.
    pub status: String,
    pub failure_reason: Option<String>,
    pub metadata: Metadata,
    pub balance_transaction: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Dispute {
    pub id: String,
    pub created: i64,
    pub intent: String,
    pub charge: String,
    pub amount: i64,
    pub currency: String,
    pub reason: String,
    /// `needs_response`, `won` or `lost`, among others of Stripe's.
    pub status: String,
    /// What it has withdrawn and reinstated.
    #[serde(default)]
    pub moved: Vec<Moved>,
    pub metadata: Metadata,
}

impl Dispute {
    /// What is withdrawn now.
    pub fn taken(&self) -> i64 {
        -self.moved.iter().map(|moved| moved.amount).sum::<i64>()
    }
}

/// A balance transaction of a dispute.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Moved {
    pub id: String,
    pub created: i64,
    /// Minus: withdrawn.
    pub amount: i64,
}
