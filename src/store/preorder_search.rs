//! Pages of the `preorders` table for the admin's list and its export. A million rows are never read for fifty: where a
//! condition has few rows its index is asked for them and they are sorted; where all have many, the order's own index is
//! walked until the page is full. How many "few" are is found out before by a count that stops.

use sqlx::{Encode, FromRow, Postgres, Sqlite, Type};

use super::preorder_conditions::{Dialect, Statement};
use super::preorder_filter::{Driver, Order, Resolved, SortBy};
use super::{Db, StoreResult, lookup, search_index};
use crate::domain::ids::PreorderId;
use crate::domain::locale::Locale;
use crate::domain::money::{Currency, Money};
use crate::domain::preorder::{FulfilmentStatus, PaymentStatus, PreorderStatus};
use crate::domain::search_term::SearchTerm;
use crate::domain::timestamp::Timestamp;

pub use super::preorder_filter::{PreorderFilter, Span};

/// Up to so many rows are read and sorted for a page; tests go both ways with the rows they have. The index of the usual
/// order holds what is filtered by, and is walked sooner than one that does not.
const FEW: i64 = if cfg!(test) { 60 } else { 5_000 };
const FEW_IN_THE_USUAL_ORDER: i64 = if cfg!(test) { 40 } else { 1_000 };
/// So few that no other condition need be asked.
const VERY_FEW: i64 = FEW / 10;

const fn few(driver: Driver, by: SortBy) -> i64 {
    match (driver, by) {
        (Driver::Term, _) => FEW,
        (_, SortBy::Started) => FEW_IN_THE_USUAL_ORDER,
        _ => FEW,
    }
}

/// A preorder with all that a list or an export shows of it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Listed {
    pub id: PreorderId,
    pub preorder_number: String,
    pub email: String,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub color: String,
    pub locale: Locale,
    pub marketing_consent: bool,
    pub status: PreorderStatus,
    pub payment_status: PaymentStatus,
    pub fulfilment_status: FulfilmentStatus,
    pub amount_minor: i64,
    pub currency: Currency,
    pub country: Option<String>,
    pub shipping_address: Option<String>,
    pub tracking_number: Option<String>,
    pub user_id: Option<String>,
    pub session_id: Option<String>,
    pub payment_intent_id: Option<String>,
    pub created_at: Timestamp,
    pub paid_at: Option<Timestamp>,
    pub fulfilled_at: Option<Timestamp>,
    pub cancelled_at: Option<Timestamp>,
    pub updated_at: Timestamp,
}

const COLUMNS: &str = "id, preorder_number, email, name, phone, color, locale, marketing_consent, status, \
    payment_status, fulfilment_status, amount_minor, currency, country, shipping_address, tracking_number, user_id, \
    session_id, payment_intent_id, created_at, paid_at, fulfilled_at, cancelled_at, updated_at";

/// Where a page begins: a row's place in the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    pub key: Key,
    pub id: PreorderId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    At(Timestamp),
    Amount(Money),
}

impl Cursor {
    pub fn of(row: &Listed, by: SortBy) -> Self {
        let key = match by {
            SortBy::Started => Key::At(row.created_at),
            SortBy::Paid => Key::At(row.paid_at.unwrap_or(row.created_at)),
            SortBy::Updated => Key::At(row.updated_at),
            SortBy::Amount => Key::Amount(Money::new(row.amount_minor, row.currency)),
        };
        Self { key, id: row.id.clone() }
    }
}

/// From where, and in which direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Start,
    After(Cursor),
    Before(Cursor),
}

/// A list whose way to its rows is chosen: pages of it are read one after the other.
#[derive(Debug, Clone)]
pub struct PreorderList {
    resolved: Resolved,
    /// The condition to begin with; `None`: the order.
    driver: Option<Driver>,
}

impl PreorderList {
    /// Looks the term up and chooses the way.
    pub async fn open(db: &Db, filter: PreorderFilter, order: Order) -> StoreResult<Self> {
        let named = match &filter.term {
            Some(term) => named(db, term).await?,
            None => None,
        };
        let resolved = Resolved { filter, named, order };
        let mut best = None;
        for driver in resolved.drivers() {
            let few = few(driver, order.by);
            let rows = if driver == Driver::Ids { 0 } else { count(db, &resolved, driver, few).await? };
            if rows <= few && best.is_none_or(|(_, before)| rows < before) {
                best = Some((driver, rows));
            }
            if rows <= VERY_FEW {
                break;
            }
        }
        Ok(Self { resolved, driver: best.map(|(driver, _)| driver) })
    }

