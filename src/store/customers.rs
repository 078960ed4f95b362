//! Customers: preorders by the e-mail address they were made with. Nothing is stored about them; the addresses are read
//! from the index that preorders have, from one to the next, so that a page costs as many steps as it has addresses.

use sqlx::FromRow;

use super::{Db, StoreResult, on_read};
use crate::domain::ids::PreorderId;
use crate::domain::locale::Locale;
use crate::domain::money::{Currency, Money};
use crate::domain::preorder::{FulfilmentStatus, PaymentStatus};
use crate::domain::timestamp::Timestamp;

/// Preorders of one address that are looked at; who has more is no customer but a machine.
pub const LOOKED_AT: i64 = 200;

/// A customer's line.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct CustomerLine {
    pub email: String,
    /// The newest of theirs: what leads to them without naming the address.
    pub newest: PreorderId,
    /// Counted up to [`LOOKED_AT`] and one.
    pub preorders: i64,
    pub paid: i64,
    pub last_order: Timestamp,
}

/// Addresses that begin with `beginning` and come after `after`, in the order of their bytes.
pub async fn list(db: &Db, beginning: &str, after: Option<&str>, limit: i64) -> StoreResult<Vec<CustomerLine>> {
    // An address from the index, then the next one, and so on: a grouping would read every row of every address.
    macro_rules! sql {
        ($first:literal) => {
            concat!("WITH RECURSIVE found (email, number) AS ( \
           SELECT (SELECT MIN(email) FROM preorders WHERE email ", $first, " $1 AND email < $2), 1 \
           UNION ALL \
           SELECT (SELECT MIN(p.email) FROM preorders p WHERE p.email > found.email AND p.email < $2), number + 1 \
           FROM found WHERE found.email IS NOT NULL AND number < $3 \
         ) SELECT f.email, \
         (SELECT p.id FROM preorders p WHERE p.email = f.email ORDER BY p.created_at DESC, p.id DESC LIMIT 1) AS newest, \
         (SELECT COUNT(*) FROM (SELECT 1 FROM preorders p WHERE p.email = f.email LIMIT 201) AS counted) AS preorders, \
         (SELECT COUNT(*) FROM (SELECT 1 FROM preorders p WHERE p.email = f.email AND p.paid_at IS NOT NULL LIMIT 201) \
         AS counted) AS paid, \
         (SELECT MAX(p.created_at) FROM preorders p WHERE p.email = f.email) AS last_order \
         FROM found f WHERE f.email IS NOT NULL ORDER BY f.number")
        };
    }
    let sql = if after.is_some() { sql!(">") } else { sql!(">=") };
    // Past every text that begins so: no address has the last character there is.
    let end = format!("{beginning}\u{10ffff}");
    Ok(on_read!(db, c => {
        sqlx::query_as(sql).bind(after.unwrap_or(beginning)).bind(&end).bind(limit).fetch_all(c).await
    })?)
}

/// What came in from each of the addresses.
pub async fn paid_by(db: &Db, addresses: &[&str]) -> StoreResult<Vec<(String, Money)>> {
    macro_rules! select {
        ($pool:expr, $db:ty) => {{
            let mut sql = sqlx::QueryBuilder::<$db>::new(
                "SELECT p.email, a.received_currency, CAST(SUM(a.received_minor) AS BIGINT) FROM preorders p \
                 JOIN checkout_attempts a ON a.preorder_id = p.id AND a.state = 'paid' \
                 AND a.received_currency IS NOT NULL WHERE p.paid_at IS NOT NULL AND p.email IN (",
            );
            let mut list = sql.separated(", ");
            for address in addresses {
                list.push_bind((*address).to_owned());
            }
            sql.push(") GROUP BY p.email, a.received_currency ORDER BY p.email, a.received_currency");
            sql.build_query_as().fetch_all($pool).await?
        }};
    }
    if addresses.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(String, Currency, i64)> = match db {
        Db::Sqlite(db) => select!(&db.read, sqlx::Sqlite),
        Db::Postgres(pool) => select!(pool, sqlx::Postgres),
    };
    Ok(rows.into_iter().map(|(email, currency, minor)| (email, Money::new(minor, currency))).collect())
}

/// The address of a preorder.
pub async fn address_of(db: &Db, id: &PreorderId) -> StoreResult<Option<String>> {
    const SQL: &str = "SELECT email FROM preorders WHERE id = $1";
    Ok(on_read!(db, c => sqlx::query_scalar(SQL).bind(id).fetch_optional(c).await)?)
}

#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct CustomerPreorder {
    pub id: PreorderId,
    pub preorder_number: String,
    pub name: Option<String>,
    pub locale: Locale,
    pub marketing_consent: bool,
    pub payment_status: PaymentStatus,
    pub fulfilment_status: FulfilmentStatus,
    pub amount_minor: i64,
    pub currency: Currency,
    pub created_at: Timestamp,
}

/// The newest preorders of an address, [`LOOKED_AT`] and one more, if there is one.
pub async fn preorders(db: &Db, email: &str) -> StoreResult<Vec<CustomerPreorder>> {
    const SQL: &str = "SELECT id, preorder_number, name, locale, marketing_consent, payment_status, \
         fulfilment_status, amount_minor, currency, created_at FROM preorders WHERE email = $1 \
         ORDER BY created_at DESC, id DESC LIMIT 201";
    Ok(on_read!(db, c => sqlx::query_as(SQL).bind(email).fetch_all(c).await)?)
}

/// The newest preorders of an address, as they are looked at.
macro_rules! theirs {
    () => {
        "(SELECT id FROM preorders WHERE email = $1 ORDER BY created_at DESC, id DESC LIMIT 200)"
    };
}

/// What came in for them, by currency.
pub async fn paid(db: &Db, email: &str) -> StoreResult<Vec<Money>> {
    const SQL: &str = concat!(
        "SELECT received_currency, CAST(SUM(received_minor) AS BIGINT) FROM checkout_attempts WHERE preorder_id IN ",
        theirs!(),
        " AND state = 'paid' AND received_currency IS NOT NULL GROUP BY received_currency ORDER BY received_currency"
    );
    sums(db, SQL, email).await
}

/// What went back, by currency.
pub async fn refunded(db: &Db, email: &str) -> StoreResult<Vec<Money>> {
    const SQL: &str = concat!(
        "SELECT currency, CAST(SUM(amount_minor) AS BIGINT) FROM refunds WHERE preorder_id IN ",
        theirs!(),
        " AND state IN ('requires_action', 'pending', 'succeeded') GROUP BY currency ORDER BY currency"
    );
    sums(db, SQL, email).await
}

async fn sums(db: &Db, sql: &'static str, email: &str) -> StoreResult<Vec<Money>> {
    let rows: Vec<(Currency, i64)> = on_read!(db, c => sqlx::query_as(sql).bind(email).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(currency, minor)| Money::new(minor, currency)).collect())
}

pub async fn notes(db: &Db, email: &str) -> StoreResult<i64> {
    const SQL: &str = concat!("SELECT COUNT(*) FROM notes WHERE preorder_id IN ", theirs!());
    Ok(on_read!(db, c => sqlx::query_scalar(SQL).bind(email).fetch_one(c).await)?)
}
