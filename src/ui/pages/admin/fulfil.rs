//! Marking many preorders as fulfilled, from a list of tracking numbers.

use leptos::prelude::*;

use super::page;
use crate::api::admin;
use crate::ui::components::{AdminLayout, Room};

#[component]
pub fn FulfilPage() -> impl IntoView {
    let data = async { admin::require(crate::domain::access::Right::Act).map(|_| ()) };
    page("Mark fulfilled", Room::Preorders, data, |frame, ()| {
        view! {
            <AdminLayout title="Mark fulfilled" room=Room::Preorders frame>
                <h1>"Mark fulfilled"</h1>
            </AdminLayout>
        }
    })
}
