//! The table: a row a preorder, its columns as chosen, a box to choose it by, and the bar that acts on the chosen.

use leptos::prelude::*;

use crate::api::admin::preorders::{Column, ListQuery, ListRow, PreorderPage, SortBy, address, language, sort_word};
use crate::domain::preorder::PreorderStatus;
use crate::ui::components::{FulfilmentBadge, Instant, PaymentBadge};

/// What may be done to several at once; `bulk` knows the words.
const ACTS: &[(&str, &str)] = &[
    ("fulfil", "Mark fulfilled"),
    ("cancel", "Cancel"),
    ("resend_klaviyo_preorder_started", "Send “Preorder Started” again"),
    ("resend_klaviyo_preorder_success", "Send “Preorder Success” again"),
    ("resend_create_firebase_user", "Make the Firebase user again"),
];

pub fn table(page: &PreorderPage, may_act: bool) -> impl IntoView + use<> {
    let query = &page.query;
    let columns = if query.columns.is_empty() { Column::USUAL.to_vec() } else { query.columns.clone() };
    let heads = columns.iter().map(|column| head(*column, query)).collect_view();
    let choose =
        may_act.then(|| view! { <th scope="col" class="cell-choose"><span class="sr-only">"Choose"</span></th> });
    let all = query.select_page;
    let rows = page.rows.iter().map(|row| line(row, &columns, may_act, all)).collect_view();
    view! {
        <div class="list-scroll" tabindex="0" role="region" aria-label="Table of preorders">
            <table class="listing">
                <thead>
                    <tr>{choose} <th scope="col">"Number"</th> {heads}</tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

const fn is_figure(column: Column) -> bool {
    matches!(column, Column::Amount | Column::Started | Column::Paid)
}

/// A column by which the list can be sorted is a link that does it.
fn head(column: Column, query: &ListQuery) -> AnyView {
    let class = is_figure(column).then_some("cell-number");
    let by = match column {
        Column::Started => SortBy::Started,
        Column::Paid => SortBy::Paid,
        Column::Amount => SortBy::Amount,
        _ => return view! { <th scope="col" class=class>{column.label()}</th> }.into_any(),
    };
    let order = query.order;
    let now = (order.by == by).then_some(if order.ascending { "ascending" } else { "descending" });
    let turned = order.by == by && !order.ascending;
    let rest = query.pairs().into_iter().filter(|(name, _)| !["sort", "dir"].contains(name));
    let sort = (by != SortBy::Started).then(|| ("sort", sort_word(by).to_owned()));
    let dir = turned.then(|| ("dir", "asc".to_owned()));
    let href = address(rest.chain(sort).chain(dir));
    let sign = now.map(|now| view! { <span aria-hidden="true">{if now == "ascending" { "↑" } else { "↓" }}</span> });
    view! {
        <th scope="col" class=class aria-sort=now>
            <a class="sorter" href=href>{column.label()} {sign}</a>
        </th>
    }
    .into_any()
}

fn line(row: &ListRow, columns: &[Column], may_act: bool, chosen: bool) -> impl IntoView + use<> {
    let choose = may_act.then(|| {
        let label = format!("Choose {}", row.number);
        view! {
            <td class="cell-choose">
                <label><input type="checkbox" form="bulk" name="ids[]" value=row.id.clone() checked=chosen aria-label=label /></label>
            </td>
        }
    });
    let cells = columns.iter().map(|column| cell(row, *column)).collect_view();
    view! {
        <tr>
            {choose}
            <th scope="row">
                <a class="number" href=format!("/admin/preorders/{}", row.id)>{row.number.clone()}</a>
            </th>
            {cells}
        </tr>
    }
}

fn cell(row: &ListRow, column: Column) -> AnyView {
    match column {
        Column::Email => view! { <td class="cell-email">{row.email.clone()}</td> }.into_any(),
        Column::Name => plain(column, row.name.clone()),
        Column::Phone => plain(column, row.phone.clone()),
        Column::Color => view! {
            <td data-label="Colour"><span class="dot" data-color=row.color.clone()></span>{row.color_name.clone()}</td>
        }
        .into_any(),
        Column::Payment => view! { <td><PaymentBadge status=row.payment /></td> }.into_any(),
        Column::Fulfilment => view! { <td><FulfilmentBadge status=row.fulfilment /></td> }.into_any(),
        Column::Status => plain(column, status_word(row.status).to_owned()),
        Column::Amount => view! { <td class="cell-number cell-amount">{row.amount.to_string()}</td> }.into_any(),
        Column::Currency => plain(column, row.amount.currency.as_str().to_uppercase()),
        Column::Country => plain(column, row.country.clone()),
        Column::Locale => plain(column, language(row.locale).to_owned()),
        Column::Started => view! {
            <td class="cell-number soft" data-label="Started"><Instant at=row.started_at /></td>
        }
        .into_any(),
        Column::Paid => match row.paid_at {
            Some(at) => view! { <td class="cell-number soft" data-label="Paid"><Instant at=at /></td> }.into_any(),
            None => plain(column, String::new()),
        },
        Column::Tracking => plain(column, row.tracking.clone()),
    }
}

fn plain(column: Column, value: String) -> AnyView {
    if value.is_empty() {
        return view! { <td class="cell-empty"></td> }.into_any();
    }
    view! { <td data-label=column.label()>{value}</td> }.into_any()
}

const fn status_word(status: PreorderStatus) -> &'static str {
    match status {
        PreorderStatus::Initiated => "Initiated",
        PreorderStatus::Processing => "Processing",
        PreorderStatus::Completed => "Completed",
        PreorderStatus::Cancelled => "Cancelled",
        PreorderStatus::Expired => "Expired",
    }
}

/// The bar above the table. The boxes stand in the rows and belong to this form by its name.
pub fn bulk(page: &PreorderPage) -> impl IntoView + use<> {
    let query = &page.query;
    let place = [("after", &query.after), ("before", &query.before)];
    let place = place.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name, value.clone()));
    let (word, href) = if query.select_page {
        ("Choose none", page.here.clone())
    } else {
        let select = std::iter::once(("select", "page".to_owned()));
        ("Choose all on this page", address(query.pairs().into_iter().chain(place).chain(select)))
    };
    let acts = ACTS.iter().map(|(act, label)| view! { <option value=*act>{*label}</option> }).collect_view();
    view! {
        <form id="bulk" class="bulk" method="post" action="/api/admin/bulk">
            <input type="hidden" name="back" value=page.here.clone() />
            <a class="text-link bulk-all" href=href data-choose=if query.select_page { "none" } else { "all" }>{word}</a>
            <span class="bulk-count soft" aria-live="polite"></span>
            <div class="bulk-act">
                <label for="act">"With the chosen"</label>
                <select id="act" name="act">{acts}</select>
                <button type="submit" class="button-quiet">"Do it"</button>
            </div>
        </form>
    }
}
