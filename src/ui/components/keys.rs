//! What the keyboard does in the admin (`public/admin.js`), as a list.

use leptos::prelude::*;

use super::room::Room;
use crate::domain::access::Role;

#[component]
pub fn KeyList(role: Role) -> impl IntoView {
    let rooms = Room::LISTED
        .iter()
        .chain(std::iter::once(&Room::Account))
        .filter(|room| role.may(room.needs()))
        .map(|room| {
            view! {
                <div>
                    <dt><kbd>"g"</kbd> " " <kbd>{room.key()}</kbd></dt>
                    <dd>{room.label()}</dd>
                </div>
            }
            .into_any()
        })
        .collect_view();
    view! {
        <dl class="keys">
            <div>
                <dt><kbd>"/"</kbd></dt>
                <dd>"Search, or jump to a number or an id"</dd>
            </div>
            {rooms}
            <div>
                <dt><kbd>"?"</kbd></dt>
                <dd>"This list"</dd>
            </div>
            <div>
                <dt><kbd>"Esc"</kbd></dt>
                <dd>"Close what is open"</dd>
            </div>
        </dl>
    }
    .into_any()
}
