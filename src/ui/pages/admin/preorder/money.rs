//! The money of a preorder: what came, what went back, each try to pay and why it failed, refunds and disputes.

use leptos::prelude::*;

use super::{Pair, PreorderDetail, mark, or_dash};
use crate::api::admin::{AttemptLine, DisputeLine, LedgerCheck, RefundLine, Tone};
use crate::domain::money::Money;
use crate::ui::components::Instant;

/// Tries to pay that the card lists, the last.
const LISTED: usize = 10;

pub fn money_card(preorder: &PreorderDetail) -> AnyView {
    let money = &preorder.money;
    let refunded = money
        .refunded
        .iter()
        .map(|(state, sum)| {
            view! {
                <div>
                    <dt>"Refunded, " {state.to_lowercase()}</dt>
                    <dd>{sum.to_string()}</dd>
                </div>
            }
        })
        .collect_view();
    let earlier = money.attempts.len().saturating_sub(LISTED);
    let none_refunded = money.refunded.is_empty().then(|| view! { <Pair label="Refunded" value="–" /> });
    let disputed =
        (!money.disputed.is_empty()).then(|| view! { <Pair label="Disputed" value=listed(&money.disputed) /> });
    let (ledger, help) = match money.ledger {
        LedgerCheck::Empty => (mark(Tone::Neutral, "Empty"), None),
        LedgerCheck::Agrees => (mark(Tone::Good, "Agrees"), None),
        LedgerCheck::Differs => {
            let help = "The ledger's sum is not what was captured less what went back. Compare with Stripe: “rolitt reconcile”.";
            (mark(Tone::Bad, "Differs"), Some(view! { <p class="hint">{help}</p> }))
        }
    };
    view! {
        <section class="card" aria-labelledby="money">
            <h2 id="money">"Money"</h2>
            <dl class="pairs">
                <Pair label="Price" value=money.price.to_string() />
                <Pair label="Captured" value=listed(&money.captured) />
                {refunded}
                {none_refunded}
                {disputed}
                <Pair label="Net by the ledger" value=listed(&money.net) />
                <div>
                    <dt>"Ledger"</dt>
                    <dd>{ledger}</dd>
                </div>
                <Pair label="Payment" value=or_dash(preorder.payment_intent_id.as_ref()) code=true copies=true />
                <Pair label="Session" value=or_dash(preorder.session_id.as_ref()) code=true copies=true />
            </dl>
            {help}
            {list("Tries to pay", money.attempts.iter().skip(earlier).map(attempt).collect())}
            {(earlier > 0).then(|| view! { <p class="hint">{earlier} " earlier tries are told in the story."</p> })}
            {list("Refunds", money.refunds.iter().map(refund).collect())}
            {list("Disputes", money.disputes.iter().map(dispute).collect())}
        </section>
    }
    .into_any()
}

fn listed(amounts: &[Money]) -> String {
    if amounts.is_empty() {
        return "–".to_owned();
    }
    amounts.iter().map(ToString::to_string).collect::<Vec<_>>().join(" + ")
}

fn list(title: &'static str, items: Vec<AnyView>) -> Option<AnyView> {
    (!items.is_empty()).then(|| {
        view! {
            <h3 class="lines-title">{title}</h3>
            <ul class="lines">{items}</ul>
        }
        .into_any()
    })
}

fn attempt(line: &AttemptLine) -> AnyView {
    let card = line.card.clone().unwrap_or_else(|| "No card yet".to_owned());
    let before = (line.tone == Tone::Good).then_some("Refused before: ");
    let why = line.why.clone().map(|(label, sentence, code)| {
        view! {
            <p class="lines-why">
                {before}
                <strong>{label}</strong>
                ". "
                {sentence}
                " "
                <code>{code}</code>
            </p>
        }
    });
    view! {
        <li>
            <p class="lines-head">
                <span>{line.number} ". " {card} ", " {line.amount.to_string()}</span>
                {mark(line.tone, line.state)}
            </p>
            {why}
            <p class="hint">
                <Instant at=line.at />
                {line.payment_intent_id.clone().map(|id| view! { " · " <code>{id}</code> })}
            </p>
        </li>
    }
    .into_any()
}

fn refund(line: &RefundLine) -> AnyView {
    let by = line.by.clone().map_or_else(|| "made at Stripe".to_owned(), |by| format!("by {by}"));
    let failure =
        line.failure.clone().map(|why| view! { <p class="lines-why"><strong>"Failed"</strong> ": " {why} "."</p> });
    view! {
        <li>
            <p class="lines-head">
                <span>{line.amount.to_string()} ", " {line.reason.clone()}</span>
                {mark(line.tone, line.state)}
            </p>
            {failure}
            <p class="hint">
                <Instant at=line.at />
                " · "
                {by}
                {line.provider_refund_id.clone().map(|id| view! { " · " <code>{id}</code> })}
            </p>
        </li>
    }
    .into_any()
}

fn dispute(line: &DisputeLine) -> AnyView {
    let due =
        line.due_at.map(|at| view! { <p class="lines-why"><strong>"Evidence is due "<Instant at /></strong></p> });
    view! {
        <li>
            <p class="lines-head">
                <span>{line.amount.to_string()} ", " {line.reason.clone()}</span>
                {mark(line.tone, line.state)}
            </p>
            {due}
            <p class="hint"><code>{line.provider_dispute_id.clone()}</code></p>
        </li>
    }
    .into_any()
}
