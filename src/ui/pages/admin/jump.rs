//! Where the jump box leads: straight to what was named, else to the list.

use leptos::prelude::*;

use super::page;
use crate::api::admin;
use crate::ui::components::{AdminLayout, Room};

#[component]
pub fn JumpPage() -> impl IntoView {
    let data = async { admin::require(crate::domain::access::Right::See).map(|_| ()) };
    page("Jump", Room::Preorders, data, |frame, ()| {
        view! {
            <AdminLayout title="Jump" room=Room::Preorders frame>
                <h1>"Jump"</h1>
            </AdminLayout>
        }
    })
}
