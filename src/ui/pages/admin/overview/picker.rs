//! Span and zone, in one place: links for the usual spans, a form for other days, a form for the zone.

use leptos::prelude::*;

use crate::api::admin::{Frame, Overview, Preset};
use crate::ui::components::{ZoneForm, place};

pub fn picker(frame: &Frame, overview: &Overview) -> AnyView {
    let chosen = overview.choice.preset;
    let now = match chosen {
        Preset::Custom => overview.days.clone(),
        preset => preset.label().to_owned(),
    };
    let presets = Preset::ALL.iter().filter(|preset| **preset != Preset::Custom).map(|preset| {
        let current = (*preset == chosen).then_some("true");
        view! { <a href=format!("/admin?span={preset}") aria-current=current>{preset.label()}</a> }
    });
    view! {
        <details class="picker">
            <summary>
                <span class="sr-only">"Span and zone: "</span>
                {now} <span class="picker-zone">" · " {place(&frame.zone)}</span>
            </summary>
            <div class="picker-panel">
                <nav class="picker-presets" aria-label="Span">{presets.collect_view()}</nav>
                <form class="picker-days" method="get" action="/admin">
                    <input type="hidden" name="span" value="custom" />
                    <p class="control">
                        <label for="from">"From"</label>
                        <input id="from" name="from" type="date" value=overview.first.clone() required />
                    </p>
                    <p class="control">
                        <label for="to">"To"</label>
                        <input id="to" name="to" type="date" value=overview.last.clone() required />
                    </p>
                    <button type="submit" class="button-quiet">"Show these days"</button>
                </form>
                <ZoneForm zone=frame.zone.clone() back=frame.here.clone() />
            </div>
        </details>
    }
    .into_any()
}
