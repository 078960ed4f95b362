//! What happened to one preorder, in order, to the millisecond. A day's name stands where the day changes; every entry
//! carries it, because the viewer's zone may change it elsewhere (`times.js`).

use leptos::prelude::*;

use super::instant::{Clock, Day, day};
use crate::api::admin::{TimelineEntry, Tone};

const fn tone_word(tone: Tone) -> &'static str {
    match tone {
        Tone::Neutral => "neutral",
        Tone::Good => "good",
        Tone::Waiting => "waiting",
        Tone::Bad => "bad",
    }
}

/// For those who do not see the dot's colour; neutral and good need no words.
const fn tone_label(tone: Tone) -> Option<&'static str> {
    match tone {
        Tone::Neutral | Tone::Good => None,
        Tone::Waiting => Some("Waiting: "),
        Tone::Bad => Some("Problem: "),
    }
}

#[component]
pub fn PreorderTimeline(entries: Vec<TimelineEntry>) -> impl IntoView {
    let mut last_day = String::new();
    let items = entries
        .into_iter()
        .map(|entry| {
            let today = day(entry.at);
            let same_day = today == last_day;
            last_day = today;
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
                    {entry
                        .payload
                        .map(|payload| {
                            view! {
                                <details class="payload">
                                    <summary>"Payload"</summary>
                                    <pre tabindex="0">{payload}</pre>
                                </details>
                            }
                        })}
                </li>
            }
        })
        .collect_view();
    view! {
        <ol class="timeline" data-testid="timeline">
            {items}
        </ol>
        <p class="timeline-zone">"Times are in " <span data-zone>"UTC"</span> "."</p>
    }
}
