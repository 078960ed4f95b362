//! The way in, in one step or two. What went wrong is said once for the whole form: which half of a wrong pair was wrong
//! is nobody's business.

use leptos::prelude::*;

use super::door::Door;
use crate::api::admin::awaits_code;
use crate::api::{Flash, storefront};
use crate::ui::components::Field;
use crate::ui::pages::query;

#[component]
pub fn LoginPage() -> impl IntoView {
    let flash = storefront::flash().unwrap_or_default();
    let (next, second) = (inside(&query("next")), query("step") == "code");
    let form = Suspend::new(async move {
        let awaited = second && awaits_code().await;
        let late = second && !awaited && flash.code.is_empty();
        if awaited { code_form(&flash, next).into_any() } else { password_form(flash, next, late).into_any() }
    });
    view! { <Suspense fallback=|| ()>{form}</Suspense> }
}

fn password_form(flash: Flash, next: String, late: bool) -> impl IntoView {
    let problem = if late { Some(TOO_LATE.to_owned()) } else { problem(&flash) };
    view! {
        <Door title="Sign in">
            <form class="card" method="post" action="/api/admin/login">
                {problem.map(alert)}
                <input type="hidden" name="next" value=next />
                <Field name="email" kind="email" label="E-mail" value=flash.email autocomplete="username" required=true />
                <Field name="password" kind="password" label="Password" autocomplete="current-password" required=true maxlength=1024 />
                <button type="submit" class="button">"Sign in"</button>
            </form>
        </Door>
    }
}

fn code_form(flash: &Flash, next: String) -> impl IntoView + use<> {
    let again =
        format!("/admin/login?next={}", url::form_urlencoded::byte_serialize(next.as_bytes()).collect::<String>());
    let problem = problem(flash).map(alert);
    view! {
        <Door title="Enter your code">
            <form class="card" method="post" action="/api/admin/enter_code">
                {problem}
                <input type="hidden" name="next" value=next />
                <Field
                    name="code"
                    label="Code"
                    hint="The six digits that your app shows, or one of your recovery codes."
                    autocomplete="one-time-code"
                    required=true
                    maxlength=40
                />
                <button type="submit" class="button">"Sign in"</button>
            </form>
            <p class="soft">
                <a class="text-link" href=again>"Start again with your password"</a>
            </p>
        </Door>
    }
}

fn alert(message: String) -> impl IntoView {
    view! { <p class="form-error" role="alert">{message}</p> }
}

const TOO_LATE: &str = "That took too long. Start again with your password.";

fn problem(flash: &Flash) -> Option<String> {
    let words = match flash.code.as_str() {
        "" => return None,
        "too_many_requests" => "Too many attempts. Wait a minute, then try again.",
        "database_away" | "internal" => "Sign-in is not available right now. Try again in a minute.",
        // These know more: how many minutes, which step.
        "locked_out" | "wrong_code" | "code_late" => return Some(flash.message.clone()),
        _ => "This e-mail and password do not match.",
    };
    Some(words.to_owned())
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
