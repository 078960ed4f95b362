//! Who may come in, and what the shop allows them.

use leptos::prelude::*;

use super::page;
use crate::api::admin;
use crate::ui::components::{AdminLayout, Room};

#[component]
pub fn PeoplePage() -> impl IntoView {
    let data = async { admin::require(crate::domain::access::Right::Manage).map(|_| ()) };
    page("People", Room::People, data, |frame, ()| {
        view! {
            <AdminLayout title="People" room=Room::People frame>
                <h1>"People"</h1>
            </AdminLayout>
        }
    })
}
