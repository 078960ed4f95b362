//! Everything the Stripe stand-in remembers: products, sessions, payments, refunds, disputes, events. Plain records (payments' are in `records`); the
//! rules that move them live beside (`attempt`, `refunds`, `disputes`, `expiry`), the JSON they are shown as in `render`.
//! Whoever changes a record says so with `announce`, and the surrounding act turns that into events.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::sandbox::shelf::{Record, Shelf};

pub use super::records::{
    Buyer, Charge, ChargeStatus, Decline, Dispute, Instrument, Intent, IntentStatus, Moved, Refund, Session,
    SessionStatus, Shipping,
};

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