    /// At most `limit` rows, always in the list's order.
    pub async fn page(&self, db: &Db, place: &Place, limit: i64) -> StoreResult<Vec<Listed>> {
        let mut rows: Vec<Listed> = match db {
            Db::Sqlite(db) => {
                let mut statement: Statement<Sqlite> = self.statement(place, limit);
                statement.0.build_query_as().persistent(false).fetch_all(&db.read).await?
            }
            Db::Postgres(pool) => {
                let mut statement: Statement<Postgres> = self.statement(place, limit);
                statement.0.build_query_as().persistent(false).fetch_all(pool).await?
            }
        };
        if matches!(place, Place::Before(_)) {
            rows.reverse();
        }
        Ok(rows)
    }

    fn statement<DB>(&self, place: &Place, limit: i64) -> Statement<DB>
    where
        DB: Dialect,
        String: for<'q> Encode<'q, DB> + Type<DB>,
        i64: for<'q> Encode<'q, DB> + Type<DB>,
        Timestamp: for<'q> Encode<'q, DB> + Type<DB>,
    {
        let Self { resolved, driver } = self;
        let order = resolved.order;
        let back = matches!(place, Place::Before(_));
        let mut sql = Statement::new("WITH ");
        if let Some(driver) = driver {
            // Not in the order, whatever the planner thinks of it: sorted when all are there.
            sql.push("found AS MATERIALIZED (SELECT id, created_at, paid_at, updated_at, currency, amount_minor ");
            sql.push("FROM preorders WHERE ");
            if DB::SQLITE {
                search_index::driven_by(&mut sql, resolved, *driver);
                sql.push(" AND ");
            }
            sql.conditions(resolved);
            begin_at(&mut sql, order, place);
            sql.push("), page AS MATERIALIZED (SELECT id FROM found");
        } else {
            sql.push("page AS MATERIALIZED (SELECT id FROM preorders").in_order_of(order.by);
            sql.push(" WHERE ").conditions(resolved);
            begin_at(&mut sql, order, place);
        }
        sql.order(order, back);
        sql.push(" LIMIT ").bind(limit).push(") SELECT ").push(COLUMNS);
        sql.push(" FROM preorders WHERE id IN (SELECT id FROM page)").order(order, back);
        sql
    }
}

fn begin_at<DB>(sql: &mut Statement<DB>, order: Order, place: &Place)
where
    DB: Dialect,
    String: for<'q> Encode<'q, DB> + Type<DB>,
    i64: for<'q> Encode<'q, DB> + Type<DB>,
    Timestamp: for<'q> Encode<'q, DB> + Type<DB>,
{
    match place {
        Place::Start => {}
        Place::After(cursor) => sql.beyond(order, cursor, false),
        Place::Before(cursor) => sql.beyond(order, cursor, true),
    }
}

/// How many rows a condition has, up to one more than few.
async fn count(db: &Db, resolved: &Resolved, driver: Driver, few: i64) -> StoreResult<i64> {
    let enough = few + 1;
    Ok(match db {
        Db::Sqlite(db) => {
            let mut sql: Statement<Sqlite> = Statement::new("SELECT COUNT(*) FROM (SELECT * FROM (");
            search_index::rows_of(&mut sql, resolved, driver);
            sql.push(") LIMIT ").bind(enough).push(")");
            sql.0.build_query_scalar().persistent(false).fetch_one(&db.read).await?
        }
        Db::Postgres(pool) => {
            let mut sql: Statement<Postgres> = Statement::new("SELECT COUNT(*) FROM (SELECT 1 FROM preorders WHERE ");
            sql.condition(resolved, driver);
            sql.push(" LIMIT ").bind(enough).push(") few");
            sql.0.build_query_scalar().persistent(false).fetch_one(pool).await?
        }
    })
}

/// What a term names directly: by an id, ours or a provider's, or by a whole number. `None`: nothing.
async fn named(db: &Db, term: &SearchTerm) -> StoreResult<Option<Vec<PreorderId>>> {
    let mut ids = match &term.id {
        Some(id) => lookup::preorders_of(db, id).await?,
        None => Vec::new(),
    };
    if let Some((first, last)) = &term.numbers
        && first == last
    {
        ids.extend(lookup::by_number(db, first).await?);
    }
    Ok((!ids.is_empty()).then_some(ids))
}
