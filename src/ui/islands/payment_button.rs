//! The button that leads to the payment page. It takes over the form's submit: one post at a time, repeats of the
//! same fields under the same key, then the payment page; or a message at the field; or a notice that says what
//! happened. Without script the button is the form's own.

use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CustomEvent, CustomEventInit, HtmlFormElement, HtmlInputElement};

use super::submission::{self, Answer};
use super::{dom, field_message, ids, notice};

/// How long the button stays taken once the browser was sent away: it may have been stopped on the way.
const LEAVING: Duration = Duration::from_secs(12);

/// How far the payment is. The words are the button's `data-state`, which the style sheet goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Idle,
    Working,
    Redirecting,
    Failed,
}

impl Progress {
    const fn word(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Working => "working",
            Self::Redirecting => "redirecting",
            Self::Failed => "failed",
        }
    }

    const fn is_taken(self) -> bool {
        matches!(self, Self::Working | Self::Redirecting)
    }
}

/// What the form's handlers share.
struct Payment {
    form: HtmlFormElement,
    progress: Cell<Progress>,
    /// The last post's fields and their key.
    sent: RefCell<(String, String)>,
}

#[island]
pub fn PaymentButton(children: Children) -> impl IntoView {
    Effect::new(|_| {
        if let Some(form) = dom::form() {
            Payment::take_over(form);
        }
    });
    children()
}

impl Payment {
    fn take_over(form: HtmlFormElement) {
        // From here on the messages are ours, in the page's language and not the browser's.
        form.set_no_validate(true);
        let payment = Rc::new(Self { form, progress: Cell::new(Progress::Idle), sent: RefCell::default() });

        let this = Rc::clone(&payment);
        dom::listen(&payment.form, "submit", move |event| {
            event.prevent_default();
            if !this.progress.get().is_taken() && this.is_complete() {
                let this = Rc::clone(&this);
                spawn_local(async move { this.submit().await });
            }
        });
        let this = Rc::clone(&payment);
        dom::listen(&payment.form, "input", move |event| {
            if let Some(field) = event.target().and_then(|field| field.dyn_into::<HtmlInputElement>().ok()) {
                field_message::clear(&this.form, &field.name());
            }
        });
        // Coming back from the payment page may bring this page back as it was left: taken.
        let _ = window_event_listener(ev::pageshow, move |event| {
            if event.persisted() {
                payment.show(Progress::Idle);
            }
        });
    }

    /// Moves on, and says so: to the eye by the button's words, to the ear by the live region.
    fn show(&self, progress: Progress) {
        self.progress.set(progress);
        let Some(button) = dom::first(&self.form, ".pay-button") else { return };
        let _ = button.set_attribute("data-state", progress.word());
        let _ = button.set_attribute("aria-disabled", if progress.is_taken() { "true" } else { "false" });
        let words = dom::first(&button, &format!("[data-when={}]", progress.word()));
        if let Some(status) = dom::by_id(ids::STATUS) {
            status.set_text_content(words.and_then(|words| words.text_content()).as_deref());
        }
    }

    /// Checks what can be checked here; the server has the last word.
    fn is_complete(&self) -> bool {
        let Some(fault) = field_message::email_fault(&self.form) else { return true };
        field_message::show(&self.form, "email", &dom::words_for(fault).unwrap_or_default());
        field_message::focus(&self.form, "email");
        false
    }

    async fn submit(self: Rc<Self>) {
        let Some(fields) = submission::encode(&self.form) else { return };
        self.show(Progress::Working);
        notice::clear();
        field_message::clear_all(&self.form);
        let key = self.key_for(&fields);
        let address = self.form.get_attribute("action").unwrap_or_default();
        match submission::post(&address, &format!("{fields}&idempotency_key={key}")).await {
            Answer::Payment(location) => self.leave_for(&location),
            Answer::Field { field, code, message } => {
                self.show(Progress::Failed);
                field_message::show(&self.form, &field, &dom::words_for(&code).unwrap_or(message));
                field_message::focus(&self.form, &field);
            }
            Answer::Failed(failure) => {
                self.show(Progress::Failed);
                notice::show(&failure);
            }
        }
    }

    /// The same fields go out under the same key, so that posting them again makes nothing new.
    fn key_for(&self, fields: &str) -> String {
        let mut sent = self.sent.borrow_mut();
        if sent.0 != fields {
            *sent = (fields.to_owned(), submission::new_key());
        }
        sent.1.clone()
    }

    fn leave_for(self: Rc<Self>, location: &str) {
        self.show(Progress::Redirecting);
        self.announce_checkout();
        let _ = window().location().assign(location);
        set_timeout(
            move || {
                if self.progress.get() == Progress::Redirecting {
                    self.show(Progress::Idle);
                }
            },
            LEAVING,
        );
    }

    /// The analytics hook: a page that measures listens for `rolitt:analytics` on `window`. No personal data goes in.
    fn announce_checkout(&self) {
        let detail = js_sys::Object::new();
        let set = |key: &str, value: &str| js_sys::Reflect::set(&detail, &key.into(), &JsValue::from_str(value));
        let _ = set("event", "begin_checkout");
        for field in ["color", "currency"] {
            let _ = set(field, &dom::control(&self.form, field).map(|control| control.value()).unwrap_or_default());
        }
        let init = CustomEventInit::new();
        init.set_detail(&detail);
        if let Ok(event) = CustomEvent::new_with_event_init_dict("rolitt:analytics", &init) {
            let _ = window().dispatch_event(&event);
        }
    }
}
