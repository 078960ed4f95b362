//! Lists and expansion, the two habits all of Stripe's resources share: newest first, `limit`, cursors and `created`
//! ranges; and identifiers replaced by the objects they name when `expand[]` asks for it.

use serde_json::{Value, json};

use super::error::Refusal;
use super::ledger::Ledger;
use super::params::integer;
use super::{render, render_payment};
use crate::sandbox::form::Form;
use crate::sandbox::shelf::{Record, Shelf};

/// One page of a shelf. `what` is Stripe's word for the record, `keep` the caller's filter, `created` its time in seconds.
pub fn page<T: Record>(
    shelf: &Shelf<T>,
    form: &Form,
    url: &str,
    what: &str,
    created: impl Fn(&T) -> i64,
    keep: impl Fn(&T) -> bool,
    show: impl Fn(&T) -> Value,
) -> Result<Value, Refusal> {
    let limit = integer(form, "limit")?.unwrap_or(10);
    if !(1..=100).contains(&limit) {
        return Err(Refusal::invalid("Invalid limit: must be between 1 and 100.")
            .code("parameter_invalid_integer")
            .param("limit"));
    }
    let range = Range::read(form)?;
    let wanted = |row: &&T| range.holds(created(row)) && keep(row);
    let limit = limit as usize;
    let mut found: Vec<&T> = if let Some(cursor) = form.filled("ending_before") {
        let newer = shelf.newer_than(cursor).ok_or_else(|| Refusal::no_such(what, cursor, "ending_before"))?;
        let mut rows: Vec<&T> = newer.filter(wanted).take(limit + 1).collect();
        let more = rows.len() > limit;
        rows.truncate(limit);
        rows.reverse();
        return Ok(list(rows.into_iter().map(show).collect(), more, url));
    } else if let Some(cursor) = form.filled("starting_after") {
        let older = shelf.older_than(cursor).ok_or_else(|| Refusal::no_such(what, cursor, "starting_after"))?;
        older.take_while(|row| range.reaches(created(row))).filter(wanted).take(limit + 1).collect()
    } else {
        shelf.iter().rev().take_while(|row| range.reaches(created(row))).filter(wanted).take(limit + 1).collect()
    };
    let more = found.len() > limit;
    found.truncate(limit);
    Ok(list(found.into_iter().map(show).collect(), more, url))
}

pub fn list(data: Vec<Value>, has_more: bool, url: &str) -> Value {
    json!({ "object": "list", "data": data, "has_more": has_more, "url": url })
}

/// `created=…` or `created[gte]=…` and its kin, in seconds.
struct Range {
    from: i64,
    to: i64,
}

impl Range {
    fn read(form: &Form) -> Result<Self, Refusal> {
        let mut range = Self { from: i64::MIN, to: i64::MAX };
        if let Some(at) = integer(form, "created")? {
            return Ok(Self { from: at, to: at });
        }
        if let Some(at) = integer(form, "created[gt]")? {
            range.from = at.saturating_add(1);
        }
        if let Some(at) = integer(form, "created[gte]")? {
            range.from = range.from.max(at);
        }
        if let Some(at) = integer(form, "created[lt]")? {
            range.to = at.saturating_sub(1);
        }
        if let Some(at) = integer(form, "created[lte]")? {
            range.to = range.to.min(at);
        }
        Ok(range)
    }

    fn holds(&self, created: i64) -> bool {
        (self.from..=self.to).contains(&created)
    }

    /// False once a walk towards older records can find nothing more.
    fn reaches(&self, created: i64) -> bool {
        created >= self.from
    }
}

/// Replaces identifiers by objects along every `expand[]` path.
pub fn expand(ledger: &Ledger, mut value: Value, form: &Form) -> Result<Value, Refusal> {
    for (index, path) in form.list("expand").iter().enumerate() {
        let parts: Vec<&str> = path.split('.').collect();
        if parts.len() > 5 || !along(ledger, &mut value, &parts) {
            return Err(Refusal::invalid(format!("This property cannot be expanded ({path})."))
                .param(format!("expand[{index}]")));
        }
    }
    Ok(value)
}

fn along(ledger: &Ledger, value: &mut Value, parts: &[&str]) -> bool {
    let Some((&head, rest)) = parts.split_first() else { return true };
    if head == "data" {
        return match value.get_mut("data").and_then(Value::as_array_mut) {
            Some(rows) => rows.iter_mut().all(|row| along(ledger, row, rest)),
            None => false,
        };
    }
    if head == "line_items" && value["object"] == "checkout.session" && value.get("line_items").is_none() {
        let session = value["id"].as_str().and_then(|id| ledger.sessions.get(id));
        value["line_items"] = session.map_or(Value::Null, render::lines);
    }
    let Some(field) = value.get_mut(head) else { return false };
    if let Some(id) = field.as_str() {
        match object(ledger, id) {
            Some(found) => *field = found,
            // A price made on the spot has a product that stands on no shelf; leave its identifier.
            None => return head == "product",
        }
    }
    field.is_null() || along(ledger, field, rest)
}

/// Any object by its identifier.
fn object(ledger: &Ledger, id: &str) -> Option<Value> {
    let prefix = id.split('_').next()?;
    match prefix {
        "pi" => ledger.intents.get(id).map(render_payment::intent),
        "ch" => ledger.charges.get(id).map(render_payment::charge),
        "re" => ledger.refunds.get(id).map(render_payment::refund),
        "du" => ledger.disputes.get(id).map(render_payment::dispute),
        "cus" => ledger.customers.get(id).map(render::customer),
        "price" => ledger.prices.get(id).map(render::price),
        "cs" => ledger.sessions.get(id).map(|session| render::session(ledger, session)),
        // A product may have been given any name.
        _ => ledger.products.get(id).map(render::product),
    }
}
