//! The notice above the button, for failures that belong to no field. Its words and markup were rendered on the
//! server, one `<template>` a kind of failure (see `components::payment_error_notice`); here one is put in its place.

use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::submission::Failure;
use super::{dom, ids};

pub fn show(failure: &Failure) {
    let template = dom::by_id(&format!("payment-error-{}", failure.kind));
    let (Some(place), Some(template)) = (dom::by_id(ids::NOTICE), template) else { return };
    place.set_inner_html(&template.inner_html());
    for (selector, words) in [("[data-request-id]", &failure.request_id), ("[data-details]", &failure.details)] {
        let Some(element) = dom::first(&place, selector) else { continue };
        element.set_text_content(Some(words));
        // A reference without a number is not shown.
        if let Some(line) = element.parent_element().filter(|_| !words.is_empty()) {
            let _ = line.remove_attribute("hidden");
        }
    }
    // Focus both scrolls to the notice and has it read out.
    if let Some(notice) = place.first_element_child().and_then(|notice| notice.dyn_into::<HtmlElement>().ok()) {
        let _ = notice.focus();
    }
}

pub fn clear() {
    if let Some(place) = dom::by_id(ids::NOTICE) {
        place.set_inner_html("");
    }
}
