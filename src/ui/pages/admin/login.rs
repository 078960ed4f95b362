//! The way in. What went wrong is said once for the whole form: which half of a wrong pair was wrong is nobody's
//! business.

use leptos::prelude::*;
use leptos_meta::{Html, Meta, Stylesheet, Title};

use crate::api::storefront;
use crate::ui::admin_style;
use crate::ui::components::Field;
use crate::ui::pages::query;

#[component]
pub fn LoginPage() -> impl IntoView {
    let flash = storefront::flash().unwrap_or_default();
    let wrong = (!flash.code.is_empty()).then(|| {
        view! { <p class="form-error" role="alert">{message(&flash.code)}</p> }
    });
    view! {
        <Html attr:lang="en" />
        <Title text="Sign in · Rolitt admin" />
        <Meta name="robots" content="noindex" />
        <Stylesheet href=admin_style::address() />
        <main class="login" id="main">
            <p class="wordmark">"rolitt"</p>
            <h1>"Sign in"</h1>
            <form class="card" method="post" action="/api/admin/login">
                {wrong}
                <input type="hidden" name="next" value=inside(&query("next")) />
                <Field name="email" kind="email" label="E-mail" value=flash.email autocomplete="username" required=true />
                <Field name="password" kind="password" label="Password" autocomplete="current-password" required=true maxlength=1024 />
                <button type="submit" class="button">"Sign in"</button>
            </form>
        </main>
    }
}

fn message(code: &str) -> &'static str {
    match code {
        "too_many_requests" => "Too many attempts. Wait a minute, then try again.",
        "database_away" | "internal" => "Sign-in is not available right now. Try again in a minute.",
        _ => "This e-mail and password do not match.",
    }
}

/// Where to go afterwards, if it is inside the admin: an address from outside must not send people elsewhere.
fn inside(next: &str) -> String {
    let fine = (next == "/admin" || next.starts_with("/admin/")) && !next.contains(['\\', '\r', '\n']);
    if fine { next.to_owned() } else { "/admin".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::inside;

    #[test]
    fn nobody_is_sent_outside_after_signing_in() {
        assert_eq!(inside("/admin/preorders/pre_1?x=1"), "/admin/preorders/pre_1?x=1");
        for strange in ["", "https://evil.example", "//evil.example", "/administrator", "/admin\\evil", "/"] {
            assert_eq!(inside(strange), "/admin", "{strange}");
        }
    }
}
