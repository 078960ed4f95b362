//! Deliveries by kind and state; the dead, and what can be done about them.

use leptos::prelude::*;

use super::page;
use crate::api::admin;
use crate::ui::components::{AdminLayout, Room};

#[component]
pub fn BackgroundPage() -> impl IntoView {
    let data = async { admin::require(crate::domain::access::Right::See).map(|_| ()) };
    page("Background", Room::Background, data, |frame, ()| {
        view! {
            <AdminLayout title="Background" room=Room::Background frame>
                <h1>"Background"</h1>
            </AdminLayout>
        }
    })
}
