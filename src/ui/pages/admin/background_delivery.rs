//! One delivery: every try with the provider's answer, what people did about it, and what can be done.

use leptos::prelude::*;

use super::background::ROOM;
use super::machinery::{badge, delivery_face, reason_field, story};
use crate::api::admin::Frame;
use crate::api::admin::background::{DeliveryDetail, kind_label};
use crate::domain::access::Right;
use crate::domain::delivery::{DeliveryKind, DeliveryState};
use crate::ui::components::{AdminLayout, EmptyState, Instant, Room};
use crate::ui::pages::respond_with;

pub fn delivery(frame: Frame, found: DeliveryDetail) -> AnyView {
    let row = &found.delivery;
    let title = kind_label(row.kind);
    let acts = frame.may(Right::Act).then(|| acts(&frame, &found));
    let pause = found.pause.as_ref().map(|pause| {
        view! {
            <p class="machine-paused">
                "Paused since " <Instant at=pause.paused_at /> " by " {pause.paused_by.clone()} ": " {pause.reason.clone()}
            </p>
        }
    });
    let (happened, facts, payload) = (story(&found), facts_card(&found), row.payload.clone());
    let badge = badge(delivery_face(row.state, row.discarded_at.is_some()));
    view! {
        <AdminLayout title=title.clone() room=Room::Background frame>
            <p class="crumb">
                <a class="text-link" href=ROOM>"← Background"</a>
            </p>
            <div class="story-head">
                <h1 class="machine-title">{title}</h1>
                {badge}
            </div>
            {pause}
            {acts}
            <div class="story">
                <section class="card" aria-labelledby="tries">
                    <h2 id="tries">"What happened"</h2>
                    {happened}
                </section>
                <div class="story-side">
                    {facts}
                    <section class="card" aria-labelledby="payload">
                        <h2 id="payload">"Payload"</h2>
                        <pre class="machine-body" tabindex="0">{payload}</pre>
                    </section>
                </div>
            </div>
        </AdminLayout>
    }
    .into_any()
}

fn facts_card(found: &DeliveryDetail) -> AnyView {
    let row = &found.delivery;
    // The last try says it already, but for a worker that did not live to write one down.
    let said = found.tries.last().map(|attempt| attempt.answer.as_str());
    let unsaid = row.state != DeliveryState::Done && row.last_error.as_deref() != said;
    let error = row.last_error.clone().filter(|_| unsaid).map(|error| {
        let tone = (row.state == DeliveryState::Dead && row.discarded_at.is_none()).then_some("bad");
        view! { <p class="machine-error" data-tone=tone>{error}</p> }
    });
    let discarded = row.discard_reason.clone().map(|reason| view! { <p>"Discarded: " {reason}</p> });
    // Where logs and traces know it by; behind it stands the request or delivery that it comes of.
    let trace = row.trace_id.as_deref().map_or("–", |trace| trace.split('-').next().unwrap_or(trace)).to_owned();
    let restarted = (row.earlier_attempts > 0).then(|| {
        view! {
            <div>
                <dt>"Started again after"</dt>
                <dd>{row.earlier_attempts} " tries"</dd>
            </div>
        }
    });
    view! {
        <section class="card" aria-labelledby="facts">
            <h2 id="facts">"Delivery"</h2>
            {error}
            {discarded}
            <dl class="pairs">
                <div>
                    <dt>"About"</dt>
                    <dd>{about(found)}</dd>
                </div>
                <div>
                    <dt>"Tries"</dt>
                    <dd>{row.attempts}</dd>
                </div>
                {restarted}
                <div>
                    <dt>"Id"</dt>
                    <dd class="code">{row.id.to_string()}</dd>
                </div>
                <div>
                    <dt>"Trace"</dt>
                    <dd class="code">{trace}</dd>
                </div>
            </dl>
        </section>
    }
    .into_any()
}

fn about(found: &DeliveryDetail) -> AnyView {
    if let Some(id) = &found.webhook_id {
        return view! { <a class="text-link" href=format!("/admin/webhooks/{id}")>"A webhook"</a> }.into_any();
    }
    let row = &found.delivery;
    match (&row.preorder_id, &row.preorder_number) {
        (Some(id), Some(number)) => {
            view! { <a class="text-link number" href=format!("/admin/preorders/{id}")>{number.clone()}</a> }.into_any()
        }
        (Some(id), None) => view! { <span class="code">{id.to_string()}</span> }.into_any(),
        (None, _) => "–".into_any(),
    }
}

fn acts(frame: &Frame, found: &DeliveryDetail) -> AnyView {
    let row = &found.delivery;
    let here = format!("{ROOM}?delivery={}", row.id);
    let (id, back) = (row.id.to_string(), here);
    let may_retry = matches!(row.state, DeliveryState::Dead | DeliveryState::Pending);
    let asks = row.kind == DeliveryKind::SendSms && row.state == DeliveryState::Dead;
    let retry = match (may_retry, asks) {
        (false, _) => None,
        (true, false) => Some(
            view! {
                <form method="post" action="/api/admin/retry_delivery">
                    <input type="hidden" name="id" value=id.clone() />
                    <input type="hidden" name="back" value=back.clone() />
                    <button type="submit" class="button-act">
                        {if row.state == DeliveryState::Dead { "Retry" } else { "Try now" }}
                    </button>
                </form>
            }
            .into_any(),
        ),
        (true, true) => Some(
            view! {
                <details class="opener machine-opener">
                    <summary class="button-act">"Retry …"</summary>
                    <form class="card" method="post" action="/api/admin/retry_delivery">
                        <p>"It may have been sent. Send it (again)?"</p>
                        <input type="hidden" name="id" value=id.clone() />
                        <input type="hidden" name="confirmed" value="yes" />
                        <input type="hidden" name="back" value=back.clone() />
                        <button type="submit" class="button-bad">"Send it"</button>
                    </form>
                </details>
            }
            .into_any(),
        ),
    };
    let flash = frame.flash.as_ref();
    let form = "/api/admin/discard_delivery";
    let open = flash.is_some_and(|flash| flash.form == form);
    let discard = (row.state == DeliveryState::Dead && row.discarded_at.is_none()).then(|| {
        view! {
            <details class="opener machine-opener" open=open>
                <summary class="button-bad">"Discard …"</summary>
                <form class="card" method="post" action=form>
                    <p class="soft">"It stays in sight with the reason, and nobody is asked to look at it again."</p>
                    <input type="hidden" name="id" value=id />
                    <input type="hidden" name="back" value=back />
                    {reason_field(flash, form, "discard-reason")}
                    <button type="submit" class="button-bad">"Discard"</button>
                </form>
            </details>
        }
    });
    view! { <div class="acts machine-acts">{retry} {discard}</div> }.into_any()
}

pub fn missing(frame: Frame) -> AnyView {
    respond_with(http::StatusCode::NOT_FOUND);
    view! {
        <AdminLayout title="No such delivery" room=Room::Background frame>
            <h1>"No such delivery"</h1>
            <div class="card">
                <EmptyState title="No delivery has this address.">
                    <p>
                        "Look for it under its kind in " <a class="text-link" href=ROOM>"Background"</a>
                        ", or in its preorder's story."
                    </p>
                </EmptyState>
            </div>
        </AdminLayout>
    }
    .into_any()
}
