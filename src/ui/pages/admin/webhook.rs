//! One event: as it came, and what became of it.

use leptos::prelude::*;

use super::page;
use crate::api::admin;
use crate::ui::components::{AdminLayout, Room};

#[component]
pub fn WebhookPage() -> impl IntoView {
    let data = async { admin::require(crate::domain::access::Right::See).map(|_| ()) };
    page("Webhook", Room::Webhooks, data, |frame, ()| {
        view! {
            <AdminLayout title="Webhook" room=Room::Webhooks frame>
                <h1>"Webhook"</h1>
            </AdminLayout>
        }
    })
}
