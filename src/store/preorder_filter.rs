//! Which preorders a list is about, and in which order. How that is asked is in `preorder_conditions`.

use crate::domain::ids::PreorderId;
use crate::domain::locale::Locale;
use crate::domain::money::Currency;
use crate::domain::preorder::{FulfilmentStatus, PaymentStatus, PreorderStatus};
use crate::domain::search_term::SearchTerm;
use crate::domain::timestamp::Timestamp;

/// From an instant on, up to but without another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
}

impl Span {
    pub const fn is_open(self) -> bool {
        self.from.is_none() && self.to.is_none()
    }
}

/// An empty list of values lets everything through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PreorderFilter {
    pub term: Option<SearchTerm>,
    pub status: Vec<PreorderStatus>,
    pub payment: Vec<PaymentStatus>,
    pub fulfilment: Vec<FulfilmentStatus>,
    pub color: Vec<String>,
    pub country: Vec<String>,
    pub currency: Vec<Currency>,
    pub locale: Vec<Locale>,
    pub started: Span,
    pub paid: Span,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SortBy {
    #[default]
    Started,
    /// Has a place for those that were paid alone.
    Paid,
    /// By currency first: two currencies have no common order.
    Amount,
    Updated,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Order {
    pub by: SortBy,
    /// Smallest or oldest first.
    pub ascending: bool,
}

impl SortBy {
    /// What is compared before the id decides.
    pub const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Started => &["created_at"],
            Self::Paid => &["paid_at"],
            Self::Amount => &["currency", "amount_minor"],
            Self::Updated => &["updated_at"],
        }
    }

    /// The index that is in this order.
    pub const fn index(self) -> &'static str {
        match self {
            Self::Started => "preorders_by_creation",
            Self::Paid => "preorders_paid",
            Self::Amount => "preorders_by_amount",
            Self::Updated => "preorders_by_update",
        }
    }
}

/// A condition whose rows an index names directly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Driver {
    /// Those that an id names.
    Ids,
    Term,
    Payment,
    Status,
    Fulfilment,
    Country,
    Paid,
    Started,
}

/// A filter with what was found out about it before the first row is read.
#[derive(Debug, Clone)]
pub struct Resolved {
    pub filter: PreorderFilter,
    /// What the term names by an id or a whole number. Nothing else is looked for then.
    pub named: Option<Vec<PreorderId>>,
    pub order: Order,
}

impl Resolved {
    /// The conditions that may lead to few rows, without a look at how many they are.
    pub fn drivers(&self) -> Vec<Driver> {
        let filter = &self.filter;
        let by = self.order.by;
        let few = |fulfilment: &[FulfilmentStatus]| {
            !fulfilment.is_empty() && !fulfilment.contains(&FulfilmentStatus::Unfulfilled)
        };
        [
            (Driver::Ids, self.named.is_some()),
            (Driver::Term, self.named.is_none() && filter.term.is_some()),
            (Driver::Payment, !filter.payment.is_empty()),
            (Driver::Status, !filter.status.is_empty()),
            (Driver::Fulfilment, few(&filter.fulfilment)),
            (Driver::Country, !filter.country.is_empty()),
            (Driver::Paid, !filter.paid.is_open() && by != SortBy::Paid),
            (Driver::Started, !filter.started.is_open() && by != SortBy::Started),
        ]
        .into_iter()
        .filter_map(|(driver, applies)| applies.then_some(driver))
        .collect()
    }
}
