//! One event: what became of it, what it changed, what a replay would change, and the body as it came.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::machinery::{badge, delivery_face, duration, story, webhook_face};
use super::page;
use super::webhook_dry_run::dry_run_card;
use crate::api::admin::Frame;
use crate::api::admin::background::kind_label;
use crate::api::admin::webhooks::{self, WebhookDetail, WebhookStatus};
use crate::domain::access::Right;
use crate::domain::money::Money;
use crate::ui::components::{AdminLayout, EmptyState, Instant, Room};
use crate::ui::pages::{query, respond_with};

#[component]
pub fn WebhookPage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id")).unwrap_or_default();
    let dry_run = query("dry_run") == "1";
    let data = async move { webhooks::webhook(&id, dry_run).await };
    page("Webhook", Room::Webhooks, data, |frame, found| match found {
        Some(found) => shown(frame, found),
        None => missing(frame),
    })
}

fn shown(frame: Frame, found: WebhookDetail) -> AnyView {
    let may_act = frame.may(Right::Act);
    let title = found.webhook.event.clone();
    let status = found.webhook.status;
    let acts = may_act.then(|| acts(&found));
    let dry_run = found.dry_run.as_ref().map(dry_run_card);
    let side = [facts_card(&found), changed_card(&found)].collect_view();
    let body_title = if found.is_masked { "What came, masked" } else { "What came" };
    view! {
        <AdminLayout title=title.clone() room=Room::Webhooks frame>
            <p class="crumb">
                <a class="text-link" href="/admin/webhooks">"← Webhooks"</a>
            </p>
            <div class="story-head">
                <h1 class="machine-title">{title}</h1>
                {badge(webhook_face(status))}
            </div>
            {acts}
            {dry_run}
            <div class="story">
                <div class="story-side">
                    {became_card(&found)}
                    <section class="card" aria-labelledby="body">
                        <h2 id="body">{body_title}</h2>
                        <pre class="machine-body" tabindex="0" data-testid="body">{found.body}</pre>
                    </section>
                </div>
                <div class="story-side">{side}</div>
            </div>
        </AdminLayout>
    }
    .into_any()
}

/// The likely next act is the dark one: a replay, where it failed or would change something.
fn acts(found: &WebhookDetail) -> AnyView {
    let here = format!("/admin/webhooks/{}", found.webhook.id);
    let is_failed = found.webhook.status == WebhookStatus::Failed;
    let would_change = matches!(&found.dry_run, Some(webhooks::DryRun::Settles { changes, .. }) if !changes.is_empty());
    let replay = if would_change || is_failed { "button-act" } else { "button-quiet" };
    view! {
        <div class="acts machine-acts">
            <form method="post" action="/api/admin/replay_webhooks">
                <input type="hidden" name="back" value=here.clone() />
                <input type="hidden" name="ids[]" value=found.webhook.id.to_string() />
                <button type="submit" class=replay>"Replay"</button>
            </form>
            <a class="button-quiet" href=format!("{here}?dry_run=1")>"Dry run"</a>
            <span class="soft">"A dry run says what a replay would change, and changes nothing."</span>
        </div>
    }
    .into_any()
}

fn became_card(found: &WebhookDetail) -> AnyView {
    let Some(delivery) = &found.delivery else {
        return view! {
            <section class="card" aria-labelledby="became">
                <h2 id="became">"What became of it"</h2>
                <p class="soft">"Nothing is on record about applying it. A replay does so."</p>
            </section>
        }
        .into_any();
    };
    let row = &delivery.delivery;
    let href = format!("/admin/background?delivery={}", row.id);
    let reason = row.discard_reason.clone().map(|reason| view! { <p class="soft">"Discarded: " {reason}</p> });
    view! {
        <section class="card" aria-labelledby="became">
            <h2 id="became">"What became of it"</h2>
            <p class="machine-line">
                {badge(delivery_face(row.state, row.discarded_at.is_some()))}
                <a class="text-link" href=href>"Its delivery"</a>
            </p>
            {reason}
            {story(delivery)}
        </section>
    }
    .into_any()
}

