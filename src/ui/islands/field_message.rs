//! The message under a field. The paragraph (`id="{field}-error"`) and its `aria-describedby` are in the page from
//! the start, so that a message from the server, from this page's own check and from a redirect look and read alike.

use web_sys::HtmlFormElement;

use super::dom;

/// Where every form has a place for a message: for fields that have none of their own, such as the currency.
const TOP: &str = "color-error";

/// Shows `message` at the field and tells assistive technology that the field is wrong.
pub fn show(form: &HtmlFormElement, field: &str, message: &str) {
    let Some(place) = dom::by_id(&format!("{field}-error")).or_else(|| dom::by_id(TOP)) else { return };
    place.set_text_content(Some(message));
    let _ = place.remove_attribute("hidden");
    if let Some(control) = dom::control(form, field) {
        let _ = control.set_attribute("aria-invalid", "true");
    }
}

pub fn clear(form: &HtmlFormElement, field: &str) {
    let Some(place) = dom::by_id(&format!("{field}-error")) else { return };
    place.set_text_content(None);
    let _ = place.set_attribute("hidden", "");
    if let Some(control) = dom::control(form, field) {
        let _ = control.remove_attribute("aria-invalid");
    }
}

/// Takes back what an earlier answer said, before a new one is asked for.
pub fn clear_all(form: &HtmlFormElement) {
    for field in ["color", "email", "name", "phone"] {
        clear(form, field);
    }
}

/// Puts the cursor where the mistake is, opening the fold it may hide in.
pub fn focus(form: &HtmlFormElement, field: &str) {
    let Some(control) = dom::control(form, field) else { return };
    if let Ok(Some(fold)) = control.closest("details") {
        let _ = fold.set_attribute("open", "");
    }
    let _ = control.focus();
}

/// Whether the e-mail address can be one; if not, the code of what is wrong.
pub fn email_fault(form: &HtmlFormElement) -> Option<&'static str> {
    let email = dom::control(form, "email")?;
    if email.check_validity() {
        None
    } else if email.value().trim().is_empty() {
        Some("email_missing")
    } else {
        Some("email_invalid")
    }
}
