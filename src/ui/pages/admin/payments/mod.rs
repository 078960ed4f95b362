//! Every try to pay, refunds, disputes, and what somebody should look at: four tabs of one room.

mod attempts;
mod disputes;
mod filters;
mod parts;
mod refunds;
mod worklist;

use leptos::prelude::*;

use super::page;
use crate::api::admin::payments::{Asked, PaymentsRoom, PaymentsView};
use crate::api::admin::{self, Frame, Waiting};
use crate::ui::components::{AdminLayout, Room};
use crate::ui::pages::query;

#[component]
pub fn PaymentsPage() -> impl IntoView {
    let asked = Asked {
        view: query("view"),
        outcome: query("outcome"),
        reason: query("reason"),
        currency: query("currency"),
        state: query("state"),
        from: query("from"),
        to: query("to"),
        after: query("after"),
    };
    let data = {
        let asked = asked.clone();
        async move { admin::payments(&asked).await }
    };
    page("Payments", Room::Payments, data, move |frame, room| tab(frame, &asked, room))
}

fn tab(frame: Frame, asked: &Asked, room: PaymentsRoom) -> impl IntoView + use<> {
    let (view, content) = match room {
        PaymentsRoom::Worklist(groups) => (PaymentsView::Worklist, worklist::show(groups)),
        PaymentsRoom::Attempts(page) => (PaymentsView::Attempts, attempts::show(asked, page)),
        PaymentsRoom::Refunds(page) => (PaymentsView::Refunds, refunds::show(asked, page)),
        PaymentsRoom::Disputes(page) => (PaymentsView::Disputes, disputes::show(asked, page)),
    };
    let tabs = PaymentsView::ALL
        .iter()
        .map(|&listed| {
            let waiting = (listed == PaymentsView::Worklist && frame.waiting.payments > 0).then(|| {
                let count = Waiting::shown(frame.waiting.payments);
                view! { <span class="waiting">{count} <span class="sr-only">" to look at"</span></span> }
            });
            view! {
                <a href=address(listed) aria-current=(listed == view).then_some("page")>
                    {label(listed)} {waiting}
                </a>
            }
        })
        .collect_view();
    view! {
        <AdminLayout title=format!("Payments: {}", label(view)) room=Room::Payments frame>
            <h1>"Payments"</h1>
            <nav class="tabs" aria-label="Payments">{tabs}</nav>
            {content}
        </AdminLayout>
    }
}

const fn label(view: PaymentsView) -> &'static str {
    match view {
        PaymentsView::Worklist => "Worklist",
        PaymentsView::Attempts => "Attempts",
        PaymentsView::Refunds => "Refunds",
        PaymentsView::Disputes => "Disputes",
    }
}

fn address(view: PaymentsView) -> String {
    format!("/admin/payments?view={view}")
}
