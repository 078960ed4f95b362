//! The ways from a number to its rows: lists, filtered by the very instants that were counted.

use super::tile::address;
use crate::api::admin::instants;
use crate::domain::metrics::Measured;

/// The span's instants, as parameters of the lists.
pub struct Links {
    from: String,
    to: String,
}

impl Links {
    pub fn of(measured: &Measured) -> Self {
        let [from, to] = instants(measured.spans.now);
        Self { from, to }
    }

    pub fn to(&self, path: &str, more: &[(&str, &str)]) -> String {
        let mut all = vec![("from", self.from.as_str()), ("to", self.to.as_str())];
        all.extend_from_slice(more);
        address(path, &all)
    }

    pub fn paid(&self, more: &[(&str, &str)]) -> String {
        let mut all = vec![("paid_from", self.from.as_str()), ("paid_to", self.to.as_str())];
        all.extend_from_slice(more);
        address("/admin/preorders", &all)
    }

    pub fn attempts(&self, outcome: &str) -> String {
        self.to("/admin/payments", &[("view", "attempts"), ("outcome", outcome)])
    }
}
