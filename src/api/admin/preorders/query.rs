//! What the list of preorders is asked for in its address. Other rooms link here with these parameters:
//!
//! | parameter | value |
//! | --- | --- |
//! | `q` | a number in any typing or its beginning, a part of an e-mail address, a name, a phone number, an id |
//! | `status`, `payment`, `fulfilment`, `color`, `country`, `currency`, `locale` | the contract's words; several by commas or by repeating |
//! | `from`, `to` | when it was started: `YYYY-MM-DD` in the viewer's zone (`to` is that whole day), or an instant of RFC 3339 (`to` is without it) |
//! | `paid_from`, `paid_to` | the same, of when it was paid |
//! | `sort`, `dir` | `started` (the default), `paid`, `amount`, `updated`; `desc` (the default), `asc` |
//! | `columns` | what is shown beside the number, by commas |
//! | `after`, `before` | a row's place: the page behind it, the page before it |
//! | `select` | `page`: every row of the page is chosen |
//!
//! What is unknown is left out and said on the page.

use jiff::civil::Date;

use super::columns::Column;
use crate::api::Zone;
use crate::domain::catalog::Catalog;
use crate::domain::locale::Locale;
use crate::domain::money::Currency;
use crate::domain::preorder::{FulfilmentStatus, PaymentStatus, PreorderStatus};
use crate::domain::search_term::SearchTerm;
use crate::domain::timestamp::Timestamp;
use crate::store::preorder_filter::{Order, SortBy};
use crate::store::preorder_search::{PreorderFilter, Span};

/// Bytes of an address that are read; a browser sends no longer one.
const LONGEST: usize = 8 * 1024;

/// An address as it was understood.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListQuery {
    pub q: String,
    pub status: Vec<PreorderStatus>,
    pub payment: Vec<PaymentStatus>,
    pub fulfilment: Vec<FulfilmentStatus>,
    pub color: Vec<String>,
    pub country: Vec<String>,
    pub currency: Vec<Currency>,
    pub locale: Vec<Locale>,
    pub from: String,
    pub to: String,
    pub paid_from: String,
    pub paid_to: String,
    pub order: Order,
    /// Empty: the usual ones.
    pub columns: Vec<Column>,
    pub after: String,
    pub before: String,
    /// Every row of the page is chosen.
    pub select_page: bool,
    /// What could not be understood, in sentences.
    pub notes: Vec<String>,
}

impl ListQuery {
    pub fn parse(query: &str, catalog: &Catalog) -> Self {
        let mut read = Self::default();
        let query = &query[..query.floor_char_boundary(LONGEST)];
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let value = value.trim();
            if !value.is_empty() {
                read.take(&name, value, catalog);
            }
        }
        read
    }

    fn take(&mut self, name: &str, value: &str, catalog: &Catalog) {
        let notes = &mut self.notes;
        match name {
            "q" => value.clone_into(&mut self.q),
            "status" => words(&mut self.status, name, value, notes, |word| word.parse().ok()),
            "payment" => words(&mut self.payment, name, value, notes, |word| word.parse().ok()),
            "fulfilment" => words(&mut self.fulfilment, name, value, notes, |word| word.parse().ok()),
            "currency" => words(&mut self.currency, name, value, notes, Currency::parse),
            "locale" => words(&mut self.locale, name, value, notes, |word| word.parse().ok()),
            "country" => words(&mut self.country, name, value, notes, country),
            "color" => words(&mut self.color, name, value, notes, |word| catalog.color(word).map(|_| word.to_owned())),
            "from" => instant(&mut self.from, name, value, notes),
            "to" => instant(&mut self.to, name, value, notes),
            "paid_from" => instant(&mut self.paid_from, name, value, notes),
            "paid_to" => instant(&mut self.paid_to, name, value, notes),
            "sort" => match sort_by(value) {
                Some(by) => self.order.by = by,
                None => notes.push(unknown(name, value)),
            },
            "dir" => match value {
                "asc" => self.order.ascending = true,
                "desc" => self.order.ascending = false,
                _ => notes.push(unknown(name, value)),
            },
            "columns" => words(&mut self.columns, name, value, notes, Column::named),
            "after" => value.clone_into(&mut self.after),
            "before" => value.clone_into(&mut self.before),
            "select" => self.select_page = value == "page",
            // Of the export's form, and of programs that count visits.
            _ => {}
        }
    }

    /// What the store is asked for, with days as they are in a zone.
    pub fn filter(&self, zone: &Zone) -> PreorderFilter {
        PreorderFilter {
            term: SearchTerm::parse(&self.q),
            status: self.status.clone(),
            payment: self.payment.clone(),
            fulfilment: self.fulfilment.clone(),
            color: self.color.clone(),
            country: self.country.clone(),
            currency: self.currency.clone(),
            locale: self.locale.clone(),
            started: Span { from: begins(&self.from, zone), to: ends(&self.to, zone) },
            paid: Span { from: begins(&self.paid_from, zone), to: ends(&self.paid_to, zone) },
        }
    }

    /// What narrows the list: names and values, in the order of the page.
    pub fn filters(&self) -> Vec<(&'static str, String)> {
        let mut pairs: Vec<(&'static str, String)> = Vec::new();
        pairs.extend(self.status.iter().map(|s| ("status", s.to_string())));
        pairs.extend(self.payment.iter().map(|s| ("payment", s.to_string())));
        pairs.extend(self.fulfilment.iter().map(|s| ("fulfilment", s.to_string())));
        pairs.extend(self.color.iter().map(|c| ("color", c.clone())));
        pairs.extend(self.country.iter().map(|c| ("country", c.clone())));
        pairs.extend(self.currency.iter().map(|c| ("currency", c.to_string())));
        pairs.extend(self.locale.iter().map(|l| ("locale", l.to_string())));
        let dates =
            [("from", &self.from), ("to", &self.to), ("paid_from", &self.paid_from), ("paid_to", &self.paid_to)];
        pairs.extend(dates.into_iter().filter(|(_, v)| !v.is_empty()).map(|(n, v)| (n, v.clone())));
        pairs
    }

    /// Everything but the place in the list: what a view is made of.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        if !self.q.is_empty() {
            pairs.push(("q", self.q.clone()));
        }
        pairs.extend(self.filters());
        pairs.extend(self.shape());
        pairs
    }

    /// Order and columns, where they are not the usual ones.
    pub fn shape(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        if self.order.by != SortBy::default() {
            pairs.push(("sort", sort_word(self.order.by).to_owned()));
        }
        if self.order.ascending {
            pairs.push(("dir", "asc".to_owned()));
        }
        if !self.columns.is_empty() {
            pairs.push(("columns", self.columns.iter().map(|c| c.word()).collect::<Vec<_>>().join(",")));
        }
        pairs
    }

    pub fn is_narrowed(&self) -> bool {
        !self.q.is_empty() || !self.filters().is_empty()
    }
}

