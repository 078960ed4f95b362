//! The admin's rooms: what they are called, where they are, which key leads there, and what waits in them.

use crate::api::admin::Waiting;
use crate::domain::access::Right;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    Overview,
    Preorders,
    Payments,
    Reconcile,
    Webhooks,
    Background,
    Customers,
    Health,
    People,
    Audit,
    /// One's own account: reached by one's name, not by the list.
    Account,
}

impl Room {
    pub(super) const LISTED: &'static [Self] = &[
        Self::Overview,
        Self::Preorders,
        Self::Payments,
        Self::Reconcile,
        Self::Webhooks,
        Self::Background,
        Self::Customers,
        Self::Health,
        Self::People,
        Self::Audit,
    ];

    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Preorders => "Preorders",
            Self::Payments => "Payments",
            Self::Reconcile => "Reconcile",
            Self::Webhooks => "Webhooks",
            Self::Background => "Background",
            Self::Customers => "Customers",
            Self::Health => "Health",
            Self::People => "People",
            Self::Audit => "Audit log",
            Self::Account => "Your account",
        }
    }

    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Overview => "/admin",
            Self::Preorders => "/admin/preorders",
            Self::Payments => "/admin/payments",
            Self::Reconcile => "/admin/reconcile",
            Self::Webhooks => "/admin/webhooks",
            Self::Background => "/admin/background",
            Self::Customers => "/admin/customers",
            Self::Health => "/admin/health",
            Self::People => "/admin/people",
            Self::Audit => "/admin/audit",
            Self::Account => "/admin/account",
        }
    }

    /// After `g`, on the keyboard.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Overview => "o",
            Self::Preorders => "p",
            Self::Payments => "m",
            Self::Reconcile => "r",
            Self::Webhooks => "w",
            Self::Background => "b",
            Self::Customers => "c",
            Self::Health => "h",
            Self::People => "e",
            Self::Audit => "a",
            Self::Account => "y",
        }
    }

    /// What one has to be allowed to find something there.
    pub(super) const fn needs(self) -> Right {
        match self {
            Self::People => Right::Manage,
            _ => Right::See,
        }
    }

    /// How much waits there, and the words for it.
    pub(super) const fn waiting(self, waiting: &Waiting) -> Option<(i64, &'static str)> {
        match self {
            Self::Payments => Some((waiting.payments, "to look at")),
            Self::Webhooks => Some((waiting.failed_webhooks, "failed")),
            Self::Background => Some((waiting.dead, "given up")),
            _ => None,
        }
    }
}
