//! One page of the list, with what stands around it: views, chips, choices, the addresses of the pages beside it.

use leptos::prelude::use_context;

use super::query::{ListQuery, address};
use crate::api::admin::require;
use crate::api::{ApiError, Login, context, zone};
use crate::context::Context;
use crate::domain::access::Right;
use crate::domain::catalog::Catalog;
use crate::domain::locale::Locale;
use crate::domain::masking;
use crate::domain::money::{Currency, Money};
use crate::domain::preorder::{FulfilmentStatus, PaymentStatus, PreorderStatus};
use crate::domain::timestamp::Timestamp;
use crate::store::preorder_filter::SortBy;
use crate::store::preorder_search::{Cursor, Key, Listed, Place, PreorderList};
use crate::store::{lookup, saved_views};

const ROWS: usize = 50;

#[derive(Debug, Clone)]
pub struct ListRow {
    pub id: String,
    pub number: String,
    pub email: String,
    pub name: String,
    pub phone: String,
    /// The colour's id.
    pub color: String,
    pub color_name: String,
    pub status: PreorderStatus,
    pub payment: PaymentStatus,
    pub fulfilment: FulfilmentStatus,
    pub amount: Money,
    pub country: String,
    pub locale: Locale,
    pub started_at: Timestamp,
    pub paid_at: Option<Timestamp>,
    pub tracking: String,
}

/// A view above the list.
#[derive(Debug, Clone)]
pub struct Tab {
    pub label: String,
    pub href: String,
    pub current: bool,
    /// Of one that the admin saved: to delete it by.
    pub id: Option<String>,
}

/// Something that narrows the list, and the address without it.
#[derive(Debug, Clone)]
pub struct Chip {
    pub label: String,
    pub without: String,
}

/// What the filters offer, beyond the words that never change.
#[derive(Debug, Clone)]
pub struct Choices {
    /// Ids and names.
    pub colors: Vec<(String, String)>,
    pub countries: Vec<String>,
    pub zone: String,
}

pub struct PreorderPage {
    pub query: ListQuery,
    pub rows: Vec<ListRow>,
    pub tabs: Vec<Tab>,
    pub chips: Vec<Chip>,
    pub choices: Choices,
    /// Addresses of the pages beside this one, if there are any.
    pub newer: Option<String>,
    pub older: Option<String>,
    /// This page's own address.
    pub here: String,
}

/// `query` is the address' query string.
pub async fn list_preorders(query: &str) -> Result<PreorderPage, ApiError> {
    let login = require(Right::See)?;
    let ctx = context()?;
    let catalog = ctx.shop().await?.catalog;
    let query = ListQuery::parse(query, &catalog);
    let by = query.order.by;
    let list = PreorderList::open(&ctx.db, query.filter(&zone()), query.order).await?;
    let place = place(&query);
    let mut rows = list.page(&ctx.db, &place, ROWS as i64 + 1).await?;
    let more = rows.len() > ROWS;
    match place {
        // The one too many is the farthest from where the page was read from.
        Place::Before(_) if more => drop(rows.remove(0)),
        _ => rows.truncate(ROWS),
    }
    let (has_newer, has_older) = match place {
        Place::Start => (false, more),
        Place::After(_) => (true, more),
        Place::Before(_) => (more, true),
    };
    let beside = |name: &'static str, row: Option<&Listed>, exists: bool| {
        let row = row.filter(|_| exists)?;
        Some(address(query.pairs().into_iter().chain([(name, written(&Cursor::of(row, by)))])))
    };
    let newer = beside("before", rows.first(), has_newer);
    let older = beside("after", rows.last(), has_older);
    let tabs = tabs(&ctx, &login, &query, &catalog).await?;
    let choices = choices(&ctx, &catalog).await?;
    let seen = login.admin.role.sees_addresses();
    Ok(PreorderPage {
        chips: chips(&query, &catalog),
        rows: rows.into_iter().map(|row| shown(row, &catalog, seen)).collect(),
        here: here(&query),
        tabs,
        choices,
        newer,
        older,
        query,
    })
}

fn shown(row: Listed, catalog: &Catalog, sees_addresses: bool) -> ListRow {
    let row = if sees_addresses { row } else { masked(row) };
    ListRow {
        id: row.id.to_string(),
        number: row.preorder_number,
        email: row.email,
        name: row.name.unwrap_or_default(),
        phone: row.phone.unwrap_or_default(),
        color_name: color_name(catalog, &row.color),
        color: row.color,
        status: row.status,
        payment: row.payment_status,
        fulfilment: row.fulfilment_status,
        amount: Money::new(row.amount_minor, row.currency),
        country: row.country.unwrap_or_default(),
        locale: row.locale,
        started_at: row.created_at,
        paid_at: row.paid_at,
        tracking: row.tracking_number.unwrap_or_default(),
    }
}

