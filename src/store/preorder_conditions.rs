//! The conditions of a list of preorders as SQL, for both databases. Every value is bound; only words of our own enums are
//! written into the text.

use std::time::Duration;

use sqlx::{Database, Encode, Postgres, QueryBuilder, Sqlite, Type};

use super::preorder_filter::{Driver, Order, Resolved, SortBy, Span};
use super::preorder_search::{Cursor, Key};
use crate::domain::search_term::SearchTerm;
use crate::domain::timestamp::Timestamp;

/// Stripe's clock is not ours: how much earlier than its start a payment may seem to be.
const CLOCKS_DIFFER: Duration = Duration::from_hours(24);

/// Address, name and phone number as one text: what the indexes of migration 5 are made of.
const TEXT: &str = "(' ' || email || ' ' || COALESCE(name, '') || ' ' || COALESCE(phone, ''))";

/// Where the two databases must be asked differently.
pub trait Dialect: Database {
    const SQLITE: bool;
    /// Without regard to capitals.
    const LIKE: &'static str;
}

impl Dialect for Sqlite {
    const SQLITE: bool = true;
    const LIKE: &'static str = " LIKE ";
}

impl Dialect for Postgres {
    const SQLITE: bool = false;
    const LIKE: &'static str = " ILIKE ";
}

/// A statement as it grows.
pub struct Statement<DB: Database>(pub QueryBuilder<DB>);

