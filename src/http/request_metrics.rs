//! What a request counts as: by its route's template, its method and the class of its status, so that no path, no id and
//! nothing that a stranger makes up becomes a label.

use std::collections::HashSet;
use std::sync::LazyLock;
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use http::{Method, StatusCode};

use crate::telemetry::{Span, metric};

/// Where a buyer asks for the payment page.
const CHECKOUT: &str = "/api/handle_checkout";

/// In the place of a result, and of a status class.
const LEFT: &str = "left";

/// What a form's error was, on the redirect that takes a page without script back to its form.
#[derive(Debug, Clone, Copy)]
pub struct Refused(pub u16);

/// Server functions stand behind one wildcard; these are the names there are.
static FUNCTIONS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| leptos::server_fn::axum::server_fn_paths().map(|(path, _)| path).collect());

/// A request from its beginning to its answer. One that is dropped before has been left by whoever sent it: those who
/// wait longest would else be counted nowhere.
pub struct Asked {
    route: String,
    method: &'static str,
    began: Instant,
    is_told: bool,
}

impl Asked {
    pub fn of(request: &Request) -> Self {
        let path = request.uri().path();
        let route = match request.extensions().get::<MatchedPath>().map(MatchedPath::as_str) {
            _ if FUNCTIONS.contains(path) => path,
            // A stranger's house: its rooms are not ours to count.
            Some(template) if template.starts_with("/sandbox") => "/sandbox",
            Some(template) => template,
            // Files, and addresses that do not exist.
            None => "other",
        };
        let method = match *request.method() {
            Method::GET => "GET",
            Method::POST => "POST",
            Method::HEAD => "HEAD",
            _ => "other",
        };
        Self { route: route.to_owned(), method, began: Instant::now(), is_told: false }
    }

    pub fn span(&self, request_id: &str) -> Span {
        let mut span = Span::of_request(request_id, format!("{} {}", self.method, self.route));
        span.set("http.request.method", self.method);
        span.set("http.route", &self.route);
        span.set("rolitt.request_id", request_id);
        span
    }

    pub fn began(&self) -> Instant {
        self.began
    }

    pub fn answered(mut self, response: &Response, span: &mut Span) {
        let refused = response.extensions().get::<Refused>().map(|refused| refused.0);
        let status = refused.unwrap_or(response.status().as_u16());
        self.tell(result(status), class(status));
        span.set("http.response.status_code", response.status().as_u16());
        if status >= 500 {
            span.fail(class(status));
        }
    }

    fn tell(&mut self, result: &'static str, status: &'static str) {
        self.is_told = true;
        let took = self.began.elapsed().as_secs_f64();
        if self.route == CHECKOUT {
            metrics::histogram!(metric::REDIRECT, "result" => result).record(took);
        }
        let labels = [("route", self.route.clone()), ("method", self.method.to_owned()), ("status", status.to_owned())];
        metrics::histogram!(metric::HTTP, &labels).record(took);
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        if !self.is_told {
            self.tell(LEFT, LEFT);
        }
    }
}

/// What a buyer's wait for the payment page came to.
fn result(status: u16) -> &'static str {
    match StatusCode::from_u16(status) {
        Ok(StatusCode::SERVICE_UNAVAILABLE) => "away",
        Ok(status) if status.is_client_error() => "refused",
        Ok(status) if status.is_server_error() => "error",
        _ => "page",
    }
}

const fn class(status: u16) -> &'static str {
    match status {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}
