//! Preorders and their money in numbers, each with its definition and its rows.

use leptos::prelude::*;

use super::links::Links;
use super::tile::{Tile, change, link, percent};
use crate::api::admin::Overview;
use crate::domain::metrics::{Measured, Sums};
use crate::domain::period::growth;
use crate::ui::components::grouped;

/// Statuses of preorders whose money came in, whatever became of it.
pub const PAID_ONCE: [(&str, &str); 4] =
    [("payment", "paid"), ("payment", "partially_refunded"), ("payment", "refunded"), ("payment", "disputed")];

pub fn big(overview: &Overview) -> AnyView {
    let (measured, against) = (&*overview.measured, overview.choice.preset.before());
    let links = Links::of(measured);
    [
        started(measured, &links, against),
        paid(measured, &links, against),
        revenue(measured, &links, against),
        payments(measured, &links, against),
    ]
    .collect_view()
    .into_any()
}

fn started(measured: &Measured, links: &Links, against: &'static str) -> AnyView {
    let (now, before) = (measured.now.started(), measured.before.started());
    let more = view! {
        {change(growth(now, before), " %", true, against)}
        {(before > 0).then(|| view! { <span class="soft">" on " {against}</span> })}
    };
    view! {
        <Tile
            id="started"
            label="Preorders started"
            definition="Forms that were sent and saved in the span, whatever became of them."
            value=grouped(now)
            href=links.to("/admin/preorders", &[])
            more=more.into_any()
        />
    }
    .into_any()
}

fn paid(measured: &Measured, links: &Links, against: &'static str) -> AnyView {
    let (now, before) = (measured.now.paid(), measured.before.paid());
    let points = measured.now.conversion().zip(measured.before.conversion()).map(|(now, before)| now - before);
    let conversion = percent(measured.now.conversion());
    let more = view! {
        {change(growth(now, before), " %", true, against)} " · "
        {link(links.to("/admin/preorders", &PAID_ONCE), format!("{conversion} of started"))} " "
        {points.map(|points| change(Some(points), " points", true, against))}
    };
    view! {
        <Tile
            id="paid"
            label="Paid"
            definition="Preorders whose money came in during the span, whenever they were started. The share is another question: of those started in the span, how many have paid by now, held against the same of the span before."
            value=grouped(now)
            href=links.paid(&[])
            more=more.into_any()
        />
    }
    .into_any()
}

fn revenue(measured: &Measured, links: &Links, against: &'static str) -> AnyView {
    let mut money = measured.now.money.clone();
    // The currency that most pay in leads.
    money.sort_by_key(|sums| std::cmp::Reverse(sums.captures));
    let mut taken = money.iter().filter(|sums| sums.captures != 0);
    let of = |sums: &Sums| links.paid(&[("currency", sums.currency.as_str())]);
    let first = taken.next();
    let before = |sums: &Sums| measured.before.money.iter().find(|before| before.currency == sums.currency);
    let moved = first.map(|sums| growth(sums.captured, before(sums).map_or(0, |before| before.captured)));
    let others: Vec<_> = taken.map(|sums| link(of(sums), sums.revenue().short())).collect();
    let others = others.into_iter().map(|other| view! { " · " {other} });
    let more = view! {
        {moved.map_or_else(|| view! { <span class="soft">"nothing captured"</span> }.into_any(), |by| change(by, " %", true, against))}
        {others.collect_view()}
    };
    view! {
        <Tile
            id="revenue"
            label="Revenue"
            definition="Money captured in the span, by the payment provider's time, before refunds and fees. Currencies are never added up; the one that most preorders were paid in comes first."
            value=first.map_or_else(|| "–".to_owned(), |sums| sums.revenue().short())
            href=first.map_or_else(|| links.paid(&[]), of)
            more=more.into_any()
        />
    }
    .into_any()
}

fn payments(measured: &Measured, links: &Links, against: &'static str) -> AnyView {
    let now = &measured.now.payments;
    let points = now.success().zip(measured.before.payments.success()).map(|(now, before)| now - before);
    let reason =
        now.reasons.first().map(|(reason, count)| format!(", most often {} ({count})", reason.replace('_', " ")));
    let refused = (now.declined > 0).then(|| {
        view! { " · " {link(links.attempts("declined"), format!("{} declined", grouped(now.declined)))} {reason} }
    });
    let failed = (now.failed > 0)
        .then(|| view! { " · " {link(links.attempts("failed"), format!("{} failed", grouped(now.failed)))} });
    let more = view! {
        {(now.answered() > 0).then(|| change(points, " points", true, against))} {refused} {failed}
        {(now.answered() == 0).then(|| view! { <span class="soft">"no bank was asked"</span> })}
    };
    view! {
        <Tile
            id="payments"
            label="Payments that succeed"
            definition="Of the tries to pay that were begun in the span and that a bank has answered: paid, divided by paid, failed and declined. A try that was declined and then paid counts as paid; a page that nobody typed a card into does not count."
            value=percent(now.success())
            href=links.attempts("paid")
            more=more.into_any()
        />
    }
    .into_any()
}

pub fn refunds(measured: &Measured, links: &Links) -> AnyView {
    let now = measured.now.refunds();
    let href = links.to("/admin/payments", &[("view", "refunds")]);
    let sums = measured.now.money.iter().filter(|sums| sums.refunds != 0 || sums.refunded != 0);
    let sums: Vec<_> = sums.map(|sums| link(href.clone(), sums.given_back().short())).collect();
    let none = sums.is_empty();
    let more = view! {
        {sums.into_iter().map(|sum| view! { {sum} " " }).collect_view()}
        {none.then(|| view! { <span class="soft">"nothing given back"</span> })}
        <span class="soft">" · " {grouped(measured.before.refunds())} " before"</span>
    };
    view! {
        <Tile
            id="refunds"
            label="Refunds"
            definition="Refunds that took money from us in the span, less those that the bank sent back to us; by count, and by currency in the amounts."
            value=grouped(now)
            href=href.clone()
            more=more.into_any()
        />
    }
    .into_any()
}
