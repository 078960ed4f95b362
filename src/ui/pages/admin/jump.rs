//! Where the jump box leads: straight to what was named, else to the list that looks for it. Nobody stays here.

use leptos::prelude::*;

use super::page;
use crate::api::admin::preorders::jump;
use crate::ui::components::{AdminLayout, Room};
use crate::ui::pages::query;

#[component]
pub fn JumpPage() -> impl IntoView {
    let q = query("q");
    let data = async move { jump(&q).await };
    page("Jump", Room::Preorders, data, |frame, target| {
        view! {
            <AdminLayout title="Jump" room=Room::Preorders frame>
                <h1>"Jump"</h1>
                <p><a class="text-link" href=target>"Go on"</a></p>
            </AdminLayout>
        }
    })
}
