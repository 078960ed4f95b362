//! Everybody who made a preorder, in the order of their e-mail addresses; and one of them with all that is theirs.

use leptos::prelude::*;

use super::page;
use crate::api::admin::{self, Customer, CustomerPreorder, CustomerRow, Customers, Frame};
use crate::domain::money::Money;
use crate::ui::components::{AdminLayout, EmptyState, FulfilmentBadge, Instant, PaymentBadge, Room};
use crate::ui::pages::{query, respond_with};
use crate::ui::text::Text;

/// More preorders than are counted.
const COUNTED: i64 = 200;

enum Found {
    All(Customers),
    One(Option<Customer>),
}

#[component]
pub fn CustomersPage() -> impl IntoView {
    let (email, of, q, after) = (query("email"), query("of"), query("q"), query("after"));
    let searched = q.clone();
    let data = async move {
        if email.is_empty() && of.is_empty() {
            admin::list_customers(&q, &after).await.map(Found::All)
        } else {
            admin::customer(&email, &of).await.map(Found::One)
        }
    };
    page("Customers", Room::Customers, data, move |frame, found| match found {
        Found::All(customers) => list(frame, &searched, customers).into_any(),
        Found::One(Some(customer)) => one(frame, customer).into_any(),
        Found::One(None) => missing(frame).into_any(),
    })
}

fn list(frame: Frame, q: &str, page: Customers) -> impl IntoView + use<> {
    let body = if page.rows.is_empty() { nothing(q, page.first_page).into_any() } else { table(page.rows).into_any() };
    let first = (!page.first_page)
        .then(|| view! { <a class="button-quiet" href=address(q, None) rel="first">"← First page"</a> });
    let next =
        page.next.map(|next| view! { <a class="button-quiet" href=address(q, Some(&next)) rel="next">"Next →"</a> });
    let typed = q.to_owned();
    let reset = (!q.is_empty()).then(|| view! { <a class="button-quiet" href="/admin/customers">"Show all"</a> });
    view! {
        <AdminLayout title="Customers" room=Room::Customers frame>
            <h1>"Customers"</h1>
            <form class="pay-filters" method="get" action="/admin/customers" role="search" aria-label="Customers">
                <label class="control wide">
                    <span>"E-mail address begins with"</span>
                    <input type="search" name="q" value=typed maxlength="254" autocomplete="off" />
                </label>
                <div class="acts">
                    <button type="submit" class="button-quiet">"Search"</button>
                    {reset}
                </div>
            </form>
            <section class="card card-flush" aria-label="Customers">{body}</section>
            <nav class="paging" aria-label="Pages">{first} {next}</nav>
        </AdminLayout>
    }
}

fn address(q: &str, after: Option<&str>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if !q.is_empty() {
        query.append_pair("q", q);
    }
    if let Some(after) = after {
        query.append_pair("after", after);
    }
    format!("/admin/customers?{}", query.finish()).trim_end_matches('?').to_owned()
}

fn nothing(q: &str, first_page: bool) -> AnyView {
    if !q.is_empty() {
        view! {
            <EmptyState title="No address begins so.">
                <p>"Type it from its beginning, as far as you know it. A name or a part from the middle is found from the box above. "
                    <a class="text-link" href="/admin/customers">"Show all customers"</a></p>
            </EmptyState>
        }
        .into_any()
    } else if first_page {
        view! {
            <EmptyState title="No customers yet.">
                <p>"Whoever sends the preorder form appears here, paid or not. "
                    <a class="text-link" href="/">"Open the storefront"</a></p>
            </EmptyState>
        }
        .into_any()
    } else {
        view! {
            <EmptyState title="There are no more.">
                <p><a class="text-link" href="/admin/customers">"Back to the first page"</a></p>
            </EmptyState>
        }
        .into_any()
    }
}

