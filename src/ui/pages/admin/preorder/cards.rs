//! The cards beside the story: the order, the buyer, messages to other systems, the team's notes.

use leptos::prelude::*;

use super::forms::{address_form, color_form, note_form};
use super::{Pair, PreorderDetail, Seen, mark, or_dash};
use crate::api::admin::{Message, NoteLine, Tone};
use crate::domain::delivery::DeliveryState;
use crate::domain::preorder::PreorderStatus;
use crate::ui::components::Instant;
use crate::ui::text::Text;

fn instant_pair(label: &'static str, at: crate::domain::timestamp::Timestamp) -> impl IntoView {
    view! {
        <div>
            <dt>{label}</dt>
            <dd>
                <Instant at />
            </dd>
        </div>
    }
}

pub fn order_card(preorder: &PreorderDetail, seen: &Seen) -> AnyView {
    let tracking = preorder.tracking_number.clone().map(|number| {
        view! { <Pair label="Tracking number" value=number code=true copies=true /> }
    });
    view! {
        <section class="card" aria-labelledby="order">
            <h2 id="order">"Order"</h2>
            <dl class="pairs">
                <div>
                    <dt>"Colour"</dt>
                    <dd>
                        <span class="dot" data-color=preorder.color.clone()></span>
                        {preorder.color_name.clone()}
                    </dd>
                </div>
                <Pair label="State" value=status_word(preorder.status) />
                {instant_pair("Started", preorder.created_at)}
                {preorder.cancelled_at.map(|at| instant_pair("Cancelled", at))}
                {preorder.fulfilled_at.map(|at| instant_pair("Fulfilled", at))}
                {tracking}
            </dl>
            {(seen.acts && preorder.possible.edit).then(|| color_form(preorder, seen))}
        </section>
    }
    .into_any()
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

pub fn buyer_card(preorder: &PreorderDetail, seen: &Seen) -> AnyView {
    let copies = seen.acts;
    view! {
        <section class="card" aria-labelledby="buyer">
            <h2 id="buyer">"Buyer"</h2>
            <dl class="pairs">
                <Pair label="E-mail" value=preorder.email.clone() copies />
                <Pair label="Name" value=or_dash(preorder.name.as_ref()) />
                <Pair label="Phone" value=or_dash(preorder.phone.as_ref()) copies />
                <Pair label="Ships to" value=or_dash(preorder.shipping_address.as_ref()) copies />
                <Pair label="Language" value=Text::of(preorder.locale).language_name />
                <Pair label="Wants news" value=if preorder.marketing_consent { "Yes" } else { "No" } />
                <Pair label="Firebase user" value=or_dash(preorder.user_id.as_ref()) code=true />
            </dl>
            {(seen.acts && preorder.possible.edit).then(|| address_form(preorder, seen))}
        </section>
    }
    .into_any()
}

/// What other systems were told, and telling it again: their own key makes a repeat harmless.
pub fn messages_card(preorder: &PreorderDetail, seen: &Seen) -> AnyView {
    if preorder.messages.is_empty() {
        return ().into_any();
    }
    let items = preorder.messages.iter().map(|line| message(line, preorder, seen)).collect_view();
    view! {
        <section class="card" aria-labelledby="messages">
            <h2 id="messages">"Messages"</h2>
            <ul class="lines">{items}</ul>
        </section>
    }
    .into_any()
}

fn message(line: &Message, preorder: &PreorderDetail, seen: &Seen) -> AnyView {
    let (tone, word, when) = match line.state {
        DeliveryState::Done => (Tone::Good, "Sent", ""),
        DeliveryState::Dead => (Tone::Bad, "Given up", ""),
        DeliveryState::Pending => (Tone::Waiting, "Waiting", "next try "),
        DeliveryState::Running => (Tone::Waiting, "Under way", ""),
    };
    let again = if line.state == DeliveryState::Done { "Send again" } else { "Send now" };
    let resend = (seen.acts && line.state != DeliveryState::Running).then(|| {
        view! {
            <form method="post" action="/api/admin/resend">
                <input type="hidden" name="preorder_id" value=preorder.id.clone() />
                <input type="hidden" name="kind" value=line.kind.as_str() />
                <input type="hidden" name="back" value=seen.page.clone() />
                <button type="submit" class="timeline-act">
                    {again} <span class="sr-only">" " {line.name}</span>
                </button>
            </form>
        }
    });
    view! {
        <li>
            <p class="lines-head">
                <span>{line.name}</span>
                {mark(tone, word)}
            </p>
            <div class="lines-acts">
                <p class="hint">{line.at.map(|at| view! { {when} <Instant at /> })}</p>
                {resend}
            </div>
        </li>
    }
    .into_any()
}

pub fn notes_card(preorder: &PreorderDetail, seen: &Seen) -> AnyView {
    let notes = preorder.notes.iter().map(note).collect_view();
    let none =
        preorder.notes.is_empty().then(|| view! { <p class="soft">"No notes yet. Only your team sees them."</p> });
    view! {
        <section class="card" id="notes" aria-labelledby="notes-title">
            <h2 id="notes-title">"Notes"</h2>
            {seen.acts.then(|| note_form(preorder, seen))}
            {none}
            <ol class="notes">{notes}</ol>
        </section>
    }
    .into_any()
}

fn note(line: &NoteLine) -> AnyView {
    view! {
        <li>
            <p class="note-body">{line.body.clone()}</p>
            <p class="hint">
                {line.author.clone()}
                " · "
                <Instant at=line.at />
            </p>
        </li>
    }
    .into_any()
}
