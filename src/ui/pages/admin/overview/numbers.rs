//! The overview's numbers, each with its definition and its rows.

use leptos::prelude::*;

use super::tile::{Tile, address, change, link, percent, spoken};
use crate::api::admin::{Overview, instants};
use crate::domain::metrics::{Deliveries, Measured, Sums};
use crate::domain::period::growth;
use crate::ui::components::grouped;

/// Statuses of preorders whose money came in, whatever became of it.
pub const PAID_ONCE: [(&str, &str); 4] =
    [("payment", "paid"), ("payment", "partially_refunded"), ("payment", "refunded"), ("payment", "disputed")];

/// The span's instants, as parameters of the lists.
struct Links {
    from: String,
    to: String,
}

impl Links {
    fn of(measured: &Measured) -> Self {
        let [from, to] = instants(measured.spans.now);
        Self { from, to }
    }

    fn to(&self, path: &str, more: &[(&str, &str)]) -> String {
        let mut all = vec![("from", self.from.as_str()), ("to", self.to.as_str())];
        all.extend_from_slice(more);
        address(path, &all)
    }

    fn paid(&self, more: &[(&str, &str)]) -> String {
        let mut all = vec![("paid_from", self.from.as_str()), ("paid_to", self.to.as_str())];
        all.extend_from_slice(more);
        address("/admin/preorders", &all)
    }

    fn attempts(&self, outcome: &str) -> String {
        self.to("/admin/payments", &[("view", "attempts"), ("outcome", outcome)])
    }
}

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

pub fn small(overview: &Overview) -> AnyView {
    let (measured, against) = (&*overview.measured, overview.choice.preset.before());
    let links = Links::of(measured);
    [
        refunds(measured, &links),
        webhooks(measured, &links, against),
        delay(measured, &links),
        backlog(overview),
        klaviyo(measured, &links, against),
        firebase(measured, &links, against),
    ]
    .collect_view()
    .into_any()
}

fn started(measured: &Measured, links: &Links, against: &'static str) -> AnyView {
    let (now, before) = (measured.now.started(), measured.before.started());
    let more = view! {
        {change(growth(now, before), " %", true, against)} <span class="soft">" on " {against}</span>
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

fn refunds(measured: &Measured, links: &Links) -> AnyView {
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

fn webhooks(measured: &Measured, links: &Links, against: &'static str) -> AnyView {
    let now = measured.now.webhooks;
    let points = now.success_rate().zip(measured.before.webhooks.success_rate()).map(|(now, before)| now - before);
    let of = |status: &str| links.to("/admin/webhooks", &[("status", status)]);
    let more = view! {
        {points.map(|points| view! { {change(Some(points), " points", true, against)} " · " })}
        {link(of("failed"), format!("{} failed", grouped(now.failed)))} " · "
        {link(of("ignored"), format!("{} ignored", grouped(now.ignored)))}
    };
    view! {
        <Tile
            id="webhooks"
            label="Webhooks applied"
            definition="Of Stripe's events that were received in the span and mean something to us: those that were applied, divided by those applied and those that failed. Events that we ignore on purpose are left out."
            value=percent(now.success_rate())
            href=of("success")
            more=more.into_any()
        />
    }
    .into_any()
}

fn delay(measured: &Measured, links: &Links) -> AnyView {
    let (now, before) = (measured.now.webhooks, measured.before.webhooks);
    let said = |millis: Option<i64>| millis.map_or_else(|| "–".to_owned(), spoken);
    let more = view! {
        "95 % within " {said(now.p95)} <span class="soft">" · " {said(before.p95)} " before"</span>
    };
    view! {
        <Tile
            id="delay"
            label="Webhook delay"
            definition="From the moment an event was safely stored to the moment it was applied for the last time: the median, and what 95 of 100 stay below. Of the latest 2,000 events of the span that were worked on."
            value=said(now.median)
            href=links.to("/admin/webhooks", &[])
            more=more.into_any()
        />
    }
    .into_any()
}

fn backlog(overview: &Overview) -> AnyView {
    let backlog = overview.measured.backlog;
    let oldest = backlog.oldest.map(|at| overview.as_of.since(at).as_millis() as i64).map(spoken);
    let running = (backlog.running > 0).then(|| {
        let href = "/admin/background?state=running".to_owned();
        view! { " · " {link(href, format!("{} under way", grouped(backlog.running)))} }
    });
    let more = view! {
        {oldest.map_or_else(|| "nothing waits".to_owned(), |age| format!("oldest {age}"))} {running}
    };
    view! {
        <Tile
            id="backlog"
            label="Background"
            definition="Deliveries that wait for their turn or for their next try, as of now and not of the span; and the age of the oldest that is not finished."
            value=grouped(backlog.pending)
            href="/admin/background?state=pending"
            more=more.into_any()
        />
    }
    .into_any()
}

fn klaviyo(measured: &Measured, links: &Links, against: &'static str) -> AnyView {
    let kinds = crate::domain::metrics::KLAVIYO.map(|kind| ("kind", kind.as_str()));
    let more = deliveries(measured.now.klaviyo, measured.before.klaviyo, &kinds, links, against);
    let more = view! {
        {more}
    };
    view! {
        <Tile
            id="klaviyo"
            label="Klaviyo"
            definition="Of the deliveries to Klaviyo that ended in the span: those it took, divided by those it took and those that were given up. A retried one took more than one try, whatever came of it."
            value=percent(measured.now.klaviyo.success())
            href=ended(&kinds, "done", links)
            more=more.into_any()
        />
    }
    .into_any()
}

fn firebase(measured: &Measured, links: &Links, against: &'static str) -> AnyView {
    let kinds = crate::domain::metrics::FIREBASE.map(|kind| ("kind", kind.as_str()));
    let more = deliveries(measured.now.firebase, measured.before.firebase, &kinds, links, against);
    let more = view! {
        {more}
    };
    view! {
        <Tile
            id="firebase"
            label="Firebase"
            definition="Of the accounts that were to be made in Firebase and that ended in the span: those made, divided by those made and those that were given up. A retried one took more than one try, whatever came of it."
            value=percent(measured.now.firebase.success())
            href=ended(&kinds, "done", links)
            more=more.into_any()
        />
    }
    .into_any()
}

fn ended(kinds: &[(&str, &str)], state: &str, links: &Links) -> String {
    links.to("/admin/background", &[kinds, &[("state", state)]].concat())
}

fn deliveries(
    now: Deliveries,
    before: Deliveries,
    kinds: &[(&str, &str)],
    links: &Links,
    against: &'static str,
) -> AnyView {
    let points = now.success().zip(before.success()).map(|(now, before)| now - before);
    view! {
        {points.map(|points| view! { {change(Some(points), " points", true, against)} " · " })}
        {link(ended(kinds, "dead", links), format!("{} given up", grouped(now.dead)))}
        <span class="soft">" · " {grouped(now.retried)} " retried"</span>
    }
    .into_any()
}
