//! How it is going, what needs somebody, what just happened: three questions, in this order.

mod charts;
mod links;
mod machinery;
mod numbers;
mod picker;
mod tile;

use leptos::prelude::*;

use super::page;
use crate::api::admin::{self, Frame, Latest, Need, Overview};
use crate::ui::components::{AdminLayout, Clock, EmptyState, FulfilmentBadge, Instant, PaymentBadge, Room};
use crate::ui::pages::query;

#[component]
pub fn OverviewPage() -> impl IntoView {
    let [span, from, to] = ["span", "from", "to"].map(query);
    let data = async move { admin::overview(&span, &from, &to).await };
    page("Overview", Room::Overview, data, show)
}

fn show(frame: Frame, overview: Overview) -> impl IntoView {
    let tools = picker::picker(&frame, &overview);
    let (big, small) = (numbers::big(&overview), machinery::small(&overview));
    let (series, funnel) = (charts::series(&overview), charts::funnel(&overview));
    let Overview { days, days_before, as_of, stays, needs, latest, .. } = overview;
    view! {
        <AdminLayout title="Overview" room=Room::Overview frame tools>
            <div class="overview-head">
                <h1>"Overview"</h1>
                <p id="as-of" class="soft" data-live="" data-stays=stays>
                    {days} <span class="overview-against">" against " {days_before}</span> " · as of " <Clock at=as_of />
                </p>
            </div>
            <div class="tiles" id="numbers" data-live="">{big}</div>
            <div class="overview-row">
                <section class="card" aria-labelledby="series-title" id="series" data-live="">{series}</section>
                <section class="card" aria-labelledby="needs-title" id="needs" data-live="">{needs_card(needs)}</section>
            </div>
            <div class="tiles tiles-small" id="machinery" data-live="">{small}</div>
            <section class="card" aria-labelledby="funnel-title" id="funnel" data-live="">{funnel}</section>
            <section class="card card-flush overview-latest" aria-labelledby="latest-title" id="latest" data-live="">
                {latest_card(latest)}
            </section>
        </AdminLayout>
    }
}

fn needs_card(needs: Vec<Need>) -> AnyView {
    let list = if needs.is_empty() {
        view! { <p class="soft needs-nothing">"Nothing waits for you. What fails will stand here."</p> }.into_any()
    } else {
        let items = needs.into_iter().map(|need| {
            let what = need.what.clone();
            view! {
                <li>
                    <span><strong>{need.count}</strong> " " {need.what}</span>
                    <a class="text-link" href=need.href>{need.act} <span class="sr-only">": " {what}</span></a>
                </li>
            }
        });
        view! { <ul class="needs">{items.collect_view()}</ul> }.into_any()
    };
    view! {
        <h2 id="needs-title">"Needs you"</h2>
        {list}
    }
    .into_any()
}

fn latest_card(latest: Vec<Latest>) -> AnyView {
    let body = if latest.is_empty() {
        view! {
            <EmptyState title="No preorders yet.">
                <p>"The first one appears here as soon as somebody sends the form. "
                    <a class="text-link" href="/">"Open the storefront"</a> " and try it."</p>
            </EmptyState>
        }
        .into_any()
    } else {
        table(latest).into_any()
    };
    view! {
        <div class="card-head">
            <h2 id="latest-title">"Latest preorders"</h2>
            <a class="text-link" href="/admin/preorders">"All preorders"</a>
        </div>
        {body}
    }
    .into_any()
}

fn table(latest: Vec<Latest>) -> impl IntoView {
    let rows = latest.into_iter().map(|row| {
        view! {
            <tr>
                <th scope="row">
                    <a class="number" href=format!("/admin/preorders/{}", row.id)>{row.number}</a>
                </th>
                <td class="cell-email">{row.email}</td>
                <td data-label="Colour">
                    <span class="dot" data-color=row.color></span>
                    {row.color_name}
                </td>
                <td><PaymentBadge status=row.payment_status /></td>
                <td><FulfilmentBadge status=row.fulfilment_status /></td>
                <td class="cell-number cell-amount">{row.amount.to_string()}</td>
                <td class="cell-number soft"><Instant at=row.created_at /></td>
            </tr>
        }
        .into_any()
    });
    view! {
        <table class="listing">
            <thead>
                <tr>
                    <th scope="col">"Number"</th>
                    <th scope="col">"E-mail"</th>
                    <th scope="col">"Colour"</th>
                    <th scope="col">"Payment"</th>
                    <th scope="col">"Fulfilment"</th>
                    <th scope="col" class="cell-number">"Amount"</th>
                    <th scope="col" class="cell-number">"Started"</th>
                </tr>
            </thead>
            <tbody>{rows.collect_view()}</tbody>
        </table>
    }
}
