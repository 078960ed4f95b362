//! How it is going, what needs somebody, what just happened.

use leptos::prelude::*;

use super::page;
use crate::api::admin;
use crate::ui::components::{AdminLayout, Room};

#[component]
pub fn OverviewPage() -> impl IntoView {
    let data = async { admin::require(crate::domain::access::Right::See).map(|_| ()) };
    page("Overview", Room::Overview, data, |frame, ()| {
        view! {
            <AdminLayout title="Overview" room=Room::Overview frame>
                <h1>"Overview"</h1>
            </AdminLayout>
        }
    })
}
