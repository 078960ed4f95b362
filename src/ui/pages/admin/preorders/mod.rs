//! The list of preorders: views as tabs, a search, filters, the table with its choice of rows, and the file of it.

mod empty;
mod filters;
mod table;
mod tools;

use leptos::prelude::*;

use super::page;
use crate::api::admin::Frame;
use crate::api::admin::preorders::{PreorderPage, SortBy, list_preorders, query_string};
use crate::domain::access::Right;
use crate::ui::components::{AdminLayout, Room};

#[component]
pub fn PreordersPage() -> impl IntoView {
    let query = query_string();
    let data = async move { list_preorders(&query).await };
    page("Preorders", Room::Preorders, data, list)
}

fn list(frame: Frame, page: PreorderPage) -> impl IntoView + use<> {
    let may_act = frame.may(Right::Act);
    let from_file = may_act.then(|| {
        view! { <a class="button-quiet" href="/admin/preorders/fulfil">"Fulfil from a file"</a> }
    });
    let tabs = tools::tabs(&page).into_any();
    let form = filters::form(&page).into_any();
    let notes = notes(&page).into_any();
    let chips = tools::chips(&page).into_any();
    let kept = tools::keep(&page).into_any();
    let body =
        if page.rows.is_empty() { empty::nothing(&page).into_any() } else { table::table(&page, may_act).into_any() };
    let bulk = (may_act && !page.rows.is_empty()).then(|| table::bulk(&page).into_any());
    let paging = paging(&page).into_any();
    view! {
        <AdminLayout title="Preorders" room=Room::Preorders frame>
            <div class="list-head">
                <h1>"Preorders"</h1>
                {from_file}
            </div>
            {tabs}
            {form}
            {notes}
            <div class="list-kept">{chips} {kept}</div>
            <section class="card card-flush list-card" aria-label="Preorders">{bulk} {body}</section>
            {paging}
        </AdminLayout>
        <script src="/admin-list.js" defer></script>
    }
}

/// What could not be understood, and what the order leaves out.
fn notes(page: &PreorderPage) -> impl IntoView + use<> {
    let by_paid = page.query.order.by == SortBy::Paid;
    let by_paid = by_paid.then(|| "Sorted by when they were paid: those that were not have no place here.".to_owned());
    let notes: Vec<_> = page.query.notes.iter().take(5).cloned().chain(by_paid).collect();
    (!notes.is_empty()).then(|| {
        let notes = notes.into_iter().map(|note| view! { <p>{note}</p> }).collect_view();
        view! { <div class="list-notes" role="status">{notes}</div> }
    })
}

fn paging(page: &PreorderPage) -> impl IntoView + use<> {
    let (back, on) = if page.query.order.ascending { ("← Back", "On →") } else { ("← Newer", "Older →") };
    let newer = page.newer.clone().map(|href| view! { <a class="button-quiet" href=href rel="prev">{back}</a> });
    let older = page.older.clone().map(|href| view! { <a class="button-quiet" href=href rel="next">{on}</a> });
    view! { <nav class="paging" aria-label="Pages">{newer} {older}</nav> }
}
