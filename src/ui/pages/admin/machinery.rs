//! Parts that the rooms Webhooks and Background share: badges, filters, durations, and the story of a delivery.

use std::time::Duration;

use leptos::prelude::*;

use crate::api::Flash;
use crate::api::admin::background::DeliveryDetail;
use crate::api::admin::webhooks::WebhookStatus;
use crate::domain::delivery::DeliveryState;
use crate::domain::timestamp::Timestamp;
use crate::ui::components::{Clock, Day, day};

/// Sign, word, tone.
type Face = (&'static str, &'static str, &'static str);

pub const fn webhook_face(status: WebhookStatus) -> Face {
    match status {
        WebhookStatus::Received => ("○", "Received", "waiting"),
        WebhookStatus::Processing => ("◐", "Processing", "waiting"),
        WebhookStatus::Success => ("✓", "Applied", "good"),
        WebhookStatus::Failed => ("✕", "Failed", "bad"),
        WebhookStatus::Ignored => ("–", "Ignored", "neutral"),
    }
}

/// What a person has discarded wants no more looking at.
pub const fn delivery_face(state: DeliveryState, is_discarded: bool) -> Face {
    match state {
        DeliveryState::Pending => ("○", "Pending", "neutral"),
        DeliveryState::Running => ("◐", "Running", "waiting"),
        DeliveryState::Done => ("✓", "Done", "good"),
        DeliveryState::Dead if is_discarded => ("–", "Discarded", "neutral"),
        DeliveryState::Dead => ("✕", "Dead", "bad"),
    }
}

pub fn badge((sign, word, tone): Face) -> impl IntoView {
    view! {
        <span class="badge" data-tone=tone>
            <span aria-hidden="true">{sign}</span>
            " "
            {word}
        </span>
    }
}

/// A page's address with its filters; what is empty is left out.
pub fn address(path: &str, filters: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in filters.iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// `640 ms`, `3.4 s`, `12 min`, `5 h`, `3 d`: as exact as one needs it.
pub fn duration(time: Duration) -> String {
    let (millis, seconds) = (time.as_millis(), time.as_secs());
    match seconds {
        0 => format!("{millis} ms"),
        1..=59 => format!("{seconds}.{} s", millis % 1000 / 100),
        60..=5399 => format!("{} min", seconds / 60),
        5400..=172_799 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// A filter that is typed, with what was wrong about it.
pub fn typed_filter(
    name: &'static str,
    label: &'static str,
    value: &str,
    hint: &'static str,
    problems: &[(&'static str, String)],
) -> AnyView {
    let problem = problems.iter().find(|(field, _)| *field == name).map(|(_, words)| words.clone());
    let id = format!("filter-{name}");
    let problem_id = format!("{id}-problem");
    let wrong = problem.is_some();
    view! {
        <div class="control">
            <label for=id.clone()>{label}</label>
            <input
                id=id
                name=name
                value=value.to_owned()
                placeholder=hint
                maxlength="120"
                autocomplete="off"
                spellcheck="false"
                aria-invalid=wrong.then_some("true")
                aria-describedby=wrong.then(|| problem_id.clone())
            />
            {problem.map(|words| view! { <p class="problem" id=problem_id>{words}</p> })}
        </div>
    }
    .into_any()
}

/// A filter with its words: (value, label).
pub fn chosen_filter(name: &'static str, label: &'static str, chosen: &str, words: Vec<(String, String)>) -> AnyView {
    let options = words
        .into_iter()
        .map(|(value, label)| {
            let selected = value == chosen;
            view! { <option value=value selected=selected>{label}</option> }
        })
        .collect_view();
    let id = format!("filter-{name}");
    view! {
        <div class="control">
            <label for=id.clone()>{label}</label>
            <select id=id name=name>
                {options}
            </select>
        </div>
    }
    .into_any()
}

/// What was typed as a reason, into the form that failed.
pub fn reason_field(flash: Option<&Flash>, form: &str, id: &'static str) -> AnyView {
    let failed = flash.filter(|flash| flash.form == form);
    let typed = failed.and_then(|flash| flash.values.get("reason").cloned()).unwrap_or_default();
    let wrong = failed.is_some_and(|flash| flash.field.as_deref() == Some("reason"));
    let words = failed.filter(|_| wrong).map(|flash| flash.message.clone());
    let problem_id = format!("{id}-problem");
    view! {
        <div class="control">
            <label for=id>"Reason"</label>
            <input
                id=id
                name="reason"
                value=typed
                required
                maxlength="300"
                autocomplete="off"
                aria-invalid=wrong.then_some("true")
                aria-describedby=wrong.then(|| problem_id.clone())
            />
            {words.map(|words| view! { <p class="problem" id=problem_id>{words}</p> })}
        </div>
    }
    .into_any()
}

struct Entry {
    at: Timestamp,
    tone: &'static str,
    title: String,
    detail: String,
}

fn entries(detail: &DeliveryDetail) -> Vec<Entry> {
    let delivery = &detail.delivery;
    let entry = |at, tone, title: String, detail: String| Entry { at, tone, title, detail };
    let mut entries = vec![entry(delivery.created_at, "neutral", "Enqueued".to_owned(), String::new())];
    for attempt in &detail.tries {
        let ended_at = attempt.started_at + Duration::from_millis(attempt.duration_ms.unsigned_abs());
        let (tone, what) = match attempt.outcome.as_str() {
            "done" => ("good", "done"),
            "dead" => ("bad", "failed, and given up"),
            _ => ("bad", "failed"),
        };
        let took = duration(Duration::from_millis(attempt.duration_ms.unsigned_abs()));
        let again =
            attempt.retry_at.map_or_else(String::new, |at| format!(" · again after {}", duration(at.since(ended_at))));
        let by = attempt.worker.as_ref().map_or_else(String::new, |worker| format!(" · by {worker}"));
        entries.push(entry(
            ended_at,
            tone,
            format!("Try {} {what}", attempt.number),
            format!("{took}{by} · {}{again}", attempt.answer),
        ));
    }
    entries.extend(detail.acts.iter().map(|act| entry(act.at, "neutral", act.words.clone(), String::new())));
    entries.sort_by_key(|entry| entry.at);
    match delivery.state {
        DeliveryState::Pending if detail.pause.is_some() => {
            entries.push(entry(
                delivery.run_at,
                "waiting",
                "Waits until its kind is resumed".to_owned(),
                String::new(),
            ));
        }
        DeliveryState::Pending => {
            entries.push(entry(delivery.run_at, "waiting", "Due".to_owned(), String::new()));
        }
        DeliveryState::Running => {
            let until = delivery.lease_until.unwrap_or(delivery.run_at);
            entries.push(entry(
                until,
                "waiting",
                "Running".to_owned(),
                format!("{} has it, until then at most", delivery.holder().unwrap_or("A worker")),
            ));
        }
        DeliveryState::Done | DeliveryState::Dead => {}
    }
    entries
}

/// Every try and every act, in order, to the millisecond.
pub fn story(detail: &DeliveryDetail) -> AnyView {
    let mut last_day = String::new();
    let items = entries(detail)
        .into_iter()
        .map(|entry| {
            let today = day(entry.at);
            let same_day = today == last_day;
            last_day = today;
            let label = if entry.tone == "bad" { Some("Problem: ") } else { None };
            view! {
                <li data-tone=entry.tone>
                    <p class="timeline-day" hidden=same_day>
                        <Day at=entry.at />
                    </p>
                    <div class="timeline-head">
                        <p class="timeline-title">
                            {label.map(|label| view! { <span class="sr-only">{label}</span> })}
                            {entry.title}
                        </p>
                        <Clock at=entry.at />
                    </div>
                    {(!entry.detail.is_empty()).then(|| view! { <p class="timeline-detail">{entry.detail}</p> })}
                </li>
            }
        })
        .collect_view();
    view! {
        <ol class="timeline" data-testid="tries">
            {items}
        </ol>
        <p class="timeline-zone">"Times are in " <span data-zone>"UTC"</span> "."</p>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_the_filters_that_are_set_and_quotes_them() {
        assert_eq!(address("/admin/webhooks", &[("status", ""), ("after", "")]), "/admin/webhooks");
        assert_eq!(
            address("/admin/webhooks", &[("event", "a&b"), ("from", "2026-11-20T14:00:00+01:00")]),
            "/admin/webhooks?event=a%26b&from=2026-11-20T14%3A00%3A00%2B01%3A00"
        );
    }

    #[test]
    fn a_duration_is_as_exact_as_one_needs_it() {
        let said = [640, 3_450, 754_000, 7_200_000, 300_000_000].map(|ms| duration(Duration::from_millis(ms)));
        assert_eq!(said, ["640 ms", "3.4 s", "12 min", "2 h", "3 d"]);
    }
}
