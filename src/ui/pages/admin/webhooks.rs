//! The log of Stripe's events: filtered by what people know of one, newest first; those that are chosen are replayed.

use leptos::prelude::*;

use super::machinery::{address, badge, chosen_filter, duration, typed_filter, webhook_face};
use super::page;
use crate::api::admin::Frame;
use crate::api::admin::webhooks::{self, LoggedWebhook, WebhookPage, WebhookQuery, WebhookStatus};
use crate::domain::access::Right;
use crate::domain::stripe_events::UNDERSTOOD;
use crate::ui::components::{AdminLayout, EmptyState, Instant, Room};
use crate::ui::pages::query;

const ROOM: &str = "/admin/webhooks";

fn here(asked: &WebhookQuery, after: &str) -> String {
    address(
        ROOM,
        &[
            ("status", &asked.status),
            ("event", &asked.event),
            ("from", &asked.from),
            ("to", &asked.to),
            ("preorder", &asked.preorder),
            ("stripe_event", &asked.stripe_event),
            ("after", after),
        ],
    )
}

#[component]
pub fn WebhooksPage() -> impl IntoView {
    let asked = WebhookQuery {
        status: query("status"),
        event: query("event"),
        from: query("from"),
        to: query("to"),
        preorder: query("preorder"),
        stripe_event: query("stripe_event"),
        after: query("after"),
    };
    let shown = asked.clone();
    let data = async move { webhooks::webhooks(&asked).await };
    page("Webhooks", Room::Webhooks, data, move |frame, found| list(frame, &shown, found))
}

fn list(frame: Frame, asked: &WebhookQuery, found: WebhookPage) -> impl IntoView + use<> {
    let may_act = frame.may(Right::Act);
    let is_filtered = here(asked, "") != ROOM;
    let first = here(asked, "");
    let looked = found.looked.map(|(rows, at)| {
        view! {
            <p class="looked soft">
                "Looked through the latest " {rows} " events, back to " <Instant at=at />
                ". Older ones may match as well."
            </p>
        }
    });
    let words = if found.looked.is_some() { "Look further →" } else { "Older →" };
    let older = found.next.map(|after| {
        view! { <a class="button-quiet" href=here(asked, &after) rel="next">{words}</a> }
    });
    let newest = (!found.first_page).then(|| view! { <a class="button-quiet" href=first rel="first">"← Newest"</a> });
    let filters = filters(asked, &found.problems, is_filtered);
    let body = if found.rows.is_empty() {
        nothing(is_filtered, older.is_some())
    } else {
        table(found.rows, may_act, here(asked, &asked.after))
    };
    view! {
        <AdminLayout title="Webhooks" room=Room::Webhooks frame>
            <h1>"Webhooks"</h1>
            {filters}
            {body}
            {looked}
            <nav class="paging" aria-label="Pages">{newest} {older}</nav>
        </AdminLayout>
    }
}

