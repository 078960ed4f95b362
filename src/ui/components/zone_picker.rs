//! Where the viewer's clock stands, and the form that moves it.

use leptos::prelude::*;

/// Zones that are offered; any other can be typed.
const OFFERED: &[&str] = &[
    "UTC",
    "America/Los_Angeles",
    "America/Denver",
    "America/Chicago",
    "America/New_York",
    "America/Sao_Paulo",
    "Europe/London",
    "Europe/Lisbon",
    "Europe/Berlin",
    "Europe/Paris",
    "Europe/Madrid",
    "Europe/Rome",
    "Europe/Warsaw",
    "Europe/Athens",
    "Europe/Istanbul",
    "Africa/Lagos",
    "Africa/Johannesburg",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Bangkok",
    "Asia/Shanghai",
    "Asia/Hong_Kong",
    "Asia/Singapore",
    "Asia/Taipei",
    "Asia/Seoul",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Pacific/Auckland",
];

/// A zone's place: `Berlin` of `Europe/Berlin`.
pub fn place(zone: &str) -> String {
    zone.rsplit('/').next().unwrap_or(zone).replace('_', " ")
}

/// The form alone.
#[component]
pub fn ZoneForm(zone: String, back: String) -> impl IntoView {
    let offered = OFFERED.iter().map(|zone| view! { <option value=*zone></option> }).collect_view();
    view! {
        <form class="zone-form" method="post" action="/api/admin/choose_zone">
            <input type="hidden" name="back" value=back />
            <p class="control">
                <label for="zone">"Show times as in"</label>
                <input id="zone" name="zone" list="zones" value=zone autocomplete="off" maxlength="64" />
            </p>
            <datalist id="zones">{offered}</datalist>
            <button type="submit" class="button-quiet">"Set"</button>
        </form>
    }
    .into_any()
}

/// For rooms that choose nothing else.
#[component]
pub fn ZonePicker(zone: String, back: String) -> impl IntoView {
    view! {
        <details class="picker">
            <summary>
                <span class="sr-only">"Times are shown as in "</span>
                {place(&zone)}
            </summary>
            <div class="picker-panel">
                <ZoneForm zone back />
            </div>
        </details>
    }
}
