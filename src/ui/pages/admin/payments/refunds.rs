//! The tab of refunds.

use leptos::prelude::*;

use super::filters::{Choice, filters};
use super::parts::{Face, badge, paging, preorder_link, sums};
use crate::api::admin::payments::{Asked, RefundRow, Refunds};
use crate::domain::refund::RefundState;
use crate::ui::components::{EmptyState, Instant};

const VIEW: &str = "refunds";

const fn face(state: RefundState) -> Face {
    match state {
        RefundState::Requested => ("◔", "Requested", "waiting"),
        RefundState::RequiresAction => ("!", "Needs the buyer", "waiting"),
        RefundState::Pending => ("◐", "Pending", "waiting"),
        RefundState::Succeeded => ("↩", "Refunded", "good"),
        RefundState::Canceled => ("–", "Cancelled", "neutral"),
        RefundState::Failed => ("✕", "Failed", "bad"),
    }
}

pub fn show(asked: &Asked, page: Refunds) -> AnyView {
    let choices = vec![Choice {
        name: "state",
        label: "State",
        chosen: page.state.map(RefundState::as_str),
        options: RefundState::ALL.iter().map(|&state| (state.as_str(), face(state).1)).collect(),
    }];
    let form = filters(VIEW, choices, &page.span);
    let is_asked = page.span.is_asked();
    let sums = page.first_page.then(|| sums(page.moved, is_asked));
    let picks = is_asked || page.state.is_some();
    let list =
        if page.rows.is_empty() { nothing(picks, page.first_page).into_any() } else { table(page.rows).into_any() };
    view! {
        {form}
        {sums}
        <section class="card card-flush" aria-label="Refunds">{list}</section>
        {paging(asked, VIEW, page.first_page, page.next.as_deref(), "Older")}
    }
    .into_any()
}

fn nothing(picks: bool, first_page: bool) -> impl IntoView {
    let (title, hint) = match (picks, first_page) {
        (true, _) => ("No refund matches.", "Widen the dates, or choose another state."),
        (false, true) => {
            ("No refunds yet.", "A refund is made on its preorder's page; those made at Stripe come here too.")
        }
        (false, false) => ("There is nothing older.", "The first page has the newest."),
    };
    view! {
        <EmptyState title=title>
            <p>{hint} " " <a class="text-link" href="/admin/payments?view=refunds">"Show all refunds"</a></p>
        </EmptyState>
    }
}

fn table(rows: Vec<RefundRow>) -> impl IntoView {
    let rows = rows.into_iter().map(row).collect_view();
    view! {
        <table class="listing">
            <thead>
                <tr>
                    <th scope="col">"Preorder"</th>
                    <th scope="col">"State"</th>
                    <th scope="col">"Reason"</th>
                    <th scope="col">"Asked by"</th>
                    <th scope="col" class="cell-number">"Amount"</th>
                    <th scope="col" class="cell-number">"Asked"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

fn row(row: RefundRow) -> impl IntoView {
    let failed = row.failure_reason.map(|reason| view! { <span class="bad">"Failed: " {reason}</span> });
    let by = row.requested_by.unwrap_or_else(|| "made at Stripe".to_owned());
    view! {
        <tr>
            <th scope="row">{preorder_link(&row.preorder_id, row.number)}</th>
            <td>{badge(face(row.state))}</td>
            <td class="cell-detail">{row.reason.unwrap_or_else(|| "No reason given".to_owned())} " " {failed}</td>
            <td class="cell-by soft">{by}</td>
            <td class="cell-number cell-amount">{row.amount.to_string()}</td>
            <td class="cell-number soft"><Instant at=row.created_at /></td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_states_share_a_sign_or_a_word() {
        let faces: Vec<_> = RefundState::ALL.iter().map(|state| face(*state)).collect();
        assert_eq!(faces.iter().map(|face| face.0).collect::<HashSet<_>>().len(), faces.len());
        assert_eq!(faces.iter().map(|face| face.1).collect::<HashSet<_>>().len(), faces.len());
    }
}
