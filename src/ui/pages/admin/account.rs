//! One's own account: password, codes, sessions.

use leptos::prelude::*;
use qrcode::QrCode;
use qrcode::render::svg;

use super::page;
use super::text_control::{Form, TextControl};
use crate::api::Flash;
use crate::api::admin::account::{AccountView, Codes, SessionRow, account};
use crate::domain::password::SHORTEST;
use crate::domain::timestamp::Timestamp;
use crate::ui::components::{AdminLayout, Instant, Room};

#[component]
pub fn AccountPage() -> impl IntoView {
    page("Your account", Room::Account, account(), |frame, account| {
        let AccountView { email, codes, sessions, recovery_codes } = account;
        let flash = frame.flash.as_ref();
        let (codes, password) = (codes_card(codes, flash), password_card(email, flash));
        view! {
            <AdminLayout title="Your account" room=Room::Account frame>
                <h1>"Your account"</h1>
                {recovery_codes.map(recovery_card)}
                <div class="account">
                    {codes}
                    {password}
                    {sessions_card(sessions)}
                </div>
            </AdminLayout>
        }
    })
}

/// The one time that they are seen.
fn recovery_card(codes: Vec<String>) -> AnyView {
    let codes = codes.into_iter().map(|code| view! { <li><code>{code}</code></li> }).collect_view();
    view! {
        <section class="card once" aria-labelledby="recovery">
            <h2 id="recovery">"Recovery codes"</h2>
            <p>"Each opens your account once, in place of a code, when your phone is lost. Print them or keep them in a password manager."</p>
            <ul class="recovery-codes" data-testid="recovery-codes">{codes}</ul>
        </section>
    }
    .into_any()
}

fn codes_card(codes: Codes, flash: Option<&Flash>) -> AnyView {
    let (badge, body) = match codes {
        Codes::Off => (("○", "Off", "neutral"), codes_off()),
        Codes::Begun { secret, address } => (("◐", "Begun", "waiting"), codes_begun(&secret, &address, flash)),
        Codes::On { since, recovery_left } => (("✓", "On", "good"), codes_on(since, recovery_left, flash)),
    };
    let (sign, word, tone) = badge;
    view! {
        <section class="card" aria-labelledby="codes">
            <h2 id="codes">
                "Codes at sign-in "
                <span class="badge" data-tone=tone>
                    <span aria-hidden="true">{sign}</span>
                    " "
                    {word}
                </span>
            </h2>
            {body}
        </section>
    }
    .into_any()
}

fn codes_off() -> AnyView {
    view! {
        <p>"With codes on, your password alone opens nothing: an app on your phone shows a code that goes with it."</p>
        <form class="acts" method="post" action="/api/admin/begin_totp">
            <button type="submit" class="button-act">"Turn codes on"</button>
        </form>
    }
    .into_any()
}

fn codes_begun(secret: &str, address: &str, flash: Option<&Flash>) -> AnyView {
    let form = Form::new("confirm_totp", flash);
    let spaced = secret.as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ");
    // Too long for a picture it can't be; without one the letters are still there.
    let picture = qr(address)
        .map(|svg| view! { <div class="qr" role="img" aria-label="QR code for your app" inner_html=svg></div> });
    view! {
        <ol class="totp-steps">
            <li>
                <p>"Scan this with an app such as Google Authenticator, Aegis or 1Password, or type the letters into it."</p>
                {picture}
                <p class="secret"><code data-testid="totp-secret">{spaced}</code></p>
            </li>
            <li>
                <form class="stack" method="post" action=form.action()>
                    <TextControl form=form.clone() name="code" label="Type the code that it shows" autocomplete="one-time-code" inputmode="numeric" />
                    <div class="acts">
                        <button type="submit" class="button-act">"Confirm"</button>
                    </div>
                </form>
            </li>
        </ol>
        <form class="acts" method="post" action="/api/admin/cancel_totp">
            <button type="submit" class="button-quiet">"Leave codes off"</button>
        </form>
    }
    .into_any()
}

