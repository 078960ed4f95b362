//! What all stories of a run share: the catalogue, the span, when providers were away.

use std::time::Duration;

use super::background::{Outage, outages};
use crate::domain::catalog::Catalog;
use crate::domain::money::Currency;
use crate::domain::timestamp::Timestamp;

pub struct Scene {
    pub seed: u64,
    pub total: u64,
    pub from: Timestamp,
    pub until: Timestamp,
    pub outages: Vec<Outage>,
    /// Accounts came later.
    pub firebase_since: Timestamp,
    /// Done deliveries of which nobody speaks any more are left out when they are older.
    pub remembered_since: Timestamp,
    /// Each with its weight.
    pub colors: Vec<(usize, u32)>,
    pub catalog: Catalog,
}

const REMEMBERED: Duration = Duration::from_hours(24 * 14);
/// What the first, second, … colour sells.
const DEMAND: [u32; 5] = [34, 15, 19, 21, 11];

impl Scene {
    pub fn new(seed: u64, total: u64, days: u32, until: Timestamp, catalog: Catalog) -> Self {
        let length = Duration::from_hours(24 * u64::from(days));
        let from = until - length;
        let colors = (0..catalog.colors.len()).map(|at| (at, DEMAND.get(at).copied().unwrap_or(6))).collect();
        let firebase_since = from + length.mul_f64(0.45);
        let remembered_since = until - REMEMBERED;
        let mut scene =
            Self { seed, total, from, until, outages: Vec::new(), firebase_since, remembered_since, colors, catalog };
        scene.outages = outages(&scene);
        scene
    }

    /// In the catalogue's first currency, if it is not sold in this one.
    pub fn price(&self, currency: Currency) -> (i64, Currency) {
        let price = self.catalog.price(currency).or_else(|| self.catalog.prices.first().copied());
        price.map_or((1, currency), |price| (price.minor, price.currency))
    }
}