pub const SORTS: &[(SortBy, &str, &str)] = &[
    (SortBy::Started, "started", "Started"),
    (SortBy::Paid, "paid", "Paid"),
    (SortBy::Amount, "amount", "Amount"),
    (SortBy::Updated, "updated", "Last change"),
];

fn sort_by(word: &str) -> Option<SortBy> {
    SORTS.iter().find(|(_, known, _)| *known == word).map(|(by, ..)| *by)
}

pub fn sort_word(by: SortBy) -> &'static str {
    SORTS.iter().find(|(known, ..)| *known == by).map_or("started", |(_, word, _)| word)
}

fn words<T: PartialEq>(
    to: &mut Vec<T>,
    name: &str,
    value: &str,
    notes: &mut Vec<String>,
    read: impl Fn(&str) -> Option<T>,
) {
    for word in value.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        match read(word) {
            Some(known) if to.contains(&known) => {}
            Some(known) => to.push(known),
            None => notes.push(unknown(name, word)),
        }
    }
}

fn country(word: &str) -> Option<String> {
    let fine = word.len() == 2 && word.bytes().all(|b| b.is_ascii_alphabetic());
    fine.then(|| word.to_ascii_uppercase())
}

/// Keeps a date or an instant as it was written, once it can be read.
fn instant(to: &mut String, name: &str, value: &str, notes: &mut Vec<String>) {
    // In an address a plus is a space.
    let given = value.replace(' ', "+");
    if is_day(&given) && given.parse::<Date>().is_ok() || given.parse::<jiff::Timestamp>().is_ok() {
        *to = given;
    } else {
        notes.push(unknown(name, value));
    }
}

fn unknown(name: &str, value: &str) -> String {
    let value: String = value.chars().take(60).collect();
    format!("“{value}” is not known as {name} and was left out.")
}

/// Whether it is a day rather than an instant.
pub fn is_day(text: &str) -> bool {
    text.len() == 10
}

fn begins(text: &str, zone: &Zone) -> Option<Timestamp> {
    if is_day(text) { day_begins(text.parse().ok()?, zone) } else { exact(text) }
}

fn ends(text: &str, zone: &Zone) -> Option<Timestamp> {
    if is_day(text) { day_begins(text.parse::<Date>().ok()?.tomorrow().ok()?, zone) } else { exact(text) }
}

/// The first moment of a day, which is not midnight everywhere and always.
fn day_begins(day: Date, zone: &Zone) -> Option<Timestamp> {
    let zoned = day.to_zoned(zone.0.clone()).ok()?;
    Some(Timestamp::from_millis(zoned.timestamp().as_millisecond()))
}

fn exact(text: &str) -> Option<Timestamp> {
    text.parse::<jiff::Timestamp>().ok().map(|instant| Timestamp::from_millis(instant.as_millisecond()))
}

/// An address of the list.
pub fn address<'a>(pairs: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    let query = query.finish();
    if query.is_empty() { "/admin/preorders".to_owned() } else { format!("/admin/preorders?{query}") }
}
