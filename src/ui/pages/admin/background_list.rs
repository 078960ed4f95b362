//! Deliveries of one state, filtered: each with what went wrong, what was done about it, and whom it is about.

use leptos::prelude::*;

use super::background::{ROOM, here};
use super::machinery::{badge, chosen_filter, delivery_face, typed_filter};
use crate::api::admin::background::{Background, BackgroundQuery, LoggedDelivery, Shelf, event_of, kind_label};
use crate::domain::delivery::{DeliveryKind, DeliveryState};
use crate::ui::components::{EmptyState, Instant};

const fn shelf_label(shelf: Shelf) -> &'static str {
    match shelf {
        Shelf::Dead => "Dead",
        Shelf::Pending => "Pending",
        Shelf::Running => "Running",
        Shelf::Done => "Done",
        Shelf::Discarded => "Discarded",
    }
}

/// What the list's time is the time of.
const fn time_label(shelf: Shelf) -> &'static str {
    match shelf {
        Shelf::Dead => "Given up",
        Shelf::Pending => "Due",
        Shelf::Running => "Held until",
        Shelf::Done => "Done",
        Shelf::Discarded => "Discarded",
    }
}

pub fn filters(asked: &BackgroundQuery, found: &Background) -> AnyView {
    let tabs = Shelf::ALL
        .iter()
        .map(|shelf| {
            let current = (*shelf == found.shelf).then_some("page");
            let href = here(&BackgroundQuery { state: shelf.to_string(), ..asked.clone() }, "") + "#deliveries";
            view! { <a href=href aria-current=current>{shelf_label(*shelf)}</a> }
        })
        .collect_view();
    let mut kinds = vec![(String::new(), "Any".to_owned())];
    kinds.extend(DeliveryKind::ALL.iter().map(|kind| (kind.to_string(), kind_label(*kind))));
    let is_filtered = found.kind.is_some() || !asked.from.is_empty() || !asked.to.is_empty();
    let all = here(&BackgroundQuery { state: asked.state.clone(), ..BackgroundQuery::default() }, "");
    view! {
        <nav class="tabs" aria-label="States">{tabs}</nav>
        <form class="card machine-filters" method="get" action=ROOM role="search" aria-label="Filter deliveries">
            <input type="hidden" name="state" value=found.shelf.as_str() />
            {chosen_filter("kind", "Kind", &asked.kind, kinds)}
            {typed_filter("from", "From", &asked.from, "2026-11-20", &found.problems)}
            {typed_filter("to", "To", &asked.to, "2026-11-20", &found.problems)}
            <div class="acts">
                <button type="submit" class="button-act">"Filter"</button>
                {is_filtered.then(|| view! { <a class="button-quiet" href=all>"Clear"</a> })}
            </div>
        </form>
    }
    .into_any()
}

pub fn deliveries(found: Background, may_act: bool, back: &str) -> AnyView {
    let shelf = found.shelf;
    if found.rows.is_empty() {
        return nothing(shelf, found.next.is_some(), found.kind.is_some());
    }
    let now = found.now;
    let rows = found.rows.iter().map(|row| line(row, shelf, may_act, now, back)).collect_view();
    view! {
        <section class="card card-flush" aria-labelledby="deliveries">
            <table class="listing machine-list">
                <thead>
                    <tr>
                        <th scope="col">"Delivery"</th>
                        <th scope="col">"State"</th>
                        <th scope="col">"About"</th>
                        <th scope="col" class="cell-number">"Tries"</th>
                        <th scope="col" class="cell-number">{time_label(shelf)}</th>
                        {may_act.then(|| view! { <th scope="col"><span class="sr-only">"Act"</span></th> })}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </section>
    }
    .into_any()
}

