//! The background's room: the outbox at a glance, what waits and what was given up, and one delivery with every try.

use leptos::prelude::*;

use super::background_board::{board, kind_acts};
use super::background_delivery::{delivery, missing};
use super::background_list::{deliveries, filters};
use super::machinery::address;
use super::page;
use crate::api::admin::Frame;
use crate::api::admin::background::{self, Background, BackgroundQuery};
use crate::domain::access::Right;
use crate::ui::components::{AdminLayout, Instant, Room};
use crate::ui::pages::query;

pub const ROOM: &str = "/admin/background";

pub fn here(asked: &BackgroundQuery, after: &str) -> String {
    let BackgroundQuery { state, kind, from, to, .. } = asked;
    address(ROOM, &[("state", state), ("kind", kind), ("from", from), ("to", to), ("after", after)])
}

#[component]
pub fn BackgroundPage() -> impl IntoView {
    let id = query("delivery");
    if !id.is_empty() {
        let data = async move { background::delivery(&id).await };
        return page("Delivery", Room::Background, data, |frame, found| match found {
            Some(found) => delivery(frame, found),
            None => missing(frame),
        })
        .into_any();
    }
    let asked = BackgroundQuery {
        state: query("state"),
        kind: query("kind"),
        from: query("from"),
        to: query("to"),
        after: query("after"),
    };
    let shown = asked.clone();
    let data = async move { background::background(&asked).await };
    page("Background", Room::Background, data, move |frame, found| room(frame, &shown, found)).into_any()
}

fn room(frame: Frame, asked: &BackgroundQuery, found: Background) -> AnyView {
    let may_act = frame.may(Right::Act);
    let flash = frame.flash.clone();
    let back = here(asked, &asked.after);
    let first = here(asked, "");
    let looked = found.looked.map(|(rows, at)| {
        view! {
            <p class="looked soft">
                "Looked through the latest " {rows} " that ended, back to " <Instant at=at />
                ". Older ones may match as well."
            </p>
        }
    });
    let words = if found.looked.is_some() { "Look further →" } else { "More →" };
    let next = found.next.as_ref().map(|after| {
        view! { <a class="button-quiet" href=here(asked, after) rel="next">{words}</a> }
    });
    let newest =
        (!found.first_page).then(|| view! { <a class="button-quiet" href=first rel="first">"← From the start"</a> });
    let acts = may_act.then(|| kind_acts(&found.board, flash.as_ref(), &back));
    let (board, filters) = (board(&found, may_act, &back), filters(asked, &found));
    let list = deliveries(found, may_act, &back);
    view! {
        <AdminLayout title="Background" room=Room::Background frame>
            <h1>"Background"</h1>
            {board}
            {acts}
            <h2 class="machine-heading" id="deliveries">"Deliveries"</h2>
            {filters}
            {list}
            {looked}
            <nav class="paging" aria-label="Pages">{newest} {next}</nav>
        </AdminLayout>
    }
    .into_any()
}
