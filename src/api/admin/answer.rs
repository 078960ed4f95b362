//! How an admin's form answers: on to a page of ours, with a line that says what was done.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use cookie::{Cookie, SameSite};
use leptos::prelude::use_context;

use crate::api::Notice;
use crate::api::cookies::{cookie_of, set_cookie};
use crate::api::preorders::redirect;
use crate::context::Context;

pub const NOTICE: &str = "rolitt_notice";
/// Seconds that a notice waits for its page.
const NOTICE_LIFE: i64 = 60;

/// Redirects to `back`, if it is a page of the admin's, else to `otherwise`; the page says `notice`.
pub fn done(back: Option<&str>, otherwise: &str, notice: impl Into<String>) {
    say(notice);
    redirect(&page_of_ours(back, otherwise));
}

/// Leaves a line for the next page.
pub fn say(notice: impl Into<String>) {
    let notice = Notice { text: notice.into() };
    let secure = use_context::<Context>().is_some_and(|ctx| ctx.settings.is_production());
    let Ok(value) = serde_json::to_vec(&notice) else { return };
    let cookie = Cookie::build((NOTICE, BASE64_URL_SAFE_NO_PAD.encode(value)))
        .path("/admin")
        .http_only(true)
        .secure(secure)
        .same_site(SameSite::Lax)
        .max_age(cookie::time::Duration::seconds(NOTICE_LIFE))
        .build();
    set_cookie(&cookie);
}

/// What one page shows and none again: a link, recovery codes.
const ONCE: &str = "rolitt_once";
/// Seconds that it waits for its page.
const ONCE_LIFE: i64 = 60;

/// Leaves what was made for the next showing of `page`. The cookie goes to that page alone and out of script's reach,
/// and is gone with the showing; what is kept of it anywhere else is a hash.
pub fn show_once(page: &'static str, lines: &[String]) {
    let Ok(value) = serde_json::to_vec(lines) else { return };
    set_cookie(&once(page, BASE64_URL_SAFE_NO_PAD.encode(value), ONCE_LIFE));
}

/// What was left for this page; it is forgotten with this answer.
pub fn shown_once(page: &'static str) -> Option<Vec<String>> {
    let parts = use_context::<http::request::Parts>()?;
    let value = cookie_of(&parts.headers, ONCE)?;
    set_cookie(&once(page, String::new(), 0));
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(value).ok()?).ok()
}

fn once(page: &'static str, value: String, life: i64) -> Cookie<'static> {
    Cookie::build((ONCE, value))
        .path(page)
        .http_only(true)
        .secure(use_context::<Context>().is_some_and(|ctx| ctx.settings.is_production()))
        .same_site(SameSite::Strict)
        .max_age(cookie::time::Duration::seconds(life))
        .build()
}

/// Only pages of the admin's: `//elsewhere` is an address of somebody else.
pub fn page_of_ours(next: Option<&str>, otherwise: &str) -> String {
    let ours = |next: &&str| {
        let inside = *next == "/admin" || next.starts_with("/admin/") || next.starts_with("/admin?");
        inside && !next.contains(['\\', '\r', '\n']) && !next.contains("//")
    };
    next.filter(ours).unwrap_or(otherwise).to_owned()
}

#[cfg(test)]
mod tests {
    use super::page_of_ours;

    #[test]
    fn a_form_leads_only_to_our_own_pages() {
        assert_eq!(page_of_ours(Some("/admin/preorders?q=a"), "/admin"), "/admin/preorders?q=a");
        for elsewhere in
            ["https://evil.example", "//evil.example", "/admin//evil", "/\\evil", "/other", "/administrator", ""]
        {
            assert_eq!(page_of_ours(Some(elsewhere), "/admin"), "/admin", "{elsewhere}");
        }
    }
}
