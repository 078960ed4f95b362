//! What is for sale: `products`, `colors`, `prices`.

use super::{Db, StoreResult, on_read};
use crate::domain::catalog::{Catalog, Color, ColorId};
use crate::domain::money::{Currency, Money};

/// Colours and prices in the order of their `position`.
pub async fn load(db: &Db) -> StoreResult<Catalog> {
    const NAME: &str = "SELECT name FROM products ORDER BY id LIMIT 1";
    const COLORS: &str = "SELECT id, name, swatch, sold_out FROM colors ORDER BY position, id";
    const PRICES: &str = "SELECT currency, amount_minor FROM prices ORDER BY position, currency";
    let product_name: Option<String> = on_read!(db, c => sqlx::query_scalar(NAME).fetch_optional(c).await)?;
    let colors: Vec<(String, String, String, bool)> = on_read!(db, c => sqlx::query_as(COLORS).fetch_all(c).await)?;
    let prices: Vec<(Currency, i64)> = on_read!(db, c => sqlx::query_as(PRICES).fetch_all(c).await)?;
    Ok(Catalog {
        product_name: product_name.unwrap_or_default(),
        colors: colors
            .into_iter()
            .filter_map(|(id, name, swatch, sold_out)| Some(Color { id: ColorId::parse(&id)?, name, swatch, sold_out }))
            .collect(),
        prices: prices.into_iter().map(|(currency, minor)| Money::new(minor, currency)).collect(),
    })
}

/// How many preorders are paid: the next buyer stands behind them.
pub async fn paid_preorders(db: &Db) -> StoreResult<u64> {
    const SQL: &str = "SELECT COUNT(*) FROM preorders WHERE paid_at IS NOT NULL";
    let count: i64 = on_read!(db, c => sqlx::query_scalar(SQL).fetch_one(c).await)?;
    Ok(u64::try_from(count).unwrap_or(0))
}
