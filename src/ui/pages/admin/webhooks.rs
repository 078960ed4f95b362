//! Every signed event, and what became of it.

use leptos::prelude::*;

use super::page;
use crate::api::admin;
use crate::ui::components::{AdminLayout, Room};

#[component]
pub fn WebhooksPage() -> impl IntoView {
    let data = async { admin::require(crate::domain::access::Right::See).map(|_| ()) };
    page("Webhooks", Room::Webhooks, data, |frame, ()| {
        view! {
            <AdminLayout title="Webhooks" room=Room::Webhooks frame>
                <h1>"Webhooks"</h1>
            </AdminLayout>
        }
    })
}