fn table(rows: Vec<CustomerRow>) -> impl IntoView {
    let rows = rows
        .into_iter()
        .map(|row| {
            view! {
                <tr>
                    <th scope="row" class="cell-email">
                        <a href=format!("/admin/customers?{}", row.query)>{row.email}</a>
                    </th>
                    <td class="cell-number" data-label="Preorders">{counted(row.preorders)}</td>
                    <td class="cell-number" data-label="Paid">{counted(row.paid)}</td>
                    <td class="cell-number cell-amount">{row.total.map_or_else(|| "not added up".to_owned(), |total| sum(&total))}</td>
                    <td class="cell-number soft"><Instant at=row.last_order /></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="listing customers">
            <thead>
                <tr>
                    <th scope="col">"E-mail"</th>
                    <th scope="col" class="cell-number">"Preorders"</th>
                    <th scope="col" class="cell-number">"Paid"</th>
                    <th scope="col" class="cell-number">"Total paid"</th>
                    <th scope="col" class="cell-number">"Last order"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

fn counted(number: i64) -> String {
    if number > COUNTED { format!("more than {COUNTED}") } else { number.to_string() }
}

fn sum(money: &[Money]) -> String {
    if money.is_empty() {
        "–".to_owned()
    } else {
        money.iter().map(Money::to_string).collect::<Vec<_>>().join(" · ")
    }
}

fn one(frame: Frame, customer: Customer) -> impl IntoView {
    let languages: Vec<_> = customer.languages.iter().map(|locale| Text::of(*locale).language_name).collect();
    let number = customer.preorders.len();
    let title = if customer.more { format!("The newest {number} preorders") } else { format!("Preorders ({number})") };
    let pairs = [
        ("Total paid", sum(&customer.paid)),
        ("Refunded", sum(&customer.refunded)),
        ("Names", if customer.names.is_empty() { "–".to_owned() } else { customer.names.join(", ") }),
        ("Languages", languages.join(", ")),
        ("Wants news", if customer.wants_news { "Yes" } else { "No" }.to_owned()),
        ("Notes", customer.notes.to_string()),
    ]
    .map(|(label, value)| view! { <div><dt>{label}</dt><dd>{value}</dd></div> })
    .collect_view();
    let rows = customer.preorders.into_iter().map(preorder).collect_view();
    view! {
        <AdminLayout title=customer.email.clone() room=Room::Customers frame>
            <p class="crumb"><a class="text-link" href="/admin/customers">"← Customers"</a></p>
            <h1 class="customer">{customer.email}</h1>
            <div class="customer-columns">
                <section class="card card-flush titled" aria-labelledby="preorders">
                    <header><h2 id="preorders">{title}</h2></header>
                    <table class="listing">
                        <thead>
                            <tr>
                                <th scope="col">"Number"</th>
                                <th scope="col">"Payment"</th>
                                <th scope="col">"Fulfilment"</th>
                                <th scope="col" class="cell-number">"Amount"</th>
                                <th scope="col" class="cell-number">"Started"</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </section>
                <section class="card" aria-labelledby="together">
                    <h2 id="together">"Together"</h2>
                    <dl class="pairs">{pairs}</dl>
                </section>
            </div>
        </AdminLayout>
    }
}

fn preorder(row: CustomerPreorder) -> impl IntoView {
    view! {
        <tr>
            <th scope="row"><a class="number" href=format!("/admin/preorders/{}", row.id)>{row.number}</a></th>
            <td><PaymentBadge status=row.payment_status /></td>
            <td><FulfilmentBadge status=row.fulfilment_status /></td>
            <td class="cell-number cell-amount">{row.amount.to_string()}</td>
            <td class="cell-number soft"><Instant at=row.created_at /></td>
        </tr>
    }
}

fn missing(frame: Frame) -> impl IntoView {
    respond_with(http::StatusCode::NOT_FOUND);
    view! {
        <AdminLayout title="No such customer" room=Room::Customers frame>
            <h1>"No such customer"</h1>
            <div class="card">
                <EmptyState title="Nobody made a preorder with this address.">
                    <p>"Search by its beginning. "
                        <a class="text-link" href="/admin/customers">"Show all customers"</a></p>
                </EmptyState>
            </div>
        </AdminLayout>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paging_keeps_the_search_and_quotes_it() {
        assert_eq!(address("a+b@x", Some("pre_1")), "/admin/customers?q=a%2Bb%40x&after=pre_1");
        assert_eq!(address("", None), "/admin/customers");
    }
}
