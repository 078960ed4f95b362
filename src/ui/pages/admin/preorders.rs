//! The list of preorders, newest first, found by number or e-mail.

use leptos::prelude::*;

use super::page;
use crate::api::admin::{self, Frame, PreorderPage, PreorderRow};
use crate::ui::components::{AdminLayout, EmptyState, FulfilmentBadge, Instant, PaymentBadge, Room};
use crate::ui::pages::query;

#[component]
pub fn PreordersPage() -> impl IntoView {
    let (q, after) = (query("q"), query("after"));
    let searched = q.clone();
    let data = async move {
        let after = (!after.is_empty()).then_some(after.as_str());
        admin::list_preorders(&q, after).await
    };
    page("Preorders", Room::Preorders, data, move |frame, page| list(frame, &searched, page))
}

fn list(frame: Frame, q: &str, page: PreorderPage) -> impl IntoView + use<> {
    let first_page = first_address(q);
    let body = if page.rows.is_empty() { nothing(q, page.first_page).into_any() } else { table(page.rows).into_any() };
    let older = page.next.map(|cursor| {
        let href = format!("{}after={}", with_query(q), url_encoded(&cursor));
        view! { <a class="button-quiet" href=href rel="next">"Older →"</a> }
    });
    let newest = (!page.first_page).then(|| {
        view! { <a class="button-quiet" href=first_page.clone() rel="first">"← Newest"</a> }
    });
    let searched = (!q.is_empty()).then(|| {
        view! {
            <p class="searched">
                "Found for “" {q.to_owned()} "”. " <a class="text-link" href="/admin/preorders">"Show all"</a>
            </p>
        }
    });
    view! {
        <AdminLayout title="Preorders" room=Room::Preorders frame q>
            <h1>"Preorders"</h1>
            {searched}
            <section class="card card-flush" aria-label="Preorders">{body}</section>
            <nav class="paging" aria-label="Pages">{newest} {older}</nav>
        </AdminLayout>
    }
}

fn nothing(q: &str, first_page: bool) -> AnyView {
    if !q.is_empty() {
        view! {
            <EmptyState title="No preorder matches.">
                <p>"A number can be typed with or without ROL-; an e-mail address from its beginning."</p>
                <p><a class="text-link" href="/admin/preorders">"Show all preorders"</a></p>
            </EmptyState>
        }
        .into_any()
    } else if first_page {
        view! {
            <EmptyState title="No preorders yet.">
                <p>"The first one appears here as soon as somebody sends the form. "
                    <a class="text-link" href="/">"Open the storefront"</a> " and try it."</p>
            </EmptyState>
        }
        .into_any()
    } else {
        view! {
            <EmptyState title="There is nothing older.">
                <p><a class="text-link" href="/admin/preorders">"Back to the newest"</a></p>
            </EmptyState>
        }
        .into_any()
    }
}

fn table(rows: Vec<PreorderRow>) -> impl IntoView {
    let rows = rows
        .into_iter()
        .map(|row| {
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
        })
        .collect_view();
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
            <tbody>{rows}</tbody>
        </table>
    }
}

fn first_address(q: &str) -> String {
    with_query(q).trim_end_matches(['?', '&']).to_owned()
}

/// The list's address with the search in it, ready for one more parameter.
fn with_query(q: &str) -> String {
    if q.is_empty() { "/admin/preorders?".to_owned() } else { format!("/admin/preorders?q={}&", url_encoded(q)) }
}

fn url_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paging_keeps_the_search_and_quotes_it() {
        assert_eq!(with_query("ana+b@example.com"), "/admin/preorders?q=ana%2Bb%40example.com&");
        assert_eq!(first_address("ana"), "/admin/preorders?q=ana");
        assert_eq!(first_address(""), "/admin/preorders");
    }
}
