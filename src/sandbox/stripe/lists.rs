//! The lists of every resource: which filters each takes, and what a row is compared by.

use serde_json::{Value, json};

use super::error::Refusal;
use super::ledger::Ledger;
use super::listing::page;
use super::{accounts, known, params, render, render_payment};
use crate::sandbox::form::Form;

/// Of events, on one list.
const MOST_TYPES: usize = 20;

/// Answers a list call, or nothing when there is no such list.
pub fn list(ledger: &Ledger, parts: &[&str], form: &Form) -> Option<Result<Value, Refusal>> {
    let url = format!("/v1/{}", parts.join("/"));
    let wants = |name: &'static str| form.filled(name);
    let is = |wanted: Option<&str>, given: Option<&str>| wanted.is_none_or(|wanted| given == Some(wanted));
    let check = |more: &[&str]| params::check(form, &[known::LIST, more]);
    Some(match parts {
        ["checkout", "sessions"] => check(known::SESSION_LIST).and_then(|()| {
            let (intent, customer) = (wants("payment_intent"), wants("customer"));
            let (status, email) = (wants("status"), wants("customer_details[email]"));
            page(
                &ledger.sessions,
                form,
                &url,
                "checkout.session",
                |s| s.created,
                |s| {
                    is(intent, s.intent.as_deref())
                        && is(customer, s.customer.as_deref())
                        && is(
                            email,
                            s.buyer.as_ref().map_or(s.customer_email.as_deref(), |buyer| buyer.email.as_deref()),
                        )
                        && status.is_none_or(|wanted| json!(s.status) == wanted)
                },
                |s| render::session(ledger, s),
            )
        }),
        ["customers"] => check(known::CUSTOMER_LIST).and_then(|()| {
            page(
                &ledger.customers,
                form,
                &url,
                "customer",
                |c| c.created,
                |c| is(wants("email"), c.email.as_deref()),
                render::customer,
            )
        }),
        ["products"] => check(known::PRODUCT_LIST).and_then(|()| {
            let (active, ids) = (params::boolean(form, "active")?, form.list("ids"));
            page(
                &ledger.products,
                form,
                &url,
                "product",
                |p| p.created,
                |p| active.is_none_or(|wanted| p.active == wanted) && (ids.is_empty() || ids.contains(&p.id)),
                render::product,
            )
        }),
        ["prices"] => check(known::PRICE_LIST).and_then(|()| {
            let (active, keys) = (params::boolean(form, "active")?, form.list("lookup_keys"));
            page(
                &ledger.prices,
                form,
                &url,
                "price",
                |p| p.created,
                |p| {
                    active.is_none_or(|wanted| p.active == wanted)
                        && is(wants("product"), Some(&p.product))
                        && is(wants("currency"), Some(&p.currency))
                        && (keys.is_empty() || p.lookup_key.as_ref().is_some_and(|key| keys.contains(key)))
                },
                render::price,
            )
        }),
        ["payment_intents"] => check(known::INTENT_LIST).and_then(|()| {
            page(
                &ledger.intents,
                form,
                &url,
                "payment_intent",
                |i| i.created,
                |i| is(wants("customer"), i.customer.as_deref()),
                render_payment::intent,
            )
        }),
        ["charges"] => check(known::CHARGE_LIST).and_then(|()| {
            page(
                &ledger.charges,
                form,
                &url,
                "charge",
                |c| c.created,
                |c| is(wants("payment_intent"), Some(&c.intent)),
                render_payment::charge,
            )
        }),
        ["refunds"] => check(known::REFUND_LIST).and_then(|()| {
            page(
                &ledger.refunds,
                form,
                &url,
                "refund",
                |r| r.created,
                |r| is(wants("payment_intent"), Some(&r.intent)) && is(wants("charge"), Some(&r.charge)),
                render_payment::refund,
            )
        }),
        ["disputes"] => check(known::REFUND_LIST).and_then(|()| {
            page(
                &ledger.disputes,
                form,
                &url,
                "dispute",
                |d| d.created,
                |d| is(wants("payment_intent"), Some(&d.intent)) && is(wants("charge"), Some(&d.charge)),
                render_payment::dispute,
            )
        }),
        ["events"] => check(known::EVENT_LIST).and_then(|()| {
            let types = form.list("types");
            if types.len() > MOST_TYPES {
                return Err(Refusal::invalid("Invalid array: types may have up to 20 elements.").param("types"));
            }
            if !types.is_empty() && wants("type").is_some() {
                return Err(Refusal::invalid("You may only specify one of these parameters: type, types."));
            }
            page(
                &ledger.events,
                form,
                &url,
                "event",
                |e| e.created,
                |e| {
                    wants("type").is_none_or(|wanted| kind_fits(wanted, &e.kind))
                        && (types.is_empty() || types.contains(&e.kind))
                },
                |e| event(e).unwrap_or_default(),
            )
        }),
        ["webhook_endpoints"] => check(&[]).and_then(|()| {
            page(
                &ledger.receivers,
                form,
                &url,
                "webhook_endpoint",
                |r| r.created,
                |_| true,
                |r| render::receiver(r, false),
            )
        }),
        ["account"] => Ok(accounts::account()),
        ["balance"] => Ok(accounts::balance(ledger)),
        _ => return None,
    })
}

/// `charge.*` stands for all of a family.
fn kind_fits(wanted: &str, kind: &str) -> bool {
    wanted.strip_suffix('*').map_or(wanted == kind, |family| kind.starts_with(family))
}

/// An event as it was sent.
pub fn event(event: &super::ledger::Event) -> Option<Value> {
    serde_json::from_str(&event.body.0).ok()
}
