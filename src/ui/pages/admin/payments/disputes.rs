//! The tab of disputes: what is on us to answer stands on top.

use leptos::prelude::*;

use super::filters::{Choice, filters};
use super::parts::{Face, badge, due, in_stripe, paging, preorder_link, sums};
use crate::api::admin::payments::{Asked, DisputeRow, Disputes, Stage};
use crate::domain::refund::DisputeState;
use crate::ui::components::{EmptyState, Instant};

const VIEW: &str = "disputes";

const fn face(state: DisputeState) -> Face {
    let (sign, tone) = match state {
        DisputeState::NeedsResponse => ("!", "bad"),
        DisputeState::WarningNeedsResponse => ("?", "bad"),
        DisputeState::UnderReview => ("◐", "waiting"),
        DisputeState::WarningUnderReview => ("◔", "waiting"),
        DisputeState::WarningClosed => ("–", "neutral"),
        DisputeState::Prevented => ("○", "neutral"),
        DisputeState::Won => ("●", "good"),
        DisputeState::Lost => ("✕", "bad"),
    };
    (sign, state.label(), tone)
}

pub fn show(asked: &Asked, page: Disputes) -> AnyView {
    let choices = vec![Choice {
        name: "state",
        label: "State",
        chosen: page.stage.map(Stage::word),
        options: Stage::ALL.iter().map(|stage| (stage.word(), stage.label())).collect(),
    }];
    let form = filters(VIEW, choices, &page.span);
    let is_asked = page.span.is_asked();
    let sums = page.first_page.then(|| sums(page.moved, is_asked));
    let picks = is_asked || page.stage.is_some();
    let list =
        if page.rows.is_empty() { nothing(picks, page.first_page).into_any() } else { table(page.rows).into_any() };
    view! {
        {form}
        {sums}
        <section class="card card-flush" aria-label="Disputes">{list}</section>
        {paging(asked, VIEW, page.first_page, page.next.as_deref(), "More")}
    }
    .into_any()
}

fn nothing(picks: bool, first_page: bool) -> impl IntoView {
    let (title, hint) = match (picks, first_page) {
        (true, _) => ("No dispute matches.", "Widen the dates, or choose another state."),
        (false, true) => {
            ("No disputes.", "When a buyer takes a payment back through the bank, it appears here with its due date.")
        }
        (false, false) => ("There are no more.", "The first page has those that await us."),
    };
    view! {
        <EmptyState title=title>
            <p>{hint} " " <a class="text-link" href="/admin/payments?view=disputes">"Show all disputes"</a></p>
        </EmptyState>
    }
}

fn table(rows: Vec<DisputeRow>) -> impl IntoView {
    let rows = rows.into_iter().map(row).collect_view();
    view! {
        <table class="listing">
            <thead>
                <tr>
                    <th scope="col">"Preorder"</th>
                    <th scope="col">"State"</th>
                    <th scope="col">"Due"</th>
                    <th scope="col">"Reason"</th>
                    <th scope="col" class="cell-number">"Amount"</th>
                    <th scope="col" class="cell-number">"Opened"</th>
                    <th scope="col">"Answer at"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

fn row(row: DisputeRow) -> impl IntoView {
    view! {
        <tr>
            <th scope="row">{preorder_link(&row.preorder_id, row.number)}</th>
            <td>{badge(face(row.state))}</td>
            <td>{row.due.map(due)}</td>
            <td class="cell-detail">{row.reason.unwrap_or_else(|| "No reason given".to_owned())}</td>
            <td class="cell-number cell-amount">{row.amount.to_string()}</td>
            <td class="cell-number soft"><Instant at=row.opened_at /></td>
            <td>{row.in_stripe.map(in_stripe)}</td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_states_share_a_sign_or_a_word() {
        let faces: Vec<_> = DisputeState::ALL.iter().map(|state| face(*state)).collect();
        assert_eq!(faces.iter().map(|face| face.0).collect::<HashSet<_>>().len(), faces.len());
        assert_eq!(faces.iter().map(|face| face.1).collect::<HashSet<_>>().len(), faces.len());
    }
}
