//! The tab of all tries to pay: why banks refused, then the tries themselves.

use leptos::prelude::*;

use super::filters::{Choice, filters};
use super::parts::{Face, badge, paging, preorder_link, sums};
use crate::api::admin::payments::{Asked, AttemptRow, Attempts, Declined};
use crate::domain::decline::DeclineReason;
use crate::domain::money::Currency;
use crate::domain::outcome::Outcome;
use crate::ui::components::{EmptyState, Instant};

const VIEW: &str = "attempts";

const fn face(outcome: Outcome) -> Face {
    match outcome {
        Outcome::Paid => ("●", "Paid", "good"),
        Outcome::Declined => ("⊘", "Declined", "bad"),
        Outcome::Failed => ("✕", "Failed", "bad"),
        Outcome::Pending => ("◐", "Pending", "waiting"),
        Outcome::Expired => ("–", "Expired", "neutral"),
        Outcome::Open => ("○", "Open", "neutral"),
    }
}

const fn code(currency: Currency) -> &'static str {
    match currency {
        Currency::Usd => "USD",
        Currency::Eur => "EUR",
        Currency::Cny => "CNY",
        Currency::Jpy => "JPY",
    }
}

pub fn show(asked: &Asked, page: Attempts) -> AnyView {
    let choices = vec![
        Choice {
            name: "outcome",
            label: "Outcome",
            chosen: page.outcome.map(Outcome::as_str),
            options: Outcome::ALL.iter().map(|outcome| (outcome.as_str(), outcome.label())).collect(),
        },
        Choice {
            name: "reason",
            label: "Refused because",
            chosen: page.reason.map(DeclineReason::as_str),
            options: DeclineReason::ALL.iter().map(|reason| (reason.as_str(), reason.label())).collect(),
        },
        Choice {
            name: "currency",
            label: "Currency",
            chosen: page.currency.map(Currency::as_str),
            options: Currency::ALL.iter().map(|&currency| (currency.as_str(), code(currency))).collect(),
        },
    ];
    let form = filters(VIEW, choices, &page.span);
    let is_asked = page.span.is_asked();
    let breakdown = page.first_page.then(|| breakdown(page.declined, page.declined_cut, is_asked, page.reason));
    let sums = page.first_page.then(|| sums(page.moved, is_asked));
    let looked = page.looked_back_to.map(|at| {
        view! { <p class="soft looked">"Looked back to " <Instant at /> ". There may be more before that."</p> }
    });
    let on = if page.looked_back_to.is_some() { "Look further back" } else { "Older" };
    let picks = is_asked || page.outcome.is_some() || page.reason.is_some() || page.currency.is_some();
    let list =
        if page.rows.is_empty() { nothing(picks, page.first_page).into_any() } else { table(page.rows).into_any() };
    view! {
        {form}
        {breakdown}
        {sums}
        <section class="card card-flush" aria-label="Tries to pay">{list}</section>
        {looked}
        {paging(asked, VIEW, page.first_page, page.next.as_deref(), on)}
    }
    .into_any()
}

/// A bar a reason, as long as it is frequent; each leads to its rows.
fn breakdown(declined: Vec<Declined>, cut: bool, is_asked: bool, chosen: Option<DeclineReason>) -> AnyView {
    let most = declined.iter().map(|declined| declined.count).max().unwrap_or(1);
    if declined.is_empty() {
        return ().into_any();
    }
    let bars = declined
        .into_iter()
        .map(|declined| {
            let current = (chosen == Some(declined.reason)).then_some("true");
            view! {
                <li>
                    <a href=format!("/admin/payments?{}", declined.query) title=declined.reason.sentence() aria-current=current>
                        <span class="why">{declined.reason.label()}</span>
                        <meter min="0" max=most.to_string() value=declined.count.to_string() aria-hidden="true"></meter>
                        <span class="count">{declined.count}</span>
                    </a>
                </li>
            }
        })
        .collect_view();
    let span = if is_asked { "in this span" } else { "in the last 7 days" };
    let cut = cut.then_some(", of the newest 20,000");
    view! {
        <section class="card declines" aria-labelledby="declines">
            <h2 id="declines">"Why payments were refused " <span class="soft">{span} {cut}</span></h2>
            <ul>{bars}</ul>
        </section>
    }
    .into_any()
}

fn nothing(picks: bool, first_page: bool) -> impl IntoView {
    let (title, hint) = match (picks, first_page) {
        (true, true) => ("No try to pay matches.", "Widen the dates, or choose fewer filters."),
        (true, false) => ("None here.", "Go further back, or to the first page."),
        (false, true) => {
            ("Nobody has tried to pay yet.", "The first try appears here as soon as somebody goes to pay.")
        }
        (false, false) => ("There is nothing older.", "The first page has the newest."),
    };
    view! {
        <EmptyState title=title>
            <p>{hint} " " <a class="text-link" href="/admin/payments?view=attempts">"Show all tries"</a></p>
        </EmptyState>
    }
}

fn table(rows: Vec<AttemptRow>) -> impl IntoView {
    let rows = rows.into_iter().map(row).collect_view();
    view! {
        <table class="listing">
            <thead>
                <tr>
                    <th scope="col">"Preorder"</th>
                    <th scope="col">"Outcome"</th>
                    <th scope="col">"Why"</th>
                    <th scope="col">"Card"</th>
                    <th scope="col" class="cell-number">"Amount"</th>
                    <th scope="col" class="cell-number">"Began"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

fn row(row: AttemptRow) -> impl IntoView {
    let which = (row.which > 1).then(|| view! { <span class="soft which">{format!("try {}", row.which)}</span> });
    let why = row.reason.map(|reason| {
        view! { <span class="why" title=reason.sentence()>{reason.label()}</span> }
    });
    let said = row.said.map(|said| view! { <span class="soft said">{said}</span> });
    let detail = row.detail.map(|detail| view! { <span class="soft said">{detail}</span> });
    view! {
        <tr>
            <th scope="row">{preorder_link(&row.preorder_id, row.number)} {which}</th>
            <td>{badge(face(row.outcome))}</td>
            <td class="cell-detail">{why} " " {said} " " {detail}</td>
            <td class="cell-card">{row.card}</td>
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
    fn no_two_outcomes_share_a_sign_or_a_word() {
        let faces: Vec<_> = Outcome::ALL.iter().map(|outcome| face(*outcome)).collect();
        assert_eq!(faces.iter().map(|face| face.0).collect::<HashSet<_>>().len(), faces.len());
        assert_eq!(faces.iter().map(|face| face.1).collect::<HashSet<_>>().len(), faces.len());
    }
}