impl<DB> Statement<DB>
where
    DB: Dialect,
    String: for<'q> Encode<'q, DB> + Type<DB>,
    i64: for<'q> Encode<'q, DB> + Type<DB>,
    Timestamp: for<'q> Encode<'q, DB> + Type<DB>,
{
    pub fn new(text: &'static str) -> Self {
        Self(QueryBuilder::new(text))
    }

    pub fn push(&mut self, text: &'static str) -> &mut Self {
        self.0.push(text);
        self
    }

    pub fn bind<T>(&mut self, value: T) -> &mut Self
    where
        T: for<'q> Encode<'q, DB> + Type<DB> + 'static,
    {
        self.0.push_bind(value);
        self
    }

    fn words(&mut self, column: &'static str, words: impl Iterator<Item = &'static str>) {
        self.push(column).push(" IN (");
        for (index, word) in words.enumerate() {
            self.push(if index > 0 { ", '" } else { "'" }).push(word).push("'");
        }
        self.push(")");
    }

    fn texts(&mut self, column: &'static str, texts: &[String]) {
        self.push(column).push(" IN (");
        for (index, text) in texts.iter().enumerate() {
            self.push(if index > 0 { ", " } else { "" }).bind(text.clone());
        }
        self.push(")");
    }

    fn span(&mut self, column: &'static str, span: Span) {
        self.push("TRUE");
        if let Some(from) = span.from {
            self.push(" AND ").push(column).push(" >= ").bind(from);
        }
        if let Some(to) = span.to {
            self.push(" AND ").push(column).push(" < ").bind(to);
        }
    }

    /// Everything that a row has to be, ready for one more `AND`.
    pub fn conditions(&mut self, resolved: &Resolved) {
        let Resolved { filter, named, order } = resolved;
        self.push("TRUE");
        for driver in resolved.drivers() {
            self.push(" AND ");
            self.condition(resolved, driver);
        }
        if !filter.fulfilment.is_empty() {
            self.push(" AND ").words("fulfilment_status", filter.fulfilment.iter().map(|s| s.as_str()));
        }
        if !filter.color.is_empty() {
            self.push(" AND ").texts("color", &filter.color);
        }
        if !filter.currency.is_empty() {
            self.push(" AND ").words("currency", filter.currency.iter().map(|c| c.as_str()));
        }
        if !filter.locale.is_empty() {
            self.push(" AND ").words("locale", filter.locale.iter().map(|l| l.as_str()));
        }
        match order.by {
            SortBy::Started => {
                self.push(" AND ").span("created_at", filter.started);
                // Nothing is paid before it is started: where to begin.
                if let Some(to) = filter.paid.to.filter(|_| named.is_none()) {
                    self.push(" AND created_at < ").bind(to + CLOCKS_DIFFER);
                }
            }
            SortBy::Paid => {
                self.push(" AND paid_at IS NOT NULL AND ").span("paid_at", filter.paid);
            }
            SortBy::Amount | SortBy::Updated => {}
        }
    }

    /// One of the conditions.
    pub fn condition(&mut self, Resolved { filter, named, .. }: &Resolved, driver: Driver) {
        match driver {
            Driver::Ids => {
                let ids: Vec<String> = named.iter().flatten().map(ToString::to_string).collect();
                if ids.is_empty() {
                    self.push("FALSE").push("")
                } else {
                    self.texts("id", &ids);
                    self
                }
            }
            Driver::Term => {
                if let Some(term) = &filter.term {
                    self.term(term);
                }
                self
            }
            Driver::Payment => {
                self.words("payment_status", filter.payment.iter().map(|s| s.as_str()));
                self
            }
            Driver::Status => {
                self.words("status", filter.status.iter().map(|s| s.as_str()));
                self
            }
            Driver::Fulfilment => {
                self.words("fulfilment_status", filter.fulfilment.iter().map(|s| s.as_str()));
                // To the letter, so that the partial index is seen to hold them.
                self.push(" AND fulfilment_status <> 'unfulfilled'")
            }
            Driver::Country => {
                self.texts("country", &filter.country);
                self
            }
            Driver::Paid => {
                self.span("paid_at", filter.paid);
                self
            }
            Driver::Started => {
                self.span("created_at", filter.started);
                self
            }
        };
    }

    fn term(&mut self, term: &SearchTerm) {
        self.push("(FALSE");
        if let Some((first, last)) = &term.numbers {
            self.push(" OR preorder_number BETWEEN ").bind(first.clone()).push(" AND ").bind(last.clone());
        }
        if let Some(begins) = &term.address_begins {
            self.push(" OR email LIKE ").bind(format!("{}%", escaped(begins))).push(" ESCAPE '\\'");
        }
        for text in term.texts.iter().flat_map(|text| in_either_case(text)) {
            self.push(" OR ").push(TEXT).push(DB::LIKE);
            self.bind(format!("%{}%", escaped(&text))).push(" ESCAPE '\\'");
        }
        self.push(")");
    }

    /// After this row, in the order; before it when `back`.
    pub fn beyond(&mut self, order: Order, cursor: &Cursor, back: bool) {
        self.push(" AND (").keys(order, "").push(") ");
        self.push(if order.ascending == back { "<" } else { ">" }).push(" (");
        match cursor.key {
            Key::At(at) => self.bind(at),
            Key::Amount(amount) => self.bind(amount.currency.as_str().to_owned()).push(", ").bind(amount.minor),
        };
        self.push(", ").bind(cursor.id.to_string()).push(")");
    }

    pub fn order(&mut self, order: Order, back: bool) {
        let direction = if order.ascending == back { " DESC" } else { " ASC" };
        self.push(" ORDER BY ").keys(order, direction).push(direction);
    }

    fn keys(&mut self, order: Order, direction: &'static str) -> &mut Self {
        for key in order.by.keys() {
            self.push(key).push(direction).push(", ");
        }
        self.push("id")
    }

    /// The order's index by name: SQLite would take another where it should not.
    pub fn in_order_of(&mut self, by: SortBy) {
        if DB::SQLITE {
            self.push(" INDEXED BY ").push(by.index());
        }
    }
}

/// For `LIKE`, as itself.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// SQLite knows capitals of ASCII alone, and so does PostgreSQL in some locales: others are spelt out.
fn in_either_case(text: &str) -> Vec<String> {
    let mut spellings = vec![text.to_owned()];
    if !text.is_ascii() {
        let mut begins = true;
        let capital = |c: char| {
            let upper = begins;
            begins = !c.is_alphanumeric();
            if upper { c.to_uppercase().collect::<String>() } else { c.to_string() }
        };
        spellings.push(text.chars().map(capital).collect());
        spellings.push(text.to_uppercase());
        spellings.dedup();
    }
    spellings
}