fn codes_on(since: Timestamp, recovery_left: i64, flash: Option<&Flash>) -> AnyView {
    let (renew, off) = (Form::new("make_recovery_codes", flash), Form::new("disable_totp", flash));
    let left = match recovery_left {
        0 => "No recovery code is left: make new ones.".to_owned(),
        1 => "1 recovery code is left.".to_owned(),
        left => format!("{left} recovery codes are left."),
    };
    view! {
        <p>"On since " <Instant at=since /> ". " {left}</p>
        <div class="acts">
            <details class="opener" open=renew.came_back()>
                <summary class="button-quiet">"Make new recovery codes"</summary>
                <form class="stack" method="post" action=renew.action()>
                    <TextControl form=renew.clone() name="code" label="A code from your app" autocomplete="one-time-code" />
                    <div class="acts">
                        <button type="submit" class="button-act">"Make new codes"</button>
                    </div>
                </form>
            </details>
            <details class="opener" open=off.came_back()>
                <summary class="button-quiet">"Turn codes off"</summary>
                <form class="stack" method="post" action=off.action()>
                    <TextControl form=off.clone() name="password" kind="password" label="Your password" autocomplete="current-password" />
                    <TextControl form=off.clone() name="code" label="A code from your app, or a recovery code" autocomplete="one-time-code" />
                    <div class="acts">
                        <button type="submit" class="button-bad">"Turn codes off"</button>
                    </div>
                </form>
            </details>
        </div>
    }
    .into_any()
}

/// Black on white, whatever the page's colours: cameras want it so.
fn qr(text: &str) -> Option<String> {
    let code = QrCode::new(text.as_bytes()).ok()?;
    let drawn = code
        .render::<svg::Color<'_>>()
        .min_dimensions(192, 192)
        .dark_color(svg::Color("#000"))
        .light_color(svg::Color("#fff"))
        .build();
    // Inside a page there is no XML declaration.
    drawn.find("<svg").map(|begin| drawn[begin..].to_owned())
}

fn password_card(email: String, flash: Option<&Flash>) -> AnyView {
    let form = Form::new("change_password", flash);
    view! {
        <section class="card" aria-labelledby="password">
            <h2 id="password">"Password"</h2>
            <form class="stack" method="post" action=form.action()>
                // For password managers.
                <input type="email" autocomplete="username" value=email readonly hidden />
                <TextControl form=form.clone() name="password" kind="password" label="Present password" autocomplete="current-password" />
                <TextControl
                    form=form.clone()
                    name="new_password"
                    kind="password"
                    label="New password"
                    hint=format!("{SHORTEST} characters or more. Your other sessions end.")
                    autocomplete="new-password"
                />
                <div class="acts">
                    <button type="submit" class="button-act">"Change password"</button>
                </div>
            </form>
        </section>
    }
    .into_any()
}

fn sessions_card(sessions: Vec<SessionRow>) -> AnyView {
    let others = sessions.iter().any(|session| !session.is_this);
    view! {
        <section class="card" aria-labelledby="sessions">
            <h2 id="sessions">"Where you are signed in"</h2>
            <ul class="people">{sessions.into_iter().map(session).collect_view()}</ul>
            {others.then(|| view! {
                <form class="acts" method="post" action="/api/admin/end_other_sessions">
                    <button type="submit" class="button-quiet">"End all other sessions"</button>
                </form>
            })}
        </section>
    }
    .into_any()
}

fn session(session: SessionRow) -> AnyView {
    let address = session.address.map(|address| format!(" from {address}"));
    let this = session.is_this.then(|| {
        view! {
            <span class="badge" data-tone="good"><span aria-hidden="true">"●"</span> " This one"</span>
        }
    });
    let label = if session.is_this { "Sign out here" } else { "End" };
    let end = session.id.map(|id| {
        view! {
            <form method="post" action="/api/admin/end_session">
                <input type="hidden" name="id" value=id />
                <button type="submit" class="button-quiet">
                    {label} <span class="sr-only">": " {session.browser.clone()}</span>
                </button>
            </form>
        }
    });
    view! {
        <li data-testid="session">
            <p class="person-who"><strong>{session.browser.clone()}</strong> {this}</p>
            <p class="soft">
                "Signed in " <Instant at=session.opened_at /> {address} " · last seen " <Instant at=session.seen_at />
            </p>
            {end}
        </li>
    }
    .into_any()
}
