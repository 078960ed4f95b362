//! What stands between the form and the table: the views, what narrows the list, keeping it as a view or a file.

use leptos::prelude::*;

use crate::api::admin::preorders::PreorderPage;

/// Zones that an export may be written in, beside the viewer's own.
const ZONES: &[&str] = &[
    "UTC",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Helsinki",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Pacific/Auckland",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Sao_Paulo",
];

pub fn tabs(page: &PreorderPage) -> impl IntoView + use<> {
    let tabs = page
        .tabs
        .iter()
        .map(|tab| {
            let current = tab.current.then_some("page");
            view! { <a href=tab.href.clone() aria-current=current>{tab.label.clone()}</a> }
        })
        .collect_view();
    view! { <nav class="tabs" aria-label="Views">{tabs}</nav> }
}

/// What narrows the list, each with a way out of it.
pub fn chips(page: &PreorderPage) -> impl IntoView + use<> {
    (!page.chips.is_empty()).then(|| {
        let chips = page
            .chips
            .iter()
            .map(|chip| {
                let label = format!("Without {}", chip.label);
                view! {
                    <li>
                        <a class="chip" href=chip.without.clone() aria-label=label>
                            {chip.label.clone()} <span aria-hidden="true">"✕"</span>
                        </a>
                    </li>
                }
            })
            .collect_view();
        view! { <ul class="chips" aria-label="Narrowed by">{chips}</ul> }
    })
}

/// Keeps the list: as a view, as a file.
pub fn keep(page: &PreorderPage) -> impl IntoView + use<> {
    let save = save(page).into_any();
    let delete = delete(page).into_any();
    let export = export(page).into_any();
    view! { <div class="keep">{save} {delete} {export}</div> }
}

fn save(page: &PreorderPage) -> impl IntoView + use<> {
    let query = page.here.split_once('?').map_or("", |(_, query)| query).to_owned();
    view! {
        <details class="opener">
            <summary class="button-quiet">"Save this view"</summary>
            <form class="panel" method="post" action="/api/admin/save_view">
                <input type="hidden" name="query" value=query />
                <label class="control">
                    <span>"Name of the view"</span>
                    <input name="name" maxlength="40" required autocomplete="off" />
                </label>
                <p class="soft hint">"Search, filters, order and columns are kept, for you alone. A name you have used gets the new list."</p>
                <div class="acts"><button type="submit" class="button-act">"Save"</button></div>
            </form>
        </details>
    }
}

/// For the view that is being looked at, if it is one's own.
fn delete(page: &PreorderPage) -> impl IntoView + use<> {
    let own: Vec<_> = page
        .tabs
        .iter()
        .filter(|tab| tab.current)
        .filter_map(|tab| Some((tab.id.clone()?, tab.label.clone())))
        .collect();
    own.into_iter()
        .map(|(id, label)| {
            view! {
                <form method="post" action="/api/admin/delete_view">
                    <input type="hidden" name="id" value=id />
                    <button type="submit" class="button-quiet">"Delete the view “" {label} "”"</button>
                </form>
            }
        })
        .collect_view()
}

fn export(page: &PreorderPage) -> impl IntoView + use<> {
    let own = page.choices.zone.clone();
    let hidden = page
        .query
        .pairs()
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
        .collect_view();
    let others = ZONES
        .iter()
        .filter(|zone| **zone != own)
        .map(|zone| view! { <option value=*zone>{*zone}</option> })
        .collect_view();
    view! {
        <details class="opener">
            <summary class="button-quiet">"Export these"</summary>
            <form class="panel" method="get" action="/admin/preorders.csv">
                {hidden}
                <label class="control">
                    <span>"Times in"</span>
                    <select name="zone">
                        <option value=own.clone() selected=true>{own.clone()}</option>
                        {others}
                    </select>
                </label>
                <p class="soft hint">"A CSV file of exactly these preorders, in this order, all pages. It is written into the audit log."</p>
                <div class="acts"><button type="submit" class="button-act">"Download CSV"</button></div>
            </form>
        </details>
    }
}
