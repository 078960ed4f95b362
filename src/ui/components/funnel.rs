//! Steps that fewer and fewer come to: a table with a bar in each row, so that what is drawn and what is read aloud are
//! one thing.

use leptos::prelude::*;

use super::chart::grouped;

#[derive(Debug, Clone)]
pub struct FunnelStep {
    pub name: &'static str,
    pub definition: &'static str,
    pub count: i64,
    pub before: i64,
    /// The rows behind the count, where a list shows exactly these.
    pub href: Option<String>,
}

#[component]
pub fn Funnel(#[prop(into)] caption: String, steps: Vec<FunnelStep>) -> impl IntoView {
    let all = steps.first().map_or(0, |step| step.count);
    let all_before = steps.first().map_or(0, |step| step.before);
    let rows = steps
        .into_iter()
        .map(|step| {
            let part = share(step.count, all);
            let width = if all > 0 { 100.0 * step.count as f64 / all as f64 } else { 0.0 };
            let count = grouped(step.count);
            let count = match step.href {
                Some(href) => view! { <a class="text-link" href=href>{count}</a> }.into_any(),
                None => count.into_any(),
            };
            view! {
                <tr>
                    <th scope="row">{step.name} <span class="soft funnel-says">{step.definition}</span></th>
                    <td class="funnel-bar" aria-hidden="true">
                        <svg viewBox="0 0 100 8" preserveAspectRatio="none">
                            <rect class="funnel-rest" width="100" height="8" rx="1" />
                            <rect class="funnel-part" width=format!("{width:.1}") height="8" rx="1" />
                        </svg>
                    </td>
                    <td class="funnel-count">{count}</td>
                    <td class="funnel-share">{part}</td>
                    <td class="funnel-share soft">{share(step.before, all_before)}</td>
                </tr>
            }
            .into_any()
        })
        .collect_view();
    view! {
        <table class="funnel">
            <caption class="sr-only">{caption}</caption>
            <thead>
                <tr>
                    <th scope="col">"Step"</th>
                    <td aria-hidden="true" class="funnel-bar"></td>
                    <th scope="col" class="funnel-count">"Preorders"</th>
                    <th scope="col" class="funnel-share">"Share"</th>
                    <th scope="col" class="funnel-share">"Before"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn share(part: i64, whole: i64) -> String {
    crate::domain::period::share(part, whole).map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", share * 100.0))
}
