//! The companion, drawn. Its colour is `--body` of whatever it stands in (see `style/companion.css`), so that another
//! choice needs no other picture. Gradient ids are its own: one companion a page.

use leptos::prelude::*;

/// What its face says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mood {
    #[default]
    Smiling,
    /// Eyes closed with joy: money arrived.
    Happy,
    /// Looking up: we wait for somebody's answer.
    Waiting,
    /// Something did not work out.
    Sorry,
}

/// `label` is read instead of the picture; an empty one makes it decoration.
#[component]
pub fn Companion(#[prop(into)] label: String, #[prop(optional)] mood: Mood) -> impl IntoView {
    let decoration = label.is_empty().then_some("true");
    let role = (!label.is_empty()).then_some("img");
    let label = (!label.is_empty()).then_some(label);
    view! {
        <svg class="companion" viewBox="40 16 320 420" role=role aria-label=label aria-hidden=decoration>
            <defs>
                <radialGradient id="c-body" cx=".36" cy=".24" r=".86">
                    <stop offset="0" class="c-light" />
                    <stop offset=".52" class="c-mid" />
                    <stop offset="1" class="c-deep" />
                </radialGradient>
                <radialGradient id="c-limb" cx=".38" cy=".3" r=".8">
                    <stop offset="0" class="c-light" />
                    <stop offset="1" class="c-deep" />
                </radialGradient>
                <linearGradient id="c-face" x1=".2" y1="0" x2=".8" y2="1">
                    <stop offset="0" stop-color="#34303f" />
                    <stop offset="1" stop-color="#14121a" />
                </linearGradient>
                <linearGradient id="c-leaf" x1="0" y1="1" x2="1" y2="0">
                    <stop offset="0" stop-color="#5f9f78" />
                    <stop offset="1" stop-color="#a5d3b0" />
                </linearGradient>
                <radialGradient id="c-shadow">
                    <stop offset=".2" class="c-shade" />
                    <stop offset="1" class="c-shade" stop-opacity="0" />
                </radialGradient>
            </defs>
            <ellipse cx="200" cy="416" rx="128" ry="16" fill="url(#c-shadow)" />
            <ellipse cx="158" cy="394" rx="31" ry="25" fill="url(#c-limb)" />
            <ellipse cx="242" cy="394" rx="31" ry="25" fill="url(#c-limb)" />
            <ellipse cx="79" cy="238" rx="27" ry="34" transform="rotate(18 79 238)" fill="url(#c-limb)" />
            <ellipse cx="321" cy="238" rx="27" ry="34" transform="rotate(-18 321 238)" fill="url(#c-limb)" />
            <path d="M199 82c-3-18 0-32 9-43" fill="none" stroke="#5f9f78" stroke-width="5" stroke-linecap="round" />
            <path d="M203 62c-3-24 11-39 40-41 3 26-12 43-40 41z" fill="url(#c-leaf)" />
            <path d="M205 59c9-13 19-22 30-30" fill="none" stroke="#fff" stroke-opacity=".45" stroke-width="2" stroke-linecap="round" />
            <path
                d="M200 76c77 0 127 55 129 138 2 98-22 184-129 184S69 312 71 214C73 131 123 76 200 76z"
                fill="url(#c-body)"
            />
            <path d="M110 150c15-33 40-50 72-54" fill="none" stroke="#fff" stroke-opacity=".38" stroke-width="9" stroke-linecap="round" />
            <rect x="107" y="134" width="186" height="128" rx="60" fill="url(#c-face)" />
            <rect x="109" y="136" width="182" height="124" rx="58" fill="none" stroke="#fff" stroke-opacity=".09" stroke-width="3" />
            <path d="M128 168c9-14 24-21 44-22" fill="none" stroke="#fff" stroke-opacity=".2" stroke-width="7" stroke-linecap="round" />
            <ellipse class="c-cheek" cx="137" cy="225" rx="12" ry="8" />
            <ellipse class="c-cheek" cx="263" cy="225" rx="12" ry="8" />
            {face(mood)}
            <path
                d="M200 322c-15-11-22-19-22-28 0-7 5-12 11-12 5 0 9 3 11 7 2-4 6-7 11-7 6 0 11 5 11 12 0 9-7 17-22 28z"
                fill="#fff"
                fill-opacity=".62"
            />
        </svg>
    }
    // Erased, here and in other large parts: the page's type is the nesting of its parts' types, and the compiler
    // has a limit of depth.
    .into_any()
}

/// Eyes and mouth.
fn face(mood: Mood) -> AnyView {
    const LINE: &str = "c-line";
    match mood {
        Mood::Smiling => view! {
            <rect x="154" y="178" width="21" height="35" rx="10.5" fill="#fff" />
            <rect x="225" y="178" width="21" height="35" rx="10.5" fill="#fff" />
            <path class=LINE d="M184 227c9 11 23 11 32 0" />
        }
        .into_any(),
        Mood::Happy => view! {
            <path class=LINE d="M149 202c4-17 27-17 31 0" />
            <path class=LINE d="M220 202c4-17 27-17 31 0" />
            <path d="M183 222h34c0 22-34 22-34 0z" fill="#fff" />
        }
        .into_any(),
        Mood::Waiting => view! {
            <rect x="158" y="168" width="21" height="33" rx="10.5" fill="#fff" />
            <rect x="229" y="168" width="21" height="33" rx="10.5" fill="#fff" />
            <ellipse cx="204" cy="228" rx="7" ry="6" fill="#fff" />
        }
        .into_any(),
        Mood::Sorry => view! {
            <rect x="154" y="186" width="20" height="27" rx="10" fill="#fff" />
            <rect x="226" y="186" width="20" height="27" rx="10" fill="#fff" />
            <path class=LINE d="M150 176c8-1 15-4 21-9M250 176c-8-1-15-4-21-9" />
            <path class=LINE d="M187 234c8-7 18-7 26 0" />
        }
        .into_any(),
    }
}
