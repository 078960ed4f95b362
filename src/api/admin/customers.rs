//! The room Customers: everybody who made a preorder, by e-mail address, and one of them with all that is theirs.

use std::collections::BTreeMap;

use super::require;
use crate::api::{ApiError, Login, context};
use crate::context::Context;
use crate::domain::access::Right;
use crate::domain::ids::PreorderId;
use crate::domain::locale::Locale;
use crate::domain::masking;
use crate::domain::money::Money;
use crate::domain::preorder::{FulfilmentStatus, PaymentStatus};
use crate::domain::timestamp::Timestamp;
use crate::store::customers::{self, CustomerLine, LOOKED_AT};

const ROWS: usize = 50;

pub struct Customers {
    pub rows: Vec<CustomerRow>,
    /// Where the next page begins, if there is one: a preorder of the last address.
    pub next: Option<String>,
    pub first_page: bool,
}

pub struct CustomerRow {
    /// Masked for eyes that need not read it.
    pub email: String,
    /// The query that leads to this customer; it names the address only to those who see it.
    pub query: String,
    pub preorders: i64,
    pub paid: i64,
    /// `None`: too many preorders to be added up.
    pub total: Option<Vec<Money>>,
    pub last_order: Timestamp,
}

pub struct Customer {
    pub email: String,
    pub preorders: Vec<CustomerPreorder>,
    /// There are more than are looked at.
    pub more: bool,
    pub names: Vec<String>,
    pub languages: Vec<Locale>,
    /// Of the newest preorder.
    pub wants_news: bool,
    pub paid: Vec<Money>,
    pub refunded: Vec<Money>,
    pub notes: i64,
}

pub struct CustomerPreorder {
    pub id: String,
    pub number: String,
    pub payment_status: PaymentStatus,
    pub fulfilment_status: FulfilmentStatus,
    pub amount: Money,
    pub created_at: Timestamp,
}

/// Whose address begins with `q`; `after` is the `next` of the page before.
pub async fn list_customers(q: &str, after: &str) -> Result<Customers, ApiError> {
    let login = require(Right::See)?;
    let ctx = context()?;
    let after = match after.parse::<PreorderId>() {
        Ok(id) => customers::address_of(&ctx.db, &id).await?,
        Err(_) => None,
    };
    let mut lines = customers::list(&ctx.db, &cleaned(q), after.as_deref(), ROWS as i64 + 1).await?;
    let more = lines.len() > ROWS;
    lines.truncate(ROWS);
    let countable = lines.iter().filter(|line| line.preorders <= LOOKED_AT).map(|line| line.email.as_str());
    let countable: Vec<&str> = countable.collect();
    let mut totals: BTreeMap<String, Vec<Money>> = BTreeMap::new();
    for (email, money) in customers::paid_by(&ctx.db, &countable).await? {
        totals.entry(email).or_default().push(money);
    }
    Ok(Customers {
        next: lines.last().filter(|_| more).map(|line| line.newest.to_string()),
        first_page: after.is_none(),
        rows: lines.into_iter().map(|line| row(&login, line, &mut totals)).collect(),
    })
}

fn row(login: &Login, line: CustomerLine, totals: &mut BTreeMap<String, Vec<Money>>) -> CustomerRow {
    let sees = login.admin.role.sees_addresses();
    let newest = line.newest.to_string();
    let (name, value) = if sees { ("email", line.email.as_str()) } else { ("of", newest.as_str()) };
    CustomerRow {
        query: url::form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish(),
        preorders: line.preorders,
        paid: line.paid,
        total: (line.preorders <= LOOKED_AT).then(|| totals.remove(&line.email).unwrap_or_default()),
        last_order: line.last_order,
        email: shown(login, &line.email),
    }
}

/// One customer, by their address or by a preorder of theirs.
pub async fn customer(email: &str, of: &str) -> Result<Option<Customer>, ApiError> {
    let login = require(Right::See)?;
    let ctx = context()?;
    let Some(email) = address(&ctx, email, of).await? else { return Ok(None) };
    let mut preorders = customers::preorders(&ctx.db, &email).await?;
    let more = preorders.len() > LOOKED_AT as usize;
    preorders.truncate(LOOKED_AT as usize);
    let Some(newest) = preorders.first() else { return Ok(None) };
    let wants_news = newest.marketing_consent;
    let sees = login.admin.role.sees_addresses();
    let mut names: Vec<String> = Vec::new();
    let mut languages: Vec<Locale> = Vec::new();
    for preorder in &preorders {
        if !languages.contains(&preorder.locale) {
            languages.push(preorder.locale);
        }
        let name = preorder.name.as_deref().map(|name| if sees { name.to_owned() } else { masking::name(name) });
        names.extend(name.filter(|name| !names.contains(name)));
    }
    let row = |preorder: customers::CustomerPreorder| CustomerPreorder {
        amount: Money::new(preorder.amount_minor, preorder.currency),
        id: preorder.id.to_string(),
        number: preorder.preorder_number,
        payment_status: preorder.payment_status,
        fulfilment_status: preorder.fulfilment_status,
        created_at: preorder.created_at,
    };
    Ok(Some(Customer {
        paid: customers::paid(&ctx.db, &email).await?,
        refunded: customers::refunded(&ctx.db, &email).await?,
        notes: customers::notes(&ctx.db, &email).await?,
        preorders: preorders.into_iter().map(row).collect(),
        more,
        names,
        languages,
        wants_news,
        email: shown(&login, &email),
    }))
}

async fn address(ctx: &Context, email: &str, of: &str) -> Result<Option<String>, ApiError> {
    let email = cleaned(email);
    if !email.is_empty() {
        return Ok(Some(email));
    }
    Ok(match of.parse::<PreorderId>() {
        Ok(id) => customers::address_of(&ctx.db, &id).await?,
        Err(_) => None,
    })
}

fn shown(login: &Login, email: &str) -> String {
    if login.admin.role.sees_addresses() { email.to_owned() } else { masking::email(email) }
}

/// Addresses are stored in small letters. PostgreSQL takes no NUL, and no address has one.
fn cleaned(typed: &str) -> String {
    typed.trim().to_lowercase().replace(char::is_control, "")
}
