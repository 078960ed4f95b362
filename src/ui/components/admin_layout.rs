//! The frame around admin pages: rooms on the left, the jump box on top, what was just done below it. Forms and links
//! only: no WASM comes here, and the little script there is (`admin.js`, `times.js`) does nothing that can't be done
//! without. On a narrow screen the rooms are a popover, which needs no script either.

use leptos::prelude::*;
use leptos_meta::{Html, Meta, Stylesheet, Title};

use super::keys::KeyList;
use super::room::Room;
use super::zone_picker::ZonePicker;
use crate::api::admin::{Frame, Waiting};
use crate::ui::admin_style;

/// `q` is what was searched for, to stay in the box; `tools` stand in the top right corner.
#[component]
pub fn AdminLayout(
    #[prop(into)] title: String,
    room: Room,
    frame: Frame,
    #[prop(into, optional)] q: String,
    #[prop(optional)] tools: Option<AnyView>,
    children: Children,
) -> impl IntoView {
    let tools =
        tools.unwrap_or_else(|| view! { <ZonePicker zone=frame.zone.clone() back=frame.here.clone() /> }.into_any());
    let refused = frame.flash.clone().map(|flash| {
        view! {
            <p class="admin-notice" data-tone="bad" role="alert">
                {flash.message} " " <span class="soft">"Reference " <code>{flash.request_id}</code></span>
            </p>
        }
        .into_any()
    });
    let done =
        frame.notice.clone().map(|text| view! { <p class="admin-notice" data-tone="good" role="status">{text}</p> });
    view! {
        <Html attr:lang="en" />
        <Title text=format!("{title} · Rolitt admin") />
        <Meta name="robots" content="noindex" />
        <Stylesheet href=admin_style::address() />
        <a class="skip-link" href="#main">"Skip to content"</a>
        <div class="admin">
            {side(room, &frame)}
            <main id="main" class="admin-main" tabindex="-1">
                <div class="admin-top">{jump(q)} {tools}</div>
                {refused}
                {done}
                {children().into_any()}
            </main>
        </div>
        {keyboard(&frame)}
        <p id="said" class="sr-only" aria-live="polite"></p>
        <script src="/times.js" defer></script>
        <script src="/admin.js" defer></script>
    }
}

// The parts below are boxed: the type of a view grows with all that is in it, and this one is around everything.

fn jump(q: String) -> AnyView {
    view! {
        <form class="jump" role="search" method="get" action="/admin/jump">
            <label class="sr-only" for="q">"Jump to a number, an e-mail address or an id"</label>
            <input id="q" name="q" type="search" value=q placeholder="Jump to a number, e-mail, Stripe id …" autocomplete="off" maxlength="254" aria-keyshortcuts="/" />
            <kbd aria-hidden="true">"/"</kbd>
            <button type="submit" class="button-quiet">"Go"</button>
        </form>
    }
    .into_any()
}

/// Opened by `admin.js`.
fn keyboard(frame: &Frame) -> AnyView {
    view! {
        <dialog id="keyboard" class="keyboard" aria-labelledby="keyboard-title">
            <h2 id="keyboard-title">"Keyboard"</h2>
            <KeyList role=frame.role />
            <form method="dialog">
                <button class="button-quiet">"Close"</button>
            </form>
        </dialog>
    }
    .into_any()
}

/// The rooms, and who is here.
fn side(room: Room, frame: &Frame) -> AnyView {
    let waiting = frame.waiting;
    let rooms = Room::LISTED
        .iter()
        .filter(|listed| frame.may(listed.needs()))
        .map(|listed| {
            let current = (*listed == room).then_some("page");
            let waiting = listed.waiting(&waiting).filter(|(count, _)| *count > 0);
            view! {
                <a href=listed.path() aria-current=current data-key=listed.key()>
                    {listed.label()}
                    {waiting.map(|(count, what)| {
                        view! { <span class="waiting">{Waiting::shown(count)} <span class="sr-only">" " {what}</span></span> }
                    })}
                </a>
            }
            .into_any()
        })
        .collect_view();
    let waits = waiting.dead + waiting.failed_webhooks + waiting.payments;
    let waits = (waits > 0).then(
        || view! { <span class="waiting">{Waiting::shown(waits)} <span class="sr-only">" waiting"</span></span> },
    );
    view! {
        <header class="admin-side">
            <a class="wordmark" href="/admin" aria-label="Rolitt admin, overview">"rolitt"</a>
            <button type="button" class="rooms-opener" popovertarget="rooms">
                <span class="rooms-here">{room.label()}</span>
                {waits}
                <span class="rooms-sign" aria-hidden="true">"☰"</span>
                <span class="sr-only">"Rooms"</span>
            </button>
            <div id="rooms" class="rooms" popover="auto">
                <nav id="room-list" aria-label="Rooms" data-live="">{rooms}</nav>
                <a class="keys-link" href="/admin/health#keys" data-opens="keyboard">
                    "Keyboard " <kbd aria-hidden="true">"?"</kbd>
                </a>
                <form class="admin-who" method="post" action="/api/admin/logout">
                    <p>
                        <a class="admin-email" href=Room::Account.path() data-key=Room::Account.key()>
                            {frame.email.clone()}
                        </a>
                        <span class="soft">{frame.role.label()}</span>
                    </p>
                    <button type="submit" class="button-quiet">"Sign out"</button>
                </form>
            </div>
        </header>
    }
    .into_any()
}
