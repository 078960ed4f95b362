//! The forms of one preorder. Each keeps what was typed when it comes back with a complaint, and says it at the field.

use leptos::prelude::*;

use super::{PreorderDetail, Seen};
use crate::api::Flash;
use crate::domain::refund::RefundReason;

/// What a form of one button carries beside the preorder.
pub enum Hidden {
    None,
    Act(&'static str),
}

/// A form that is one button.
pub fn act_form(
    function: &str,
    preorder: &PreorderDetail,
    seen: &Seen,
    label: &'static str,
    class: &'static str,
    hidden: Hidden,
) -> AnyView {
    let act = match hidden {
        Hidden::None => None,
        Hidden::Act(act) => Some(view! { <input type="hidden" name="act" value=act /> }),
    };
    view! {
        <form method="post" action=format!("/api/admin/{function}")>
            {whose(preorder, seen)}
            {act}
            <button type="submit" class=class>{label}</button>
        </form>
    }
    .into_any()
}

fn whose(preorder: &PreorderDetail, seen: &Seen) -> impl IntoView + use<> {
    view! {
        <input type="hidden" name="id" value=preorder.id.clone() />
        <input type="hidden" name="back" value=seen.page.clone() />
    }
}

/// What was typed in a field, or what stands there.
fn value(typed: Option<&Flash>, name: &str, otherwise: &str) -> String {
    typed.and_then(|flash| flash.values.get(name)).map_or_else(|| otherwise.to_owned(), Clone::clone)
}

/// The complaint about a field, and whether there is one.
fn problem(typed: Option<&Flash>, field: &str, id: &'static str) -> (Option<AnyView>, bool) {
    let wrong = typed.filter(|flash| flash.field.as_deref() == Some(field));
    let shown = wrong.map(|flash| view! { <p class="problem" id=id>{flash.message.clone()}</p> }.into_any());
    (shown, wrong.is_some())
}

/// `cancels`: the buyer wants nothing any more: all of it back, and nothing leaves.
pub fn refund_form(preorder: &PreorderDetail, seen: &Seen, cancels: bool) -> AnyView {
    let typed = seen.typed("refund");
    let refundable = preorder.money.refundable;
    let (amount_problem, amount_wrong) = problem(typed, "amount", "refund-amount-problem");
    let (reason_problem, reason_wrong) = problem(typed, "reason", "refund-reason-problem");
    let chosen = value(typed, "reason", RefundReason::RequestedByCustomer.as_str());
    let reasons = RefundReason::ALL
        .iter()
        .map(|reason| {
            let selected = reason.as_str() == chosen;
            view! { <option value=reason.as_str() selected=selected>{reason.label()}</option> }
        })
        .collect_view();
    let (title, button) = if cancels { ("Cancel and refund", "Refund and put on hold") } else { ("Refund", "Refund") };
    let hold = cancels.then(|| view! { <input type="hidden" name="hold" value="on" /> });
    let words = cancels.then(|| {
        view! { <p class="soft">"It is paid, so it can't be cancelled without giving the money back. Once the refund is asked for, it is put on hold: nothing is sent."</p> }
    });
    // The same key as before: should the form that failed have gone through after all, this is it again.
    let form_key = value(typed, "form_key", &preorder.form_key);
    view! {
        <h2>{title}</h2>
        {words}
        <form method="post" action="/api/admin/refund" class="act-form">
            {whose(preorder, seen)}
            {hold}
            <input type="hidden" name="form_key" value=form_key />
            <div class="control">
                <label for="refund-amount">"Amount in " {refundable.currency.as_str().to_uppercase()}</label>
                <input
                    id="refund-amount"
                    name="amount"
                    inputmode="decimal"
                    autocomplete="off"
                    required
                    value=value(typed, "amount", &refundable.decimal())
                    aria-invalid=amount_wrong.then_some("true")
                    aria-describedby="refund-amount-problem refund-amount-hint"
                />
                {amount_problem}
                <p class="hint" id="refund-amount-hint">"At most " {refundable.to_string()} ". Less is a refund in part."</p>
            </div>
            <div class="control">
                <label for="refund-reason">"Reason"</label>
                <select id="refund-reason" name="reason" aria-invalid=reason_wrong.then_some("true") aria-describedby="refund-reason-problem refund-reason-hint">
                    {reasons}
                </select>
                {reason_problem}
                <p class="hint" id="refund-reason-hint">"“Fraudulent” puts the card and the address on Stripe's block lists."</p>
            </div>
            <button type="submit" class=if cancels { "button-bad" } else { "button-act" }>{button}</button>
        </form>
    }
    .into_any()
}

pub fn fulfil_form(preorder: &PreorderDetail, seen: &Seen) -> AnyView {
    let typed = seen.typed("fulfil_preorder");
    let (wrong, is_wrong) = problem(typed, "tracking_number", "tracking-problem");
    view! {
        <h2>"Mark fulfilled"</h2>
        <form method="post" action="/api/admin/fulfil_preorder" class="act-form">
            {whose(preorder, seen)}
            <div class="control">
                <label for="tracking">"Tracking number"</label>
                <input
                    id="tracking"
                    name="tracking_number"
                    autocomplete="off"
                    autocapitalize="characters"
                    spellcheck="false"
                    maxlength="100"
                    required
                    value=value(typed, "tracking_number", "")
                    aria-invalid=is_wrong.then_some("true")
                    aria-describedby="tracking-problem"
                />
                {wrong}
            </div>
            <button type="submit" class="button-act">"Mark fulfilled"</button>
        </form>
    }
    .into_any()
}

pub fn address_form(preorder: &PreorderDetail, seen: &Seen) -> AnyView {
    let typed = seen.typed("edit_address");
    let (address_problem, address_wrong) = problem(typed, "address", "address-problem");
    let (country_problem, country_wrong) = problem(typed, "country", "country-problem");
    view! {
        <details class="opener edit" open=typed.is_some()>
            <summary class="edit-summary">"Edit address …"</summary>
            <form method="post" action="/api/admin/edit_address" class="act-form">
                {whose(preorder, seen)}
                <input type="hidden" name="updated_at" value=preorder.updated_at.millis().to_string() />
                <div class="control">
                    <label for="address">"Name, street, postal code and city: a line each"</label>
                    <textarea id="address" name="address" rows="5" required maxlength="600" autocomplete="off" aria-invalid=address_wrong.then_some("true") aria-describedby="address-problem">
                        {value(typed, "address", &preorder.address_lines)}
                    </textarea>
                    {address_problem}
                </div>
                <div class="control">
                    <label for="country">"Country, two letters"</label>
                    <input id="country" name="country" required maxlength="2" autocomplete="off" autocapitalize="characters" value=value(typed, "country", &preorder.country) aria-invalid=country_wrong.then_some("true") aria-describedby="country-problem" />
                    {country_problem}
                </div>
                <button type="submit" class="button-quiet">"Save address"</button>
            </form>
        </details>
    }
    .into_any()
}

pub fn color_form(preorder: &PreorderDetail, seen: &Seen) -> AnyView {
    let typed = seen.typed("edit_color");
    let (wrong, is_wrong) = problem(typed, "color", "color-problem");
    let chosen = value(typed, "color", &preorder.color);
    let colors = preorder
        .colors
        .iter()
        .map(|color| {
            let sold_out = if color.sold_out { " (sold out)" } else { "" };
            let selected = color.id == chosen;
            view! { <option value=color.id.clone() selected=selected>{color.name.clone()} {sold_out}</option> }
        })
        .collect_view();
    view! {
        <details class="opener edit" open=typed.is_some()>
            <summary class="edit-summary">"Change colour …"</summary>
            <form method="post" action="/api/admin/edit_color" class="act-form">
                {whose(preorder, seen)}
                <input type="hidden" name="updated_at" value=preorder.updated_at.millis().to_string() />
                <div class="control">
                    <label for="color">"Colour"</label>
                    <select id="color" name="color" aria-invalid=is_wrong.then_some("true") aria-describedby="color-problem">
                        {colors}
                    </select>
                    {wrong}
                </div>
                <button type="submit" class="button-quiet">"Save colour"</button>
            </form>
        </details>
    }
    .into_any()
}

pub fn note_form(preorder: &PreorderDetail, seen: &Seen) -> AnyView {
    let typed = seen.typed("write_note");
    let (wrong, is_wrong) = problem(typed, "body", "note-problem");
    view! {
        <form method="post" action="/api/admin/write_note" class="act-form">
            {whose(preorder, seen)}
            <input type="hidden" name="form_key" value=value(typed, "form_key", &preorder.form_key) />
            <div class="control">
                <label for="note">"Add a note, for the team only"</label>
                <textarea id="note" name="body" rows="3" required maxlength="2000" aria-invalid=is_wrong.then_some("true") aria-describedby="note-problem">
                    {value(typed, "body", "")}
                </textarea>
                {wrong}
            </div>
            <button type="submit" class="button-quiet">"Add note"</button>
        </form>
    }
    .into_any()
}
