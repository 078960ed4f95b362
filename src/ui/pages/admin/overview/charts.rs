//! Started and paid over time, and how far those who started have come; a table behind each.

use std::time::Duration;

use leptos::prelude::*;

use super::numbers::PAID_ONCE;
use super::tile::address;
use crate::api::admin::{Overview, instants};
use crate::ui::components::{ChartLine, Funnel, FunnelStep, LineChart, grouped};

pub fn series(overview: &Overview) -> AnyView {
    let (now, before) = (&overview.measured.now, &overview.measured.before);
    let spans = &overview.measured.spans;
    let label = format!(
        "Preorders by time, {}: {} started and {} paid, against {} and {} before. The table below has every number.",
        overview.days,
        now.started(),
        now.paid(),
        before.started(),
        before.paid(),
    );
    let lines = vec![
        ChartLine {
            name: "started",
            tone: "other",
            values: now.buckets.iter().map(|bucket| bucket.started).collect(),
            before: before.buckets.iter().map(|bucket| bucket.started).collect(),
        },
        ChartLine {
            name: "paid",
            tone: "main",
            values: now.buckets.iter().map(|bucket| bucket.paid).collect(),
            before: before.buckets.iter().map(|bucket| bucket.paid).collect(),
        },
    ];
    let then = |index: usize| before.buckets.get(index).copied().unwrap_or_default();
    let hints = overview.buckets.iter().zip(&now.buckets).enumerate().map(|(index, (name, bucket))| {
        let before = then(index);
        format!(
            "{name}: {} started, {} paid (before: {} and {})",
            bucket.started, bucket.paid, before.started, before.paid
        )
    });
    // A span that ended when it was counted ends within its last bucket.
    let open = overview.as_of.since(spans.now.to) < Duration::from_mins(1);
    let rows = overview.buckets.iter().zip(&now.buckets).enumerate().map(|(index, (name, bucket))| {
        let [from, to] = instants(spans.buckets[index]);
        let started = address("/admin/preorders", &[("from", &from), ("to", &to)]);
        let paid = address("/admin/preorders", &[("paid_from", &from), ("paid_to", &to)]);
        let before = then(index);
        view! {
            <tr>
                <th scope="row">{name.clone()}</th>
                <td><a class="text-link" href=started>{grouped(bucket.started)}</a></td>
                <td><a class="text-link" href=paid>{grouped(bucket.paid)}</a></td>
                <td class="soft">{grouped(before.started)}</td>
                <td class="soft">{grouped(before.paid)}</td>
            </tr>
        }
    });
    view! {
        <h2 id="series-title">"Started and paid"</h2>
        <figure class="figure">
            <LineChart label lines ticks=overview.ticks.clone() hints=hints.collect() open />
            <figcaption class="soft">"Faint: " {overview.days_before.clone()} {open.then_some(". Dashed: not over yet.")}</figcaption>
        </figure>
        <details class="behind" id="series-table">
            <summary>"As a table"</summary>
            <div class="behind-table">
                <table>
                    <caption class="sr-only">"Preorders started and paid, by time"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"When"</th>
                            <th scope="col">"Started"</th>
                            <th scope="col">"Paid"</th>
                            <th scope="col">"Started before"</th>
                            <th scope="col">"Paid before"</th>
                        </tr>
                    </thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            </div>
        </details>
    }
    .into_any()
}

pub fn funnel(overview: &Overview) -> AnyView {
    let (now, before) = (&overview.measured.now, &overview.measured.before);
    let [from, to] = instants(overview.measured.spans.now);
    let preorders = |more: &[(&str, &str)]| {
        address("/admin/preorders", &[&[("from", from.as_str()), ("to", to.as_str())], more].concat())
    };
    let tried = [&PAID_ONCE[..], &[("payment", "pending"), ("payment", "failed")]].concat();
    let steps = vec![
        FunnelStep {
            name: "Started",
            definition: "sent the form in the span",
            count: now.started(),
            before: before.started(),
            href: Some(preorders(&[])),
        },
        FunnelStep {
            name: "Reached the payment page",
            definition: "were sent on to Stripe",
            count: now.funnel.reached,
            before: before.funnel.reached,
            href: None,
        },
        FunnelStep {
            name: "Tried to pay",
            definition: "a bank said yes, no, or soon",
            count: now.funnel.tried,
            before: before.funnel.tried,
            href: Some(preorders(&tried)),
        },
        FunnelStep {
            name: "Paid",
            definition: "the money came in",
            count: now.funnel.paid,
            before: before.funnel.paid,
            href: Some(preorders(&PAID_ONCE)),
        },
    ];
    view! {
        <h2 id="funnel-title">"From form to paid"</h2>
        <Funnel caption="How far the preorders of the span have come by now" steps />
    }
    .into_any()
}
