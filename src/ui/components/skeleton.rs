//! The form's place while its parts are not there yet: the same measures, so that nothing jumps when they come. The
//! storefront's routes are sent whole, so a buyer sees it only if one of them is made to stream.

use leptos::prelude::*;

#[component]
pub fn SelectionSkeleton(#[prop(into)] label: String) -> impl IntoView {
    view! {
        <div class="skeleton" role="status" aria-label=label>
            <span class="skeleton-line skeleton-price"></span>
            <span class="skeleton-line skeleton-swatches"></span>
            <span class="skeleton-line skeleton-field"></span>
            <span class="skeleton-line skeleton-button"></span>
        </div>
    }
}
