//! Everything the Stripe stand-in remembers: products, sessions, payments, refunds, disputes, events. Plain records; the
//! rules that move them live beside (`attempt`, `refunds`, `disputes`, `expiry`), the JSON they are shown as in `render`.
//! Whoever changes a record says so with `announce`, and the surrounding act turns that into events.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::sandbox::shelf::{Record, Shelf};

pub type Metadata = BTreeMap<String, String>;

/// The whole memory.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Ledger {
    pub customers: Shelf<Customer>,
    pub products: Shelf<Product>,
    pub prices: Shelf<Price>,
    pub sessions: Shelf<Session>,
    pub intents: Shelf<Intent>,
    pub charges: Shelf<Charge>,
    pub refunds: Shelf<Refund>,
    pub disputes: Shelf<Dispute>,
    pub events: Shelf<Event>,
    pub receivers: Shelf<Receiver>,
    /// Payment intents whose bank debit is undecided.
    pub debits: Vec<String>,
    /// Where browsers reach the hosted pages; given at start, never saved.
    #[serde(skip)]
    pub public_base: String,
    /// What happened in the act under way, in order.
    #[serde(skip)]
    pub news: Vec<News>,
}

/// Something that is about to become an event.
#[derive(Debug)]
pub struct News {
    pub kind: &'static str,
    pub object: Value,
}

impl Ledger {
    pub fn announce(&mut self, kind: &'static str, object: Value) {
        self.news.push(News { kind, object });
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Customer {
    pub id: String,
    pub created: i64,
    pub email: Option<String>,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub description: Option<String>,
    pub metadata: Metadata,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Product {
    pub id: String,
    pub created: i64,
    pub name: String,
    pub description: Option<String>,
    pub active: bool,
    pub images: Vec<String>,
    pub default_price: Option<String>,
    pub metadata: Metadata,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Price {
    pub id: String,
    pub created: i64,
    pub product: String,
    pub currency: String,
    /// Minor units.
    pub unit_amount: i64,
    pub active: bool,
    pub nickname: Option<String>,
    pub lookup_key: Option<String>,
    pub metadata: Metadata,
}

/// One line of a session. The price is kept whole: one made from `price_data` stands on no shelf.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Line {
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub price: Price,
    pub quantity: i64,
}

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
    pub metadata: Metadata,
}

/// An event as it was when it happened; `body` is the very text that is sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    pub id: String,
    pub created: i64,
    pub kind: String,
    pub body: crate::sandbox::webhooks::Body,
}

/// A webhook endpoint made through the API.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Receiver {
    pub id: String,
    pub created: i64,
    pub url: String,
    pub secret: String,
    /// Event types it wants; `*` for all.
    pub enabled_events: Vec<String>,
    pub description: Option<String>,
    pub metadata: Metadata,
}

impl Receiver {
    pub fn wants(&self, kind: &str) -> bool {
        self.enabled_events.iter().any(|wanted| wanted == "*" || wanted == kind)
    }
}

macro_rules! record {
    ($($kind:ident keeps $keep:literal),* $(,)?) => {
        $(impl Record for $kind {
            const KEEP: usize = $keep;
            fn id(&self) -> &str {
                &self.id
            }
        })*
    };
}

// Sessions are made by the thousand under load; the rest follows from payments, which are rarer.
record! {
    Customer keeps 50_000, Product keeps 10_000, Price keeps 10_000, Session keeps 200_000, Intent keeps 200_000,
    Charge keeps 200_000, Refund keeps 50_000, Dispute keeps 50_000, Event keeps 20_000, Receiver keeps 100,
}
