//! What happened to one preorder, in order, to the millisecond. A day's name stands where the day changes; every entry
//! carries it, because the viewer's zone may change it elsewhere (`times.js`). What failed can be tried again where it
//! is told.

use leptos::prelude::*;

use super::instant::{Clock, Day, day};
use crate::api::admin::{Timeline, TimelineEntry, Tone};

pub const fn tone_word(tone: Tone) -> &'static str {
    match tone {
        Tone::Neutral => "neutral",
        Tone::Good => "good",
        Tone::Waiting => "waiting",
        Tone::Bad => "bad",
        Tone::Act => "act",
    }
}

/// For those who do not see the dot's colour; neutral and good need no words, and an act names its person.
const fn tone_label(tone: Tone) -> Option<&'static str> {
    match tone {
        Tone::Neutral | Tone::Good | Tone::Act => None,
        Tone::Waiting => Some("Waiting: "),
        Tone::Bad => Some("Problem: "),
    }
}

/// `page` is where a form comes back to; `acts` says whether the viewer may do anything.
#[component]
pub fn PreorderTimeline(timeline: Timeline, #[prop(into)] page: String, acts: bool, all: bool) -> impl IntoView {
    let mut last_day = String::new();
    let items = timeline
        .entries
        .into_iter()
        .map(|entry| {
            let today = day(entry.at);
            let same_day = today == last_day;
            last_day = today;
            let gap = (entry.left_out > 0).then(|| gap(entry.left_out, &page));
            view! {
                {gap}
                {item(entry, same_day, &page, acts)}
            }
        })
        .collect_view();
    let cut = (!timeline.cut.is_empty()).then(|| {
        let what = timeline.cut.join(", ");
        view! { <p class="timeline-zone">"Only the newest 200 " {what} " are told here."</p> }
    });
    let fewer =
        all.then(|| view! { <p class="timeline-zone"><a class="text-link" href=page.clone()>"Show less"</a></p> });
    view! {
        <ol class="timeline" data-testid="timeline">
            {items}
        </ol>
        <p class="timeline-zone">"Times are in " <span data-zone>"UTC"</span> "."</p>
        {cut}
        {fewer}
    }
}

fn gap(left_out: usize, page: &str) -> impl IntoView + use<> {
    let what = if left_out == 1 { "1 entry is".to_owned() } else { format!("{left_out} entries are") };
    view! {
        <li class="timeline-gap">
            {what} " not shown. "
            <a class="text-link" href=format!("{page}?timeline=all")>"Show everything"</a>
        </li>
    }
}

fn item(entry: TimelineEntry, same_day: bool, page: &str, acts: bool) -> impl IntoView + use<> {
    let retry = entry.retry.filter(|_| acts).map(|id| {
        view! {
            <form method="post" action="/api/admin/retry_delivery">
                <input type="hidden" name="id" value=id />
                <input type="hidden" name="back" value=page.to_owned() />
                <button type="submit" class="timeline-act">"Retry"<span class="sr-only">" " {entry.title.clone()}</span></button>
            </form>
        }
    });
    let webhook = entry.webhook.map(|id| {
        let replay = acts.then(|| {
            view! {
                <form method="post" action="/api/admin/replay_webhooks">
                    <input type="hidden" name="ids[]" value=id.clone() />
                    <input type="hidden" name="back" value=page.to_owned() />
                    <button type="submit" class="timeline-act">
                        "Replay"<span class="sr-only">" " {entry.title.clone()}</span>
                    </button>
                </form>
            }
        });
        view! {
            <a class="timeline-act" href=format!("/admin/webhooks/{id}")>
                "Webhook"<span class="sr-only">" " {entry.title.clone()}</span>
            </a>
            {replay}
        }
    });
    let payload = entry.payload.map(|payload| {
        let label = format!("Payload of {}", entry.title);
        view! {
            <details class="payload">
                <summary class="timeline-act">"Payload"<span class="sr-only">" of " {entry.title.clone()}</span></summary>
                <pre tabindex="0" role="region" aria-label=label>{payload}</pre>
            </details>
        }
    });
    let any = retry.is_some() || webhook.is_some() || payload.is_some();
    view! {
        <li data-tone=tone_word(entry.tone)>
            <p class="timeline-day" hidden=same_day>
                <Day at=entry.at />
            </p>
            <div class="timeline-head">
                <p class="timeline-title">
                    {tone_label(entry.tone).map(|label| view! { <span class="sr-only">{label}</span> })}
                    {entry.title}
                </p>
                <Clock at=entry.at />
            </div>
            {(!entry.detail.is_empty()).then(|| view! { <p class="timeline-detail">{entry.detail}</p> })}
            {any.then(|| view! { <div class="timeline-acts">{payload} {webhook} {retry}</div> })}
        </li>
    }
}