fn nothing(shelf: Shelf, more: bool, of_kind: bool) -> AnyView {
    let (title, words) = match shelf {
        _ if more => ("Not among these.", "Look further, or say more precisely when it was."),
        Shelf::Dead if of_kind => ("Nothing of this kind was given up.", "Take the filter away to see the others."),
        Shelf::Dead => {
            ("Nothing was given up.", "What fails is tried for a day; what does not work then appears here.")
        }
        Shelf::Pending => ("Nothing waits.", "Everything that was due is done."),
        Shelf::Running => ("Nothing is under way.", "Most deliveries take less than a second."),
        Shelf::Done => ("Nothing is done yet.", "Take a filter away, or wait for the first preorder."),
        Shelf::Discarded => {
            ("Nothing was discarded.", "What a person gives up for good appears here, with the reason.")
        }
    };
    view! {
        <div class="card">
            <EmptyState title=title>
                <p>{words}</p>
            </EmptyState>
        </div>
    }
    .into_any()
}

fn line(
    row: &LoggedDelivery,
    shelf: Shelf,
    may_act: bool,
    now: crate::domain::timestamp::Timestamp,
    back: &str,
) -> AnyView {
    let is_dead = row.state == DeliveryState::Dead && row.discarded_at.is_none();
    let error = row.last_error.clone().filter(|_| row.state != DeliveryState::Done).map(|error| {
        view! { <span class="row-words" data-tone=is_dead.then_some("bad")>{error}</span> }
    });
    let discarded =
        row.discard_reason.clone().map(|reason| view! { <span class="row-words">"Discarded: " {reason}</span> });
    let restarted = (row.earlier_attempts > 0).then(|| {
        view! { <span class="row-words">"Started again by a person after " {row.earlier_attempts} " tries"</span> }
    });
    // What is due by itself within the second needs nobody's hand.
    let may_retry = is_dead || (row.state == DeliveryState::Pending && row.run_at > now);
    let retry = may_act.then(|| {
        view! { <td class="row-act">{may_retry.then(|| retry(row, back))}</td> }
    });
    view! {
        <tr>
            <th scope="row" class="machine-name">
                <a href=format!("{ROOM}?delivery={}", row.id)>{kind_label(row.kind)}</a>
                {error}
                {discarded}
                {restarted}
            </th>
            <td>{badge(delivery_face(row.state, row.discarded_at.is_some()))}</td>
            <td>{about(row)}</td>
            <td class="cell-number" data-label="Tries">{row.attempts}</td>
            <td class="cell-number soft">
                <Instant at=row.time(shelf) />
            </td>
            {retry}
        </tr>
    }
    .into_any()
}

fn about(row: &LoggedDelivery) -> AnyView {
    if let (Some(id), Some(number)) = (&row.preorder_id, &row.preorder_number) {
        return view! { <a class="number aside" href=format!("/admin/preorders/{id}")>{number.clone()}</a> }.into_any();
    }
    match event_of(row) {
        Some(id) => view! { <a class="aside" href=format!("/admin/webhooks/{id}")>"Webhook"</a> }.into_any(),
        None => view! { <span class="soft">"–"</span> }.into_any(),
    }
}

fn retry(row: &LoggedDelivery, back: &str) -> AnyView {
    let label = |words: &str| format!("{words}: {}, {}", kind_label(row.kind), row.id);
    if row.kind == DeliveryKind::SendSms && row.state == DeliveryState::Dead {
        let href = format!("{ROOM}?delivery={}", row.id);
        return view! { <a class="button-quiet aside" href=href aria-label=label("Retry")>"Retry …"</a> }.into_any();
    }
    let words = if row.state == DeliveryState::Dead { "Retry" } else { "Try now" };
    view! {
        <form class="aside" method="post" action="/api/admin/retry_delivery">
            <input type="hidden" name="id" value=row.id.to_string() />
            <input type="hidden" name="back" value=back.to_owned() />
            <button type="submit" class="button-quiet" aria-label=label(words)>{words}</button>
        </form>
    }
    .into_any()
}
