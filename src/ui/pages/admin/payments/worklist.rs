//! The worklist: a card a reason, with what it means and each payment that it is so of.

use leptos::prelude::*;

use super::parts::{due, in_stripe, preorder_link};
use crate::api::admin::payments::{WorklistGroup, WorklistRow};
use crate::ui::components::{EmptyState, Instant};

pub fn show(groups: Vec<WorklistGroup>) -> AnyView {
    if groups.is_empty() {
        return view! {
            <section class="card" aria-label="Worklist">
                <EmptyState title="Nothing waits for you.">
                    <p>"Payments that do not add up appear here: paid and not completed, too much, too little, failed \
                        refunds, disputes with their due dates. "
                        <a class="text-link" href="/admin/payments?view=attempts">"See all tries to pay"</a></p>
                </EmptyState>
            </section>
        }
        .into_any();
    }
    let groups = groups.into_iter().map(group).collect_view();
    view! { <div class="worklist">{groups}</div> }.into_any()
}

fn group(group: WorklistGroup) -> impl IntoView {
    let (id, named_by) = (format!("why-{}", group.reason), format!("why-{}", group.reason));
    let more = group.more.then(|| view! { <p class="soft more">"There are more; they come up as these are done."</p> });
    let rows = group.rows.into_iter().map(row).collect_view();
    view! {
        <section class="card card-flush titled" aria-labelledby=named_by>
            <header>
                <h2 id=id>{group.reason.label()}</h2>
                <p class="soft">{group.reason.sentence()}</p>
            </header>
            <table class="listing">
                <thead>
                    <tr>
                        <th scope="col">"Preorder"</th>
                        <th scope="col">"Detail"</th>
                        <th scope="col" class="cell-number">"Amount"</th>
                        <th scope="col" class="cell-number">"Since"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            {more}
        </section>
    }
}

fn row(row: WorklistRow) -> impl IntoView {
    view! {
        <tr>
            <th scope="row">{preorder_link(&row.preorder_id, row.number)}</th>
            <td class="cell-detail">
                {row.due.map(due)} {row.said.map(|said| view! { <span>{said}</span> })} {row.in_stripe.map(in_stripe)}
            </td>
            <td class="cell-number cell-amount">{row.amount.to_string()}</td>
            <td class="cell-number soft"><Instant at=row.since /></td>
        </tr>
    }
}
