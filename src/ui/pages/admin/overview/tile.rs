//! One number: what it is called, how it stands against the span before, what exactly it says, and the way to the rows
//! behind it.

use leptos::prelude::*;

/// `id` is the tile's own on the page, so that what is opened in it stays open when the page refreshes itself.
#[component]
pub fn Tile(
    id: &'static str,
    label: &'static str,
    definition: &'static str,
    /// The number, or a dash.
    #[prop(into)]
    value: String,
    /// The rows behind it.
    #[prop(into)]
    href: String,
    /// Below the number.
    more: AnyView,
) -> impl IntoView {
    let label_id = format!("{id}-label");
    let labelled_by = label_id.clone();
    view! {
        <section class="card tile" aria-labelledby=labelled_by>
            <div class="tile-head">
                <h2 class="tile-label" id=label_id>{label}</h2>
                <details class="definition" id=format!("{id}-definition") name="definition">
                    <summary><span aria-hidden="true">"?"</span> <span class="sr-only">"What “" {label} "” counts"</span></summary>
                    <p>{definition}</p>
                </details>
            </div>
            <p class="tile-value"><a href=href>{value}</a></p>
            <p class="tile-more">{more}</p>
        </section>
    }
    .into_any()
}

/// A way to the rows of a smaller number.
pub fn link(href: String, text: String) -> AnyView {
    view! { <a class="text-link" href=href>{text}</a> }.into_any()
}

/// How a number moved: up is green when more is better. `before` is what it is held against, for who can't see signs.
pub fn change(by: Option<f64>, unit: &str, more_is_better: bool, before: &'static str) -> AnyView {
    let Some(by) = by else {
        return view! { <span class="soft">"nothing before"</span> }.into_any();
    };
    let by = by * 100.0;
    // Below what is shown.
    let (sign, tone, word) = match by {
        by if by.abs() < 0.05 => ("=", "neutral", "the same as"),
        by if (by > 0.0) == more_is_better => (arrow(by), "good", than(by)),
        by => (arrow(by), "bad", than(by)),
    };
    let text = if sign == "=" { String::new() } else { format!(" {}{unit}", short(by.abs())) };
    view! {
        <span class="change" data-tone=tone>
            <span aria-hidden="true">{sign}</span>
            {text}
            <span class="sr-only">" " {word} " " {before}</span>
        </span>
    }
    .into_any()
}

const fn arrow(by: f64) -> &'static str {
    if by > 0.0 { "▲" } else { "▼" }
}

const fn than(by: f64) -> &'static str {
    if by > 0.0 { "more than" } else { "less than" }
}

fn short(number: f64) -> String {
    if number >= 10.0 { format!("{number:.0}") } else { format!("{number:.1}") }
}

/// `94.2 %`, or a dash.
pub fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", share * 100.0))
}

/// Milliseconds as people say them: `180 ms`, `1.2 s`, `3 min`, `5 h`, `2 days`.
pub fn spoken(millis: i64) -> String {
    let seconds = millis as f64 / 1000.0;
    match seconds {
        s if s < 1.0 => format!("{millis} ms"),
        s if s < 60.0 => format!("{s:.1} s"),
        s if s < 3600.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.0} h", s / 3600.0),
        s => format!("{:.0} days", s / 86_400.0),
    }
}

/// An address with its parameters.
pub fn address(path: &str, parameters: &[(&str, &str)]) -> String {
    format!("{path}?{}", serde_urlencoded::to_string(parameters).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_in_the_unit_that_fits() {
        assert_eq!(
            [0, 180, 1_234, 185_000, 18_000_000, 259_200_000].map(spoken),
            ["0 ms", "180 ms", "1.2 s", "3 min", "5 h", "3 days"]
        );
    }
}