/// For eyes that need not read addresses.
pub(super) fn masked(row: Listed) -> Listed {
    Listed {
        email: masking::email(&row.email),
        name: row.name.as_deref().map(masking::name),
        phone: row.phone.as_deref().map(masking::phone),
        shipping_address: row.shipping_address.as_deref().map(masking::postal),
        ..row
    }
}

pub(super) fn color_name(catalog: &Catalog, id: &str) -> String {
    catalog.color(id).map_or_else(|| id.to_owned(), |color| color.name.clone())
}

fn here(query: &ListQuery) -> String {
    let place = [("after", &query.after), ("before", &query.before)];
    let place = place.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name, value.clone()));
    address(query.pairs().into_iter().chain(place))
}

/// A place that can't be read is the beginning.
fn place(query: &ListQuery) -> Place {
    let by = query.order.by;
    match (read(&query.after, by), read(&query.before, by)) {
        (Some(cursor), _) => Place::After(cursor),
        (None, Some(cursor)) => Place::Before(cursor),
        (None, None) => Place::Start,
    }
}

fn written(cursor: &Cursor) -> String {
    match cursor.key {
        Key::At(at) => format!("{}.{}", at.millis(), cursor.id),
        Key::Amount(Money { minor, currency }) => format!("{currency}{minor}.{}", cursor.id),
    }
}

fn read(text: &str, by: SortBy) -> Option<Cursor> {
    let (key, id) = text.split_once('.')?;
    let id = id.parse().ok()?;
    let key = if by == SortBy::Amount {
        let (currency, minor) = key.split_at_checked(3)?;
        Key::Amount(Money::new(minor.parse().ok()?, currency.parse::<Currency>().ok()?))
    } else {
        // What no calendar has is not asked of a database.
        let millis = key.parse().ok()?;
        jiff::Timestamp::from_millisecond(millis).ok()?;
        Key::At(Timestamp::from_millis(millis))
    };
    Some(Cursor { key, id })
}

/// Views that everybody has, by name and query.
const BUILT_IN: &[(&str, &str)] = &[
    ("All", ""),
    ("To fulfil", "payment=paid&fulfilment=unfulfilled"),
    ("Unpaid", "payment=unpaid"),
    ("Needs attention", "payment=failed,disputed"),
];

async fn tabs(ctx: &Context, login: &Login, query: &ListQuery, catalog: &Catalog) -> Result<Vec<Tab>, ApiError> {
    let current = address(query.pairs());
    let own = saved_views::of_admin(&ctx.db, &login.admin.id).await?;
    let built_in = BUILT_IN.iter().map(|(name, query)| ((*name).to_owned(), (*query).to_owned(), None));
    let own = own.into_iter().map(|view| (view.name, view.query, Some(view.id.to_string())));
    let tab = |(label, query, id): (String, String, Option<String>)| {
        let href = address(ListQuery::parse(&query, catalog).pairs());
        Tab { current: href == current, label, href, id }
    };
    Ok(built_in.chain(own).map(tab).collect())
}

async fn choices(ctx: &Context, catalog: &Catalog) -> Result<Choices, ApiError> {
    Ok(Choices {
        colors: catalog.colors.iter().map(|c| (c.id.as_str().to_owned(), c.name.clone())).collect(),
        countries: lookup::countries(&ctx.db).await?,
        zone: zone().name().to_owned(),
    })
}

fn chips(query: &ListQuery, catalog: &Catalog) -> Vec<Chip> {
    let all: Vec<_> = query.pairs();
    let narrowing = all.iter().enumerate().filter(|(_, (name, _))| !["sort", "dir", "columns"].contains(name));
    narrowing
        .map(|(index, (name, value))| {
            let rest = all.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, pair)| pair.clone());
            Chip { label: label(name, value, catalog), without: address(rest) }
        })
        .collect()
}

fn label(name: &str, value: &str, catalog: &Catalog) -> String {
    let spaced = || {
        let word = value.replace('_', " ");
        word[..1].to_uppercase() + &word[1..]
    };
    match name {
        "q" => format!("“{value}”"),
        "color" => color_name(catalog, value),
        "country" => format!("To {value}"),
        "currency" => value.to_uppercase(),
        "locale" => value.parse().map_or_else(|_| value.to_owned(), |locale| language(locale).to_owned()),
        "status" => format!("Status: {}", spaced()),
        "from" => format!("Started from {value}"),
        "to" => format!("Started until {value}"),
        "paid_from" => format!("Paid from {value}"),
        "paid_to" => format!("Paid until {value}"),
        _ => spaced(),
    }
}

/// A language's name in English.
pub const fn language(locale: Locale) -> &'static str {
    match locale {
        Locale::En => "English",
        Locale::Zh => "Chinese",
    }
}

/// The query string of the request that is being answered.
pub fn query_string() -> String {
    let parts = use_context::<http::request::Parts>();
    parts.and_then(|parts| parts.uri.query().map(str::to_owned)).unwrap_or_default()
}
