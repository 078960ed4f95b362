//! One post of the form to the server function, and what its answer means. `Reflect` instead of serde: the answer has
//! six texts, and every kilobyte here is sent to every shopper.

use js_sys::Reflect;
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, FormData, Headers, HtmlFormElement, Request, RequestInit, Response, UrlSearchParams};

/// Long enough for a provider's ten seconds and our own work; after that nobody knows.
const PATIENCE_MILLIS: u32 = 30_000;

pub enum Answer {
    /// The address of the payment page; or, if this is paid already, of the page that says so.
    Payment(String),
    /// A field that the server would not take.
    Field {
        field: String,
        code: String,
        message: String,
    },
    Failed(Failure),
}

pub struct Failure {
    /// A word of `domain::payment::PaymentFailure`.
    pub kind: String,
    pub request_id: String,
    /// Shown in development only: elsewhere the page has no place for it.
    pub details: String,
}

impl Failure {
    fn of_kind(kind: &str, details: String) -> Self {
        Self { kind: kind.to_owned(), request_id: String::new(), details }
    }
}

/// The form's fields as they would be posted.
pub fn encode(form: &HtmlFormElement) -> Option<String> {
    let fields = FormData::new_with_form(form).ok()?;
    let encoded = UrlSearchParams::new_with_str_sequence_sequence(&fields).ok()?;
    Some(encoded.to_string().into())
}

pub async fn post(address: &str, body: &str) -> Answer {
    let response = match send(address, body).await {
        Ok(response) => response,
        Err(error) => return Answer::Failed(unanswered(&error)),
    };
    let status = response.status();
    let json = match response.json() {
        Ok(json) => JsFuture::from(json).await.unwrap_or(JsValue::UNDEFINED),
        Err(_) => JsValue::UNDEFINED,
    };
    understand(status, &json)
}

async fn send(address: &str, body: &str) -> Result<Response, JsValue> {
    let headers = Headers::new()?;
    headers.set("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8")?;
    headers.set("Accept", "application/json")?;
    headers.set("X-Rolitt-Script", "1")?;
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_headers(&headers);
    init.set_body(&JsValue::from_str(body));
    init.set_signal(Some(&AbortSignal::timeout_with_u32(PATIENCE_MILLIS)));
    let request = Request::new_with_str_and_init(address, &init)?;
    JsFuture::from(window().fetch_with_request(&request)).await?.dyn_into()
}

/// No answer. When time ran out the server may well have done its part; otherwise the line was cut.
fn unanswered(error: &JsValue) -> Failure {
    let name = text_at(error, "name");
    let kind = if name == "TimeoutError" { "unknown" } else { "network" };
    Failure::of_kind(kind, format!("{name}: {}", text_at(error, "message")))
}

fn understand(status: u16, json: &JsValue) -> Answer {
    let location = text_at(json, "location");
    if status < 400 && !location.is_empty() {
        return Answer::Payment(location);
    }
    let error = Reflect::get(json, &"error".into()).unwrap_or(JsValue::UNDEFINED);
    let (field, code, message) = (text_at(&error, "field"), text_at(&error, "code"), text_at(&error, "message"));
    if !field.is_empty() {
        return Answer::Field { field, code, message };
    }
    let said = text_at(&error, "failure");
    let kind = match (said.as_str(), status) {
        ("", 429 | 503) => "busy",
        ("", 403..=405) => "configuration",
        ("", _) => "unknown",
        (said, _) => said,
    };
    let request_id = text_at(&error, "request_id");
    Answer::Failed(Failure { request_id, ..Failure::of_kind(kind, format!("{status} {code}: {message}")) })
}

/// The text under a key; empty where there is none.
fn text_at(object: &JsValue, key: &str) -> String {
    Reflect::get(object, &key.into()).ok().and_then(|value| value.as_string()).unwrap_or_default()
}
