//! The catalogue as buyers see it, kept for a moment: a page view must not cost three queries, and a colour that sells
//! out may still be shown for two seconds.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Parts;
use crate::domain::catalog::Catalog;
use crate::domain::timestamp::Timestamp;
use crate::store::{StoreResult, catalog};

const CATALOG_FRESH: Duration = Duration::from_secs(2);
/// Counting a million rows is not for every two seconds.
const LINE_FRESH: Duration = Duration::from_secs(30);

#[derive(Clone)]
pub struct Shop {
    pub catalog: Arc<Catalog>,
    /// Whoever pays next is this many in line.
    pub place_in_line: u64,
}

#[derive(Default)]
pub struct Cache(Mutex<Option<Kept>>);

#[derive(Clone)]
struct Kept {
    shop: Shop,
    catalog_at: Timestamp,
    line_at: Timestamp,
}

impl Parts {
    pub async fn shop(&self) -> StoreResult<Shop> {
        let now = self.clock.steady();
        let kept = self.shop.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(kept) = &kept
            && now.since(kept.catalog_at) < CATALOG_FRESH
        {
            return Ok(kept.shop.clone());
        }
        let catalog = Arc::new(catalog::load(&self.db).await?);
        let (place_in_line, line_at) = match kept {
            Some(kept) if now.since(kept.line_at) < LINE_FRESH => (kept.shop.place_in_line, kept.line_at),
            _ => (catalog::paid_preorders(&self.db).await? + 1, now),
        };
        let shop = Shop { catalog, place_in_line };
        let fresh = Kept { shop: shop.clone(), catalog_at: now, line_at };
        *self.shop.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(fresh);
        Ok(shop)
    }
}