fn facts_card(found: &WebhookDetail) -> AnyView {
    let webhook = &found.webhook;
    let took = webhook.processed_at.map_or_else(|| "–".to_owned(), |at| duration(at.since(webhook.received_at)));
    let preorder = webhook.preorder_id.as_ref().map(|id| {
        let number = webhook.preorder_number.clone().unwrap_or_else(|| id.to_string());
        view! { <a class="text-link number" href=format!("/admin/preorders/{id}")>{number}</a> }
    });
    let when = |at: Option<webhooks::Timestamp>| match at {
        Some(at) => view! { <Instant at=at /> }.into_any(),
        None => "–".into_any(),
    };
    let error = webhook.error.clone().map(|error| {
        let tone = (webhook.status == WebhookStatus::Failed).then_some("bad");
        view! { <p class="machine-error" data-tone=tone>{error}</p> }
    });
    view! {
        <section class="card" aria-labelledby="facts">
            <h2 id="facts">"Event"</h2>
            {error}
            <dl class="pairs">
                <div>
                    <dt>"Stripe's id"</dt>
                    <dd class="code">{webhook.stripe_event_id.clone()}</dd>
                </div>
                <div>
                    <dt>"Preorder"</dt>
                    <dd>{preorder.map_or_else(|| "–".into_any(), IntoAny::into_any)}</dd>
                </div>
                <div>
                    <dt>"E-mail"</dt>
                    <dd>{webhook.email.clone().unwrap_or_else(|| "–".to_owned())}</dd>
                </div>
                <div>
                    <dt>"Received"</dt>
                    <dd>{when(Some(webhook.received_at))}</dd>
                </div>
                <div>
                    <dt>"Processed"</dt>
                    <dd>{when(webhook.processed_at)}</dd>
                </div>
                <div>
                    <dt>"Took"</dt>
                    <dd>{took}</dd>
                </div>
                <div>
                    <dt>"Applied"</dt>
                    <dd>{times(webhook.attempts)}</dd>
                </div>
                <div>
                    <dt>"Told Klaviyo"</dt>
                    <dd>{when(webhook.klaviyo_event_sent_at)}</dd>
                </div>
            </dl>
        </section>
    }
    .into_any()
}

fn times(count: i64) -> String {
    match count {
        0 => "not yet".to_owned(),
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}

fn changed_card(found: &WebhookDetail) -> AnyView {
    let said = found
        .delivery
        .iter()
        .flat_map(|delivery| &delivery.tries)
        .rfind(|attempt| attempt.outcome == "done")
        .map(|attempt| view! { <li>{capitalised(&attempt.answer)}</li> });
    let entered = found
        .entered
        .iter()
        .map(|entry| {
            let amount = Money::new(entry.amount_minor, entry.currency).to_string();
            view! { <li>"Ledger: " {entry.kind.replace('_', " ")} " " {amount}</li> }
        })
        .collect_view();
    let led_to = found
        .led_to
        .iter()
        .map(|delivery| {
            let href = format!("/admin/background?delivery={}", delivery.id);
            view! {
                <li>
                    "Led to "
                    <a class="text-link" href=href>{kind_label(delivery.kind)}</a>
                    ": "
                    {delivery_face(delivery.state, false).1.to_lowercase()}
                </li>
            }
        })
        .collect_view();
    let nothing = (said.is_none() && found.entered.is_empty() && found.led_to.is_empty())
        .then(|| view! { <p class="soft">"Nothing so far."</p> });
    view! {
        <section class="card" aria-labelledby="changed">
            <h2 id="changed">"What it changed"</h2>
            {nothing}
            <ul class="machine-changes">{said} {entered} {led_to}</ul>
        </section>
    }
    .into_any()
}

fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

fn missing(frame: Frame) -> AnyView {
    respond_with(http::StatusCode::NOT_FOUND);
    view! {
        <AdminLayout title="No such event" room=Room::Webhooks frame>
            <h1>"No such event"</h1>
            <div class="card">
                <EmptyState title="No event has this address.">
                    <p>
                        "Look for Stripe's id or the preorder's number in "
                        <a class="text-link" href="/admin/webhooks">"the log"</a> "."
                    </p>
                </EmptyState>
            </div>
        </AdminLayout>
    }
    .into_any()
}
