//! One preorder as a story: what happened, to the millisecond, with money and buyer beside it.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::page;
use crate::api::admin::{self, Frame, PreorderDetail};
use crate::domain::preorder::PreorderStatus;
use crate::ui::components::{AdminLayout, EmptyState, FulfilmentBadge, Instant, PaymentBadge, PreorderTimeline, Room};
use crate::ui::pages::respond_with;
use crate::ui::text::Text;

#[component]
pub fn PreorderPage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id")).unwrap_or_default();
    let data = async move { admin::preorder(&id).await };
    page("Preorder", Room::Preorders, data, |frame, preorder| match preorder {
        Some(preorder) => story(frame, preorder).into_any(),
        None => missing(frame).into_any(),
    })
}

fn story(frame: Frame, preorder: PreorderDetail) -> AnyView {
    let row = &preorder.row;
    let number = row.number.clone();
    let (payment, fulfilment) = (row.payment_status, row.fulfilment_status);
    let side = [money_card(&preorder), order_card(&preorder), buyer_card(&preorder)].collect_view();
    view! {
        <AdminLayout title=number.clone() room=Room::Preorders frame>
            <p class="crumb">
                <a class="text-link" href="/admin/preorders">"← Preorders"</a>
            </p>
            <div class="story-head">
                <h1 class="number">{number}</h1>
                <PaymentBadge status=payment />
                <FulfilmentBadge status=fulfilment />
            </div>
            <div class="story">
                <section class="card" aria-labelledby="what-happened">
                    <h2 id="what-happened">"What happened"</h2>
                    <PreorderTimeline entries=preorder.timeline />
                </section>
                <div class="story-side">{side}</div>
            </div>
        </AdminLayout>
    }
    .into_any()
}

fn money_card(preorder: &PreorderDetail) -> AnyView {
    view! {
        <section class="card" aria-labelledby="money">
            <h2 id="money">"Money"</h2>
            <dl class="pairs">
                <Pair label="Price" value=preorder.row.amount.to_string() />
                <Pair label="Captured" value=or_dash(preorder.captured.as_ref()) />
                <Pair label="Paid with" value=or_dash(preorder.card.as_ref()) />
                <Pair label="Session" value=or_dash(preorder.session_id.as_ref()) code=true />
                <Pair label="Payment" value=or_dash(preorder.payment_intent_id.as_ref()) code=true />
            </dl>
        </section>
    }
    .into_any()
}

fn order_card(preorder: &PreorderDetail) -> AnyView {
    let started = preorder.row.created_at;
    view! {
        <section class="card" aria-labelledby="order">
            <h2 id="order">"Order"</h2>
            <dl class="pairs">
                <Pair label="Colour" value=preorder.row.color_name.clone() />
                <Pair label="State" value=status_word(preorder.row.status) />
                <div>
                    <dt>"Started"</dt>
                    <dd>
                        <Instant at=started />
                    </dd>
                </div>
            </dl>
        </section>
    }
    .into_any()
}

fn buyer_card(preorder: &PreorderDetail) -> AnyView {
    view! {
        <section class="card" aria-labelledby="buyer">
            <h2 id="buyer">"Buyer"</h2>
            <dl class="pairs">
                <Pair label="E-mail" value=preorder.row.email.clone() />
                <Pair label="Name" value=or_dash(preorder.name.as_ref()) />
                <Pair label="Phone" value=or_dash(preorder.phone.as_ref()) />
                <Pair label="Ships to" value=or_dash(preorder.shipping_address.as_ref()) />
                <Pair label="Language" value=Text::of(preorder.locale).language_name />
                <Pair label="Wants news" value=if preorder.marketing_consent { "Yes" } else { "No" } />
                <Pair label="Firebase user" value=or_dash(preorder.user_id.as_ref()) code=true />
            </dl>
        </section>
    }
    .into_any()
}

fn or_dash(value: Option<&impl ToString>) -> String {
    value.map_or_else(|| "–".to_owned(), ToString::to_string)
}

#[component]
fn Pair(label: &'static str, #[prop(into)] value: String, #[prop(optional)] code: bool) -> impl IntoView {
    view! {
        <div>
            <dt>{label}</dt>
            <dd class=code.then_some("code")>{value}</dd>
        </div>
    }
}

const fn status_word(status: PreorderStatus) -> &'static str {
    match status {
        PreorderStatus::Initiated => "Form received",
        PreorderStatus::Processing => "Waiting for payment",
        PreorderStatus::Completed => "Completed",
        PreorderStatus::Cancelled => "Cancelled",
        PreorderStatus::Expired => "Expired",
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
