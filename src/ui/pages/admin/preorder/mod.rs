//! One preorder as a story: what happened, to the millisecond, with money, order, buyer and notes beside it, and what
//! can be done about it on top.

mod acts;
mod cards;
mod forms;
mod money;

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::page;
use crate::api::Flash;
use crate::api::admin::{self, Frame, PreorderDetail, Tone};
use crate::domain::access::Right;
use crate::domain::preorder::PreorderStatus;
use crate::ui::components::{
    AdminLayout, EmptyState, FulfilmentBadge, PaymentBadge, PreorderTimeline, Room, tone_word,
};
use crate::ui::pages::{query, respond_with};

#[component]
pub fn PreorderPage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id")).unwrap_or_default();
    let (all, cancels) = (query("timeline") == "all", query("refund") == "cancel");
    let data = async move { admin::preorder(&id, all).await };
    page("Preorder", Room::Preorders, data, move |frame, preorder| match preorder {
        Some(preorder) => story(frame, preorder, cancels).into_any(),
        None => missing(frame).into_any(),
    })
}

/// What the parts of the page need to know of who looks, and of the form that failed before.
struct Seen {
    /// Whether there is anything the viewer may do.
    acts: bool,
    flash: Option<Flash>,
    /// The page's own address, for forms to come back to.
    page: String,
    /// Asked to cancel what is paid: the refund form stands open, in full.
    cancels: bool,
}

impl Seen {
    /// What a form that failed left behind, if it was this one.
    fn typed(&self, function: &str) -> Option<&Flash> {
        self.flash.as_ref().filter(|flash| flash.form == format!("/api/admin/{function}"))
    }
}

fn story(frame: Frame, preorder: PreorderDetail, cancels: bool) -> AnyView {
    let page = format!("/admin/preorders/{}", preorder.id);
    let ours = |flash: &Flash| flash.values.get("id") == Some(&preorder.id);
    let seen = Seen { acts: frame.may(Right::Act), flash: frame.flash.clone().filter(ours), page, cancels };
    let number = preorder.number.clone();
    let (payment, fulfilment) = (preorder.payment_status, preorder.fulfilment_status);
    let over = match preorder.status {
        PreorderStatus::Cancelled => Some(mark(Tone::Neutral, "Cancelled")),
        PreorderStatus::Expired => Some(mark(Tone::Neutral, "Expired")),
        _ => None,
    };
    let head = acts::head(&preorder, &seen);
    let side = [
        money::money_card(&preorder),
        cards::order_card(&preorder, &seen),
        cards::buyer_card(&preorder, &seen),
        cards::messages_card(&preorder, &seen),
        cards::notes_card(&preorder, &seen),
    ]
    .collect_view();
    let (all, timeline) = (preorder.all, preorder.timeline);
    view! {
        <AdminLayout title=number.clone() room=Room::Preorders frame>
            <p class="crumb">
                <a class="text-link" href="/admin/preorders">"← Preorders"</a>
            </p>
            <div class="story-head">
                <h1 class="number">{number.clone()}</h1>
                {copy(&number, "number")}
                <PaymentBadge status=payment />
                <FulfilmentBadge status=fulfilment />
                {over}
                {head}
            </div>
            <div class="story">
                <section class="card story-timeline" aria-labelledby="what-happened">
                    <h2 id="what-happened">"What happened"</h2>
                    <PreorderTimeline timeline page=seen.page acts=seen.acts all />
                </section>
                <div class="story-side">{side}</div>
            </div>
        </AdminLayout>
    }
    .into_any()
}

/// A sign and a word, in a tone.
fn mark(tone: Tone, word: &'static str) -> AnyView {
    let sign = match tone {
        Tone::Good => "●",
        Tone::Waiting => "◐",
        Tone::Bad => "✕",
        Tone::Neutral | Tone::Act => "○",
    };
    view! {
        <span class="badge" data-tone=tone_word(tone)>
            <span aria-hidden="true">{sign}</span>
            " "
            {word}
        </span>
    }
    .into_any()
}

/// Puts a value on the clipboard; there only where script runs.
fn copy(value: &str, what: &str) -> AnyView {
    view! {
        <button type="button" class="copy needs-script" data-copy=value.to_owned()>
            "Copy"<span class="sr-only">" " {what.to_owned()}</span>
        </button>
    }
    .into_any()
}

fn or_dash(value: Option<&impl ToString>) -> String {
    value.map_or_else(|| "–".to_owned(), ToString::to_string)
}

#[component]
fn Pair(
    label: &'static str,
    #[prop(into)] value: String,
    #[prop(optional)] code: bool,
    /// Whether it can be copied.
    #[prop(optional)]
    copies: bool,
) -> impl IntoView {
    let button = (copies && value != "–").then(|| copy(&value, &label.to_lowercase()));
    view! {
        <div>
            <dt>{label}</dt>
            <dd class=code.then_some("code")>
                <span>{value}</span>
                {button}
            </dd>
        </div>
    }
}

fn missing(frame: Frame) -> impl IntoView {
    respond_with(http::StatusCode::NOT_FOUND);
    view! {
        <AdminLayout title="No such preorder" room=Room::Preorders frame>
            <h1>"No such preorder"</h1>
            <div class="card">
                <EmptyState title="No preorder has this address.">
                    <p>"Search for its number or e-mail address above, or "
                        <a class="text-link" href="/admin/preorders">"go to the list"</a> "."</p>
                </EmptyState>
            </div>
        </AdminLayout>
    }
}
