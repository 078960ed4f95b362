//! Cookies of a request, and of the answer to a server function.

use cookie::Cookie;
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

pub fn cookie_of(headers: &http::HeaderMap, name: &str) -> Option<String> {
    let sent = headers.get_all(http::header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut cookies = sent.flat_map(|header| Cookie::split_parse(header.to_owned())).flatten();
    cookies.find(|cookie| cookie.name() == name).map(|cookie| cookie.value().to_owned()).filter(|v| !v.is_empty())
}

pub fn set_cookie(cookie: &Cookie<'_>) {
    if let (Some(response), Ok(value)) =
        (use_context::<ResponseOptions>(), http::HeaderValue::from_str(&cookie.to_string()))
    {
        response.append_header(http::header::SET_COOKIE, value);
    }
}
