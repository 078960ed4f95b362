//! What works behind the preorders in numbers, each with its definition and its rows.

use leptos::prelude::*;

use super::links::Links;
use super::numbers::refunds;
use super::tile::{Tile, change, link, percent, spoken};
use crate::api::admin::Overview;
use crate::domain::metrics::{Deliveries, FIREBASE, KLAVIYO, Measured};
use crate::ui::components::grouped;

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
    let kinds = KLAVIYO.map(|kind| ("kind", kind.as_str()));
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
    let kinds = FIREBASE.map(|kind| ("kind", kind.as_str()));
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
