//! The few things the islands ask of the document. Nothing here fails loudly: a part that is not in the page is a
//! part that this page does not have.

use leptos::prelude::document;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, Event, EventTarget, HtmlFormElement, HtmlInputElement, HtmlTemplateElement, NodeList};

use super::ids;

pub fn by_id(id: &str) -> Option<Element> {
    document().get_element_by_id(id)
}

pub fn form() -> Option<HtmlFormElement> {
    by_id(ids::FORM)?.dyn_into().ok()
}

pub fn first(within: &Element, selector: &str) -> Option<Element> {
    within.query_selector(selector).ok().flatten()
}

pub fn each(nodes: &NodeList) -> impl Iterator<Item = Element> {
    (0..nodes.length()).filter_map(|index| nodes.get(index)?.dyn_into().ok())
}

/// The field's control; of radio buttons the checked one.
pub fn control(form: &HtmlFormElement, field: &str) -> Option<HtmlInputElement> {
    let named = |state: &str| first(form, &format!("[name=\"{field}\"]{state}"));
    named(":checked").or_else(|| named(""))?.dyn_into().ok()
}

/// The words that this page's language has for an error code.
pub fn words_for(code: &str) -> Option<String> {
    let template: HtmlTemplateElement = by_id(ids::MESSAGES)?.dyn_into().ok()?;
    let found = template.content().query_selector(&format!("[data-code=\"{code}\"]")).ok()??;
    found.text_content()
}

/// For as long as the page lives: what is listened to here is never taken out of it.
pub fn listen(target: &EventTarget, event: &str, handler: impl FnMut(Event) + 'static) {
    let handler = Closure::<dyn FnMut(Event)>::new(handler).into_js_value();
    let _ = target.add_event_listener_with_callback(event, handler.unchecked_ref());
}