fn filters(asked: &WebhookQuery, problems: &[(&'static str, String)], is_filtered: bool) -> AnyView {
    let status = |status: &WebhookStatus| (status.as_str().to_owned(), webhook_face(*status).1.to_owned());
    let mut statuses = vec![(String::new(), "Any".to_owned())];
    // Nothing is ever seen in between: an event is applied and marked in one transaction.
    statuses.extend(WebhookStatus::ALL.iter().filter(|s| **s != WebhookStatus::Processing).map(status));
    // Any other type can be typed.
    let types = UNDERSTOOD.iter().map(|name| view! { <option value=*name></option> }).collect_view();
    view! {
        <form class="card machine-filters" method="get" action=ROOM role="search" aria-label="Filter events">
            {chosen_filter("status", "Status", &asked.status, statuses)}
            <div class="control">
                <label for="filter-event">"Event type"</label>
                <input
                    id="filter-event"
                    name="event"
                    value=asked.event.clone()
                    list="event-types"
                    maxlength="120"
                    autocomplete="off"
                    spellcheck="false"
                />
                <datalist id="event-types">{types}</datalist>
            </div>
            {typed_filter("preorder", "Preorder number", &asked.preorder, "", problems)}
            {typed_filter("stripe_event", "Stripe event id", &asked.stripe_event, "evt_…", problems)}
            {typed_filter("from", "From", &asked.from, "2026-11-20", problems)}
            {typed_filter("to", "To", &asked.to, "2026-11-20", problems)}
            <div class="acts">
                <button type="submit" class="button-act">"Filter"</button>
                {is_filtered.then(|| view! { <a class="button-quiet" href=ROOM>"Clear"</a> })}
            </div>
        </form>
    }
    .into_any()
}

fn nothing(is_filtered: bool, more: bool) -> AnyView {
    let (title, words) = match (is_filtered, more) {
        (_, true) => ("Not among these.", "Look further, or say more precisely when it was."),
        (true, false) => ("No event matches.", "Take a filter away: a day counts in your own time zone."),
        (false, false) => (
            "No events yet.",
            "Stripe sends one as soon as somebody pays. In Stripe's dashboard they go to /api/webhooks/stripe.",
        ),
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

fn table(rows: Vec<LoggedWebhook>, may_act: bool, back: String) -> AnyView {
    let rows = rows.into_iter().map(|row| line(row, may_act)).collect_view();
    let table = view! {
        <section class="card card-flush" aria-label="Events">
            <table class="listing machine-list">
                <thead>
                    <tr>
                        {may_act
                            .then(|| {
                                view! {
                                    <th scope="col">
                                        <span class="sr-only">"Choose"</span>
                                    </th>
                                }
                            })}
                        <th scope="col">"Event"</th>
                        <th scope="col">"Status"</th>
                        <th scope="col">"Preorder"</th>
                        <th scope="col" class="cell-number">"Tries"</th>
                        <th scope="col" class="cell-number">"Took"</th>
                        <th scope="col" class="cell-number">"Received"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </section>
    };
    if !may_act {
        return table.into_any();
    }
    view! {
        <form method="post" action="/api/admin/replay_webhooks">
            <input type="hidden" name="back" value=back />
            {table}
            <div class="acts machine-acts">
                <button type="submit" class="button-quiet">"Replay the chosen"</button>
                <span class="soft">"Applying an event twice changes nothing."</span>
            </div>
        </form>
    }
    .into_any()
}

fn line(row: LoggedWebhook, may_act: bool) -> AnyView {
    let id = row.id.to_string();
    let chooser = may_act.then(|| {
        let label = format!("Choose {} {}", row.event, row.stripe_event_id);
        view! {
            <td class="chooser">
                <label>
                    <input type="checkbox" name="ids[]" value=id.clone() aria-label=label />
                </label>
            </td>
        }
    });
    let took = row.processed_at.map_or_else(|| "–".to_owned(), |at| duration(at.since(row.received_at)));
    let preorder = match (&row.preorder_id, &row.preorder_number) {
        (Some(id), Some(number)) => {
            let href = format!("/admin/preorders/{id}");
            view! { <a class="number aside" href=href>{number.clone()}</a> }.into_any()
        }
        _ => view! { <span class="soft">"–"</span> }.into_any(),
    };
    let is_failed = row.status == WebhookStatus::Failed;
    let error = row.error.map(|error| {
        view! { <span class="row-words" data-tone=is_failed.then_some("bad")>{error}</span> }
    });
    let discarded = row.discard_reason.map(|reason| view! { <span class="row-words">"Discarded: " {reason}</span> });
    view! {
        <tr>
            {chooser}
            <th scope="row" class="machine-name">
                <a href=format!("/admin/webhooks/{id}")>{row.event}</a>
                <span class="row-words code">{row.stripe_event_id}</span>
                {error}
                {discarded}
            </th>
            <td>{badge(webhook_face(row.status))}</td>
            <td>{preorder}</td>
            <td class="cell-number" data-label="Tries">{row.attempts}</td>
            <td class="cell-number" data-label="Took">{took}</td>
            <td class="cell-number soft">
                <Instant at=row.received_at />
            </td>
        </tr>
    }
    .into_any()
}
