//! What the doctor found, and what to do about it.

use leptos::prelude::*;

use super::page;
use crate::api::admin;
use crate::ui::components::{AdminLayout, Room};

#[component]
pub fn HealthPage() -> impl IntoView {
    let data = async { admin::require(crate::domain::access::Right::See).map(|_| ()) };
    page("Health", Room::Health, data, |frame, ()| {
        view! {
            <AdminLayout title="Health" room=Room::Health frame>
                <h1>"Health"</h1>
            </AdminLayout>
        }
    })
}
