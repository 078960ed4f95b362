//! What can be done with a preorder, in a row: the one likely next act is dark, what can't be taken back asks first.

use leptos::prelude::*;

use super::forms::{Hidden, act_form, fulfil_form, refund_form};
use super::{PreorderDetail, Seen};

pub fn head(preorder: &PreorderDetail, seen: &Seen) -> AnyView {
    let in_stripe = preorder.in_stripe.clone().map(|href| {
        view! { <a class="button-quiet" href=href target="_blank" rel="noreferrer">"Open in Stripe ↗"</a> }
    });
    if !seen.acts {
        return view! { <div class="acts story-acts">{in_stripe}</div> }.into_any();
    }
    view! {
        <div class="acts story-acts" role="group" aria-label="Acts">
            {in_stripe}
            {refund(preorder, seen)}
            {cancel(preorder, seen)}
            {more(preorder, seen)}
            {next(preorder, seen)}
        </div>
    }
    .into_any()
}

/// Opens without script, one at a time.
fn opener(label: &'static str, class: &'static str, id: &'static str, open: bool, panel: AnyView) -> AnyView {
    view! {
        <details class="opener" name="act" id=id open=open>
            <summary class=class>{label}</summary>
            <div class="opener-panel">{panel}</div>
        </details>
    }
    .into_any()
}

fn refund(preorder: &PreorderDetail, seen: &Seen) -> Option<AnyView> {
    let typed = seen.typed("refund");
    preorder.possible.refund.then(|| {
        let cancels = seen.cancels || typed.is_some_and(|flash| flash.values.contains_key("hold"));
        opener("Refund …", "button-quiet", "refund", typed.is_some() || cancels, refund_form(preorder, seen, cancels))
    })
}

/// Of what nobody has paid. What is paid is refunded.
fn cancel(preorder: &PreorderDetail, seen: &Seen) -> Option<AnyView> {
    if preorder.possible.cancel != Ok(true) {
        return None;
    }
    let open = seen.typed("cancel_preorder").is_some();
    let panel = view! {
        <h2>"Cancel this preorder?"</h2>
        <p class="soft">
            "Nobody has paid for it. Its open payment pages are closed, so that nobody pays any more; should a payment be on its way already, it counts and the preorder is completed."
        </p>
        {act_form("cancel_preorder", preorder, seen, "Cancel the preorder", "button-bad", Hidden::None)}
    };
    Some(opener("Cancel …", "button-quiet", "cancel", open, panel.into_any()))
}

fn more(preorder: &PreorderDetail, seen: &Seen) -> Option<AnyView> {
    let possible = preorder.possible;
    let hold = possible
        .hold
        .then(|| act_form("move_fulfilment", preorder, seen, "Put on hold", "button-quiet", Hidden::Act("hold")));
    let undo = possible.undo.then(|| {
        view! {
            <p class="soft">"Marked by mistake? Its tracking number is forgotten."</p>
            {act_form("move_fulfilment", preorder, seen, "Back to unfulfilled", "button-quiet", Hidden::Act("undo"))}
        }
    });
    let cancel_and_refund = (possible.refund && possible.cancel.is_err()).then(|| {
        view! {
            <a class="button-bad" href=format!("{}?refund=cancel#refund", seen.page)>"Cancel and refund …"</a>
        }
    });
    let pending = (preorder.possible.cancel == Err(crate::domain::preorder::CancelError::Pending)).then(|| {
        view! { <p class="soft">"Its payment is on the way. It can be cancelled or refunded once the bank has decided."</p> }
    });
    let any = hold.is_some() || undo.is_some() || cancel_and_refund.is_some() || pending.is_some();
    any.then(|| {
        let panel = view! { <div class="opener-list">{hold} {undo} {pending} {cancel_and_refund}</div> };
        let open = seen.typed("move_fulfilment").is_some();
        opener("More …", "button-quiet", "more", open, panel.into_any())
    })
}

/// The one likely next act.
fn next(preorder: &PreorderDetail, seen: &Seen) -> Option<AnyView> {
    let retry = preorder.given_up.clone().map(|(id, name)| {
        view! {
            <form method="post" action="/api/admin/retry_delivery">
                <input type="hidden" name="id" value=id />
                <input type="hidden" name="back" value=seen.page.clone() />
                <button type="submit" class="button-act">"Retry " {name}</button>
            </form>
        }
        .into_any()
    });
    let fulfil = preorder.possible.fulfil.then(|| {
        let open = seen.typed("fulfil_preorder").is_some();
        let class = if retry.is_some() { "button-quiet" } else { "button-act" };
        opener("Mark fulfilled", class, "fulfil", open, fulfil_form(preorder, seen))
    });
    let release = preorder.possible.release.then(|| {
        let class = if retry.is_some() { "button-quiet" } else { "button-act" };
        act_form("move_fulfilment", preorder, seen, "Take off hold", class, Hidden::Act("release"))
    });
    if fulfil.is_none() && release.is_none() && retry.is_none() {
        return None;
    }
    Some(view! { {fulfil} {release} {retry} }.into_any())
}
